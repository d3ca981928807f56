"""Execution ids: version 7 UUIDs (RFC 9562), which sort by time."""

from __future__ import annotations

import hashlib
import re
import secrets
import threading
import time

_PATTERN = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_lock = threading.Lock()
_last = [0]


def new_id() -> str:
    """Return an id greater than any that this process created before."""
    with _lock:
        stamp = max(_stamp(time.time_ns()), _last[0] + 1)
        _last[0] = stamp
    return _format(stamp, secrets.randbits(62))


def lowest_id(unix_seconds: float) -> str:
    """Return the lowest id of a moment: every later id is greater."""
    return _format(_stamp(int(unix_seconds * 1e9)), 0)


def id_for(unix_seconds: float, name: str) -> str:
    """Return an id for something of that moment that got its name elsewhere; always the same one."""
    return _format(_stamp(int(unix_seconds * 1e9)), int.from_bytes(hashlib.sha256(name.encode()).digest()[:8]) >> 2)


def is_id(value: str) -> bool:
    """Whether `value` could be an execution id."""
    return _PATTERN.fullmatch(value) is not None


def made_at(text: str) -> float | None:
    """When the id was made, in seconds since 1970; None if `text` is not an id."""
    return int(text[:8] + text[9:13], 16) / 1000 if is_id(text) else None


def parts_of(execution_id: str) -> tuple[int, int, int]:
    """Return an id's milliseconds since 1970 (48 bits), their fraction (12 bits), and its random number (62 bits)."""
    digits = execution_id.replace("-", "")
    return int(digits[:12], 16), int(digits[13:16], 16), int(digits[16:], 16) & (1 << 62) - 1


def of_parts(milliseconds: int, fraction: int, random: int) -> str:
    """Return the id with these parts."""
    return _format(milliseconds << 12 | fraction, random)


def _stamp(nanoseconds: int) -> int:
    """Return 48 bits of milliseconds, then 12 bits of the fraction (RFC 9562, section 6.2, method 3)."""
    milliseconds, rest = divmod(nanoseconds, 1_000_000)
    return milliseconds << 12 | rest * 4096 // 1_000_000


def _format(stamp: int, random: int) -> str:
    value = (stamp >> 12) << 80 | 0x7 << 76 | (stamp & 0xFFF) << 64 | 0b10 << 62 | random
    digits = f"{value:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
