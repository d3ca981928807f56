"""What Parallel and Map have in common: branches inside a branch."""

from __future__ import annotations

from typing import Any

from typing_extensions import override

from asl.engine.branch import Blocker, Branch, Owner
from asl.engine.failures import StateFailure
from asl.engine.history import STATE_ABORTED, EventKind
from asl.engine.states.base import State
from asl.engine.states.retrying import RetryingState

MISSING_RESULT: Any = object()


class Container(Owner, Blocker):
    """One run of a Parallel or Map state: the branches inside, and their results in order.

    It is what the branches inside report to, and what the branch outside is blocked by. A failed run is kept by its
    branch, so that redriving can go on with what has not succeeded.
    """

    __slots__ = ("bound", "branch", "children", "missing", "results", "state")

    def __init__(self, branch: Branch, state: ContainerState, count: int) -> None:
        self.branch = branch
        self.state = state
        self.results: list[Any] = [MISSING_RESULT] * count
        self.missing = count
        self.bound = 2 + count
        self.children: dict[int, Branch] = {}

    def record(self, kind: EventKind, previous: int, *payload: Any) -> int:
        """Write an event; its id."""
        events = self.branch.events
        events.append((kind, self.branch.execution.engine.now(), previous, *payload))
        return len(events)

    def child(self, index: int, start: State, data: Any, bound: int) -> Branch:
        """A new branch inside, with a bound of its data's bytes. It does not begin yet."""
        outer = self.branch
        child = Branch(outer.execution, self, start, data, bound)
        child.previous = child.base = outer.previous
        child.variables = outer.variables
        child.item = outer.item
        child.index = index
        self.children[index] = child
        return child

    @override
    def succeeded(self, branch: Branch) -> None:
        del self.children[branch.index]
        self.results[branch.index] = branch.data
        self.bound += branch.size
        self.missing -= 1
        self.child_succeeded(branch)

    @override
    def iterations_of(self, branch: Branch) -> tuple[int, ...]:
        return self.branch.iterations()

    def child_succeeded(self, branch: Branch) -> None:
        """What else there is to do when a branch inside has ended."""
        raise NotImplementedError

    @override
    def failed(self, branch: Branch, failure: StateFailure) -> None:
        """The others are aborted, and the state fails with the same error."""
        previous = self.record_failure(branch)
        for child in list(self.children.values()):
            if child is not branch:
                self.abort_child(child)
        self.branch.previous = self.branch.base = previous
        self.branch.failed_run = self
        self.branch.resume(_fail, StateFailure(failure.error, failure.cause))

    def record_failure(self, branch: Branch) -> int:
        """Write how a branch inside failed; the id of the event that the failure of the state follows."""
        raise NotImplementedError

    def abort_child(self, child: Branch) -> None:
        """End a branch inside because another has failed."""
        abort(child)

    def complete(self, previous: int) -> None:
        """All branches inside have ended."""
        self.branch.previous = self.branch.base = previous
        self.branch.resume(_complete, self)

    def redrive(self) -> None:
        """Go on with the branches inside that have not succeeded."""
        for child in list(self.children.values()):
            child.redrive(self.branch.previous)

    @override
    def cancel(self) -> None:
        for child in self.children.values():
            child.cancel()

    def abort(self) -> None:
        """As `cancel`, with the events of what is aborted."""
        for child in list(self.children.values()):
            self.abort_child(child)


class ContainerState(RetryingState):
    """A state with states inside."""

    started_event: EventKind
    succeeded_event: EventKind
    failed_event: EventKind

    @override
    def enter(self, branch: Branch) -> State | None:
        self.record_entry(branch)
        return self.again(branch)

    @override
    def redrive(self, branch: Branch, run: Blocker | None) -> None:
        """What has succeeded inside stays."""
        if isinstance(run, Container):
            branch.blocker = run
            run.redrive()
        else:
            super().redrive(branch, run)

    @override
    def given_up(self, branch: Branch, failure: StateFailure) -> None:
        if self._fails_with_event(failure):
            self.record_step(branch, self.failed_event)

    def _fails_with_event(self, failure: StateFailure) -> bool:
        return not failure.evaluated

    def record_step(self, branch: Branch, kind: EventKind, *payload: Any) -> None:
        """Write an event of the state itself."""
        branch.events.append((kind, branch.execution.engine.now(), branch.previous, *payload))
        branch.previous = branch.base = len(branch.events)

    def complete(self, branch: Branch, run: Container) -> State | None:
        """All branches inside have ended: make the output."""
        # AWS writes this event beside the chain: the exit follows what came before it.
        branch.events.append((self.succeeded_event, branch.execution.engine.now(), branch.previous))
        return self.leave(branch, run.results, run.bound)


def abort(branch: Branch) -> None:
    """End a branch because another has failed, with the events of the states that it is in."""
    if isinstance(branch.blocker, Container):
        branch.blocker.abort()
    else:
        branch.cancel()
    branch.open = False
    kind = STATE_ABORTED.get(branch.state.kind)
    entered = branch.entered_id
    if kind is not None and entered and branch.events[entered - 1][0] is branch.state.entered_event:
        branch.events.append((kind, branch.execution.engine.now(), branch.previous))


def begin(_: Branch, start: State) -> State:
    """A step: go to the first state."""
    return start


def _fail(_: Branch, failure: StateFailure) -> State:
    raise failure


def _complete(branch: Branch, run: Container) -> State | None:
    return run.state.complete(branch, run)
