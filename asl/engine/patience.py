"""How an expression that takes its time leaves time to others."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from asl.engine.scheduler import Abandoned, Scheduler

if TYPE_CHECKING:
    from asl.engine.branch import Blocker, Branch

T = TypeVar("T")


class _Evaluation:
    """A `Blocker`: the branch waits for an expression that is evaluated elsewhere."""

    def __init__(self, branch: Branch) -> None:
        self._branch = branch
        self._before: Blocker | None = branch.blocker
        self.cancelled = False
        branch.blocker = self

    def end(self) -> None:
        """The branch waits for what it waited for before."""
        if self._branch.blocker is self:
            self._branch.blocker = self._before

    def cancel(self) -> None:
        """See `Blocker`."""
        self.cancelled = True
        self.end()
        if self._before is not None:
            self._before.cancel()


class Patience:
    """See `Host`. `branch` is the branch whose step the scheduler's driver takes at present."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self.branch: Branch | None = None

    def give_turn(self) -> None:
        """See `Host`."""
        if self._scheduler.is_long:
            self._aside(self._scheduler.pause)

    def elsewhere(self, call: Callable[[], T]) -> T:
        """See `Host`.

        Raises:
            Abandoned: the branch, or the engine, has ended meanwhile.
        """
        return self._aside(lambda: self._scheduler.elsewhere(call))

    def _aside(self, call: Callable[[], T]) -> T:
        branch = self.branch
        if branch is None:
            return call()
        evaluation = _Evaluation(branch)
        try:
            return call()
        finally:
            if evaluation.cancelled:
                raise Abandoned
            evaluation.end()
            self.branch = branch
