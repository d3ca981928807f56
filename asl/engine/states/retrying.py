"""Retry and Catch, of the states that may have them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from typing_extensions import override

from asl.engine.branch import Branch
from asl.engine.failures import StateFailure, matches
from asl.engine.observing import AttemptFailed, place_of
from asl.engine.states.base import State
from asl.engine.states.expressions import Expressions
from asl.engine.states.fields import Fields
from asl.language import model


class RetryRule:
    """A retrier: which errors, how often, after how many seconds."""

    __slots__ = ("backoff_rate", "errors", "full_jitter", "interval", "max_attempts", "max_delay")

    def __init__(self, model: model.Retrier) -> None:
        self.errors = frozenset(model.error_equals)
        self.interval = model.interval_seconds
        self.max_attempts = model.max_attempts
        self.backoff_rate = model.backoff_rate
        self.max_delay = model.max_delay_seconds
        self.full_jitter = model.jitter_strategy == "FULL"

    def delay(self, attempt: int) -> float:
        """The seconds before an attempt, without jitter; the first has the number 0."""
        try:
            seconds = self.interval * self.backoff_rate**attempt
        except OverflowError:
            seconds = float("inf")
        return min(seconds, float("inf") if self.max_delay is None else self.max_delay, MAX_DELAY)


MAX_DELAY = 99_999_999.0
"""The longest delay in seconds that a retry may have."""


class CatchRule:
    """A catcher: which errors, what becomes of them, and where they lead."""

    __slots__ = ("errors", "fields", "next", "target")

    def __init__(self, model: model.Catcher, fields: Fields) -> None:
        self.errors = frozenset(model.error_equals)
        self.fields = fields
        self.target = model.next
        self.next: State


@dataclass(frozen=True, slots=True)
class Rules:
    """The retriers and catchers of a state, in order."""

    retriers: tuple[RetryRule, ...] = ()
    catchers: tuple[CatchRule, ...] = ()


class RetryingState(State):
    """A state with `Retry` and `Catch`. `again` is the step that tries once more."""

    def __init__(self, model: model.State, fields: Fields, expressions: Expressions, rules: Rules) -> None:
        super().__init__(model, fields, expressions)
        self.retriers = rules.retriers
        self.catchers = rules.catchers

    @override
    def record_entry(self, branch: Branch) -> None:
        """No retry has been made yet."""
        super().record_entry(branch)
        branch.retries = None
        branch.retry_count = 0

    @override
    def record_exit(self, branch: Branch, output: Any, assigned: Mapping[str, Any] | None = None) -> None:
        """Retries belong to one visit."""
        super().record_exit(branch, output, assigned)
        branch.retry_count = None

    def following(self) -> Iterable[State]:
        """Return the states that may come next."""
        return (self.next, *(catcher.next for catcher in self.catchers))

    def again(self, branch: Branch) -> State | None:
        """Try once more; a step of the branch."""
        raise NotImplementedError

    def given_up(self, branch: Branch, failure: StateFailure) -> None:
        """No retrier takes the failure: write what the history says of that."""

    @override
    def failed(self, branch: Branch, failure: StateFailure) -> State | None:
        """The retriers first, then the catchers."""
        self.record_evaluation(branch, failure)
        if self._retry(branch, failure):
            return None
        self.given_up(branch, failure)
        for catcher in self.catchers:
            if matches(failure.error, catcher.errors, silent=failure.silent):
                self._tell(branch, failure, (branch.retry_count or 0) + 1, caught_by=catcher.target)
                return self._catch(branch, failure, catcher)
        self._tell(branch, failure, (branch.retry_count or 0) + 1)
        branch.fail(failure)
        return None

    @staticmethod
    def _tell(
        branch: Branch,
        failure: StateFailure,
        attempt: int,
        *,
        retry_seconds: float | None = None,
        caught_by: str | None = None,
    ) -> None:
        engine = branch.execution.engine
        if engine.observer is not None:
            place = place_of(branch)
            now = engine.now()
            engine.observer(AttemptFailed(now, place, attempt, failure.error, failure.cause, retry_seconds, caught_by))

    def _retry(self, branch: Branch, failure: StateFailure) -> bool:
        for number, retrier in enumerate(self.retriers):
            if not matches(failure.error, retrier.errors, silent=failure.silent):
                continue
            attempts = branch.retries = branch.retries if branch.retries is not None else {}
            done = attempts.get(number, 0)
            if done >= retrier.max_attempts:
                return False
            attempts[number] = done + 1
            delay = retrier.delay(done)
            engine = branch.execution.engine
            if retrier.full_jitter:
                delay = engine.random.uniform(0.0, delay)
            branch.retry_count = attempt = (branch.retry_count or 0) + 1
            self._tell(branch, failure, attempt, retry_seconds=delay)
            since = engine.now() if failure.since is None else failure.since
            branch.blocker = engine.scheduler.at(since + delay, branch.resume, try_again, self)
            return True
        return False

    def _catch(self, branch: Branch, failure: StateFailure, catcher: CatchRule) -> State:
        branch.forget_context()
        output, branch.size, assigned = catcher.fields.output(branch, failure.output, None)
        self.record_exit(branch, output, assigned)
        return catcher.next


def try_again(branch: Branch, state: RetryingState) -> State | None:
    """A step: the state's next attempt."""
    branch.failed_run = None
    branch.forget_context()
    branch.base = branch.previous
    return state.again(branch)
