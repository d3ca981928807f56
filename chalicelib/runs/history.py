"""The events of a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chalicelib import aws, times
from chalicelib.errors import BadRequest, Conflict, NotFound, error_code
from chalicelib.runs.records import Run

MAX_EVENTS = 1_000
INTERNAL = frozenset({"roleArn", "taskCredentials"})
"""Keys of events that are no business of the run's owner."""


@dataclass(frozen=True, slots=True)
class Events:
    """Some events, and where the next ones begin."""

    events: list[dict[str, Any]]
    next_token: str | None


def history(run: Run, *, limit: int, token: str | None, newest_first: bool = False) -> Events:
    """The events of a run as GetExecutionHistory tells them, without what is internal.

    Raises `BadRequest` for a token that is none, `Conflict` for an EXPRESS run, which has no history.
    """
    if run.is_express:
        raise Conflict("A run of an EXPRESS flow has no history; its log group in CloudWatch has.")
    more: dict[str, Any] = {} if token is None else {"nextToken": token}
    try:
        found = aws.stepfunctions().get_execution_history(
            executionArn=run.execution_arn, maxResults=limit, reverseOrder=newest_first, **more
        )
    except Exception as error:
        if error_code(error) == "InvalidToken" or (token is not None and error_code(error) == "ValidationException"):
            raise BadRequest("The query parameter 'nextToken' is not one that this history has given.") from None
        if error_code(error) == "ExecutionDoesNotExist":
            raise NotFound("Step Functions has no history of this run any more.") from None
        raise
    return Events([_event(event) for event in found["events"]], found.get("nextToken"))


def _event(event: Any) -> dict[str, Any]:
    return {
        key: times.iso(value)
        if key == "timestamp"
        else {name: item for name, item in value.items() if name not in INTERNAL}
        if isinstance(value, dict)
        else value
        for key, value in event.items()
    }
