"""How the engine asks the outside world to do a task.

The engine knows the States Language, the outside world knows Lambda, SQS and the rest. They meet in one call:
`TaskRunner.start(request, completion)`. It must return at once; the work goes on elsewhere (a thread, a process, a
queue) and ends by one call of the completion, from any thread.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

Cancel = Callable[[], None]


@dataclass(frozen=True, slots=True)
class TaskRequest:
    """One attempt of one Task state.

    `resource` is the state's Resource as written: a Lambda function's ARN, an activity's ARN, or an integration such
    as `arn:aws:states:::sqs:sendMessage.waitForTaskToken`. `parameters` is the effective payload, a JSON value.
    `task_token` is set for `.waitForTaskToken` and activities: whoever knows it may end the task through
    `Engine.send_task_success` and its siblings. Times are in seconds, None where the state sets none.

    The rest says where the attempt belongs: `state_path` is the state's JSON pointer in the definition, `iterations`
    the index of the item in each Map around it (the outermost first), `attempt` is 1 for the first attempt and one more
    for each retry. `run_arn` is the execution that was started, another one than `execution_arn` in a child of a Map
    Run. `trace_header` is what it was started with. `role_arn` is the role of the state machine.
    """

    resource: str
    parameters: Any
    state_name: str
    execution_arn: str
    state_machine_arn: str
    task_token: str | None
    timeout_seconds: float | None
    heartbeat_seconds: float | None
    credentials: Any = None
    state_path: str = ""
    iterations: tuple[int, ...] = ()
    attempt: int = 1
    run_arn: str = ""
    trace_header: str | None = None
    role_arn: str | None = None


class Completion(Protocol):
    """How a runner reports. `succeed` and `fail` end the task; what comes after the end is ignored."""

    __slots__ = ()

    def started(self, worker_name: str | None = None) -> None:
        """The worker has taken the task (LambdaFunctionStarted, TaskStarted, ActivityStarted); an activity's
        has a name."""

    def start_failed(self, error: str, cause: str) -> None:
        """The task could not even be started (LambdaFunctionStartFailed, TaskStartFailed)."""

    def submitted(self, output: Any) -> None:
        """The service accepted the request; its end comes later (TaskSubmitted: `.sync` and `.waitForTaskToken`)."""

    def awaiting(self) -> None:
        """Nothing is being done for the task any more: an execution of the same engine will end it, or somebody else.

        A clock that skips may skip then. `submitted` of a `.waitForTaskToken` task implies it.
        """

    def succeed(self, result: Any) -> None:
        """The task's result, a JSON value that is not changed afterwards."""

    def fail(self, error: str | None, cause: str | None) -> None:
        """The task's error name and cause, as AWS words them."""


class TaskRefused(Exception):
    """The task cannot even be scheduled: its activity does not exist, or the service knows no such parameter.

    The state fails with `error`; `cause` comes without the frame "An error occurred while executing the state ...".
    """

    def __init__(self, error: str, cause: str) -> None:
        super().__init__(f"{error}: {cause}")
        self.error = error
        self.cause = cause


class TaskRunner(Protocol):
    """Does the work of Task states.

    A runner may also have a method `check(request: TaskRequest) -> None`, asked before the task is written to the
    history as scheduled. It raises `TaskRefused` where the state is to fail without a trace of the task.

    Executions that are recovered after the end of a process have tasks that an earlier runner was given. They are given
    to this one again by `start`. Where the earlier one had called `submitted`, a method
    `resume(request: TaskRequest, completion: Completion, submitted: Any) -> Cancel | None` is called instead, if the
    runner has it: it waits for what has been started, which `submitted` describes.
    """

    def start(self, request: TaskRequest, completion: Completion) -> Cancel | None:
        """Begin the work and return at once; the returned callable, if any, gives up on it (timeout, StopExecution)."""
