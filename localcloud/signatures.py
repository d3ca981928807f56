"""What the signature of a request says: the service and the region that it is for. Nothing here verifies it."""

from __future__ import annotations

from localcloud.http_messages import Request


def signed_service(request: Request) -> str:
    """Return the service that the request's signature names; empty without a signature."""
    return _scope(request)[3]


def signed_region(request: Request) -> str:
    """Return the region that the request's signature names; empty without a signature."""
    return _scope(request)[2]


def _scope(request: Request) -> list[str]:
    """Return the parts of `Credential=KEY/DATE/REGION/SERVICE/aws4_request`."""
    _, found, credential = request.headers.get("authorization", "").partition("Credential=")
    parts = credential.split(",", 1)[0].split("/")
    return parts if found and len(parts) == 5 else [""] * 5
