"""Reading and writing times."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from asl.engine.branch import timestamp
from asl.language.timestamps import epoch_milliseconds, iso_8601, parse_timestamp


@pytest.mark.parametrize(
    ("moment", "written"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (1714564800.1239, "2024-05-01T12:00:00.123Z"),
        (datetime(2024, 5, 1, 12, tzinfo=UTC), "2024-05-01T12:00:00.000Z"),
        (datetime(2024, 5, 1, 14, 0, 0, 5000, timezone(timedelta(hours=2))), "2024-05-01T12:00:00.005Z"),
    ],
)
def test_a_time_is_written_in_utc_with_milliseconds(moment: float | datetime, written: str) -> None:
    assert iso_8601(moment) == written
    assert parse_timestamp(written) is not None


def test_the_context_object_omits_a_fraction_of_zero() -> None:
    assert timestamp(1714564800.0) == "2024-05-01T12:00:00Z"
    assert timestamp(1714564800.5) == "2024-05-01T12:00:00.500Z"


def test_milliseconds_are_rounded() -> None:
    assert epoch_milliseconds(1714564800.1236) == 1714564800124
