"""What all parts of a client share: the address, the user, the driver; and how the API is asked."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from sdw_client.auth import Auth
from sdw_client.drivers import Driver
from sdw_client.errors import NotSignedIn, UnexpectedAnswer, error_of
from sdw_client.retry import Retry, retry_after, send
from sdw_client.steps import Request, Response, Steps

UNAUTHORIZED = 401
MAX_WAIT = 25.0
"""Seconds that one request may wait for the end of a run."""
GRACE = 10.0
"""Seconds that an answer may take beyond the time for which the service was asked to wait."""

Query = Mapping[str, str | int | float | Sequence[str] | None]


@dataclass(frozen=True, slots=True)
class Ask:
    """A question to the API.

    Args:
        method: `GET`, `POST` or `DELETE`.
        path: The path below the API's address, encoded.
        query: The query; values that are None are left out.
        body: The body, anything that JSON can express; absent if it is `NOTHING`.
        key: The `Idempotency-Key`.
        repeatable: Whether it may arrive twice. A question with a key always may.
        is_public: Whether it needs no user.
    """

    method: str
    path: str
    query: Query | None = None
    body: Any = ...
    key: str | None = None
    repeatable: bool = True
    is_public: bool = False


class Core:
    """Asks the API.

    Args:
        url: The API's address.
        auth: Where the token comes from.
        driver: Carries out the steps.
        retry: How to repeat requests.
        timeout: Seconds to wait for an answer.
    """

    def __init__(self, url: str, auth: Auth, driver: Driver, retry: Retry, timeout: float) -> None:
        self.url = url.rstrip("/")
        self.auth = auth
        self.driver = driver
        self.retry = retry
        self._timeout = timeout

    def ask(self, question: Ask) -> Steps[Response]:
        """Return the API's answer, whose status is below 400.

        Raises:
            ApiError: The API refused or failed.
            Unreachable: There was no answer.
            NotSignedIn: There is no token.
            SignInFailed: Cognito refuses the user.
        """
        token = "" if question.is_public else _sendable((yield from self.auth.token()))
        response = yield from self._send(question, token)
        if response.status == UNAUTHORIZED and token and (another := (yield from self.auth.renewed(token))):
            response = yield from self._send(question, _sendable(another))
        if response.status >= 400:
            raise error_of(response.status, _problem(response), retry_after(response.headers))
        return response

    def document(self, question: Ask) -> Steps[dict[str, Any]]:
        """Return the answer's JSON object.

        Raises:
            SdwError: As `ask`; or the answer is something else.
        """
        return (yield from self.ask(question)).document()

    def _send(self, question: Ask, token: str) -> Steps[Response]:
        headers = {"Accept": "application/json, */*", "User-Agent": "sdw-client"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        content = None
        if question.body is not ...:
            headers["Content-Type"] = "application/json"
            content = encoded(question.body)
        if question.key is not None:
            headers["Idempotency-Key"] = checked_key(question.key)
        waited = (question.query or {}).get("wait")
        timeout = self._timeout if not isinstance(waited, int | float) else max(self._timeout, waited + GRACE)
        request = Request(question.method, self._address(question), headers, content, timeout)
        return send(request, self.retry, repeatable=question.repeatable or question.key is not None)

    def _address(self, question: Ask) -> str:
        wanted = {name: value for name, value in (question.query or {}).items() if value is not None}
        query = urlencode(wanted, doseq=True)
        return f"{self.url}{question.path}{f'?{query}' if query else ''}"


def encoded(value: Any) -> bytes:
    """Return a value as JSON.

    Raises:
        ValueError: JSON can't express it.
        TypeError: JSON doesn't have its type.
    """
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except UnicodeEncodeError:
        raise ValueError("a string contains an unpaired surrogate, which is not valid Unicode") from None
    except RecursionError:
        raise ValueError("the value is nested too deeply") from None


def checked_key(key: str) -> str:
    """Return an `Idempotency-Key` that a header can have.

    Raises:
        ValueError: It can't.
    """
    if not _is_header(key):
        raise ValueError(f"the idempotency key {key!r} must consist of printable ASCII characters")
    return key


def _sendable(token: str) -> str:
    """Return a token that a header can have.

    Raises:
        NotSignedIn: It can't, so it is not a token. The message doesn't contain it.
    """
    if not _is_header(token):
        raise NotSignedIn("The token is empty or contains characters that no token has. Pass an id token.")
    return token


def _is_header(value: str) -> bool:
    return value.strip() == value != "" and value.isascii() and value.isprintable()


def path(*parts: str) -> str:
    """Return a path of the API, with each part encoded."""
    return "".join(f"/{quote(part, safe='')}" for part in parts)


def _problem(response: Response) -> Mapping[str, Any]:
    try:
        return response.document()
    except UnexpectedAnswer:
        return {"detail": response.text[:1000].strip()}
