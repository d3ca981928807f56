"""Timestamps of the States Language: RFC 3339, with an upper case T and Z (https://states-language.net/spec.html#timestamps)."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

_FORMAT = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:Z|([+-])(\d\d):(\d\d))", re.ASCII)


def parse_timestamp(text: str) -> datetime | None:
    """The moment a timestamp names, or None if the text is no timestamp. Fractions are kept to the microsecond."""
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
