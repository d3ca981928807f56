"""Reads the logs of functions from CloudWatch Logs, by FilterLogEvents.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import Any

from chalicelib import aws
from chalicelib.errors import Unavailable, error_code
from chalicelib.runs.logs.requests import Invocation, LogEvent, invocation_of

MAX_STREAMS = 100
"""How many streams FilterLogEvents takes."""
_ANY_REPORT = '?"REPORT RequestId" ?"platform.report"'
SEARCH_SECONDS = 18.0
"""For how long one request searches; API Gateway gives up after 29 seconds."""


class Search:
    """The searches of one request, which end in time.

    Args:
        client: A client of CloudWatch Logs; the application's own if None.
        seconds: How long the searches may take together.

    Raises:
        Unavailable: CloudWatch Logs takes longer. Its throttling is an exception of botocore, and a 503 as well.
    """

    def __init__(self, client: Any = None, seconds: float = SEARCH_SECONDS) -> None:
        self._client = client
        self._deadline = time.monotonic() + seconds

    def invocations(self, functions: Iterable[str], trace: str | None, first: int, last: int) -> list[Invocation]:
        """Return the invocations of a trace that ended in a time, in milliseconds since 1970, ordered by their ends.

        Args:
            functions: The full names of the functions.
            trace: The id of the trace; None for the invocations of all traces.
            first: The beginning of the time.
            last: Its end.
        """
        pattern = _ANY_REPORT if trace is None else f'"{trace}"'
        found = {
            invocation.request_id: invocation
            for function in functions
            for event in self.events(_group(function), first, last, filterPattern=pattern)
            if (invocation := invocation_of(function, event)) is not None
        }
        return sorted(found.values(), key=lambda invocation: (invocation.ended, invocation.request_id))

    def lines(self, invocations: list[Invocation]) -> Iterator[LogEvent]:
        """Return everything in the streams of some invocations, from the first beginning to the last end."""
        functions = dict.fromkeys(invocation.function for invocation in invocations)
        for function in functions:
            own = [invocation for invocation in invocations if invocation.function == function]
            first, last = min(one.began for one in own), max(one.ended for one in own)
            streams = list(dict.fromkeys(one.stream for one in own))
            for start in range(0, len(streams), MAX_STREAMS):
                names = streams[start : start + MAX_STREAMS]
                yield from self.events(_group(function), first - 1_000, last, logStreamNames=names)

    def events(self, group: str, first: int, last: int, **filters: Any) -> Iterator[LogEvent]:
        """Yield the events of a log group in a time, in milliseconds since 1970, narrowed as FilterLogEvents can."""
        read = aws.logs().filter_log_events if self._client is None else self._client.filter_log_events
        more: dict[str, Any] = {}
        while True:
            if time.monotonic() > self._deadline:
                raise Unavailable("CloudWatch Logs takes too long to search. Try again with a smaller limit.")
            try:
                found = read(
                    logGroupName=group,
                    startTime=max(0, first),
                    endTime=last + 1,
                    **filters,
                    **more,
                )
            except Exception as error:
                if error_code(error) == "ResourceNotFoundException":  # nothing has been written yet
                    return
                raise
            for event in found["events"]:
                yield LogEvent(event["logStreamName"], event["timestamp"], event["message"])
            if not found.get("nextToken"):
                return
            more = {"nextToken": found["nextToken"]}


def _group(function: str) -> str:
    return f"/aws/lambda/{function}"
