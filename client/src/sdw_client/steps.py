"""What the client wants done, as data: requests, pauses, calls of the user's functions.

Everything that the client knows about the API is written once, as generators that yield these steps and receive their
results. `drivers` carries the steps out, in a thread or in an event loop. So the sync and the async client are the
same code, and neither can lack what the other has.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from json import JSONDecodeError, loads
from typing import Any, Generic, TypeAlias, TypeVar

from sdw_client.errors import UnexpectedAnswer

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request.

    Args:
        method: `GET`, `POST` or `DELETE`.
        url: The address, with its query.
        headers: The header fields.
        content: The body.
        timeout: Seconds after which nobody waits for the answer any longer.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes | None = None
    timeout: float = 35.0


@dataclass(frozen=True, slots=True)
class Response:
    """The answer to a request. The names of headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def media_type(self) -> str:
        """The type of the body, without parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def text(self) -> str:
        """The body as a string."""
        return self.content.decode("utf-8", "replace")

    def json(self) -> Any:
        """Return the body's value.

        Raises:
            UnexpectedAnswer: It is not JSON, so this is not the API that was meant.
        """
        try:
            return loads(self.content)
        except (JSONDecodeError, UnicodeDecodeError):
            raise UnexpectedAnswer(
                f"The answer is not JSON; is this the API's address? It begins: {self.text[:80]!r}"
            ) from None

    def document(self) -> dict[str, Any]:
        """Return the body, which must be an object.

        Raises:
            UnexpectedAnswer: It is not an object.
        """
        found = self.json()
        if not isinstance(found, dict):
            raise UnexpectedAnswer(f"The answer is not a JSON object: {self.text[:80]!r}")
        return found


@dataclass(frozen=True, slots=True)
class Sleep:
    """A pause, in seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a function of the user's. In the async client it may return an awaitable, which is awaited."""

    function: Callable[..., Any]
    arguments: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Items for who iterates over a list; no more are asked for until they have been consumed."""

    items: tuple[T, ...]


Step: TypeAlias = Request | Sleep | Call
Steps: TypeAlias = Generator[Step, Any, T]
"""An operation: yields steps, receives their results, returns its own."""
Items: TypeAlias = Generator[Step | Page[T], Any, None]
"""The same for a list."""
