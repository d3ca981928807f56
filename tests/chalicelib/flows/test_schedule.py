from __future__ import annotations

from calendar import monthrange
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.flows.schedule import ScheduleError, parse_schedule

START = datetime(2026, 10, 23, 8, 30, tzinfo=UTC)


def upcoming(expression: str, timezone: str = "UTC", after: datetime = START, count: int = 3) -> list[str]:
    return [f"{moment:%Y-%m-%d %H:%M}" for moment in parse_schedule(expression, timezone).upcoming(after, count)]


@pytest.mark.parametrize(
    ("expression", "times"),
    [
        ("cron(0 12 * * ? *)", ["2026-10-23 12:00", "2026-10-24 12:00", "2026-10-25 12:00"]),
        ("cron(30 8 * * ? *)", ["2026-10-24 08:30", "2026-10-25 08:30", "2026-10-26 08:30"]),
        ("cron(0/15 8-17 ? * MON-FRI *)", ["2026-10-23 08:45", "2026-10-23 09:00", "2026-10-23 09:15"]),
        ("cron(0 0 L * ? *)", ["2026-10-31 00:00", "2026-11-30 00:00", "2026-12-31 00:00"]),
        ("cron(0 0 LW * ? *)", ["2026-10-30 00:00", "2026-11-30 00:00", "2026-12-31 00:00"]),
        ("cron(0 0 1W * ? *)", ["2026-11-02 00:00", "2026-12-01 00:00", "2027-01-01 00:00"]),
        ("cron(0 0 15W * ? *)", ["2026-11-16 00:00", "2026-12-15 00:00", "2027-01-15 00:00"]),
        ("cron(0 0 ? * 6L *)", ["2026-10-30 00:00", "2026-11-27 00:00", "2026-12-25 00:00"]),
        ("cron(0 0 ? * L *)", ["2026-10-24 00:00", "2026-10-31 00:00", "2026-11-07 00:00"]),
        ("cron(0 0 ? * 3#2 *)", ["2026-11-10 00:00", "2026-12-08 00:00", "2027-01-12 00:00"]),
        ("cron(0 0 ? * TUE#5 *)", ["2026-12-29 00:00", "2027-03-30 00:00", "2027-06-29 00:00"]),
        ("cron(0 9 ? JAN,jul 2 2027-2028)", ["2027-01-04 09:00", "2027-01-11 09:00", "2027-01-18 09:00"]),
        ("cron(0 0 29 2 ? *)", ["2028-02-29 00:00", "2032-02-29 00:00", "2036-02-29 00:00"]),
        ("cron(0 22-1 * * ? *)", ["2026-10-23 22:00", "2026-10-23 23:00", "2026-10-24 00:00"]),
        ("cron(0 0 ? * FRI-MON *)", ["2026-10-24 00:00", "2026-10-25 00:00", "2026-10-26 00:00"]),
        ("cron(0 10 1 1 ? 2026)", []),
        ("rate(1 minute)", ["2026-10-23 08:31", "2026-10-23 08:32", "2026-10-23 08:33"]),
        ("rate(2 days)", ["2026-10-25 08:30", "2026-10-27 08:30", "2026-10-29 08:30"]),
        ("at(2026-12-31T23:59:59)", ["2026-12-31 23:59"]),
        ("at(2020-01-01T00:00:00)", []),
    ],
)
def test_when_it_fires(expression: str, times: list[str]) -> None:
    assert upcoming(expression) == times


@pytest.mark.parametrize(
    ("expression", "field", "words"),
    [
        ("cron(61 12 * * ? *)", "minutes", "0 to 59"),
        ("cron(0 24 * * ? *)", "hours", "0 to 23"),
        ("cron(0 0 32 * ? *)", "day-of-month", "1 to 31"),
        ("cron(0 0 1 13 ? *)", "month", "1 to 12"),
        ("cron(0 0 ? * 8 *)", "day-of-week", "1 to 7"),
        ("cron(0 0 ? * 0 *)", "day-of-week", "1 to 7"),
        ("cron(0 0 1 * ? 1969)", "year", "1970 to 2199"),
        ("cron(0 0 1 * ? 2030-2028)", "year", "ends before"),
        ("cron(0 12 * * * *)", "day-of-week", "`?`"),
        ("cron(0 12 1 * MON *)", "day-of-week", "can't both have a value"),
        ("cron(0 12 ? * ? *)", "day-of-month", "both be `?`"),
        ("cron(? 12 * * ? *)", "minutes", "only in day-of-month or day-of-week"),
        ("cron(0 12 * * ?)", "cron", "six fields"),
        ("cron(0/0 12 * * ? *)", "minutes", "step"),
        ("cron(0, 12 * * ? *)", "minutes", "missing"),
        ("cron(0 0 ? * 2#6 *)", "day-of-week", "`#` must be followed by the week of the month (1-5); got '6'"),
        ("cron(0 0 ? * 2#1,3 *)", "day-of-week", "can't be part of a list"),
        ("cron(0 0 ? FOO 2 *)", "month", "JAN-DEC"),
        ("cron(0 0 ? * MOO *)", "day-of-week", "SUN-SAT"),
        ("rate(1 minutes)", "rate", "rate(1 minute)"),
        ("rate(5 minute)", "rate", "rate(5 minutes)"),
        ("rate(0 hours)", "rate", "at least 1"),
        ("rate(1.5 hours)", "rate", "VALUE is an integer"),
        ("rate(5 weeks)", "rate", "minutes|hours|days"),
        ("at(2030-02-30T00:00:00)", "at", "use a time such as"),
        ("every day", "", "cron(0 12"),
    ],
)
def test_errors_name_the_field_and_the_fix(expression: str, field: str, words: str) -> None:
    with pytest.raises(ScheduleError) as caught:
        parse_schedule(expression)
    assert caught.value.field == field
    assert words in str(caught.value)


def test_the_offset_leads_to_the_fault() -> None:
    text = "cron(0 12 1,32 * ? *)"
    with pytest.raises(ScheduleError) as caught:
        parse_schedule(text)
    assert text[caught.value.offset :].startswith("32")


@pytest.mark.parametrize("timezone", ["Nowhere/At_All", "", "../../etc/passwd", "Europe/Berlin\0"])
def test_unknown_time_zones_are_refused(timezone: str) -> None:
    with pytest.raises(ScheduleError) as caught:
        parse_schedule("rate(1 hour)", timezone)
    assert caught.value.field == "timezone"


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        parse_schedule("rate(1 hour)").next_after(datetime(2026, 1, 1))


class TestDaylightSaving:
    def test_a_missing_hour_does_not_fire(self) -> None:
        after = datetime(2026, 3, 28, 0, 0, tzinfo=UTC)
        times = upcoming("cron(30 2 * * ? *)", "Europe/Berlin", after)
        assert times == ["2026-03-28 01:30", "2026-03-30 00:30", "2026-03-31 00:30"]

    def test_a_repeated_hour_fires_once(self) -> None:
        after = datetime(2026, 10, 24, 12, 0, tzinfo=UTC)
        times = upcoming("cron(30 2 * * ? *)", "Europe/Berlin", after)
        assert times == ["2026-10-25 00:30", "2026-10-26 01:30", "2026-10-27 01:30"]

    def test_asked_within_the_repeated_hour(self) -> None:
        after = datetime(2026, 10, 25, 1, 15, tzinfo=UTC)  # 2:15 for the second time
        assert upcoming("cron(30 2 * * ? *)", "Europe/Berlin", after, 1) == ["2026-10-26 01:30"]

    def test_noon_stays_noon(self) -> None:
        zone = ZoneInfo("America/New_York")
        moments = parse_schedule("cron(0 12 * * ? *)", "America/New_York").upcoming(START, 30)
        assert {moment.astimezone(zone).hour for moment in moments} == {12}


def field(low: int, high: int) -> st.SearchStrategy[str]:
    number = st.integers(low, high)
    part = st.one_of(
        number.map(str),
        st.tuples(number, number).map(lambda pair: f"{min(pair)}-{max(pair)}"),
        st.tuples(number, st.integers(1, high)).map(lambda pair: f"{pair[0]}/{pair[1]}"),
        st.integers(1, high).map(lambda step: f"*/{step}"),
        st.just("*"),
    )
    return st.lists(part, min_size=1, max_size=3).map(",".join)


def allowed(text: str, low: int, high: int) -> set[int]:
    """The values of a field, worked out one by one."""
    found = set()
    for value in range(low, high + 1):
        for part in text.split(","):
            base, _, step = part.partition("/")
            first, last = low, high
            if base != "*":
                start, dash, end = base.partition("-")
                first, last = int(start), int(end) if dash else (high if step else int(start))
            if first <= value <= last and (value - first) % int(step or 1) == 0:
                found.add(value)
    return found


def weekday(moment: datetime) -> int:
    return moment.isoweekday() % 7 + 1


@settings(max_examples=60, deadline=None)
@given(
    minutes=field(0, 59),
    hours=field(0, 23),
    days=field(1, 31),
    months=field(1, 12),
    weekdays=field(1, 7),
    by_weekday=st.booleans(),
    start=st.datetimes(datetime(2024, 1, 1), datetime(2028, 12, 31)),
)
def test_the_next_time_is_what_trying_every_minute_finds(
    minutes: str, hours: str, days: str, months: str, weekdays: str, by_weekday: bool, start: datetime
) -> None:
    after = start.replace(tzinfo=UTC)
    parts = ("?", months, weekdays) if by_weekday else (days, months, "?")
    expression = parse_schedule(f"cron({minutes} {hours} {' '.join(parts)} *)")
    fits = {
        "minute": allowed(minutes, 0, 59),
        "hour": allowed(hours, 0, 23),
        "month": allowed(months, 1, 12),
        "day": allowed(days, 1, 31),
        "weekday": allowed(weekdays, 1, 7),
    }
    moment = expression.next_after(after)
    tried = after.replace(second=0, microsecond=0) + timedelta(minutes=1)
    for _ in range(2000):
        day_fits = weekday(tried) in fits["weekday"] if by_weekday else tried.day in fits["day"]
        if day_fits and tried.minute in fits["minute"] and tried.hour in fits["hour"] and tried.month in fits["month"]:
            assert moment == tried
            return
        tried += timedelta(minutes=1)
    assert moment is None or moment >= tried


@given(day=st.integers(1, 31), year=st.integers(1970, 2199), month=st.integers(1, 12))
def test_the_nearest_weekday_is_the_nearest_in_its_month(day: int, year: int, month: int) -> None:
    expression = parse_schedule(f"cron(0 0 {day}W {month} ? {year})")
    moment = expression.next_after(datetime(1960, 1, 1, tzinfo=UTC))
    length = monthrange(year, month)[1]
    if day > length:
        assert moment is None
        return
    working = [d for d in range(1, length + 1) if datetime(year, month, d).isoweekday() < 6]
    assert moment is not None
    assert abs(moment.day - day) == min(abs(d - day) for d in working)
    assert moment.month == month


@given(st.text(max_size=30) | st.builds("cron({})".format, st.text("0123456789*?/,-LW# MONabc", max_size=30)))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        expression = parse_schedule(text)
    except ScheduleError:
        return
    moment = expression.next_after(START)
    assert moment is None or moment > START
