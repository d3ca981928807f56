"""The views of `/mcp`, and of its protected-resource metadata (RFC 9728).

API Gateway's authorizer can't say in a 401 where the metadata is, as its answers can't contain their own address. So
these routes are open at the gateway, and the token is verified here.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from chalicelib import identity, usage
from chalicelib.api.http import Answer
from chalicelib.api.mcp import methods
from chalicelib.api.mcp.messages import INVALID_REQUEST, RpcError, read
from chalicelib.errors import MethodNotAllowed, NotFound, Unauthorized
from chalicelib.settings import settings

if TYPE_CHECKING:
    from chalicelib.api.http import Call

METADATA = "/.well-known/oauth-protected-resource"
PATH = "/mcp"
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})

_log = logging.getLogger(__name__)


def post(call: Call) -> Answer:
    """Answer one JSON-RPC message.

    Raises:
        Unauthorized: The token is missing or not accepted; the header `WWW-Authenticate` names the metadata.
        Unavailable: The keys to verify the token with could not be fetched.
    """
    if not _is_own_origin(call):
        error = RpcError(INVALID_REQUEST, "The header Origin names a site that may not use this server.", status=403)
        return error.answer(None)
    try:
        call.set_user(identity.authenticate(call.headers, None))
    except Unauthorized as error:
        error.headers["WWW-Authenticate"] = f'Bearer resource_metadata="{_base(call, PATH)}{METADATA}{PATH}"'
        raise
    with usage.call(call.user.id) as counted:
        counted.count()
        return _answer(call)


def no_stream(call: Call) -> Answer:
    """Refuse GET and DELETE: this server has neither streams nor sessions.

    Raises:
        MethodNotAllowed: Always.
    """
    error = MethodNotAllowed("This MCP server has no streams and no sessions. Send each message with POST.")
    error.headers["Allow"] = "OPTIONS, POST"
    raise error


def resource_metadata(call: Call) -> Answer:
    """Answer with the metadata of the protected resource `/mcp`: who issues its tokens.

    Raises:
        NotFound: The address names another resource.
    """
    suffix = f"/{call.param('resource')}" if call.has_param("resource") else ""
    if suffix not in ("", PATH):
        raise NotFound(f"The only protected resource with metadata is {PATH}.")
    return Answer(
        {
            "resource": f"{_base(call, METADATA + suffix)}{PATH}",
            "authorization_servers": [settings.token_issuer],
            "bearer_methods_supported": ["header"],
            "resource_name": "Serverless Dynamic Workflows",
        },
        headers={"Cache-Control": "max-age=3600"},
    )


def _answer(call: Call) -> Answer:
    message_id = None
    try:
        message = read(call.body, call.headers)
        if message is None:
            return Answer("", 202)
        message_id = message.id
        return Answer({"jsonrpc": "2.0", "id": message.id, "result": methods.result_of(message, call)})
    except RpcError as error:
        return error.answer(message_id if error.message_id is None else error.message_id)


def _is_own_origin(call: Call) -> bool:
    """Return whether a page that sends the request, if one does, may use the server.

    Pages of the API's own address may, those of this machine if the API runs here, and those that `CORS_ORIGINS` lists.
    That every page may read answers (`*`) doesn't mean that a person wants every page to have tools.
    """
    origin = call.headers.get("origin")
    if origin is None or origin in settings.cors_origins:
        return True
    try:
        page, host = urlsplit(origin), urlsplit(f"//{call.headers.get('host') or ''}")
        own = page.netloc != "" and page.netloc == host.netloc
        return own or (page.hostname in _LOOPBACK and host.hostname in _LOOPBACK)
    except ValueError:
        return False


def _base(call: Call, path: str) -> str:
    """Return the address of the API as the caller sees it; on AWS it ends with the API's stage.

    Args:
        call: A request.
        path: The path of its route.
    """
    scheme = call.headers.get("x-forwarded-proto") or ("https" if settings.on_lambda else "http")
    return f"{scheme}://{call.headers.get('host') or ''}{call.path.rstrip('/').removesuffix(path)}"
