"""Runs as tasks: experimental in revision 2025-11-25, an extension of 2026-07-28. A task's id is the run's.

The two differ in names (`ttl`, `ttlMs`), in how the result is fetched (`tasks/result`, or within `tasks/get`), and in
what a run that failed is: a failed task, or a completed one whose result is an error.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from chalicelib import times
from chalicelib.api.mcp import results, run_tools
from chalicelib.api.mcp.messages import INTERNAL_ERROR, INVALID_PARAMS, Message, RpcError
from chalicelib.errors import NotFound
from chalicelib.runs import control, waiting
from chalicelib.runs.listing import list_runs as runs_of
from chalicelib.runs.searching import Filter
from chalicelib.tables import RETENTION_SECONDS

if TYPE_CHECKING:
    from chalicelib.api.http import Call
    from chalicelib.runs import Run

Json = dict[str, Any]

POLL_MILLISECONDS = 1_000
LISTED = 50
RELATED = "io.modelcontextprotocol/related-task"


def created(run: Run, message: Message) -> Json:
    """Return what a call that has become a task answers."""
    task = _task(run, message)
    return {"resultType": "task", **task} if message.is_current else {"task": task}


def get(message: Message, call: Call) -> Json:
    """Return a task; in the current revision, with its result if it has ended."""
    run = _find(message, call)
    task = _task(run, message)
    return {**task, "result": results.of_run(run)} if message.is_current and task["status"] == "completed" else task


def result(message: Message, call: Call) -> Json:
    """Return the result of a task's call, when the task has ended.

    Raises:
        RpcError: It has not ended within the time that a request may take.
    """
    run = waiting.wait(_find(message, call), time.monotonic() + run_tools.MAX_WAIT, call.user.id)
    if not run.ended:
        raise RpcError(INTERNAL_ERROR, "The task is still running. Poll tasks/get, then ask again.")
    return {**results.of_run(run), "_meta": {RELATED: {"taskId": run.execution_id}}}


def cancel(message: Message, call: Call) -> Json:
    """Stop a task's run.

    Raises:
        RpcError: The task has ended already; in the current revision, that is no error.
    """
    run = _find(message, call)
    if run.ended:
        if message.is_current:
            return {}
        raise RpcError(INVALID_PARAMS, f"The task has already ended: {run.status}.")
    stopped = control.stop(run)
    return {} if message.is_current else _task(stopped, message)


def update(message: Message, call: Call) -> Json:
    """Take answers to what a task asks: no task asks anything, so there is nothing to do."""
    _find(message, call)
    return {}


def list_tasks(message: Message, call: Call) -> Json:
    """Return the caller's runs as tasks, newest first."""
    page = runs_of(call.user.id, Filter(), limit=LISTED, token=message.optional_text("cursor"))
    more = {} if page.next_token is None else {"nextCursor": page.next_token}
    return {"tasks": [_task(run, message) for run in page.runs], **more}


def _find(message: Message, call: Call) -> Run:
    try:
        return run_tools.find(call.user, message.text("taskId"))
    except NotFound as error:
        raise RpcError(INVALID_PARAMS, error.detail) from None


def _task(run: Run, message: Message) -> Json:
    failed = "completed" if message.is_current else "failed"
    status = {"RUNNING": "working", "SUCCEEDED": "completed", "ABORTED": "cancelled"}.get(run.status, failed)
    suffix = "Ms" if message.is_current else ""
    return {
        "taskId": run.execution_id,
        "status": status,
        "statusMessage": f"The run of the flow {run.flow} is {run.status}.",
        "createdAt": run.start_date,
        "lastUpdatedAt": run.stop_date or times.now(),
        f"ttl{suffix}": RETENTION_SECONDS * 1_000,
        f"pollInterval{suffix}": POLL_MILLISECONDS,
    }
