"""The events of a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chalicelib import aws, times
from chalicelib.errors import BadRequest, Conflict, NotFound, error_code
from chalicelib.runs.records import Run

MAX_EVENTS = 1_000
INTERNAL = frozenset({"roleArn", "taskCredentials"})
"""Keys of events that the run's owner does not see."""


@dataclass(frozen=True, slots=True)
class Events:
    """Some events, and the token of the next page."""

    events: list[dict[str, Any]]
    next_token: str | None


def history(run: Run, *, limit: int, token: str | None, newest_first: bool = False) -> Events:
    """Return the events of a run as GetExecutionHistory does, without what is internal.

    Args:
        run: The run.
        limit: The most events to return.
        token: The `next_token` of the page before; None for the first page.
        newest_first: Whether to begin with the newest event.

    Raises:
        BadRequest: The token did not come from this history.
        Conflict: An EXPRESS run has no history.
        NotFound: Step Functions does not have the history any more.
    """
    if run.is_express:
        raise Conflict("Runs of EXPRESS flows have no history. See the flow's log group in CloudWatch.")
    more: dict[str, Any] = {} if token is None else {"nextToken": token}
    try:
        found = aws.stepfunctions().get_execution_history(
            executionArn=run.execution_arn, maxResults=limit, reverseOrder=newest_first, **more
        )
    except Exception as error:
        refused = error_code(error) == "ValidationException" or type(error).__name__ == "ParamValidationError"
        if error_code(error) == "InvalidToken" or (token is not None and refused):
            raise BadRequest("The query parameter 'nextToken' did not come from this history.") from None
        if error_code(error) == "ExecutionDoesNotExist":
            raise NotFound("Step Functions no longer has the history of this run.") from None
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
