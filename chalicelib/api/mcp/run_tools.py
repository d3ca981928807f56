"""The tools for runs: `get_run`, `list_runs`, `stop_run`."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from chalicelib.api import run_answers, run_filters
from chalicelib.api.mcp import results
from chalicelib.errors import BadRequest, NotFound
from chalicelib.runs import belief, control, finding, waiting
from chalicelib.runs.listing import list_runs as runs_of
from chalicelib.runs.records import STARTERS, STATUSES

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.identity import User
    from chalicelib.runs import Run

Json = dict[str, Any]

MAX_WAIT = 20.0
"""Seconds that a call waits for the end of a run; API Gateway gives up after 29."""
MAX_LISTED = 200

_TEXT = {"type": "string"}
_ID = {"type": "string", "description": "The id of the run (executionId)."}
_FILTERS = ("flow", "status", "startedBy", "from", "to", "error")


def find(user: User, reference: str) -> Run:
    """Return a run of the user's by its id or ARN.

    Raises:
        NotFound: There is no such run, or it is another user's.
    """
    try:
        return belief.checked(finding.find_any_flow(user, reference))
    except NotFound:  # names the route that lists runs, which a model can't call
        raise NotFound(f"There is no run {reference!r}. The tool list_runs lists yours.") from None


def _get_run(user: User, arguments: Json) -> Json:
    seconds = arguments.get("waitSeconds", 0)
    if not isinstance(seconds, int | float) or isinstance(seconds, bool) or not 0 <= seconds <= MAX_WAIT:
        raise BadRequest(f"The argument 'waitSeconds' must be a number from 0 to {MAX_WAIT:.0f}.")
    run = waiting.wait(find(user, _id(arguments)), time.monotonic() + seconds, user.id)
    found = results.of_run(run)
    return {**found, "isError": False}  # to learn that a run has failed is no failure


def _stop_run(user: User, arguments: Json) -> Json:
    stopped = results.of_run(control.stop(find(user, _id(arguments))))
    return {**stopped, "isError": False}


def _list_runs(user: User, arguments: Json) -> Json:
    limit = arguments.get("limit", 20)
    if type(limit) is not int or not 1 <= limit <= MAX_LISTED:
        raise BadRequest(f"The argument 'limit' must be a whole number from 1 to {MAX_LISTED}.")
    token = arguments.get("nextToken")
    if not isinstance(token, str | None):
        raise BadRequest("The argument 'nextToken' must be a string.")
    user_id, wanted = run_filters.from_body(user, arguments)
    page = runs_of(user_id, wanted, limit=limit, token=token)
    more = {} if page.next_token is None else {"nextToken": page.next_token}
    value = {"executions": [run_answers.listed(run) for run in page.runs], "count": len(page.runs), **more}
    return results.of_object(value)


def _id(arguments: Json) -> str:
    reference = arguments.get("executionId")
    if not isinstance(reference, str) or not reference:
        raise BadRequest("The argument 'executionId' must be the id of a run. list_runs has them.")
    return reference


TOOLS: dict[str, tuple[Json, Callable[[User, Json], Json]]] = {
    "get_run": (
        {
            "title": "Get a run",
            "description": "The status of a run of a flow, its input, and its output or error.",
            "inputSchema": {
                "type": "object",
                "properties": {
                    "executionId": _ID,
                    "waitSeconds": {
                        "type": "number",
                        "minimum": 0,
                        "maximum": MAX_WAIT,
                        "description": "How long to wait for the run's end; 0 by default.",
                    },
                },
                "required": ["executionId"],
                "additionalProperties": False,
            },
            "outputSchema": results.RUN_SCHEMA,
            "annotations": {"readOnlyHint": True, "openWorldHint": False},
        },
        _get_run,
    ),
    "list_runs": (
        {
            "title": "List runs",
            "description": "The caller's runs of the last 90 days, newest first.",
            "inputSchema": {
                "type": "object",
                "properties": {
                    "flow": {"type": "string", "description": "Only runs of this flow."},
                    "status": {"enum": list(STATUSES)},
                    "startedBy": {"enum": list(STARTERS)},
                    "from": {"type": "string", "description": "The earliest start, in ISO 8601."},
                    "to": {"type": "string", "description": "The latest start, in ISO 8601."},
                    "error": {"type": "string", "description": "How the error's name or its cause begins."},
                    "label": {"type": "array", "items": _TEXT, "description": "Labels, each `NAME:VALUE`."},
                    "limit": {"type": "integer", "minimum": 1, "maximum": MAX_LISTED, "default": 20},
                    "nextToken": {"type": "string", "description": "The nextToken of the result before."},
                },
                "additionalProperties": False,
            },
            "outputSchema": {
                "type": "object",
                "properties": {
                    "executions": {"type": "array", "items": {"type": "object"}},
                    "count": {"type": "integer"},
                    "nextToken": _TEXT,
                },
                "required": ["executions", "count"],
            },
            "annotations": {"readOnlyHint": True, "openWorldHint": False},
        },
        _list_runs,
    ),
    "stop_run": (
        {
            "title": "Stop a run",
            "description": "Stops a run that is running. What it has done is not undone.",
            "inputSchema": {
                "type": "object",
                "properties": {"executionId": _ID},
                "required": ["executionId"],
                "additionalProperties": False,
            },
            "outputSchema": results.RUN_SCHEMA,
            "annotations": {"destructiveHint": True, "idempotentHint": True, "openWorldHint": False},
        },
        _stop_run,
    ),
}
"""What is said of each tool, and what calls it with the caller and the arguments."""


def call(name: str, user: User, arguments: Json) -> Json:
    """Call one of the tools.

    Raises:
        BadRequest: An argument is unknown or invalid.
        DomainError: What else the caller is told.
    """
    definition, function = TOOLS[name]
    known = definition["inputSchema"]["properties"]
    unknown = sorted(arguments.keys() - known.keys())
    if unknown:
        raise BadRequest(f"{name} has no argument {unknown[0]!r}. It has: {', '.join(known)}.")
    return function(user, arguments)
