"""Where a client's token comes from: from its owner, from a password, from a file."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from sdw_client.cognito import Credentials, Pool, Tokens
from sdw_client.errors import NotSignedIn, SignInFailed, UnexpectedAnswer, error_of
from sdw_client.retry import Retry, send
from sdw_client.steps import Call, Request, Sleep, Steps

RENEW_BEFORE = 60.0
"""Seconds before its expiry at which a token is replaced."""
LOOK_AGAIN = 0.02
"""Seconds after which a request looks again whether another one has finished signing in."""


class Auth(Protocol):
    """A source of tokens."""

    def token(self) -> Steps[str]:
        """Return a token that is valid for a while.

        Raises:
            NotSignedIn: There is none.
            SignInFailed: Cognito refuses the user.
        """

    def renewed(self, refused: str) -> Steps[str | None]:
        """Return another token than the one that the API has refused; None if there is none."""


class Nobody:
    """No user: only what is public can be called."""

    def token(self) -> Steps[str]:
        """Refuse."""
        yield from ()
        raise NotSignedIn("Not signed in: pass a token or an email and a password, or run `sdw login`.")

    def renewed(self, refused: str) -> Steps[str | None]:
        """Return nothing."""
        yield from ()
        return None


class OwnToken:
    """A token of the caller's, or a function that returns one (in the async client, it may be a coroutine)."""

    def __init__(self, source: str | Callable[[], Any]) -> None:
        self._source = source

    def token(self) -> Steps[str]:
        """Return the token."""
        found = self._source if isinstance(self._source, str) else (yield Call(self._source))
        return _bare(str(found))

    def renewed(self, refused: str) -> Steps[str | None]:
        """Ask the function again."""
        if isinstance(self._source, str):
            return None
        found = yield from self.token()
        return found if found != refused else None


class SessionFile:
    """The demo user of `make run`, which keeps the token in the file current, and removes the file when it ends."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._last: str | None = None

    def token(self) -> Steps[str]:
        """Read the token. While there is no file, the last token is used, so that a restart interrupts nobody."""
        yield from ()
        try:
            self._last = str(json.loads(self._path.read_text(encoding="utf-8"))["idToken"])
        except (OSError, ValueError, KeyError, TypeError):
            if self._last is None:
                raise NotSignedIn(f"{self._path} has no session: start `make run` in its project.") from None
        return self._last

    def renewed(self, refused: str) -> Steps[str | None]:
        """Read the file again: it may have been rewritten a moment ago."""
        found = yield from self.token()
        return found if found != refused else None


class Login:
    """A user who signed in with a password, or did so before.

    Args:
        url: The API.
        retry: How to repeat requests.
        user: What to sign in with; None if there are only tokens.
        tokens: Those of an earlier sign-in.
        keep: Is called with new tokens.
    """

    def __init__(
        self,
        url: str,
        retry: Retry,
        user: Credentials | None = None,
        tokens: Tokens | None = None,
        keep: Callable[[Tokens], None] | None = None,
    ) -> None:
        self._url, self._retry, self._user, self._keep = url, retry, user, keep
        self._tokens = tokens
        self._renewing = threading.Lock()
        self._pool: Pool | None = None

    def token(self) -> Steps[str]:
        """Sign in or refresh if need be."""
        return (yield from self._token_unless(lambda tokens: tokens.expires_at - time.time() < RENEW_BEFORE))

    def renewed(self, refused: str) -> Steps[str | None]:
        """Refresh, unless another request has done so meanwhile."""
        return (yield from self._token_unless(lambda tokens: tokens.id_token == refused))

    def renew(self) -> Steps[None]:
        """Get new tokens, by the refresh token if it is still accepted, or else by the password.

        Raises:
            NotSignedIn: There is no password, and the refresh token has expired.
            SignInFailed: Cognito refuses the user.
        """
        pool = yield from self._find_pool()
        if self._tokens is not None and self._tokens.refresh_token is not None:
            try:
                return self._accept((yield from pool.refresh(self._tokens.refresh_token)))
            except SignInFailed as error:
                if self._user is None:
                    raise NotSignedIn(f"The session has ended: sign in again. ({error})") from error
        if self._user is None:
            raise NotSignedIn("The session has ended: sign in again.")
        tokens, self._user = yield from pool.sign_in(self._user)
        self._accept(tokens)

    def revoke(self) -> Steps[None]:
        """End the refresh token."""
        if self._tokens is not None and self._tokens.refresh_token is not None:
            pool = yield from self._find_pool()
            yield from pool.revoke(self._tokens.refresh_token)

    def _token_unless(self, is_stale: Callable[[Tokens], bool]) -> Steps[str]:
        """Return the token, a new one if this one is stale.

        Of several requests, one gets new tokens and the others use them: a code is accepted once, and no user wants to
        enter one for each request. Waiting inside `acquire` would stop an event loop.
        """
        if self._tokens is None or is_stale(self._tokens):
            while not self._renewing.acquire(blocking=False):
                yield Sleep(LOOK_AGAIN)
            try:
                if self._tokens is None or is_stale(self._tokens):
                    yield from self.renew()
            finally:
                self._renewing.release()
        assert self._tokens is not None
        return self._tokens.id_token

    def _accept(self, tokens: Tokens) -> None:
        self._tokens = tokens
        if self._keep is not None:
            self._keep(tokens)

    def _find_pool(self) -> Steps[Pool]:
        if self._pool is None:
            asked = Request("GET", f"{self._url}/auth/config?endpoint=true")
            response = yield from send(asked, self._retry, repeatable=True)
            document = response.document()
            if response.status != 200:
                raise error_of(response.status, document)
            client_id = document.get("userPoolClientId")
            if not client_id:
                raise UnexpectedAnswer(f"{self._url}/auth/config names no user pool; is this the API's address?")
            endpoint = document.get("endpoint") or f"https://cognito-idp.{document.get('region')}.amazonaws.com"
            self._pool = Pool(_safe(str(endpoint), self._url), str(client_id), self._retry)
        return self._pool


def _safe(endpoint: str, url: str) -> str:
    """Return the endpoint, to which the password goes: encrypted wherever the API's address is.

    Raises:
        UnexpectedAnswer: It would go unencrypted.
    """
    if urlsplit(url).scheme == "https" and urlsplit(endpoint).scheme != "https":
        raise UnexpectedAnswer(f"{url} names the user pool {endpoint}, to which a password would go unencrypted.")
    return endpoint.rstrip("/")


def _bare(token: str) -> str:
    return token.strip().removeprefix("Bearer ").strip()
