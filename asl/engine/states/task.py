"""Task: a piece of work that a `TaskRunner` does."""

from __future__ import annotations

from typing import Any

from typing_extensions import override

from asl.engine.attempt import Attempt
from asl.engine.branch import Blocker, Branch
from asl.engine.failures import StateFailure, framed, in_state, too_large
from asl.engine.jsontext import PAYLOAD_LIMIT, size_bound
from asl.engine.resources import parse_resource
from asl.engine.states.base import State
from asl.engine.states.expressions import Expressions
from asl.engine.states.fields import Expression, Fields
from asl.engine.states.quantities import whole_number
from asl.engine.states.retrying import RetryingState, Rules, try_again
from asl.engine.tasks import TaskRefused, TaskRequest
from asl.language import model
from asl.language.errors import QUERY_EVALUATION, RUNTIME, ExpressionError
from asl.language.values import json_text

LONGEST_TASK = 99_999_999
"""The most seconds that TimeoutSeconds and HeartbeatSeconds may have."""


class Seconds:
    """TimeoutSeconds or HeartbeatSeconds: a number, or the expression that gives it.

    `field` is the field's name; `path` its text if it is one of the fields that hold a path.
    """

    __slots__ = ("constant", "expression", "field", "path")

    def __init__(self, field: str, constant: float | None, expression: Expression | None, path: str | None) -> None:
        self.field = field
        self.constant = constant
        self.expression = expression
        self.path = path

    def of(self, branch: Branch, selected: Any) -> float | None:
        """The number of seconds, None if the state sets none."""
        if self.expression is None:
            return self.constant
        value = self.expression(branch.scope(selected))
        seconds = whole_number(value, computed=self.path is None)
        if seconds is not None and 0 < seconds <= LONGEST_TASK:
            return seconds
        name, event = branch.state.name, branch.entered_id
        shown = json_text(value)
        if self.path is not None:
            what = f"The {self.field} parameter does not reference a positive integer value: {self.path} == {shown}"
            raise StateFailure(RUNTIME, in_state(name, event, what))
        what = f"The {self.field} field is not a positive integer: {shown}"
        raise framed(ExpressionError(QUERY_EVALUATION, what, self.field), name, event)


def _seconds(field: str, value: Any, path: str | None, expressions: Expressions) -> Seconds:
    if path is not None:
        return Seconds(f"{field}Path", None, expressions.path(path, f"{field}Path"), path)
    if isinstance(value, str):
        return Seconds(field, None, expressions.value(value, field, "number"), None)
    return Seconds(field, value, None, None)


class Task(RetryingState):
    """Does a piece of work by a resource."""

    kind = "Task"

    def __init__(
        self,
        model: model.TaskState,
        fields: Fields,
        expressions: Expressions,
        rules: Rules,
    ) -> None:
        super().__init__(model, fields, expressions, rules)
        self.resource = parse_resource(model.resource)
        self.timeout = _seconds("TimeoutSeconds", model.timeout_seconds, model.timeout_seconds_path, expressions)
        self.heartbeat = _seconds(
            "HeartbeatSeconds", model.heartbeat_seconds, model.heartbeat_seconds_path, expressions
        )
        self.credentials = expressions.either_template(model.credentials, "Credentials")
        self.needs_context = expressions.needs_context

    @override
    def enter(self, branch: Branch) -> State | None:
        self.record_entry(branch)
        return self.again(branch)

    @override
    def redrive(self, branch: Branch, _run: Blocker | None) -> None:
        """The task is scheduled again, the state is not entered again."""
        branch.retries = None
        branch.retry_count = 0
        branch.resume(try_again, self)

    def again(self, branch: Branch) -> State | None:
        """Make an attempt: evaluate the arguments again and hand the task out."""
        execution = branch.execution
        engine = execution.engine
        resource = self.resource
        branch.token = engine.tokens.issue() if resource.waits_for_token or resource.is_job else None
        if branch.token is not None:
            branch.forget_context()
        selected = self.fields.input(branch)
        parameters = self.fields.arguments(branch, selected)
        if parameters is not selected and size_bound(parameters) > PAYLOAD_LIMIT:
            raise too_large(self.name, "provided parameters")
        request = TaskRequest(
            resource=resource.arn,
            parameters=parameters,
            state_name=self.name,
            execution_arn=execution.arn,
            state_machine_arn=execution.machine.arn,
            task_token=branch.token if resource.waits_for_token else None,
            timeout_seconds=self.timeout.of(branch, selected),
            heartbeat_seconds=self.heartbeat.of(branch, selected),
            credentials=self.credentials(branch.scope(selected)) if self.credentials is not None else None,
            state_path=self.pointer,
            iterations=branch.iterations(),
            attempt=(branch.retry_count or 0) + 1,
            run_arn=execution.run.arn,
            trace_header=execution.run.trace_header,
            role_arn=execution.machine.role_arn,
        )
        try:
            engine.check_task(request)
        except TaskRefused as refusal:
            cause = in_state(self.name, branch.entered_id, refusal.cause)
            raise StateFailure(refusal.error, cause) from None
        Attempt(branch, self, request).begin()
        return None

    @override
    def record_exit(self, branch: Branch, output: Any, assigned: Any = None) -> None:
        """The token belonged to this task."""
        super().record_exit(branch, output, assigned)
        branch.token = None
