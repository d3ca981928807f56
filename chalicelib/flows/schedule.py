"""Schedule expressions as EventBridge reads them: `cron(...)`, `rate(...)` and `at(...)`.

Sources: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html and, for time zones,
https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html: a schedule does not fire at a wall-clock
time that daylight saving time skips, and fires once, the first time, at one that it repeats.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_UNITS = {"minute": 60, "hour": 3600, "day": 86_400}
_FORMS = "use cron(0 12 * * ? *), rate(5 minutes) or at(2030-01-31T12:00:00)"


class ScheduleError(ValueError):
    """Why an expression is invalid. `field` is the part of a cron expression; `offset` is where the mistake starts."""

    def __init__(self, message: str, field: str = "", offset: int = 0) -> None:
        super().__init__(message)
        self.field = field
        self.offset = offset


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    low: int
    high: int
    names: tuple[str, ...] = ()
    question_mark: bool = False


_FIELDS = (
    _Field("minutes", 0, 59),
    _Field("hours", 0, 23),
    _Field("day-of-month", 1, 31, question_mark=True),
    _Field("month", 1, 12, _MONTHS),
    _Field("day-of-week", 1, 7, _WEEKDAYS, question_mark=True),
    _Field("year", 1970, 2199),
)
_DAY_OF_MONTH, _DAY_OF_WEEK = _FIELDS[2], _FIELDS[4]
_DayRule = Callable[[int, int], set[int]]  # (year, month) -> the days that match


@dataclass(frozen=True, slots=True)
class ScheduleExpression:
    """A parsed expression. `next_after` returns when it fires next."""

    text: str
    timezone: str
    _next: Callable[[datetime], datetime | None]

    def next_after(self, after: datetime) -> datetime | None:
        """Return the first firing time (in UTC) later than `after`, or None. A rate counts from `after`.

        Raises:
            ValueError: `after` has no time zone.
        """
        if after.tzinfo is None:
            raise ValueError(f"{after} has no time zone; use an aware datetime")
        return self._next(after.astimezone(UTC))

    def upcoming(self, after: datetime, count: int = 5) -> list[datetime]:
        """Return the next `count` firing times later than `after`; fewer if the schedule ends before.

        Raises:
            ValueError: `after` has no time zone.
        """
        times: list[datetime] = []
        moment = self.next_after(after)
        while moment is not None and len(times) < count:
            times.append(moment)
            moment = self.next_after(moment)
        return times


def parse_schedule(text: str, timezone: str = "UTC") -> ScheduleExpression:
    """Parse a schedule expression.

    Args:
        text: `cron(...)`, `rate(...)` or `at(...)`.
        timezone: An IANA name; applies to cron and at.

    Raises:
        ScheduleError: The expression or the time zone is invalid. The message names the field.
    """
    match = re.fullmatch(r"\s*(cron|rate|at)\((.*)\)\s*", text, re.DOTALL)
    if match is None:
        raise ScheduleError(f"Invalid schedule expression {text!r}; {_FORMS}.")
    body, offset = match[2], match.start(2)
    zone = _zone(timezone)
    if match[1] == "rate":
        interval = _parse_rate(body, offset)
        return ScheduleExpression(text.strip(), timezone, lambda after: after + interval)
    if match[1] == "at":
        moment = _parse_at(body, offset, zone)
        return ScheduleExpression(text.strip(), timezone, lambda after: moment if moment > after else None)
    return ScheduleExpression(text.strip(), timezone, _Cron(body, offset, zone).next_after)


def _zone(timezone: str) -> tzinfo:
    if timezone == "UTC":
        return UTC
    try:
        return ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ScheduleError(
            f"Unknown IANA time zone {timezone!r}; use a name such as Europe/Berlin.", "timezone"
        ) from None


def _parse_rate(body: str, offset: int) -> timedelta:
    match = re.fullmatch(r"(\d+) (minute|hour|day)(s?)", body)
    if match is None or len(match[1]) > 9:
        raise ScheduleError(
            f"Invalid rate({body}); use rate(VALUE minutes|hours|days), where VALUE is an integer.", "rate", offset
        )
    value = int(match[1])
    if value == 0:
        raise ScheduleError("The value of a rate must be at least 1.", "rate", offset)
    if (value == 1) == bool(match[3]):
        right = match[2] + ("s" if value != 1 else "")
        raise ScheduleError(f"rate({body}) must be rate({value} {right}).", "rate", offset + match.start(2))
    return timedelta(seconds=value * _UNITS[match[2]])


def _parse_at(body: str, offset: int, zone: tzinfo) -> datetime:
    if re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", body):
        try:
            return datetime.fromisoformat(body).replace(tzinfo=zone).astimezone(UTC)
        except (ValueError, OverflowError):
            pass
    raise ScheduleError(f"Invalid at({body}); use a time such as at(2030-01-31T12:00:00).", "at", offset)


class _Cron:
    def __init__(self, body: str, offset: int, zone: tzinfo) -> None:
        parts = [(match[0], offset + match.start()) for match in re.finditer(r"\S+", body)]
        if len(parts) != len(_FIELDS):
            names = ", ".join(field.name for field in _FIELDS)
            raise ScheduleError(f"cron needs six fields ({names}); got {len(parts)}.", "cron", offset)
        for (part, at), field in zip(parts, _FIELDS, strict=True):
            if part == "?" and not field.question_mark:
                raise ScheduleError(
                    f"{field.name}: `?` is allowed only in day-of-month or day-of-week.", field.name, at
                )
        (days, days_at), (weekdays, weekdays_at) = parts[2], parts[4]
        if "?" not in (days, weekdays):
            message = "day-of-month and day-of-week can't both have a value; use `?` in one of them."
            raise ScheduleError(f"day-of-week: {message}", "day-of-week", weekdays_at)
        if days == weekdays:
            raise ScheduleError("day-of-month and day-of-week can't both be `?`.", "day-of-month", days_at)
        self.zone = zone
        self.minutes, self.hours, self.months, self.years = (
            sorted(_values(*parts[index], _FIELDS[index])) for index in (0, 1, 3, 5)
        )
        self.days = _days_of_month(days, days_at) if weekdays == "?" else _days_of_week(weekdays, weekdays_at)

    def next_after(self, after: datetime) -> datetime | None:
        wall = after.astimezone(self.zone).replace(tzinfo=None, second=0, microsecond=0, fold=0)
        while (found := self._next_wall(wall)) is not None:
            moment = found.replace(tzinfo=self.zone).astimezone(UTC)
            exists = moment.astimezone(self.zone).replace(tzinfo=None) == found
            if exists and moment > after:
                return moment
            wall = found
        return None

    def _next_wall(self, wall: datetime) -> datetime | None:
        """Return the first matching wall-clock minute later than `wall`, or None."""
        start = wall + timedelta(minutes=1)
        for year in self.years:
            if year < start.year:
                continue
            for month in self.months:
                if (year, month) < (start.year, start.month):
                    continue
                for day in sorted(self.days(year, month)):
                    if (year, month, day) < (start.year, start.month, start.day):
                        continue
                    same_day = (year, month, day) == (start.year, start.month, start.day)
                    time = self._first_time(start.hour, start.minute) if same_day else (self.hours[0], self.minutes[0])
                    if time is not None:
                        return datetime(year, month, day, *time)
        return None

    def _first_time(self, hour: int, minute: int) -> tuple[int, int] | None:
        for candidate in self.hours:
            if candidate > hour:
                return candidate, self.minutes[0]
            if candidate == hour:
                for candidate_minute in self.minutes:
                    if candidate_minute >= minute:
                        return candidate, candidate_minute
        return None


def _number(text: str, field: _Field, at: int) -> int:
    if text.upper() in field.names:
        return field.names.index(text.upper()) + 1
    if not text.isascii() or not text.isdigit():
        names = f" or {field.names[0]}-{field.names[-1]}" if field.names else ""
        message = f"{field.name}: expected a number from {field.low} to {field.high}{names}; got {text!r}."
        raise ScheduleError(message, field.name, at)
    value = int(text[:9])
    if not field.low <= value <= field.high:
        raise ScheduleError(
            f"{field.name}: expected a number from {field.low} to {field.high}; got {text}.", field.name, at
        )
    return value


def _values(text: str, at: int, field: _Field) -> set[int]:
    """Return the values of a list of numbers, ranges and steps."""
    values: set[int] = set()
    for part in text.split(","):
        values |= _part(part, at, field)
        at += len(part) + 1
    return values


def _part(part: str, at: int, field: _Field) -> set[int]:
    base, slash, step_text = part.partition("/")
    step = 1
    if slash:
        step = int(step_text[:9]) if step_text.isascii() and step_text.isdigit() else 0
        if not 1 <= step <= field.high:
            message = f"{field.name}: a step must be a number from 1 to {field.high}; got {step_text!r}."
            raise ScheduleError(message, field.name, at + len(base) + 1)
    if base in ("*", ""):
        if not base and not slash:
            raise ScheduleError(f"{field.name}: missing value.", field.name, at)
        return set(range(field.low, field.high + 1, step))
    low_text, dash, high_text = base.partition("-")
    low = _number(low_text, field, at)
    if not dash:
        return set(range(low, field.high + 1, step)) if slash else {low}
    high = _number(high_text, field, at + len(low_text) + 1)
    if high >= low:
        return set(range(low, high + 1, step))
    if field.name == "year":
        raise ScheduleError(f"year: the range {base} ends before it starts.", "year", at)
    span = field.high - field.low + 1  # FRI-MON wraps around the end
    return {field.low + (value - field.low) % span for value in range(low, high + span + 1, step)}


def _days_of_month(text: str, at: int) -> _DayRule:
    rules: list[_DayRule] = []
    for part in text.split(","):
        if part == "L":
            rules.append(lambda year, month: {_length(year, month)})
        elif part == "LW":
            rules.append(lambda year, month: _nearest_weekday(year, month, _length(year, month)))
        elif len(part) > 1 and part.endswith("W"):
            day = _number(part[:-1], _DAY_OF_MONTH, at)
            rules.append(lambda year, month, day=day: _nearest_weekday(year, month, day))  # type: ignore[misc]
        else:
            days = _part(part, at, _DAY_OF_MONTH)
            rules.append(lambda year, month, days=days: {d for d in days if d <= _length(year, month)})  # type: ignore[misc]
        at += len(part) + 1
    return _union(rules)


def _days_of_week(text: str, at: int) -> _DayRule:
    rules: list[_DayRule] = []
    parts = text.split(",")
    for part in parts:
        if "#" in part:
            if len(parts) > 1:
                raise ScheduleError("day-of-week: `#` can't be part of a list.", "day-of-week", at)
            weekday_text, _, nth_text = part.partition("#")
            weekday = _number(weekday_text, _DAY_OF_WEEK, at)
            if nth_text not in ("1", "2", "3", "4", "5"):
                message = f"day-of-week: `#` must be followed by the week of the month (1-5); got {nth_text!r}."
                raise ScheduleError(message, "day-of-week", at + len(weekday_text) + 1)
            nth = int(nth_text)
            rules.append(lambda y, m, w=weekday, n=nth: set(_weekdays(y, m, {w})[n - 1 : n]))  # type: ignore[misc]
        elif part == "L":
            rules.append(lambda year, month: set(_weekdays(year, month, {7})))  # the week ends on Saturday
        elif len(part) > 1 and part.endswith("L"):
            weekday = _number(part[:-1], _DAY_OF_WEEK, at)
            rules.append(lambda year, month, w=weekday: set(_weekdays(year, month, {w})[-1:]))  # type: ignore[misc]
        else:
            weekdays = _part(part, at, _DAY_OF_WEEK)
            rules.append(lambda year, month, w=weekdays: set(_weekdays(year, month, w)))  # type: ignore[misc]
        at += len(part) + 1
    return _union(rules)


def _union(rules: list[_DayRule]) -> _DayRule:
    if len(rules) == 1:
        return rules[0]
    return lambda year, month: {day for rule in rules for day in rule(year, month)}


def _length(year: int, month: int) -> int:
    return monthrange(year, month)[1]


def _weekday(year: int, month: int, day: int) -> int:
    """Return the day of the week: 1 is Sunday, 7 is Saturday."""
    return (monthrange(year, month)[0] + day) % 7 + 1


def _weekdays(year: int, month: int, weekdays: set[int]) -> list[int]:
    return [day for day in range(1, _length(year, month) + 1) if _weekday(year, month, day) in weekdays]


def _nearest_weekday(year: int, month: int, day: int) -> set[int]:
    """Return the weekday (Monday to Friday) nearest to `day` in the same month; empty if the month is shorter."""
    length = _length(year, month)
    if day > length:
        return set()
    weekday = _weekday(year, month, day)
    if weekday == 7:
        return {day - 1 if day > 1 else day + 2}
    if weekday == 1:
        return {day + 1 if day < length else day - 2}
    return {day}
