"""The methods that the server answers."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from chalicelib import APP_NAME, VERSION
from chalicelib.api.mcp import resources, tasks, tools
from chalicelib.api.mcp.messages import (
    CURRENT,
    INTERNAL_ERROR,
    INVALID_PARAMS,
    LEGACY,
    METHOD_NOT_FOUND,
    REVISIONS,
    TASKS_EXTENSION,
    Message,
    RpcError,
)
from chalicelib.errors import problem_of

if TYPE_CHECKING:
    from chalicelib.api.http import Call

Json = dict[str, Any]
Method = Callable[[Message, "Call"], Json]

SERVER = {"name": APP_NAME, "title": "Serverless Dynamic Workflows", "version": VERSION}
INSTRUCTIONS = (
    "Tools named flow__NAME start a workflow and wait up to 20 seconds for its result; one that takes longer answers "
    "with the id of its run, which get_run follows. Tools named lib__NAME call a function and answer at once."
)
FRESH_MILLISECONDS = 60_000
"""How long clients may keep lists: a new flow is seen a minute later."""

_log = logging.getLogger(__name__)


def result_of(message: Message, call: Call) -> Json:
    """Return the result of a request.

    Raises:
        RpcError: The server has no such method, or the request can't be answered.
    """
    method = (_CURRENT if message.is_current else _LEGACY).get(message.method)
    if method is None or (message.method.startswith("tasks/") and message.revision == LEGACY[-1]):
        status = 404 if message.is_current else 200
        raise RpcError(METHOD_NOT_FOUND, f"This server has no method {message.method!r}.", status=status)
    try:
        result = method(message, call)
    except RpcError:
        raise
    except Exception as error:
        problem = problem_of(error, call.request_id)
        if problem.status >= 500:
            _log.error("%s failed, request id %s", message.method, call.request_id, exc_info=True)
        code = INTERNAL_ERROR if problem.status >= 500 else INVALID_PARAMS
        raise RpcError(code, problem.detail, {"status": problem.status, "requestId": call.request_id}) from error
    if not message.is_current:
        return result
    kept = {"ttlMs": _FRESH[message.method], "cacheScope": "private"} if message.method in _FRESH else {}
    return {"resultType": "complete", **kept, **result, "_meta": {"io.modelcontextprotocol/serverInfo": SERVER}}


def _discover(message: Message, call: Call) -> Json:
    return {
        "supportedVersions": list(REVISIONS),
        "capabilities": _capabilities(CURRENT),
        "instructions": INSTRUCTIONS,
    }


def _initialize(message: Message, call: Call) -> Json:
    wanted = message.params.get("protocolVersion")
    revision = wanted if wanted in LEGACY else LEGACY[0]
    return {
        "protocolVersion": revision,
        "capabilities": _capabilities(revision),
        "serverInfo": SERVER,
        "instructions": INSTRUCTIONS,
    }


def _capabilities(revision: str) -> Json:
    offered: Json = {"tools": {}, "resources": {}}
    if revision == CURRENT:
        offered["extensions"] = {TASKS_EXTENSION: {}}
    elif revision == LEGACY[0]:
        offered["tasks"] = {"list": {}, "cancel": {}, "requests": {"tools": {"call": {}}}}
    return offered


def _nothing(message: Message, call: Call) -> Json:
    return {}


_BOTH: dict[str, Method] = {
    "tools/list": tools.list_tools,
    "tools/call": tools.call_tool,
    "resources/list": resources.list_resources,
    "resources/templates/list": resources.list_templates,
    "resources/read": resources.read,
    "tasks/get": tasks.get,
    "tasks/cancel": tasks.cancel,
}
_CURRENT: dict[str, Method] = {**_BOTH, "server/discover": _discover, "tasks/update": tasks.update}
_LEGACY: dict[str, Method] = {
    **_BOTH,
    "initialize": _initialize,
    "ping": _nothing,
    "tasks/result": tasks.result,
    "tasks/list": tasks.list_tasks,
}
_FRESH = {
    "server/discover": FRESH_MILLISECONDS,
    "tools/list": FRESH_MILLISECONDS,
    "resources/list": FRESH_MILLISECONDS,
    "resources/templates/list": FRESH_MILLISECONDS,
    "resources/read": 0,
}
"""The methods whose results clients may keep, and for how many milliseconds."""
