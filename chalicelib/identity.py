"""Who is calling: Cognito's id tokens, their verification, groups.

API Gateway's authorizer verifies tokens on AWS. Anywhere else nobody has, and `verify_token` does, with python-jose.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from chalicelib import aws, jwks
from chalicelib.errors import Unauthorized, Unavailable
from chalicelib.settings import settings

ADMIN_GROUP = "admin"
ALGORITHM = "RS256"
MAX_TOKEN_LENGTH = 16_384
KEEP_VERIFIED_SECONDS = 60.0

_verified: dict[tuple[str, str, str], tuple[float, dict[str, Any]]] = {}
_MAX_VERIFIED = 1_000


@dataclass(frozen=True, slots=True)
class User:
    """The caller. `id` is Cognito's `sub`."""

    id: str
    email: str | None
    groups: tuple[str, ...]
    username: str
    expires_at: datetime | None = None

    @property
    def is_admin(self) -> bool:
        return ADMIN_GROUP in self.groups


def authenticate(headers: Mapping[str, str], authorizer_claims: Mapping[str, Any] | None) -> User:
    """The caller of a request: from the claims that API Gateway has verified, else from the token itself.

    Raises `Unauthorized`, and `Unavailable` if the keys to verify with are out of reach.
    """
    if settings.on_lambda and authorizer_claims:
        return user_of(authorizer_claims)
    return user_of(verify_token(headers.get("authorization") or ""))


def verify_token(token: str) -> dict[str, Any]:
    """The claims of an id token of the stage's user pool; `token` may be preceded by `Bearer `.

    Checked are the signature (RS256 and nothing else), issuer, audience, expiry and `token_use`, as API Gateway's
    Cognito authorizer does. Raises `Unauthorized` saying which failed, and `Unavailable` if the pool's keys are out of
    reach. https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-tokens-verifying-a-jwt.html
    """
    token = _bare(token)
    key = (token, settings.token_issuer, settings.user_pool_client_id)
    known = _verified.get(key)
    now = time.time()
    if known is not None and now < known[0]:
        return known[1]
    claims = _verify(token)
    if len(_verified) >= _MAX_VERIFIED:
        _verified.clear()
    _verified[key] = (min(now + KEEP_VERIFIED_SECONDS, float(claims["exp"])), claims)
    return claims


def forget() -> None:
    """Verify every token anew."""
    _verified.clear()


def user_of(claims: Mapping[str, Any]) -> User:
    """The user that verified claims speak of."""
    return User(
        id=str(claims["sub"]),
        email=claims.get("email"),
        groups=parse_groups(claims.get("cognito:groups")),
        username=str(claims.get("cognito:username") or claims["sub"]),
        expires_at=_expiry(claims.get("exp")),
    )


def parse_groups(value: Any) -> tuple[str, ...]:
    """The claim `cognito:groups`: a list in a token, a text (`[a b]`, `a,b`) where API Gateway has passed it on."""
    if isinstance(value, str):
        value = re.split(r"[,\s]+", value.strip().removeprefix("[").removesuffix("]"))
    return tuple(str(group) for group in value or () if group)


def email_of(user: User) -> str | None:
    """The user's email address; asks Cognito only if the token does not say."""
    if user.email is not None or not settings.user_pool_id:
        return user.email
    try:
        found = aws.cognito().admin_get_user(UserPoolId=settings.user_pool_id, Username=user.username)
    except Exception:
        return user.username if "@" in user.username else None
    return next((a.get("Value") for a in found["UserAttributes"] if a["Name"] == "email"), None)


def _bare(token: str) -> str:
    token = token.strip()
    scheme, _, rest = token.partition(" ")
    token = rest.strip() if scheme.lower() == "bearer" else token
    if not token:
        raise Unauthorized("The header Authorization is missing. Send the id token: `Authorization: Bearer <token>`.")
    if len(token) > MAX_TOKEN_LENGTH:
        raise Unauthorized(f"The token is longer than {MAX_TOKEN_LENGTH} characters.")
    return token


def _verify(token: str) -> dict[str, Any]:
    if not settings.user_pool_client_id:
        raise Unavailable("No user pool is configured: set USER_POOL_ID and USER_POOL_CLIENT_ID.")
    from jose import jwt
    from jose.exceptions import ExpiredSignatureError, JOSEError

    try:
        header = jwt.get_unverified_header(token)
    except (JOSEError, ValueError, TypeError, AttributeError):
        raise Unauthorized("The token is malformed: it is no JSON Web Token.") from None
    if header.get("alg") != ALGORITHM:
        raise Unauthorized(f"The token is signed with {header.get('alg')!r}; only {ALGORITHM} is accepted.")
    key = jwks.key(header.get("kid"))
    if key is None:
        raise Unauthorized("The token was not signed by the stage's user pool.")
    options = {"verify_aud": False, "verify_iss": False, "verify_at_hash": False, "require_exp": True}
    try:
        claims: dict[str, Any] = jwt.decode(token, key, algorithms=[ALGORITHM], options=options)
    except ExpiredSignatureError:
        raise Unauthorized("The token has expired. Sign in again.") from None
    except (JOSEError, ValueError, TypeError, AttributeError) as error:
        raise Unauthorized(f"The token is not valid: {str(error).rstrip('.') or 'it cannot be read'}.") from None
    _check(claims)
    return claims


def _check(claims: dict[str, Any]) -> None:
    if claims.get("token_use") != "id":
        raise Unauthorized(f"The token's use is {claims.get('token_use')!r}: send the id token.")
    if claims.get("iss") != settings.token_issuer:
        raise Unauthorized("The token was issued by another user pool.")
    if claims.get("aud") != settings.user_pool_client_id:
        raise Unauthorized("The token was issued for another client.")
    if not isinstance(claims.get("sub"), str) or not claims["sub"]:
        raise Unauthorized("The token names no user.")


def _expiry(value: Any) -> datetime | None:
    """The claim `exp`: seconds in a token, a text where API Gateway has passed it on."""
    try:
        return datetime.fromtimestamp(float(value), UTC)
    except (TypeError, ValueError, OverflowError):
        pass
    try:
        return datetime.strptime(str(value), "%a %b %d %H:%M:%S UTC %Y").replace(tzinfo=UTC)
    except ValueError:
        return None
