"""Task tokens: issued, kept while their task is open, and recognised afterwards."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from typing import TYPE_CHECKING

from asl.engine.failures import InvalidToken, TaskTimedOut

if TYPE_CHECKING:
    from asl.engine.attempt import Attempt

_NONCE = 16
_SEAL = 16
TOKEN_KEY_BYTES = 32


class Tokens:
    """The task tokens of an engine.

    A token carries a seal, so that the token of a task that is over can be told from a text that never was one without
    keeping every token for ever. `key` makes the seal: with the key of an earlier process, its tokens are valid too.
    """

    def __init__(self, key: bytes | None = None) -> None:
        self._key = secrets.token_bytes(TOKEN_KEY_BYTES) if key is None else key
        self._open: dict[str, Attempt] = {}

    def issue(self) -> str:
        """A new token."""
        nonce = secrets.token_bytes(_NONCE)
        return base64.b64encode(nonce + self._seal(nonce)).decode()

    def open(self, token: str, attempt: Attempt) -> None:
        """The task of this token may be ended by it from now on."""
        self._open[token] = attempt

    def close(self, token: str) -> None:
        """The task of this token is over."""
        self._open.pop(token, None)

    def waiting(self) -> list[str]:
        """The tokens of open tasks that wait for nothing but their token, the oldest first. From any thread."""
        return [token for token, attempt in list(self._open.items()) if attempt.waits]

    def find(self, token: str) -> Attempt:
        """The open task of a token. Raises `InvalidToken` or, if the task is over, `TaskTimedOut`."""
        attempt = self._open.get(token)
        if attempt is not None:
            return attempt
        try:
            content = base64.b64decode(token, validate=True)
        except (binascii.Error, ValueError):
            content = b""
        nonce, seal = content[:_NONCE], content[_NONCE:]
        if not hmac.compare_digest(seal, self._seal(nonce)):
            raise InvalidToken("Invalid Token: 'Invalid token'")
        raise TaskTimedOut("Task Timed Out: 'Provided task does not exist anymore'")

    def _seal(self, nonce: bytes) -> bytes:
        return hashlib.blake2b(nonce, key=self._key, digest_size=_SEAL).digest()
