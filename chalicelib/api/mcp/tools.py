"""`tools/list` and `tools/call`: flows, functions and the tools for runs."""

from __future__ import annotations

import json
import logging
import time
import zlib
from typing import TYPE_CHECKING, Any

from chalicelib import functions
from chalicelib.api import access
from chalicelib.api.calling import caller_of, proxy_event
from chalicelib.api.mcp import results, run_tools, tasks
from chalicelib.api.mcp.messages import INVALID_PARAMS, LEGACY, METHOD_NOT_FOUND, Message, RpcError
from chalicelib.api.mcp.paging import page_of
from chalicelib.errors import DomainError
from chalicelib.flows.catalog import catalog
from chalicelib.flows.input_schema import check_input
from chalicelib.flows.suggestions import suggestion
from chalicelib.runs import waiting
from chalicelib.runs.starting import start

if TYPE_CHECKING:
    from chalicelib.api.http import Call
    from chalicelib.flows.catalog import CatalogFlow
    from chalicelib.functions import Function
    from chalicelib.functions.describing import Description
    from chalicelib.identity import User

Json = dict[str, Any]

FLOW, FUNCTION = "flow__", "lib__"
MAX_NAME = 128
"""Characters of a tool's name."""

_log = logging.getLogger(__name__)


def list_tools(message: Message, call: Call) -> Json:
    """Return the tools that the caller may use, in the order of their names, a page at a time."""
    flows = {tool_name(FLOW, name): flow for name, flow in visible_flows(call.user).items()}
    known = {tool_name(FUNCTION, name): function for name, function in functions.served().items()}
    names, more = page_of(message, [*flows, *known, *run_tools.TOOLS])
    listed = [name for name in names if name in known]
    described = dict(zip(listed, caller_of(call).describe([known[name] for name in listed]), strict=True))
    tools = []
    for name in names:
        if name in flows:
            tools.append(_flow_tool(name, flows[name], message))
        elif name in described:
            if described[name].error is None:
                tools.append(_function_tool(name, described[name], message))
        else:
            tools.append({"name": name, **run_tools.TOOLS[name][0]})
    return {"tools": tools, **more}


def call_tool(message: Message, call: Call) -> Json:
    """Call a tool. What it refuses, and its failures, are results that a model can act on.

    Raises:
        RpcError: There is no such tool, or the request is malformed.
    """
    name, arguments = message.text("name"), message.optional_object("arguments") or {}
    flow, function = _find_flow(name), _find_function(name)
    if flow is None and function is None and name not in run_tools.TOOLS:
        raise _unknown(name, call.user)
    as_task = message.revision == LEGACY[0] and message.optional_object("task") is not None
    if as_task and (flow is None or flow.type == "EXPRESS"):
        raise RpcError(METHOD_NOT_FOUND, f"The tool {name!r} does not run as a task. Call it without 'task'.")
    try:
        if flow is not None:
            return _run_flow(flow, arguments, message, call)
        if function is not None:
            return _call_function(function, arguments, message, call)
        return run_tools.call(name, call.user, arguments)
    except Exception as error:
        result, problem = results.of_error(error, call.request_id)
        unexpected = problem.status == 500 or not isinstance(error, DomainError)
        if unexpected and not getattr(error, "is_logged", False):
            _log.error("the tool %s failed, request id %s", name, call.request_id, exc_info=True)
        return result


def visible_flows(user: User) -> dict[str, CatalogFlow]:
    """Return the flows that are tools for a user, by their names."""
    return {name: flow for name, flow in catalog().flows.items() if flow.mcp and access.may_run(user, flow)}


def tool_name(prefix: str, name: str) -> str:
    """Return the name of a tool. One that would be too long ends with a checksum of what is cut off."""
    whole = prefix + name
    return whole if len(whole) <= MAX_NAME else f"{whole[: MAX_NAME - 9]}-{zlib.crc32(whole.encode()):08x}"


def _find_flow(name: str) -> CatalogFlow | None:
    """Return the flow of a tool, whoever may run it; None if it isn't the tool of a flow.

    Raises:
        RpcError: The flow is broken.
    """
    if not name.startswith(FLOW):
        return None
    known = catalog()
    wanted = name.removeprefix(FLOW)
    if wanted in known.broken:
        raise RpcError(INVALID_PARAMS, f"The flow {wanted!r} is broken and cannot run.")
    flow = known.flows.get(wanted)
    if flow is None and len(name) == MAX_NAME:
        flow = next((one for other, one in known.flows.items() if tool_name(FLOW, other) == name), None)
    return flow if flow is not None and flow.mcp else None


def _find_function(name: str) -> Function | None:
    if not name.startswith(FUNCTION):
        return None
    function = functions.find(name.removeprefix(FUNCTION))
    if function is None and len(name) == MAX_NAME:
        served = functions.served()
        function = next((one for other, one in served.items() if tool_name(FUNCTION, other) == name), None)
    return function


def _unknown(name: str, user: User) -> RpcError:
    known = [
        *(tool_name(FLOW, flow) for flow in visible_flows(user)),
        *(tool_name(FUNCTION, function) for function in functions.served()),
        *run_tools.TOOLS,
    ]
    hint = suggestion(name, known)
    return RpcError(INVALID_PARAMS, f"Unknown tool {name!r}{f'; {hint}' if hint else '.'} tools/list has all.")


def _flow_tool(name: str, flow: CatalogFlow, message: Message) -> Json:
    how = (
        "An EXPRESS workflow: answers with its finished run."
        if flow.type == "EXPRESS"
        else f"A workflow: answers with its run, which may still be running after {run_tools.MAX_WAIT:.0f} seconds."
    )
    tool = {
        "name": name,
        "title": flow.name,
        "description": f"{flow.description.strip() or f'Runs the flow {flow.name}.'}\n\n{how}",
        "inputSchema": {**(flow.input_schema or {}), "type": "object"},
        "outputSchema": results.RUN_SCHEMA,
    }
    if message.revision == LEGACY[0] and flow.type != "EXPRESS":
        tool["execution"] = {"taskSupport": "optional"}
    return tool


def _function_tool(name: str, described: Description, message: Message) -> Json:
    tool = {
        "name": name,
        "title": described.name,
        "description": described.description or f"Calls the function {described.name}.",
        "inputSchema": {**(described.input_schema or {}), "type": "object"},
    }
    output = described.output_schema
    if output and (message.is_current or output.get("type") == "object"):
        tool["outputSchema"] = output
    return tool


def _run_flow(flow: CatalogFlow, arguments: Json, message: Message, call: Call) -> Json:
    access.check(call.user, flow)
    check_input(flow, arguments)
    deadline = time.monotonic() + run_tools.MAX_WAIT
    run = start(flow, call.user.id, arguments, call.headers.get("idempotency-key"))
    if message.revision == LEGACY[0] and message.optional_object("task") is not None:
        return tasks.created(run, message)
    run = waiting.wait(run, deadline, call.user.id)
    return tasks.created(run, message) if not run.ended and message.takes_tasks else results.of_run(run)


def _call_function(function: Function, arguments: Json, message: Message, call: Call) -> Json:
    """Call a function with the event that `POST /lib/NAME` would have had."""
    event = proxy_event(call)
    path = f"/lib/{function.name}"
    body = json.dumps(arguments, ensure_ascii=False)
    own = ("mcp-", "content-")  # of the message, not of the arguments
    kept = {name: value for name, value in event["headers"].items() if not name.lower().startswith(own)}
    headers = {**kept, "content-type": "application/json", "content-length": str(len(body.encode()))}
    context = {**event["requestContext"], "resourcePath": "/lib/{function_name}", "path": path}
    event |= {
        "resource": "/lib/{function_name}",
        "path": path,
        "pathParameters": {"function_name": function.name},
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "requestContext": context,
        "body": body,
        "isBase64Encoded": False,
    }
    answer = caller_of(call).call(function, event, call.context)
    return results.of_answer(answer, is_current=message.is_current)
