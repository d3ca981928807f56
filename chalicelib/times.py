"""The one form in which answers and records write a time."""

from __future__ import annotations

import time
from datetime import UTC, datetime


def iso(moment: float | datetime) -> str:
    """Write a time as ISO 8601 in UTC with milliseconds: `2026-11-22T21:25:38.547Z`.

    Args:
        moment: Seconds since 1970, or a `datetime` with a time zone.
    """
    date = moment if isinstance(moment, datetime) else datetime.fromtimestamp(moment, UTC)
    return date.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def now() -> str:
    """Write the current time, as `iso` does."""
    return iso(time.time())
