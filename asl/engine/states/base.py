"""What all states have in common: entering, leaving, failing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from asl.engine.branch import Blocker, Branch
from asl.engine.failures import StateFailure
from asl.engine.history import EVALUATION_FAILED, STATE_ENTERED, STATE_EXITED, EventKind
from asl.engine.states.expressions import Expressions
from asl.engine.states.fields import Fields
from asl.language import model


class State:
    """A compiled state. It is shared by all executions and holds nothing of any of them."""

    kind = ""
    next: State

    def __init__(self, model: model.State, fields: Fields, expressions: Expressions) -> None:
        self.name = model.name
        self.pointer = model.pointer
        self.fields = fields
        self.needs_context = expressions.needs_context
        self.next = END
        self.entered_event = STATE_ENTERED[self.kind]
        self.exited_event: EventKind = STATE_EXITED.get(self.kind, self.entered_event)

    def enter(self, branch: Branch) -> State | None:
        """Run as far as possible; the state that comes next, or None if the branch is blocked or over."""
        raise NotImplementedError

    def failed(self, branch: Branch, failure: StateFailure) -> State | None:
        """The state fails; the state that comes next if a catcher takes it, else None."""
        self.record_evaluation(branch, failure)
        branch.fail(failure)
        return None

    def redrive(self, branch: Branch, _run: Blocker | None) -> None:
        """Start the state again in an execution that is redriven."""
        branch.resume(_enter, self)

    def record_entry(self, branch: Branch) -> None:
        """Write the event, and reset what belongs to a single visit of the state."""
        events = branch.events
        branch.base = branch.previous
        branch._context = None
        branch.failed_run = None
        now = branch.execution.engine.now()
        events.append((self.entered_event, now, branch.previous, self.name, branch.data))
        branch.previous = branch.entered_id = len(events)
        branch.entered_at = now if events.__class__ is list else events[-1][1]  # as recorded, if it is recovered

    def record_exit(self, branch: Branch, output: Any, assigned: Mapping[str, Any] | None = None) -> None:
        """Write the event; `output` becomes the branch's data and the variables are assigned."""
        events = branch.events
        events.append((self.exited_event, branch.execution.engine.now(), branch.previous, self.name, output, assigned))
        branch.previous = len(events)
        if events.__class__ is not list:  # it is recovered: what was recorded counts
            output, assigned = events[-1][4:6]
        branch.data = output
        if assigned:
            branch.variables = {**branch.variables, **assigned}

    def leave(self, branch: Branch, result: Any, bound: int | None) -> State:
        """Make the output of a result, write the exit, and go on.

        `bound` is an upper bound of the result's bytes, None if it is not known.
        """
        output, size, assigned = self.fields.output(branch, result, bound)
        self.record_exit(branch, output, assigned)
        branch.size = size
        return self.next

    def following(self) -> Iterable[State]:
        """The states that may come next."""
        return (self.next,)

    def record_evaluation(self, branch: Branch, failure: StateFailure) -> None:
        """A JSONata expression that failed has an event of its own."""
        if failure.evaluated and self.fields.is_jsonata:
            failure.evaluated = False
            branch.events.append(
                (
                    EVALUATION_FAILED,
                    branch.execution.engine.now(),
                    branch.base,
                    failure.error,
                    failure.cause,
                    failure.location,
                    self.name,
                )
            )
            branch.previous = len(branch.events)


def _enter(_: Branch, state: State) -> State:
    return state


class _End(State):
    """Comes after the last state."""

    def __init__(self) -> None:
        self.name = ""
        self.needs_context = False

    def enter(self, branch: Branch) -> State | None:
        branch.open = False
        branch.owner.succeeded(branch)
        return None


END: State = _End()
