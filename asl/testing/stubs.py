"""What the tasks of a flow under test do: the functions they name, or what the test says instead."""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias
from uuid import uuid4

from typing_extensions import override

from asl.engine.failures import TIMEOUT
from asl.engine.jsontext import dumps
from asl.engine.tasks import Completion, TaskRequest, TaskRunner
from asl.testing.handing_over import HandOver

Function: TypeAlias = Callable[..., Any]
"""A function as Lambda calls it, `handler(event, context)`."""

LAMBDA_INVOKE = "arn:aws:states:::lambda:invoke"
EXIT_WITHOUT_REASON = "Runtime exited without providing a reason"


class UnstubbedTask(AssertionError):
    """A task of the flow has neither a function nor a stub."""


class TaskFailed(Exception):
    """Raised by a function that stands for a service: the task fails with this error and this cause, as they are."""

    def __init__(self, error: str, cause: str = "") -> None:
        super().__init__(f"{error}: {cause}")
        self.error = error
        self.cause = cause


@dataclass(frozen=True, slots=True)
class TaskCall:
    """One attempt of a task: the state, its resource and the payload it was given."""

    state: str
    resource: str
    payload: Any


class Behaviour(Protocol):
    """What a task does with one attempt."""

    def __call__(self, request: TaskRequest, completion: Completion) -> None: ...


class Task:
    """What the task of one state does, step by step. The last step is repeated for ever.

    >>> flow.task("Charge").fails("Busy", times=2).then.returns({"paid": True})
    """

    def __init__(self, state: str, check: Callable[[Any], str | None] | None = None) -> None:
        self.state = state
        self._check = check
        self._steps: list[tuple[Behaviour, int | None]] = []
        self._calls = 0

    @property
    def then(self) -> Task:
        """The same task: reads well between steps."""
        return self

    def returns(self, result: Any, *, times: int | None = None) -> Task:
        """Succeed with a result.

        Args:
            result: A JSON value.
            times: Limits the step where another follows.

        Raises:
            ValueError: The service whose API the task calls never answers like this, where a check is set.
        """
        problem = self._check(result) if self._check is not None else None
        if problem is not None:
            raise ValueError(f"the stub of {self.state!r}: {problem}")
        text = dumps(result)
        return self._add(lambda _, completion: _succeed(completion, json.loads(text)), times)

    def returns_payload(self, payload: Any, *, times: int | None = None) -> Task:
        """As `returns`, with the answer of `lambda:invoke` around the payload."""
        return self.returns(_invoke_answer(payload), times=times)

    def answers(self, *recorded: tuple[Any, Any], times: int | None = None) -> Task:
        """Succeed with the result that belongs to the payload: for a task inside a Map, whatever the order.

        Args:
            recorded: Payloads with their results, JSON values. Of equal payloads the first that is left is taken.
            times: Limits the step where another follows.
        """
        left = [(payload, dumps(result)) for payload, result in recorded]

        def answer(request: TaskRequest, completion: Completion) -> None:
            for index, (payload, text) in enumerate(left):
                if payload == request.parameters:
                    del left[index]
                    completion.succeed(json.loads(text))
                    return
            raise UnstubbedTask(f"the stub of {self.state!r} has no result left for {dumps(request.parameters)}")

        return self._add(answer, times)

    def fails(self, error: str, cause: str = "", *, times: int | None = None) -> Task:
        """Fail with an error's name and cause."""
        return self._add(lambda _, completion: completion.fail(error, cause), times)

    def times_out(self, *, times: int | None = None) -> Task:
        """Never answer: the state's timeout ends it; a state that has none fails with States.Timeout."""
        return self._add(_time_out, times)

    def calls(self, function: Function, *, times: int | None = None) -> Task:
        """Call a function with the payload: `function(payload)` or `function(payload, context)`."""
        return self._add(lambda request, completion: call(function, request, completion, request.parameters), times)

    def _add(self, behaviour: Behaviour, times: int | None) -> Task:
        if times is not None and times < 1:
            raise ValueError(f"times is {times}; a step is taken once at least")
        if self._steps and self._steps[-1][1] is None:
            raise ValueError(f"the task of {self.state!r} has a step without an end; give it times=...")
        self._steps.append((behaviour, times))
        return self

    def behaviour(self) -> Behaviour:
        """What the next attempt does."""
        if not self._steps:
            raise UnstubbedTask(
                f"the stub of {self.state!r} says nothing; add .returns(...), .fails(...) or .calls(...)"
            )
        self._calls += 1
        left = self._calls
        for behaviour, times in self._steps:
            if times is None or left <= times:
                return behaviour
            left -= times
        return self._steps[-1][0]


class Tasks(TaskRunner):
    """A `TaskRunner` of stubs by state and functions by resource. It does the work at once, on the engine's thread.

    A function that a `.waitForTaskToken` task calls only hands the token over: whoever has the token ends the task.
    `answered` says that somebody does, so that a task without function and stub waits as well.
    """

    def __init__(self, stubs: Mapping[str, Task], functions: Mapping[str, Function], *, answered: bool = False) -> None:
        self._stubs = stubs
        self._functions = functions
        self._answered = answered
        self.calls: list[TaskCall] = []
        self.problems: list[str] = []

    @override
    def start(self, request: TaskRequest, completion: Completion) -> None:
        self.calls.append(TaskCall(request.state_name, request.resource, request.parameters))
        completion.started()
        stub = self._stubs.get(request.state_name)
        waits = request.task_token is not None
        if waits and (stub is not None or ":activity:" in request.resource):
            completion.submitted({})
        try:
            if stub is not None:
                stub.behaviour()(request, completion)
            elif waits:
                self._hand_over(request, completion)
            else:
                self._call_function(request, completion)
        except UnstubbedTask as problem:
            self.problems.append(str(problem))
            completion.fail("States.Runtime", str(problem))

    def _hand_over(self, request: TaskRequest, completion: Completion) -> None:
        """Give the token to the function, if there is one; what it returns is not the task's result."""
        try:
            self._call_function(request, HandOver(completion))
        except UnstubbedTask:
            if not self._answered:
                raise
            completion.submitted({})

    def _call_function(self, request: TaskRequest, completion: Completion) -> None:
        resource = request.resource.removesuffix(".waitForTaskToken")
        if resource != LAMBDA_INVOKE:
            call(self._find(resource, request), request, completion, request.parameters)
            return
        function = self._find(str(request.parameters.get("FunctionName")), request)
        call(function, request, completion, request.parameters.get("Payload", {}), _invoke_answer)

    def _find(self, name: str, request: TaskRequest) -> Function:
        for known in (name, name.rsplit(":", 1)[-1]):
            if known in self._functions:
                return self._functions[known]
        raise UnstubbedTask(
            f"state {request.state_name!r} calls {name!r}, for which there is no function; "
            f"say what it does: flow.task({request.state_name!r}).returns(...)"
        )


@dataclass(frozen=True, slots=True)
class Context:
    """What a function sees of Lambda's context object."""

    function_name: str
    aws_request_id: str
    memory_limit_in_mb: int = 128
    function_version: str = "$LATEST"

    def get_remaining_time_in_millis(self) -> int:
        """As if the function had just been called."""
        return 900_000


def call(
    function: Function,
    request: TaskRequest,
    completion: Completion,
    payload: Any,
    wrap: Callable[[Any], Any] = lambda result: result,
) -> None:
    """Call a function as Lambda does: the payload is a copy, an exception an error document, the result JSON."""
    context = Context(request.resource.rsplit(":", 1)[-1], str(uuid4()))
    event = deepcopy(payload)  # not through JSON: what a Map writes to S3 is bytes
    try:
        result = function(event, context) if _takes_context(function) else function(event)
    except TaskFailed as failure:
        completion.fail(failure.error, failure.cause)
        return
    except SystemExit as problem:
        reason = f"Runtime exited with error: exit status {problem.code}" if problem.code else EXIT_WITHOUT_REASON
        message = f"RequestId: {context.aws_request_id} Error: {reason}"
        completion.fail("Runtime.ExitError", json.dumps({"errorType": "Runtime.ExitError", "errorMessage": message}))
        return
    except Exception as problem:
        document = {
            "errorMessage": str(problem),
            "errorType": type(problem).__name__,
            "requestId": context.aws_request_id,
            "stackTrace": traceback.format_tb(problem.__traceback__)[1:],
        }
        completion.fail(type(problem).__name__, json.dumps(document))
        return
    try:
        completion.succeed(wrap(json.loads(dumps(result))))
    except (TypeError, ValueError) as problem:
        document = {"errorMessage": f"Unable to marshal response: {problem}", "errorType": "Runtime.MarshalError"}
        completion.fail("Runtime.MarshalError", json.dumps(document))


def _takes_context(function: Function) -> bool:
    import inspect

    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return True
    positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return len(positional) > 1 or any(p.kind is p.VAR_POSITIONAL for p in parameters)


def _succeed(completion: Completion, result: Any) -> None:
    completion.succeed(result)


def _time_out(request: TaskRequest, completion: Completion) -> None:
    if request.timeout_seconds is None and request.heartbeat_seconds is None:
        completion.fail(TIMEOUT, None)
    else:
        completion.awaiting()


def _invoke_answer(payload: Any) -> dict[str, Any]:
    return {"ExecutedVersion": "$LATEST", "Payload": payload, "StatusCode": 200}
