"""Cross-origin requests (https://fetch.spec.whatwg.org/#http-cors-protocol): one origin, several, or all of them."""

from __future__ import annotations

from collections.abc import Iterable

from chalicelib.settings import settings

REQUEST_HEADERS = (
    "Authorization,Content-Type,Idempotency-Key,MCP-Protocol-Version,Mcp-Method,Mcp-Name,Mcp-Session-Id,"
    "X-Amz-Date,X-Amz-Security-Token,X-Api-Key"
)
RESPONSE_HEADERS = "Location,Retry-After,WWW-Authenticate,X-Request-Id"
MAX_AGE = "600"  # seconds that a browser keeps a preflight's answer


def headers(origin: str | None) -> dict[str, str]:
    """Return the headers that let a page of `origin` read the answer, if it may."""
    allowed = settings.cors_origins
    if "*" in allowed:
        return {"Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": RESPONSE_HEADERS}
    if origin is None or origin not in allowed:
        return {"Vary": "Origin"}
    return {
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Expose-Headers": RESPONSE_HEADERS,
        "Vary": "Origin",
    }


def preflight(origin: str | None, methods: Iterable[str]) -> dict[str, str]:
    """Return the headers that answer `OPTIONS`."""
    allowed = headers(origin)
    if "Access-Control-Allow-Origin" not in allowed:
        return allowed
    return {
        **allowed,
        "Access-Control-Allow-Methods": ",".join([*methods, "OPTIONS"]),
        "Access-Control-Allow-Headers": REQUEST_HEADERS,
        "Access-Control-Max-Age": MAX_AGE,
    }
