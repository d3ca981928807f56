"""How an expression that takes its time leaves time to others."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from typing_extensions import override

from asl.engine.branch import Blocker, Branch
from asl.engine.scheduler import Abandoned, Scheduler
from asl.language.scope import Host

T = TypeVar("T")


class _Evaluation(Blocker):
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

    @override
    def cancel(self) -> None:
        self.cancelled = True
        self.end()
        if self._before is not None:
            self._before.cancel()


class Patience(Host):
    """Gives other executions their turns. `branch` is the branch whose step the scheduler's driver takes at present."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self.branch: Branch | None = None

    @override
    def give_turn(self) -> None:
        if self._scheduler.is_long:
            self._aside(self._scheduler.pause)

    @override
    def elsewhere(self, call: Callable[[], T]) -> T:
        """Make a call that takes long while other executions have their turns.

        Raises:
            Abandoned: The branch or the engine has ended in the meantime.
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
