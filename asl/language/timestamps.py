"""Timestamps of the States Language: RFC 3339, with an upper case T and Z (https://states-language.net/spec.html#timestamps)."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

_FORMAT = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:Z|([+-])(\d\d):(\d\d))", re.ASCII)


def parse_timestamp(text: str) -> datetime | None:
    """Return the time of a timestamp, None if the string is not one. Fractions are kept to the microsecond."""
    match = _FORMAT.fullmatch(text)
    if match is None:
        return None
    year, month, day, hour, minute, second, fraction, sign, offset_hours, offset_minutes = match.groups()
    zone = UTC
    if sign is not None:
        hours, minutes = int(offset_hours), int(offset_minutes)
        if hours > 23 or minutes > 59:
            return None
        offset = timedelta(hours=hours, minutes=minutes)
        zone = timezone(-offset if sign == "-" else offset)
    try:
        return datetime(
            int(year),
            int(month),
            int(day),
            int(hour),
            int(minute),
            int(second),
            int((fraction or "0").ljust(6, "0")[:6]),
            zone,
        )
    except ValueError:
        return None


def iso_8601(moment: float | datetime) -> str:
    """Return a time in UTC with milliseconds, as AWS writes it: `2024-05-01T12:00:00.000Z`.

    Args:
        moment: Seconds since 1970, or a `datetime` with a time zone.
    """
    date = moment.astimezone(UTC) if isinstance(moment, datetime) else datetime.fromtimestamp(moment, UTC)
    return date.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def epoch_milliseconds(seconds: float) -> int:
    """Return a time in seconds since 1970 as whole milliseconds, as events and task results have it."""
    return round(seconds * 1000)
