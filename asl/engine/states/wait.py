"""Wait: until a time, or for a number of seconds."""

from __future__ import annotations

from typing import Any

from typing_extensions import override

from asl.engine.branch import Branch
from asl.engine.failures import StateFailure, framed, in_state
from asl.engine.observing import Waiting, place_of
from asl.engine.states.base import State
from asl.engine.states.expressions import Expressions
from asl.engine.states.fields import Expression, Fields
from asl.engine.states.quantities import whole_number
from asl.language import model
from asl.language.errors import QUERY_EVALUATION, RUNTIME, ExpressionError
from asl.language.timestamps import parse_timestamp
from asl.language.values import json_text

LONGEST_WAIT = 99_999_999
"""Seconds; `Seconds` may be no more (https://docs.aws.amazon.com/step-functions/latest/dg/state-wait.html)."""

LAST_MOMENT = 24_855 * 86_400
"""How far ahead, in seconds, a timestamp may be: the days that fit into a 32-bit count of seconds."""


class Wait(State):
    """Waits. `field` is the name of the one field that says how long; `value` gives what it holds."""

    kind = "Wait"

    def __init__(
        self, model: model.WaitState, fields: Fields, expressions: Expressions, field: str, value: Expression
    ) -> None:
        super().__init__(model, fields, expressions)
        self.field = field
        self.path = model.seconds_path or model.timestamp_path
        self.value = value

    @override
    def enter(self, branch: Branch) -> State | None:
        self.record_entry(branch)
        selected = self.fields.input(branch)
        value = self.value(branch.scope(selected))
        now = branch.entered_at
        due = self._moment(branch, value) if "Timestamp" in self.field else now + self._seconds(branch, value)
        if due - now > LAST_MOMENT:
            raise self._problem(branch, RUNTIME, "Wait state delay is too long.")
        if due <= now:
            return self.over(branch)
        by_date = "Timestamp" in self.field
        engine = branch.execution.engine
        if engine.observer is not None:
            engine.observer(Waiting(now, place_of(branch), until=due))
        branch.blocker = engine.scheduler.at(due, branch.resume, _over, self, by_date=by_date)
        return None

    def _seconds(self, branch: Branch, value: Any) -> float:
        seconds = whole_number(value, computed=self.path is None)
        if seconds is None:
            if self.path:
                what = f"The SecondsPath parameter cannot be parsed as a long value: {self.path} == {_plain(value)}"
                raise self._problem(branch, RUNTIME, what)
            what = f"The Seconds field is not an integer: {_plain(value)}"
            raise self._problem(branch, QUERY_EVALUATION, what)
        if seconds < 0:
            if self.path:
                what = f"The SecondsPath parameter references a negative value: {self.path} == {_plain(value)}"
                raise self._problem(branch, RUNTIME, what)
            raise self._problem(branch, QUERY_EVALUATION, f"The Seconds field is a negative value: {_plain(value)}")
        if seconds > LONGEST_WAIT:
            raise self._problem(branch, RUNTIME, "Wait state delay is too long.")
        return float(seconds)

    def _moment(self, branch: Branch, value: Any) -> float:
        moment = parse_timestamp(value) if isinstance(value, str) else None
        if moment is not None:
            return moment.timestamp()
        form = "ISO-8601 extended offset date-time format string"
        if self.path:
            what = f"The TimestampPath parameter does not reference a valid {form}: {self.path} == {_plain(value)}"
            raise self._problem(branch, RUNTIME, what)
        what = f"The Timestamp field cannot be parsed as an {form}: {_plain(value)}"
        raise self._problem(branch, QUERY_EVALUATION, what)

    def _problem(self, branch: Branch, error: str, cause: str) -> StateFailure:
        # AWS looks at the value only after the state was entered: here the event follows the entry itself.
        branch.base = branch.previous
        if error == RUNTIME:
            return StateFailure(error, in_state(self.name, branch.entered_id, cause))
        return framed(ExpressionError(error, cause, self.field), self.name, branch.entered_id)

    def over(self, branch: Branch) -> State:
        """The time has come."""
        result = self.fields.input(branch)
        return self.leave(branch, result, branch.size if result is branch.data else None)


def _over(branch: Branch, state: Wait) -> State:
    return state.over(branch)


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json_text(value)
