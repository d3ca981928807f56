"""Pass, Succeed, Fail and Choice: the states that never block."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from typing_extensions import override

from asl.engine.branch import Branch
from asl.engine.failures import StateFailure, in_state
from asl.engine.jsontext import size_bound
from asl.engine.states.base import State
from asl.engine.states.expressions import Expressions
from asl.engine.states.fields import Expression, Fields
from asl.language import model
from asl.language.errors import RUNTIME
from asl.language.scope import MISSING


class Pass(State):
    """Passes its input on, or a fixed result."""

    kind = "Pass"

    def __init__(self, model: model.PassState, fields: Fields, expressions: Expressions) -> None:
        super().__init__(model, fields, expressions)
        self.result = model.result
        self.result_size = 0 if self.result is MISSING else size_bound(self.result)

    @override
    def enter(self, branch: Branch) -> State | None:
        self.record_entry(branch)
        fields = self.fields
        if self.result is not MISSING:
            return self.leave(branch, self.result, self.result_size)
        result = fields.arguments(branch, fields.input(branch))
        return self.leave(branch, result, branch.size if result is branch.data else None)


class Succeed(State):
    """Ends the flow well."""

    kind = "Succeed"

    @override
    def enter(self, branch: Branch) -> State | None:
        self.record_entry(branch)
        result = self.fields.input(branch)
        return self.leave(branch, result, branch.size if result is branch.data else None)


class Fail(State):
    """Ends the flow with an error. Its `Error` and `Cause` may be expressions."""

    kind = "Fail"

    def __init__(
        self,
        model: model.FailState,
        fields: Fields,
        expressions: Expressions,
        error: Expression | None,
        cause: Expression | None,
    ) -> None:
        super().__init__(model, fields, expressions)
        self.error = error
        self.cause = cause

    @override
    def enter(self, branch: Branch) -> State | None:
        self.record_entry(branch)
        scope = branch.scope(branch.data)
        error = self.error(scope) if self.error is not None else None
        cause = self.cause(scope) if self.cause is not None else None
        for name, value in (("Error", error), ("Cause", cause)):
            if value is not None and not isinstance(value, str):
                problem = f"The {name} field of the Fail state must be a string."
                raise StateFailure(RUNTIME, in_state(self.name, branch.entered_id, problem))
        branch.fail(StateFailure(error, cause))
        return None


class Rule:
    """A rule of a Choice: when it holds, what it makes of the input, and where it leads."""

    __slots__ = ("fields", "holds", "next", "target")

    def __init__(self, holds: Expression, fields: Fields, target: str) -> None:
        self.holds = holds
        self.fields = fields
        self.target = target
        self.next: State


class Choice(State):
    """Goes on by the first rule that holds."""

    kind = "Choice"

    def __init__(
        self, model: model.ChoiceState, fields: Fields, expressions: Expressions, rules: tuple[Rule, ...]
    ) -> None:
        super().__init__(model, fields, expressions)
        self.rules = rules
        self.default: State | None = None

    @override
    def enter(self, branch: Branch) -> State | None:
        self.record_entry(branch)
        data = self.fields.input(branch)
        scope = branch.scope(data)
        for rule in self.rules:
            if rule.holds(scope):
                return self._leave(branch, data, rule.fields, rule.next)
        if self.default is None:
            # AWS has another name in its documentation, States.NoChoiceMatched.
            problem = "Failed to transition out of the state. The state does not point to a next state."
            raise StateFailure(RUNTIME, in_state(self.name, branch.entered_id, problem))
        return self._leave(branch, data, self.fields, self.default)

    def following(self) -> Iterable[State]:
        """Return the states that may come next."""
        return (*(rule.next for rule in self.rules), *(() if self.default is None else (self.default,)))

    def _leave(self, branch: Branch, data: Any, fields: Fields, following: State) -> State:
        bound = branch.size if data is branch.data else None
        output, branch.size, assigned = fields.output(branch, data, bound)
        self.record_exit(branch, output, assigned)
        return following
