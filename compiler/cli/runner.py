"""Runs a flow in this process: the States Language engine, and the project's own functions called in threads.

Used by `python -m compiler run` on a developer's machine. Functions run without Lambda's isolation, memory limit and
timeout, and Lambda and Step Functions are the only services: `make run` has all of them.
"""

from __future__ import annotations

import json
import threading
import traceback
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

from asl import Completion, Engine, Execution, RealClock, SkippingClock, StateMachine, TaskRequest
from asl.engine.outcome import outcome
from asl.testing.handing_over import HandOver
from chalicelib.functions import Function, discover
from chalicelib.functions.calling import call_from_flow
from chalicelib.names import Names
from compiler.compiled import CompiledFlow, Project
from compiler.placeholders import APPROVALS

NAMES = Names("local", "us-east-1", "123456789012")
START_EXECUTION = "arn:aws:states:::states:startExecution"
_LAMBDA_INVOKE = "arn:aws:states:::lambda:invoke"


class LocalContext:
    """The Lambda context that handlers get."""

    def __init__(self, function: str) -> None:
        self.function_name = NAMES.resource(function)
        self.invoked_function_arn = NAMES.function_arn(function)
        self.function_version = "$LATEST"
        self.memory_limit_in_mb = "256"
        self.aws_request_id = str(uuid4())
        self.log_group_name = f"/aws/lambda/{self.function_name}"
        self.log_stream_name = "local"

    def get_remaining_time_in_millis(self) -> int:
        """Return a fixed value: calls have no timeout here."""
        return 900_000


def callables(root: Path) -> dict[str, Callable[[Any], Any]]:
    """Return what stands for the Lambda functions of a project, by ARN: the project's own, and the framework's."""
    functions: dict[str, Callable[[Any], Any]] = {
        NAMES.function_arn(name): partial(_as_lambda, function) for name, function in discover(root).items()
    }
    return functions | {NAMES.function_arn(APPROVALS): _open_approval}


def _as_lambda(function: Function, event: Any) -> Any:
    return call_from_flow(function, event, LocalContext(function.name))


def _open_approval(event: Any) -> Any:
    from chalicelib.approvals import from_flow

    return from_flow(event, LocalContext(APPROVALS))


class FlowRunner:
    """Runs the flows of a project.

    Args:
        project: The compiled project.
        skip_time: Whether waits and retry intervals end at once.
        started: Called with each execution, nested ones included.
        answers: The results of tasks that wait for their tokens, by state, in order.
    """

    def __init__(
        self,
        project: Project,
        *,
        skip_time: bool = False,
        started: Callable[[Execution], None] | None = None,
        answers: Mapping[str, list[Any]] | None = None,
    ):
        self.project = project
        self._answers = {state: list(results) for state, results in (answers or {}).items()}
        self.engine = Engine(self, clock=SkippingClock() if skip_time else RealClock())
        self._functions = callables(project.root)
        self._machines = {NAMES.state_machine_arn(name): flow for name, flow in project.flows.items()}
        self._started = started or (lambda execution: None)

    def run(self, flow: CompiledFlow, input_text: str) -> Execution:
        """Start a run of the flow, which continues in the engine's thread.

        Args:
            flow: The flow to run.
            input_text: Its input as JSON.
        """
        return self._start(flow, input_text, None)

    def _start(self, flow: CompiledFlow, input_text: str, on_change: Callable[[Execution], None] | None) -> Execution:
        arn = NAMES.state_machine_arn(flow.name)
        machine = StateMachine(arn, NAMES.resource(flow.name), flow.render(NAMES), flow.type)
        execution = self.engine.start(machine, input_text, on_change=on_change)
        self._started(execution)
        return execution

    def start(self, request: TaskRequest, completion: Completion) -> None:
        """Perform a task: call a function, or start a flow. The engine calls this (`asl.engine.tasks.TaskRunner`)."""
        if request.resource.startswith(START_EXECUTION):
            self._start_flow(request, completion)
            return
        if request.task_token is not None:
            waiting = completion
            completion = HandOver(completion, lambda: self._answer(request, waiting))
        parameters, wrap = request.parameters, False
        arn = request.resource.removesuffix(".waitForTaskToken")
        if arn.startswith(_LAMBDA_INVOKE):
            wrap, arn, parameters = True, str(parameters.get("FunctionName")), parameters.get("Payload", {})
        function = self._functions.get(arn) or self._functions.get(NAMES.function_arn(arn))
        if function is None:
            if request.task_token is not None and request.state_name in self._answers:
                completion.succeed({})  # as if the service had taken the token
                return
            completion.fail(
                "States.TaskFailed",
                f"`python -m compiler run` supports only functions and flows, not {request.resource}; use `make run`",
            )
            return
        threading.Thread(target=_call, args=(function, parameters, wrap, completion), daemon=True).start()

    def _answer(self, request: TaskRequest, completion: Completion) -> None:
        """Answer a task whose token has been handed over, as `--answer` says; else it waits for its timeout."""
        left = self._answers.get(request.state_name)
        if left:
            completion.succeed(left.pop(0))
        elif request.timeout_seconds is None and request.heartbeat_seconds is None:
            completion.fail(
                "States.TaskFailed",
                f"{request.state_name!r} waits for its token, and nobody answers: add --answer "
                f"'{request.state_name}=RESULT' with a JSON result, or use `make run`",
            )

    def started_flow(self, parameters: dict[str, Any]) -> CompiledFlow | None:
        """Return the flow that the parameters of StartExecution refer to, or None if the project has no such flow."""
        return self._machines.get(str(parameters.get("StateMachineArn")))

    def _start_flow(self, request: TaskRequest, completion: Completion) -> None:
        parameters = request.parameters
        flow = self.started_flow(parameters)
        if flow is None:
            completion.started()
            completion.fail(*no_such_flow(parameters))
            return
        text = input_text(parameters)
        pattern = request.resource.removeprefix(START_EXECUTION)
        if not pattern.startswith(".sync"):
            execution = self._start(flow, text, None)
            completion.succeed({"ExecutionArn": execution.arn, "StartDate": execution.start_date})
            return

        def changed(execution: Execution) -> None:
            if execution.status == "RUNNING":
                return
            described = nested_outcome(execution, pattern)
            if execution.status == "SUCCEEDED":
                completion.succeed(described)
            else:
                completion.fail("States.TaskFailed", json.dumps(described))

        execution = self._start(flow, text, changed)
        completion.started()
        completion.submitted({"ExecutionArn": execution.arn, "StartDate": execution.start_date})
        completion.awaiting()


def nested_outcome(execution: Execution, pattern: str) -> dict[str, Any]:
    """Return the result of a task that has run an execution by `startExecution` with a pattern: .sync or .sync:2."""
    redrive: dict[str, Any] = {"redriveCount": 0, "redriveStatus": "REDRIVABLE"}
    if execution.status == "SUCCEEDED":
        reason = "Execution is SUCCEEDED and cannot be redriven"
        redrive |= {"redriveStatus": "NOT_REDRIVABLE", "redriveStatusReason": reason}
    return outcome(execution, parsed=pattern == ".sync:2", redrive=redrive)


def no_such_flow(parameters: dict[str, Any]) -> tuple[str, str]:
    """Return the error and cause of a task that starts a state machine that does not exist."""
    return (
        "StepFunctions.StateMachineDoesNotExistException",
        f"State Machine Does Not Exist: '{parameters.get('StateMachineArn')}' (Service: AWSStepFunctions; "
        f"Status Code: 400; Error Code: StateMachineDoesNotExist; Request ID: {uuid4()}; Proxy: null)",
    )


def input_text(parameters: dict[str, Any]) -> str:
    """Return the input in the parameters of StartExecution, as JSON."""
    given = parameters.get("Input", {})
    return given if isinstance(given, str) else json.dumps(given)


def _call(function: Callable[[Any], Any], event: Any, wrap: bool, completion: Completion) -> None:
    completion.started()
    try:
        result = function(json.loads(json.dumps(event)))
        result = json.loads(json.dumps(result))
    except BaseException as error:  # a function may raise anything, SystemExit included
        trace = traceback.format_tb(error.__traceback__)
        cause = {"errorMessage": str(error), "errorType": type(error).__name__, "stackTrace": trace}
        completion.fail(type(error).__name__, json.dumps(cause))
        return
    completion.succeed({"ExecutedVersion": "$LATEST", "Payload": result, "StatusCode": 200} if wrap else result)
