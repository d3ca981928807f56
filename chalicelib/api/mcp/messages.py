"""Reads JSON-RPC messages: which revision they are of, and whether the headers agree with them."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chalicelib import strict_json
from chalicelib.api.http import Answer

CURRENT = "2026-07-28"
LEGACY = ("2025-11-25", "2025-06-18")
"""The revisions that begin with `initialize`, the newest first."""
REVISIONS = (CURRENT, *LEGACY)

PARSE_ERROR, INVALID_REQUEST, METHOD_NOT_FOUND, INVALID_PARAMS, INTERNAL_ERROR = -32700, -32600, -32601, -32602, -32603
HEADER_MISMATCH, UNSUPPORTED_VERSION = -32020, -32022
RESOURCE_NOT_FOUND = -32002
"""Of the revisions before 2026-07-28, which uses `INVALID_PARAMS`."""

VERSION_KEY = "io.modelcontextprotocol/protocolVersion"
CAPABILITIES_KEY = "io.modelcontextprotocol/clientCapabilities"
TASKS_EXTENSION = "io.modelcontextprotocol/tasks"

_NAMED = {
    "tools/call": "name",
    "prompts/get": "name",
    "resources/read": "uri",
    "tasks/get": "taskId",
    "tasks/update": "taskId",
    "tasks/cancel": "taskId",
}
"""The parameter that the header `Mcp-Name` repeats, by method."""

Id = str | int


class RpcError(Exception):
    """A JSON-RPC error: the request is not answered by a result.

    Args:
        code: The code, of JSON-RPC or of MCP.
        message: What is wrong and what to do.
        data: More about it, that JSON can express.
        status: The status of the HTTP answer.
        message_id: The id of the request, where the message could not be read as a whole.
    """

    def __init__(
        self, code: int, message: str, data: Any = None, *, status: int = 200, message_id: Id | None = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.data = data
        self.status = status
        self.message_id = message_id

    def answer(self, message_id: Id | None) -> Answer:
        """Return the HTTP answer to the request with this id; None if it isn't known, which MCP's schema leaves out."""
        error = {"code": self.code, "message": self.message, **({} if self.data is None else {"data": self.data})}
        known = {} if message_id is None else {"id": message_id}
        return Answer({"jsonrpc": "2.0", **known, "error": error}, self.status)


@dataclass(frozen=True, slots=True)
class Message:
    """A request of a revision."""

    id: Id
    method: str
    params: Mapping[str, Any]
    revision: str

    @property
    def is_current(self) -> bool:
        return self.revision == CURRENT

    @property
    def takes_tasks(self) -> bool:
        """Whether the client says, with this request, that its answer may be a task."""
        extensions = _object(self._meta.get(CAPABILITIES_KEY)).get("extensions")
        return self.is_current and TASKS_EXTENSION in _object(extensions)

    @property
    def _meta(self) -> Mapping[str, Any]:
        return _object(self.params.get("_meta"))

    def text(self, name: str) -> str:
        """Return a parameter that must be a string.

        Raises:
            RpcError: It is missing or of another type.
        """
        value = self.params.get(name)
        if not isinstance(value, str):
            raise RpcError(INVALID_PARAMS, f"The parameter {name!r} must be a string.")
        return value

    def optional_text(self, name: str) -> str | None:
        """Return a parameter that must be a string if it is there.

        Raises:
            RpcError: It is of another type.
        """
        return None if self.params.get(name) is None else self.text(name)

    def optional_object(self, name: str) -> dict[str, Any] | None:
        """Return a parameter that must be an object if it is there.

        Raises:
            RpcError: It is of another type.
        """
        value = self.params.get(name)
        if value is not None and not isinstance(value, dict):
            raise RpcError(INVALID_PARAMS, f"The parameter {name!r} must be an object.")
        return value


def read(body: bytes, headers: Mapping[str, str]) -> Message | None:
    """Return the request in the body of a POST; None if it is a notification or a response, which gets no answer.

    Args:
        body: The body.
        headers: The headers, whose names are case-insensitive.

    Raises:
        RpcError: The body is no JSON-RPC message, or its revision is not supported, or the headers contradict it.
    """
    try:
        value = strict_json.loads(body)
    except strict_json.UnreadableError as error:
        raise RpcError(PARSE_ERROR, f"The body cannot be read: {error}.", status=400) from None
    if not isinstance(value, dict) or value.get("jsonrpc") != "2.0":
        raise RpcError(INVALID_REQUEST, "The body must be one JSON-RPC 2.0 message.", status=400)
    method, params, message_id = value.get("method"), value.get("params", {}), value.get("id")
    if method is None and ("result" in value or "error" in value):
        return None
    if "id" in value and (not isinstance(message_id, str | int) or isinstance(message_id, bool)):
        raise RpcError(INVALID_REQUEST, "The id of a request must be a string or an integer.", status=400)
    try:
        if not isinstance(method, str) or not isinstance(params, dict):
            raise RpcError(INVALID_REQUEST, "'method' must be a string, and 'params' an object.", status=400)
        if "id" not in value:
            return None
        assert message_id is not None
        return Message(message_id, method, params, _revision(method, params, headers))
    except RpcError as error:
        error.message_id = message_id
        raise


def _revision(method: str, params: Mapping[str, Any], headers: Mapping[str, str]) -> str:
    named = headers.get("mcp-protocol-version")
    meta = _object(params.get("_meta"))
    if method == "initialize":
        return LEGACY[0]  # the method itself settles which one
    if named is not None and named not in REVISIONS:
        raise _unsupported(named)
    if VERSION_KEY not in meta and named != CURRENT:
        # Clients of the first revision without the header don't send it either; what they send is the same.
        return named or LEGACY[-1]
    _check_current(method, params, meta, headers)
    return CURRENT


def _check_current(method: str, params: Mapping[str, Any], meta: Mapping[str, Any], headers: Mapping[str, str]) -> None:
    """Check what each request of the current revision has: version and capabilities, and headers that repeat it."""
    version = meta.get(VERSION_KEY)
    if not isinstance(version, str) or not isinstance(meta.get(CAPABILITIES_KEY), dict):
        message = f"'params._meta' must have {VERSION_KEY!r}, a string, and {CAPABILITIES_KEY!r}, an object."
        raise RpcError(INVALID_PARAMS, message, status=400)
    if version != CURRENT:
        raise _unsupported(version)
    expected = {"MCP-Protocol-Version": version, "Mcp-Method": method}
    key = _NAMED.get(method)
    if key is not None and isinstance(params.get(key), str):
        expected["Mcp-Name"] = params[key]
    for header, value in expected.items():
        sent = headers.get(header.lower())
        if sent is None or _decoded(sent) != value:
            what = "is missing" if sent is None else f"is {sent!r}"
            raise RpcError(HEADER_MISMATCH, f"The header {header} {what}; the body says {value!r}.", status=400)


def _unsupported(version: str) -> RpcError:
    data = {"supported": list(REVISIONS), "requested": version}
    message = f"The protocol version {version!r} is not supported; use one of: {', '.join(REVISIONS)}."
    return RpcError(UNSUPPORTED_VERSION, message, data, status=400)


def _decoded(value: str) -> str:
    """Return the value of a header; one that isn't plain ASCII is sent as `=?base64?...?=`."""
    if not (value.startswith("=?base64?") and value.endswith("?=")):
        return value
    try:
        return base64.b64decode(value[9:-2], validate=True).decode()
    except ValueError:
        return value


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
