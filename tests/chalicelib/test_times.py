"""How answers and records write a time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from chalicelib import times


@pytest.mark.parametrize(
    ("moment", "written"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (1_795_382_738.5479, "2026-11-22T21:25:38.547Z"),
        (datetime(2026, 11, 22, 21, 25, 38, tzinfo=UTC), "2026-11-22T21:25:38.000Z"),
        (datetime(2026, 11, 22, 23, 25, 38, 1_999, tzinfo=timezone(timedelta(hours=2))), "2026-11-22T21:25:38.001Z"),
        (datetime(1, 1, 1, tzinfo=UTC), "0001-01-01T00:00:00.000Z"),
    ],
)
def test_a_time_is_utc_with_milliseconds(moment: float | datetime, written: str) -> None:
    assert times.iso(moment) == written


def test_now_is_the_current_time() -> None:
    before = datetime.now(UTC) - timedelta(milliseconds=1)
    assert before <= datetime.fromisoformat(times.now()) <= datetime.now(UTC)
