"""What tools return, as MCP has it: content for models, and structured content for programs."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

from chalicelib.api import run_answers
from chalicelib.errors import problem_of

if TYPE_CHECKING:
    from chalicelib.api.http import Answer
    from chalicelib.errors import Problem
    from chalicelib.runs import Run

Json = dict[str, Any]

_NONE = object()
"""No value, where null is one."""

RUN_SCHEMA: Json = {
    "type": "object",
    "properties": {
        "executionId": {"type": "string", "description": "The id of the run, for get_run and stop_run."},
        "flow": {"type": "string"},
        "status": {"enum": ["RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"]},
        "output": {"description": "What the flow returned; null until it has succeeded."},
        "error": {"type": ["string", "null"]},
        "cause": {"type": ["string", "null"]},
    },
    "required": ["executionId", "flow", "status"],
}
"""The schema of a run as a tool's result."""


def of_object(value: Json) -> Json:
    """Return an object as a tool's result."""
    return {"content": [_text(json.dumps(value, ensure_ascii=False))], "structuredContent": value, "isError": False}


def of_run(run: Run) -> Json:
    """Return a run as a tool's result. A run that failed is an error that says why and where to look."""
    result = of_object(run_answers.whole(run))
    if run.ended and run.status != "SUCCEEDED":
        reason = ": ".join(part for part in (run.error, run.cause) if part)
        what = f"The run {run.execution_id} of the flow {run.flow} ended as {run.status}"
        where = "" if run.is_express else f" The resource sdw://runs/{run.execution_id}/history has its events."
        result["content"].insert(0, _text(f"{what}{f' ({reason})' if reason else ''}.{where}"))
    elif not run.ended:
        how = f'Call get_run with {{"executionId": "{run.execution_id}"}} to follow it.'
        result["content"].insert(0, _text(f"The flow {run.flow} is still running. {how}"))
    return {**result, "isError": run.ended and run.status != "SUCCEEDED"}


def of_answer(answer: Answer, *, is_current: bool) -> Json:
    """Return what a function answers over HTTP as a tool's result; a status of 400 or more is an error.

    Args:
        answer: The function's answer.
        is_current: Whether the request is of a revision whose structured content may be any value, and not only an
            object.
    """
    body = answer.text()
    media_type = _media_type(answer)
    is_error = answer.status >= 400
    if isinstance(body, bytes):
        return {"content": [_binary(body, media_type)], "isError": is_error}
    result: Json = {"content": [_text(body)], "isError": is_error}
    try:
        value = json.loads(body) if media_type == "application/json" else _NONE
    except ValueError:  # the function calls something JSON that is not
        value = _NONE
    if isinstance(value, dict) or (is_current and value is not _NONE):
        result["structuredContent"] = value
    return result


def of_error(error: Exception, request_id: str) -> tuple[Json, Problem]:
    """Return what an exception tells a model, and the problem document of the same exception."""
    problem = problem_of(error, request_id)
    lines = [problem.detail]
    if len(problem.errors) > 1:
        lines += [f"- {one.field or 'the arguments'}: {one.message}" for one in problem.errors]
    if "Retry-After" in problem.headers:
        lines.append(f"Try again after {problem.headers['Retry-After']} seconds.")
    return {"content": [_text("\n".join(lines))], "isError": True}, problem


def _text(text: str) -> Json:
    return {"type": "text", "text": text}


def _media_type(answer: Answer) -> str:
    named = next((value for name, value in answer.headers.items() if name.lower() == "content-type"), None)
    if named is None:
        return "application/json"
    return str(named[0] if isinstance(named, list) else named).partition(";")[0].strip().lower()


def _binary(body: bytes, media_type: str) -> Json:
    data = base64.b64encode(body).decode()
    kind = media_type.partition("/")[0]
    if kind in ("image", "audio"):
        return {"type": kind, "data": data, "mimeType": media_type}
    return {"type": "resource", "resource": {"uri": "sdw://result", "mimeType": media_type, "blob": data}}
