"""`resources/list`, `resources/templates/list` and `resources/read`: definitions of flows, runs and their histories."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

from chalicelib.api import run_answers
from chalicelib.api.mcp import run_tools
from chalicelib.api.mcp.messages import INVALID_PARAMS, RESOURCE_NOT_FOUND, Message, RpcError
from chalicelib.api.mcp.paging import page_of
from chalicelib.api.mcp.tools import visible_flows
from chalicelib.errors import NotFound
from chalicelib.runs.history import MAX_EVENTS, history

if TYPE_CHECKING:
    from chalicelib.api.http import Call

Json = dict[str, Any]

SCHEME = "sdw"
JSON_TYPE = "application/json"

TEMPLATES = [
    {
        "uriTemplate": f"{SCHEME}://flows/{{flow}}",
        "name": "flow",
        "title": "A flow",
        "description": "A flow's description, schedule, input schema and definition in the Amazon States Language.",
        "mimeType": JSON_TYPE,
    },
    {
        "uriTemplate": f"{SCHEME}://runs/{{executionId}}",
        "name": "run",
        "title": "A run",
        "description": "The status of a run, its input, and its output or error.",
        "mimeType": JSON_TYPE,
    },
    {
        "uriTemplate": f"{SCHEME}://runs/{{executionId}}/history{{?nextToken}}",
        "name": "history",
        "title": "The history of a run",
        "description": f"The events of a run, {MAX_EVENTS} at a time, as Step Functions reports them.",
        "mimeType": JSON_TYPE,
    },
]


def list_resources(message: Message, call: Call) -> Json:
    """Return the definitions of the flows that the caller may use, a page at a time."""
    flows = visible_flows(call.user)
    names, more = page_of(message, flows)
    listed = [
        {
            "uri": f"{SCHEME}://flows/{quote(name)}",
            "name": name,
            "title": name,
            "description": flows[name].description or f"The flow {name}.",
            "mimeType": JSON_TYPE,
        }
        for name in names
    ]
    return {"resources": listed, **more}


def list_templates(message: Message, call: Call) -> Json:
    """Return how the addresses of flows, runs and histories are made."""
    return {"resourceTemplates": TEMPLATES}


def read(message: Message, call: Call) -> Json:
    """Return the content of a resource.

    Raises:
        RpcError: There is no such resource, or the caller may not see it.
    """
    uri = message.text("uri")
    try:
        value = _read(uri, call)
    except NotFound as error:
        code = INVALID_PARAMS if message.is_current else RESOURCE_NOT_FOUND
        raise RpcError(code, error.detail, {"uri": uri}) from None
    return {"contents": [{"uri": uri, "mimeType": JSON_TYPE, "text": json.dumps(value, ensure_ascii=False)}]}


def _read(uri: str, call: Call) -> Json:
    unknown = NotFound(f"There is no resource {uri!r}. resources/templates/list has the addresses there are.")
    try:
        address = urlsplit(uri)
    except ValueError:
        raise unknown from None
    segments = [unquote(part) for part in address.path.strip("/").split("/")]
    if address.scheme != SCHEME:
        raise unknown
    if address.netloc == "flows" and len(segments) == 1:
        flow = visible_flows(call.user).get(segments[0])
        if flow is None:
            raise unknown
        shown = ("name", "description", "type", "schedule", "input_schema", "definition")
        return {"inputSchema" if key == "input_schema" else key: getattr(flow, key) for key in shown}
    if address.netloc != "runs" or segments[1:] not in ([], ["history"]):
        raise unknown
    run = run_tools.find(call.user, segments[0])
    if not segments[1:]:
        return run_answers.whole(run)
    token = parse_qs(address.query).get("nextToken", [None])[-1]
    events = history(run, limit=MAX_EVENTS, token=token)
    more = {} if events.next_token is None else {"nextToken": events.next_token}
    return {"events": events.events, "count": len(events.events), **more}
