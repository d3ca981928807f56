"""A thread of control through the states of one `States` object: of an execution, a Parallel's branch, an iteration.

Branches are data. `advance` runs one forward, state after state, until it blocks or ends; what wakes it again calls
`Branch.resume`. No branch has a thread of its own.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from asl.engine.failures import StateFailure, framed, too_large
from asl.engine.history import Event
from asl.engine.scheduler import Abandoned
from asl.language.errors import RUNTIME, ExpressionError, TooLarge
from asl.language.scope import MISSING, Scope
from asl.language.timestamps import iso_8601

if TYPE_CHECKING:
    from asl.engine.execution import Execution
    from asl.engine.states.base import State

_log = logging.getLogger(__name__)

SLICE = 512
"""How many states a branch runs before others have their turn, unless `TURN` has passed before."""

_LOOKS = tuple(place % 8 == 7 for place in range(SLICE))
"""Before which states it looks at the time, which takes a while. The expressions themselves leave time to others."""

NO_VARIABLES: Mapping[str, Any] = {}

Step = Callable[..., "State | None"]


class Owner(Protocol):
    """What a branch belongs to and reports its end to."""

    __slots__ = ()

    def succeeded(self, branch: Branch) -> None:
        """The branch has ended; its output is `branch.data`."""

    def failed(self, branch: Branch, failure: StateFailure) -> None:
        """The branch has failed and nothing in it catches that."""

    def iterations_of(self, branch: Branch) -> tuple[int, ...]:
        """The index of the item in each Map around the branch, the outermost first."""


class Blocker(Protocol):
    """What a blocked branch waits for: a timer, a task, the branches inside it."""

    __slots__ = ()

    def cancel(self) -> None:
        """Stop waiting: the branch is over."""


class Branch:
    """One thread of control.

    `previous` is the id of the event that the next one follows; `base` the one before the present step began, which an
    `EvaluationFailed` follows. `size` is an upper bound of the bytes of `data` as JSON. `failed_run` is the run of the
    present Parallel or Map state that failed: redriving goes on with it.
    """

    __slots__ = (
        "_context",
        "base",
        "blocker",
        "data",
        "entered_at",
        "entered_id",
        "events",
        "execution",
        "failed_run",
        "index",
        "item",
        "open",
        "owner",
        "previous",
        "retries",
        "retry_count",
        "size",
        "state",
        "token",
        "variables",
    )

    def __init__(self, execution: Execution, owner: Owner, state: State, data: Any, size: int) -> None:
        self.execution = execution
        self.events: list[Event] = execution.history.raw
        self.owner = owner
        self.state: State = state
        self.data = data
        self.size = size
        self.previous = 0
        self.base = 0
        self.variables: Mapping[str, Any] = NO_VARIABLES
        self.index = 0
        self.item: dict[str, Any] | None = None
        self.open = True
        self.blocker: Blocker | None = None
        self.failed_run: Blocker | None = None
        self.entered_id = 0
        self.entered_at = 0.0
        self.retries: dict[Any, int] | None = None
        self.retry_count: int | None = None
        self.token: str | None = None
        self._context: dict[str, Any] | None = None

    def context(self) -> dict[str, Any]:
        """The context object as the present state sees it."""
        if self._context is None:
            self._context = self._make_context()
        return self._context

    def forget_context(self) -> None:
        """What the context object shows has changed."""
        self._context = None

    def _make_context(self) -> dict[str, Any]:
        state: dict[str, Any] = {"Name": self.state.name, "EnteredTime": timestamp(self.entered_at)}
        if self.retry_count is not None:
            state["RetryCount"] = self.retry_count
        context = {**self.execution.context, "State": state}
        if self.item is not None:
            context["Map"] = {"Item": self.item}
        if self.token is not None:
            context["Task"] = {"Token": self.token}
        return context

    def scope(self, data: Any, result: Any = MISSING, error_output: Any = MISSING) -> Scope:
        """What an expression of the present state sees."""
        context = self.context() if self.state.needs_context else None
        engine = self.execution.engine
        return Scope(data, context, self.variables, result, error_output, clock=engine.now, host=engine.patience)

    def iterations(self) -> tuple[int, ...]:
        """The index of the item in each Map around the branch, the outermost first."""
        return self.owner.iterations_of(self)

    def resume(self, step: Step, *args: Any) -> None:
        """Go on with a step of the present state when the scheduler comes to it."""
        execution = self.execution
        execution.engine.scheduler.soon_in(execution.lane, advance, self, step, args)

    def redrive(self, previous: int) -> None:
        """Go on after an end without success, following the event `previous`."""
        self.open = True
        self.previous = self.base = previous
        run = self.blocker if self.failed_run is None else self.failed_run
        self.failed_run = None
        self.state.redrive(self, run)

    def cancel(self) -> None:
        """End without a result."""
        self.open = False
        if self.blocker is not None:
            self.blocker.cancel()

    def fail(self, failure: StateFailure) -> None:
        """Nothing in this branch catches the failure."""
        self.open = False
        self.owner.failed(self, failure)


def timestamp(seconds: float) -> str:
    """A time as the context object shows it: without a fraction where it is a whole second
    (https://docs.aws.amazon.com/step-functions/latest/dg/input-output-contextobject.html)."""
    return iso_8601(seconds).replace(".000Z", "Z")


def advance(branch: Branch, step: Step, args: tuple[Any, ...]) -> None:
    """Take a step and go on from state to state until the branch blocks or ends, or others should have their turn."""
    if not branch.open:
        return
    branch.blocker = None
    execution = branch.execution
    engine = execution.engine
    patience = engine.patience
    patience.branch = branch
    events = branch.events
    limit = execution.event_limit
    now, end = time.perf_counter, engine.scheduler.turn_end
    try:
        state = take_step(branch, step, args)
        for looks in _LOOKS:
            if state is None or (looks and now() > end and state.kind):
                break
            branch.state = state
            try:
                state = state.enter(branch)
            except (KeyboardInterrupt, Abandoned):
                raise
            except BaseException as problem:
                state = _failed(branch, problem)
            if len(events) >= limit:
                break
    except Abandoned:
        return
    finally:
        patience.branch = None
        if execution.engine.journal is not None:
            execution.engine.journal.appended(execution)
    if len(events) >= limit:
        execution.exceed_event_limit()
    elif state is not None:
        if not state.kind:
            # An end follows its exit at once, so that the history shows in which order branches ended.
            state.enter(branch)
        else:
            branch.resume(_go_on, state)


def act(branch: Branch, call: Callable[..., None], *args: Any) -> None:
    """Make a call, in which expressions may be evaluated, for a branch that is blocked."""
    patience = branch.execution.engine.patience
    patience.branch = branch
    try:
        call(*args)
    except Abandoned:
        return
    finally:
        patience.branch = None


def _go_on(_: Branch, state: State) -> State:
    return state


def take_step(branch: Branch, step: Step, args: tuple[Any, ...]) -> State | None:
    """Take a step of a branch; the state that comes next, None if the branch is blocked or over."""
    try:
        return step(branch, *args)
    except (KeyboardInterrupt, Abandoned):
        raise
    except BaseException as problem:
        # An extension module's panic is no Exception, and must not end the engine's thread either.
        return _failed(branch, problem)


def _failed(branch: Branch, problem: BaseException) -> State | None:
    """Let the state deal with a problem in it; a problem in that ends the branch."""
    try:
        return branch.state.failed(branch, as_failure(branch, problem))
    except Exception as another:
        failure = as_failure(branch, another)
        branch.state.record_evaluation(branch, failure)
        branch.fail(failure)
        return None


def as_failure(branch: Branch, problem: BaseException) -> StateFailure:
    """Whatever was raised in the present state, as the state's failure."""
    if isinstance(problem, StateFailure):
        return problem
    if isinstance(problem, TooLarge):
        return too_large(branch.state.name)
    if isinstance(problem, ExpressionError):
        return framed(problem, branch.state.name, branch.entered_id)
    _log.error("state %r of %s failed unexpectedly", branch.state.name, branch.execution.arn, exc_info=problem)
    return framed(
        ExpressionError(RUNTIME, f"Unexpected {type(problem).__name__}: {problem}"),
        branch.state.name,
        branch.entered_id,
    )
