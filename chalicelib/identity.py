"""Who is calling: Cognito's id tokens, their verification, groups.

On AWS, API Gateway's authorizer verifies tokens. Everywhere else `verify_token` does, with python-jose.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any

from chalicelib import aws, jwks
from chalicelib.errors import Unauthorized, Unavailable
from chalicelib.settings import settings

ADMIN_GROUP = "admin"
ALGORITHM = "RS256"
MAX_TOKEN_LENGTH = 16_384
MAX_SUB_LENGTH = 1_024
LATEST = 253_402_300_799  # the last second of the year 9999
KEEP_VERIFIED_SECONDS = 60.0
KEEP_MFA_SECONDS = 300.0

_verified: dict[tuple[str, str, str], tuple[float, dict[str, Any]]] = {}
_MAX_VERIFIED = 1_000
_with_mfa: dict[tuple[str, str], float] = {}


class ForeignToken(Unauthorized):
    """A token that this user pool has not issued to this client."""


class ExpiredToken(Unauthorized):
    """A token whose time is over."""


@dataclass(frozen=True, slots=True)
class User:
    """The caller. `id` is Cognito's `sub`."""

    id: str
    email: str | None
    groups: tuple[str, ...]
    username: str
    expires_at: datetime | None = None
    email_verified: bool = False

    @property
    def verified_email(self) -> str | None:
        """The address, if Cognito has verified that it is the user's: users may change theirs to any."""
        return self.email if self.email_verified else None

    @property
    def is_admin(self) -> bool:
        return ADMIN_GROUP in self.groups

    def to_json(self) -> dict[str, Any]:
        """Return the user as a JSON object, for another process."""
        return {**asdict(self), "expires_at": self.expires_at and self.expires_at.isoformat()}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> User:
        """Return the user of a JSON object that `to_json` returned."""
        expires_at = document["expires_at"] and datetime.fromisoformat(document["expires_at"])
        return cls(**{**document, "groups": tuple(document["groups"]), "expires_at": expires_at})


def authenticate(headers: Mapping[str, str], authorizer_claims: Mapping[str, Any] | None) -> User:
    """Return the caller of a request: from the claims that API Gateway has verified, else from the token itself.

    Args:
        headers: The headers of the request, by lower-case name.
        authorizer_claims: The claims of API Gateway's authorizer; only on Lambda are they trusted.

    Raises:
        Unauthorized: The token is missing or not accepted.
        Unavailable: The keys to verify the token with could not be fetched, or Cognito did not answer.
    """
    if settings.on_lambda and authorizer_claims:
        user = user_of(authorizer_claims)
    else:
        user = user_of(verify_token(headers.get("authorization") or ""))
    if settings.admins_need_mfa and user.is_admin and not _signs_in_with_mfa(user):
        return replace(user, groups=tuple(group for group in user.groups if group != ADMIN_GROUP))
    return user


def _signs_in_with_mfa(user: User) -> bool:
    """Whether Cognito asks the user for a second factor at each sign-in. Tokens don't say so."""
    key, now = (settings.user_pool_id, user.id), time.time()
    if now < _with_mfa.get(key, 0):
        return True
    try:
        found = aws.cognito().admin_get_user(UserPoolId=settings.user_pool_id, Username=user.username)
    except Exception as error:
        if type(error).__name__ == "UserNotFoundException":
            return False
        raise Unavailable("Whether you use a second factor could not be looked up. Try again.") from error
    if not found.get("UserMFASettingList"):
        return False  # not kept: it is asked again, so that an app that was just added counts at once
    if len(_with_mfa) >= _MAX_VERIFIED:
        _with_mfa.clear()
    _with_mfa[key] = now + KEEP_MFA_SECONDS
    return True


def verify_token(token: str) -> dict[str, Any]:
    """Return the claims of an id token of the stage's user pool; `token` may begin with `Bearer `.

    Checks the signature (RS256 and nothing else), issuer, audience, expiry and `token_use`, as API Gateway's Cognito
    authorizer does, and the type of each claim that is used.

    Raises:
        Unauthorized: A check failed; the message says which.
        Unavailable: The pool's keys could not be fetched.

    https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-tokens-verifying-a-jwt.html
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
    """Forget which tokens have been verified, and who signs in with a second factor."""
    _verified.clear()
    _with_mfa.clear()


def user_of(claims: Mapping[str, Any]) -> User:
    """Return the user that verified claims describe."""
    return User(
        id=str(claims["sub"]),
        email=claims.get("email"),
        groups=parse_groups(claims.get("cognito:groups")),
        username=str(claims.get("cognito:username") or claims["sub"]),
        expires_at=_expiry(claims.get("exp")),
        email_verified=claims.get("email_verified") in (True, "true"),  # a string from API Gateway
    )


def parse_groups(value: Any) -> tuple[str, ...]:
    """Read the claim `cognito:groups`: a list in a token, a string (`[a b]`, `a,b`) from API Gateway."""
    if isinstance(value, str):
        value = re.split(r"[,\s]+", value.strip().removeprefix("[").removesuffix("]"))
    return tuple(group for group in value if group and isinstance(group, str)) if isinstance(value, list) else ()


def email_of(user: User) -> str | None:
    """Return the user's email address; ask Cognito only if the token does not have it."""
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
        raise Unavailable("No user pool is configured. Set USER_POOL_ID and USER_POOL_CLIENT_ID.")
    from jose import jws

    from chalicelib import strict_json

    try:
        header = jws.get_unverified_header(token)
    except Exception:  # whatever the library fails with, it is the token that it cannot read
        raise Unauthorized("The token is malformed: it is not a JSON Web Token.") from None
    if header.get("alg") != ALGORITHM:
        raise Unauthorized(f"The token is signed with {header.get('alg')!r}; only {ALGORITHM} is accepted.")
    if "crit" in header:  # RFC 7515, section 4.1.11: whoever does not understand the extensions refuses the token
        raise Unauthorized("The token's header has 'crit': extensions are not supported.")
    kid = header.get("kid")
    key = jwks.key(kid) if isinstance(kid, str) else None
    if key is None:
        raise ForeignToken("The token was not signed by the stage's user pool.")
    try:
        payload = jws.verify(token, key, ALGORITHM)
    except Exception:
        raise Unauthorized("The token is not valid: its signature is wrong.") from None
    try:
        claims = strict_json.loads(payload)
    except strict_json.UnreadableError as error:
        raise Unauthorized(f"The token is not valid: {error}.") from None
    if not isinstance(claims, dict):
        raise Unauthorized("The token is not valid: its claims must be a JSON object.")
    _check(claims)
    return claims


def _check(claims: dict[str, Any]) -> None:
    if claims.get("token_use") != "id":
        raise Unauthorized(f"The token's use is {claims.get('token_use')!r}. Send the id token.")
    if claims.get("iss") != settings.token_issuer:
        raise ForeignToken("The token was issued by another user pool.")
    if claims.get("aud") != settings.user_pool_client_id:
        raise ForeignToken("The token was issued for another client.")
    _check_times(claims)
    for name in ("sub", "email", "cognito:username"):
        if not isinstance(claims.get(name, ""), str):
            raise Unauthorized(f"The token is not valid: its claim {name!r} must be a string.")
    if not 1 <= len(claims.get("sub", "")) <= MAX_SUB_LENGTH:
        raise Unauthorized(f"The token is not valid: 'sub' must have 1 to {MAX_SUB_LENGTH} characters.")
    groups = claims.get("cognito:groups", [])
    if not isinstance(groups, str) and not (isinstance(groups, list) and all(isinstance(g, str) for g in groups)):
        raise Unauthorized("The token is not valid: its claim 'cognito:groups' must be a list of strings.")


def _check_times(claims: dict[str, Any]) -> None:
    """Check `exp`, and `nbf` and `iat` if they are there: whole seconds since 1970, as Cognito writes them."""
    times = {name: claims.get(name) for name in ("exp", "nbf", "iat") if name == "exp" or name in claims}
    for name, value in times.items():
        if type(value) is not int or not 0 <= value <= LATEST:
            raise Unauthorized(f"The token is not valid: its claim {name!r} must be in seconds since 1970.")
    now = time.time()
    if claims["exp"] < now:
        raise ExpiredToken("The token has expired. Sign in again.")
    if claims.get("nbf", 0) > now:
        raise Unauthorized("The token is not valid yet.")


def _expiry(value: Any) -> datetime | None:
    """Read the claim `exp`: seconds in a token, a date as a string from API Gateway."""
    try:
        return datetime.fromtimestamp(float(value), UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        pass
    try:
        return datetime.strptime(str(value), "%a %b %d %H:%M:%S UTC %Y").replace(tzinfo=UTC)
    except ValueError:
        return None
