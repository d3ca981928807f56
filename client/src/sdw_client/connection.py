"""Which API a program means, and as whom: by arguments, the environment, the folder, or an earlier login.

The first that applies counts:

1. arguments (options of the command `sdw`);
2. `SDW_URL`, `SDW_TOKEN`, or `SDW_EMAIL` and `SDW_PASSWORD` (and `MFA_CODE`); or `SDW_STAGE`, the name of a login;
3. `.localcloud/session.json` in the working folder or one above it, which `make run` writes;
4. the last login by `sdw login`.

Without a token or password, an address is called as who has logged in there, or as the session file's user if it has
this address. A token of a file is sent to no other address than the file names.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sdw_client.auth import Auth, Login, Nobody, OwnToken, SessionFile
from sdw_client.cognito import Credentials
from sdw_client.errors import NotSignedIn
from sdw_client.logins import Logins, SavedLogin
from sdw_client.retry import Retry

SESSION_FILE = Path(".localcloud", "session.json")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the arguments say; None where they say nothing.

    Args:
        url: The address.
        token: A token, or a function that returns one.
        user: What to sign in with.
        session: A session file.
        stage: The name of a login by `sdw login`.
    """

    url: str | None = None
    token: str | Callable[[], Any] | None = None
    user: Credentials | None = None
    session: Path | None = None
    stage: str | None = None


@dataclass(frozen=True, slots=True)
class Connection:
    """An address, and where the token for it comes from."""

    url: str
    auth: Auth


def find(wanted: Wanted, retry: Retry, environment: Mapping[str, str] | None = None) -> Connection:
    """Return what the arguments, the environment, the folder or an earlier login say.

    Args:
        wanted: The arguments.
        retry: How to repeat the requests of signing in.
        environment: The environment variables; those of the process by default.

    Raises:
        NotSignedIn: There is no address, or not the login or the session file that was named.
    """
    variables = os.environ if environment is None else environment
    logins = Logins.of(variables)
    session = _session(wanted.session) if wanted.session is not None else None
    url = wanted.url
    login: SavedLogin | None = None
    if url is None and session is not None:
        url = session.url
    if url is None and (name := wanted.stage or variables.get("SDW_STAGE")):
        login = logins.named(name)
        url = login.url
    url = url or variables.get("SDW_URL")
    if session is None and (near := _nearest()) is not None:
        session = _session(near, must_exist=False)
    if url is None and session is not None:
        url = session.url
    if url is None and (login := logins.last()) is not None:
        url = login.url
    if url is None:
        raise NotSignedIn(
            "No address is known: pass one (--url, SDW_URL), run `sdw login`, or start `make run` in this folder."
        )
    url = _checked(url)
    if wanted.token is not None:
        return Connection(url, OwnToken(wanted.token))
    if wanted.user is not None:
        return Connection(url, Login(url, retry, wanted.user))
    if login is None and (auth := _from_environment(url, variables, retry)) is not None:
        return Connection(url, auth)
    if session is not None and session.url == url:
        return Connection(url, SessionFile(session.path))
    login = login or logins.at(url)
    if login is None:
        return Connection(url, Nobody())
    return Connection(url, Login(url, retry, tokens=login.tokens, keep=logins.keeper(login)))


@dataclass(frozen=True, slots=True)
class _Session:
    path: Path
    url: str


def _from_environment(url: str, variables: Mapping[str, str], retry: Retry) -> Auth | None:
    if token := variables.get("SDW_TOKEN"):
        return OwnToken(token)
    email, password = variables.get("SDW_EMAIL"), variables.get("SDW_PASSWORD")
    if not email or not password:
        return None
    return Login(url, retry, Credentials(email, password, code=variables.get("MFA_CODE")))


def _nearest() -> Path | None:
    folder = Path.cwd()
    return next((path for above in (folder, *folder.parents) if (path := above / SESSION_FILE).is_file()), None)


def _session(path: Path, *, must_exist: bool = True) -> _Session | None:
    try:
        return _Session(path, _checked(str(json.loads(path.read_text(encoding="utf-8"))["apiUrl"])))
    except (OSError, ValueError, KeyError, TypeError):
        if not must_exist:
            return None
        raise NotSignedIn(f"{path} is not a session file: start `make run` in its project.") from None


def _checked(url: str) -> str:
    """Return the address without a slash at its end.

    Raises:
        NotSignedIn: It is not an address of HTTP.
    """
    if not url.startswith(("http://", "https://")):
        raise NotSignedIn(f"{url!r} is not an address of an API. It must begin with https:// or http://.")
    try:
        parts = urlsplit(url)
        is_valid = bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_valid = False
    if not is_valid:
        raise NotSignedIn(f"{url!r} is not an address of an API. It needs a valid host and port.")
    return url.rstrip("/")
