"""The Cognito authorizer of a REST API: verifies the id token of a request with the keys of its user pools.

An authorizer without scopes only accepts id tokens, of any client of the pool.
Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-integrate-with-cognito.html.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

_ALGORITHM = "RS256"
_DATES = frozenset({"exp", "iat"})


class Refused(Exception):
    """The request has no acceptable token. The message is API Gateway's."""


def authorize(token: str, user_pools: Sequence[str]) -> dict[str, str]:
    """Verify a token.

    Args:
        token: The header's value, with or without `Bearer `.
        user_pools: The ARNs of the accepted user pools.

    Returns:
        The token's claims, as strings, as API Gateway passes them to a function.

    Raises:
        Refused: The token is not valid or has expired.
    """
    from jose import jwt
    from jose.exceptions import ExpiredSignatureError, JOSEError

    token = token.strip()
    token = token[7:].strip() if token[:7].lower() == "bearer " else token
    try:
        unverified = jwt.get_unverified_claims(token)
        pool_arn = next(arn for arn in user_pools if _issuer(arn) == unverified.get("iss"))
        options = {"verify_aud": False, "verify_at_hash": False, "require_exp": True}
        key = _key(pool_arn, jwt.get_unverified_header(token).get("kid"))
        claims = jwt.decode(token, key, algorithms=[_ALGORITHM], issuer=_issuer(pool_arn), options=options)
    except ExpiredSignatureError:
        raise Refused("The incoming token has expired") from None
    except (JOSEError, StopIteration, LookupError, ValueError, TypeError, AttributeError):
        raise Refused("Unauthorized") from None
    if claims.get("token_use") != "id":
        raise Refused("Unauthorized")
    return {name: _claim(name, value) for name, value in claims.items()}


def _issuer(pool_arn: str) -> str:
    region, _, pool = pool_arn.split(":", 5)[3:]
    return f"https://cognito-idp.{region}.amazonaws.com/{pool.removeprefix('userpool/')}"


def _key(pool_arn: str, key_id: Any) -> Mapping[str, Any]:
    """Return the public key of a user pool.

    Raises:
        LookupError: The user pool doesn't exist or doesn't have the key.
    """
    from moto.cognitoidp.models import cognitoidp_backends
    from moto.cognitoidp.responses import CognitoIdpJsonWebKeyResponse

    region, account, pool = pool_arn.split(":", 5)[3:]
    if pool.removeprefix("userpool/") not in cognitoidp_backends[account][region].user_pools:
        raise LookupError(pool)
    keys = json.loads(CognitoIdpJsonWebKeyResponse.json_web_key)["keys"]
    found: Mapping[str, Any] = {key["kid"]: key for key in keys}[key_id]
    return found


def _claim(name: str, value: Any) -> str:
    """Return a claim as a string: dates as Java prints them, lists with commas."""
    if name in _DATES and isinstance(value, int | float):
        return time.strftime("%a %b %d %H:%M:%S UTC %Y", time.gmtime(value))
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return ",".join(map(str, value))
    return str(value)
