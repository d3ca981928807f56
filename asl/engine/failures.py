"""How a state fails, and the errors that the engine's own calls raise."""

from __future__ import annotations

from asl.language.errors import DATA_LIMIT_EXCEEDED, RUNTIME, ExpressionError

ALL = "States.ALL"
HEARTBEAT_TIMEOUT = "States.HeartbeatTimeout"
ITEM_READER_FAILED = "States.ItemReaderFailed"
TASK_FAILED = "States.TaskFailed"
TIMEOUT = "States.Timeout"


class StateFailure(Exception):
    """A state fails with an error's name and cause, as they will stand in the history; either may be None.

    `location` is the field whose JSONata expression failed; `evaluated` says that it was an expression that failed,
    `silent` that it was a missing heartbeat: AWS calls that States.Timeout, and States.HeartbeatTimeout covers it too.
    `since` is when it failed, where that was before the present: in an execution that is recovered.
    """

    since: float | None = None

    def __init__(
        self,
        error: str | None,
        cause: str | None,
        *,
        location: str | None = None,
        evaluated: bool = False,
        silent: bool = False,
    ) -> None:
        super().__init__(f"{error}: {cause}")
        self.error = error
        self.cause = cause
        self.location = location
        self.evaluated = evaluated
        self.silent = silent

    @property
    def output(self) -> dict[str, str | None]:
        """The error output that a catcher receives. A timeout has no cause: it is an empty string there."""
        cause = "" if self.cause is None and self.error == TIMEOUT else self.cause
        return {"Error": self.error, "Cause": cause}


def in_state(name: str, event_id: int, cause: str) -> str:
    """A cause in AWS's frame."""
    return f"An error occurred while executing the state '{name}' (entered at the event id #{event_id}). {cause}"


def framed(problem: ExpressionError, name: str, event_id: int) -> StateFailure:
    """The failure of a state in which an expression failed."""
    cause = in_state(name, event_id, problem.cause)
    return StateFailure(problem.error, cause, location=problem.location, evaluated=True)


def too_large(name: str, what: str = "returned a result") -> StateFailure:
    """A document of a state or a task is larger than the service allows; `what` says how it came about."""
    cause = f"The state/task '{name}' {what} with a size exceeding the maximum number of bytes service limit."
    return StateFailure(DATA_LIMIT_EXCEEDED, cause)


def reader_failure(cause: str | None) -> StateFailure:
    """The ItemReader cannot read its data set."""
    return StateFailure(ITEM_READER_FAILED, cause)


def matches(error: str | None, names: frozenset[str], *, silent: bool = False) -> bool:
    """Whether a retrier's or catcher's `ErrorEquals` covers an error; `silent` says that a heartbeat is missing.

    Nothing covers States.Runtime, not even its name: the execution fails
    (https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html).
    """
    if error == RUNTIME:
        return False
    if error in names or (silent and HEARTBEAT_TIMEOUT in names):
        return True
    return ALL in names or (TASK_FAILED in names and error != TIMEOUT)


class EngineError(Exception):
    """A call that the engine refuses. `code` is the service's error code, `message` its words."""

    code = "ValidationException"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class InvalidDefinition(EngineError):
    """A definition that cannot be run."""

    code = "InvalidDefinition"


class InvalidExecutionInput(EngineError):
    """An input that is not JSON, or too large."""

    code = "InvalidExecutionInput"


class InvalidToken(EngineError):
    """The string is not a task token of this engine."""

    code = "InvalidToken"


class TaskTimedOut(EngineError):
    """The task of this token is over."""

    code = "TaskTimedOut"


class InvalidOutput(EngineError):
    """A task's output that is not JSON, or too large."""

    code = "InvalidOutput"


class ExecutionNotRedrivable(EngineError):
    """The execution cannot continue from where it ended."""

    code = "ExecutionNotRedrivable"
