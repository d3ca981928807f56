"""Repeats requests that the service could not take, as long as nothing can happen twice."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from sdw_client.errors import Unreachable
from sdw_client.steps import Request, Response, Sleep, Steps

TOO_MANY = 429
UNAVAILABLE = frozenset({502, 503, 504})


@dataclass(frozen=True, slots=True)
class Retry:
    """How often to repeat, and how long to pause before.

    A pause is chosen at random between half of a step and the whole step, and steps double. If the answer says how long
    to wait (`Retry-After`), the pause is at least as long.

    Args:
        attempts: How often a request is sent, the first time included.
        first: The first step, in seconds.
        longest: The longest step, in seconds. If the service asks for more, the error is raised at once.
    """

    attempts: int = 6
    first: float = 0.5
    longest: float = 30.0

    def pause(self, attempt: int, retry_after: float | None) -> float | None:
        """Return the seconds before the next attempt; None if there is none.

        Args:
            attempt: How many attempts were made.
            retry_after: What the service asks for, in seconds.
        """
        if attempt >= self.attempts or (retry_after or 0.0) > self.longest:
            return None
        step = min(self.longest, self.first * 2.0 ** (attempt - 1))
        return max(retry_after or 0.0, step * random.uniform(0.5, 1.0))  # noqa: S311 - keeps no secret


def send(request: Request, policy: Retry, *, repeatable: bool) -> Steps[Response]:
    """Send a request, again if need be.

    Args:
        request: The request.
        policy: How often and when.
        repeatable: Whether the request changes nothing, or the same only once, if it arrives twice. Others are
            repeated only if the service has not begun them: after a 429, or if there was no connection.

    Raises:
        Unreachable: There was no answer, at last.
    """
    attempt = 0
    while True:
        attempt += 1
        try:
            response: Response = yield request
        except Unreachable as error:
            pause = policy.pause(attempt, None)
            if pause is None or (error.sent and not repeatable):
                raise
        else:
            again = response.status == TOO_MANY or (repeatable and response.status in UNAVAILABLE)
            pause = policy.pause(attempt, retry_after(response.headers)) if again else None
            if pause is None:
                return response
        yield Sleep(pause)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that `Retry-After` names, as a number or a date (RFC 9110, 10.2.3)."""
    text = headers.get("retry-after", "").strip()
    if not text:
        return None
    if text.isdecimal():
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())
