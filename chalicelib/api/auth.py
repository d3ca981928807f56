"""`/auth`: how to sign in, and whose token this is."""

from __future__ import annotations

from chalicelib import identity, times
from chalicelib.api.http import Answer, Call
from chalicelib.settings import settings


def auth_config(call: Call) -> Answer:
    """Answer with what a client needs to sign in with Cognito; with `endpoint=true` also with the pool's endpoint."""
    body = {
        "region": settings.region,
        "userPoolId": settings.user_pool_id,
        "userPoolClientId": settings.user_pool_client_id,
        "issuer": settings.token_issuer,
    }
    if call.query("endpoint") == "true":
        from chalicelib.api.console import pool_endpoint

        body["endpoint"] = pool_endpoint(call.headers.get("host"))
    return Answer(body)


def auth_verify(call: Call) -> Answer:
    """Answer with the user that the token identifies."""
    user = call.user
    return Answer(
        {
            "valid": True,
            "user": {"id": user.id, "email": identity.email_of(user), "groups": list(user.groups)},
            "expiresAt": times.iso(user.expires_at) if user.expires_at else None,
        }
    )
