"""Fires EventBridge's scheduled rules and EventBridge Scheduler's schedules when their expressions say.

The schedules are in moto's back ends. `Schedules.refresh` compares them with what is planned; one thread sleeps until
the earliest is due.

What came due while nothing ran (the machine slept, or the cloud was off) fires once, as soon as it can, unless it is
older than the target's retry policy allows: EventBridge tries for a day to deliver what it could not.
"""

from __future__ import annotations

import heapq
import itertools
import threading
import time
import traceback
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from chalicelib.flows.schedule import ScheduleError, ScheduleExpression, parse_schedule
from localcloud.state.marks import Marks
from localcloud.targets import Changing, UnknownTarget, log_failed_delivery, text_of

MAX_EVENT_AGE = 86400  # seconds, where a retry policy does not say
MAX_SLEEP_SECONDS = 30.0
"""The wall clock may be set meanwhile, or the machine be asleep."""

LEAST_JUMP_SECONDS = 60.0
"""By how much the clock must be set back for rates to be moved with it."""

Deliver = Callable[[str, str], None]  # target's ARN, payload


@dataclass(frozen=True, slots=True)
class Firing:
    """One target of a schedule: its ARN, and the input of the moment."""

    arn: str
    input_at: Callable[[datetime], str]


@dataclass(frozen=True, slots=True)
class ScheduleEntry:
    """A schedule as its service describes it. `version` changes whenever its timing or targets do."""

    key: str
    version: Any = field(repr=False)
    expression: str
    timezone: str
    targets: tuple[Firing, ...]
    not_before: datetime | None = None
    not_after: datetime | None = None
    delete: Callable[[], None] | None = None
    max_age: timedelta = timedelta(seconds=MAX_EVENT_AGE)

    @property
    def version_text(self) -> str:
        """The version as it is kept."""
        return repr(self.version)


@dataclass(frozen=True, slots=True)
class Unusable:
    """A schedule that can't fire, and why."""

    key: str
    reason: str


@dataclass(slots=True, eq=False)
class _Planned:
    entry: ScheduleEntry
    expression: ScheduleExpression
    due: datetime


class ScheduleChanges:
    """Says that schedules may have changed, from whoever changes them to whoever fires them."""

    def __init__(self) -> None:
        self.condition = threading.Condition(threading.RLock())
        self._pending = False

    def notify(self) -> None:
        """Let the schedules be read again before the next one fires."""
        with self.condition:
            self._pending = True
            self.condition.notify()

    @property
    def pending(self) -> bool:
        return self._pending

    def take(self) -> bool:
        """Return whether there was a change since the last call."""
        with self.condition:
            pending, self._pending = self._pending, False
            return pending


class Schedules:
    """Plans the enabled schedules and fires them.

    Marks keep until when each one has fired. A mark is set after the delivery: a schedule that a crash interrupts at
    that moment fires twice, as EventBridge says that it may.
    """

    def __init__(  # noqa: PLR0913  (what it plans, where it delivers, and its clocks)
        self,
        entries: Callable[[], Iterable[ScheduleEntry | Unusable]],
        deliver: Deliver,
        changes: ScheduleChanges,
        marks: Marks,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare; `start` begins to fire.

        Args:
            entries: Lists the enabled schedules of the moment.
            deliver: Called with a target's ARN and its input.
            changes: Says when `entries` has to be asked again.
            marks: Keep until when each schedule has fired.
            now: The clock.
            steady: The clock that nobody can set, in seconds.
        """
        self._entries = entries
        self._deliver = deliver
        self._now = now
        self._marks = marks
        self._steady = steady
        self._seen = now(), steady()
        self._planned: dict[str, _Planned] = {}
        self._rejected: dict[str, Any] = {}
        self._heap: list[tuple[datetime, int, _Planned]] = []
        self._sequence = itertools.count()
        self._changes = changes
        self._condition = changes.condition
        self._closing = False
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to fire."""
        self.refresh()
        self._thread = threading.Thread(target=self._run, name="schedules", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Fire no more."""
        with self._condition:
            self._closing = True
            self._condition.notify()
        if self._thread is not None:
            self._thread.join(5)

    def refresh(self) -> None:
        """Plan what has been added or changed, forget what has been removed or disabled."""
        with self._condition:
            current: dict[str, ScheduleEntry] = {}
            for entry in self._entries():
                if isinstance(entry, Unusable):
                    self._reject(entry.key, entry.reason, entry.reason)
                else:
                    current[entry.key] = entry
            for key in [key for key, planned in self._planned.items() if key not in current]:
                del self._planned[key]
            new: dict[str, tuple[str, datetime]] = {}
            for key, entry in current.items():
                planned = self._planned.get(key)
                if planned is None or planned.entry.version != entry.version:
                    try:
                        self._plan(entry, new)
                    except Exception as error:  # a date beyond the calendar; other schedules must fire
                        self._reject(key, entry.version, _described(error))
            self._marks.keep_only(current)
            self._marks.put(new)
            self._condition.notify()

    def upcoming(self) -> dict[str, datetime]:
        """Return when each planned schedule fires next."""
        self._refresh_if_changed()
        with self._condition:
            return {key: planned.due for key, planned in self._planned.items()}

    def fire_due(self) -> float:
        """Fire what is due; the seconds until the next is."""
        self._refresh_if_changed()
        self._follow_clock()
        now = self._now()
        firing: list[_Planned] = []
        with self._condition:
            while self._heap and self._heap[0][0] <= now:
                due, _, planned = heapq.heappop(self._heap)
                if self._planned.get(planned.entry.key) is planned and planned.due == due:
                    firing.append(_Planned(planned.entry, planned.expression, due))
                    self._plan_next(planned, max(due, now))
        for planned in firing:
            self._fire(planned)
        self._marks.put({planned.entry.key: (planned.entry.version_text, planned.due) for planned in firing})
        with self._condition:
            if not self._heap:
                return MAX_SLEEP_SECONDS
            return min(MAX_SLEEP_SECONDS, max(0.0, (self._heap[0][0] - self._now()).total_seconds()))

    def _follow_clock(self) -> None:
        """Move rates if the clock was set back: they count intervals, and would pause for as long.

        Dates and cron expressions name times, each of which fires once. Set forward, the clock makes due what it
        passed over, once for each schedule.
        """
        before, steady_before = self._seen
        self._seen = now, steady = self._now(), self._steady()
        back = before + timedelta(seconds=steady - steady_before) - now
        if back.total_seconds() < LEAST_JUMP_SECONDS:
            return
        with self._condition:
            self._heap.clear()
            for planned in self._planned.values():
                if planned.entry.expression.strip().startswith("rate"):
                    planned.due -= back
                heapq.heappush(self._heap, (planned.due, next(self._sequence), planned))

    def _refresh_if_changed(self) -> None:
        if self._changes.take():
            self.refresh()

    def _plan(self, entry: ScheduleEntry, new_marks: dict[str, tuple[str, datetime]]) -> None:
        self._planned.pop(entry.key, None)
        try:
            expression = parse_schedule(entry.expression, entry.timezone)
        except ScheduleError as error:
            self._reject(entry.key, entry.version, error)
            return
        now = self._now()
        mark = self._marks.get(entry.key, entry.version_text)
        planned = _Planned(entry, expression, mark or now)
        self._planned[entry.key] = planned
        if mark is None:
            new_marks[entry.key] = entry.version_text, now
        elif (missed := _last_missed(entry, expression, mark, now)) is not None:
            planned.due = missed
            heapq.heappush(self._heap, (missed, next(self._sequence), planned))
            return
        self._plan_next(planned, now)

    def _reject(self, key: str, version: Any, reason: Any) -> None:
        """Say once why a schedule does not fire."""
        if self._rejected.get(key) != version:
            self._rejected[key] = version
            log_failed_delivery(key, reason)

    def _plan_next(self, planned: _Planned, after: datetime) -> None:
        entry = planned.entry
        # A rate counts from its beginning: from one firing to the next, however late the first was delivered.
        base = planned.due if _is_rate(entry) else after
        due = planned.expression.next_after(max(base, entry.not_before or base))
        while due is not None and due <= after:
            due = planned.expression.next_after(due)
        if due is None or (entry.not_after is not None and due > entry.not_after):
            del self._planned[entry.key]
            if entry.delete is not None:
                entry.delete()
            return
        planned.due = due
        heapq.heappush(self._heap, (due, next(self._sequence), planned))

    def _fire(self, planned: _Planned) -> None:
        for target in planned.entry.targets:
            try:
                self._deliver(target.arn, target.input_at(planned.due))
            except UnknownTarget as error:
                log_failed_delivery(planned.entry.key, error)
            except Exception as error:  # whatever a target or its input is: other schedules must fire
                log_failed_delivery(planned.entry.key, _described(error))

    def _run(self) -> None:
        while True:
            try:
                seconds = self.fire_due()
            except Exception:  # without this thread, no schedule would fire any more
                traceback.print_exc()
                seconds = 1.0
            with self._condition:
                if self._closing:
                    return
                if not self._changes.pending:
                    self._condition.wait(seconds)


def _described(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


def _is_rate(entry: ScheduleEntry) -> bool:
    return entry.expression.strip().startswith("rate")


def _last_missed(
    entry: ScheduleEntry, expression: ScheduleExpression, mark: datetime, now: datetime
) -> datetime | None:
    """When the schedule last came due since its mark, if that is not too long ago."""
    oldest = now - entry.max_age
    start = mark if _is_rate(entry) else max(mark, oldest)
    due = expression.next_after(max(start, entry.not_before or start))
    missed = None
    while due is not None and due <= now and (entry.not_after is None or due <= entry.not_after):
        if due >= oldest:
            missed = due
        due = expression.next_after(due)
    return missed


def moto_entries(account: str, region: str, changing: Changing) -> Iterator[ScheduleEntry | Unusable]:
    """The enabled schedules in moto's back ends: of EventBridge Scheduler, and EventBridge's rules with a schedule.

    Moto takes any JSON for a target, a retry policy or a date.

    Args:
        account: The account of the back ends.
        region: Their region.
        changing: Surrounds the deletion of a schedule that has ended.
    """
    from moto.events.models import events_backends
    from moto.scheduler.models import scheduler_backends

    for group in list(scheduler_backends[account][region].schedule_groups.values()):
        for schedule in list(group.schedules.values()):
            if schedule.state == "ENABLED":
                try:
                    yield _scheduler_entry(group, schedule, changing)
                except Exception as error:
                    yield Unusable(f"schedule {group.name}/{schedule.name}", _described(error))
    for rule in list(events_backends[account][region].describe_event_bus("default").rules.values()):
        if rule.scheduled_expression and rule.state == "ENABLED":
            try:
                yield _rule_entry(rule, account, region)
            except Exception as error:
                yield Unusable(f"rule {rule.name}", _described(error))


def _scheduler_entry(group: Any, schedule: Any, changing: Changing) -> ScheduleEntry:
    from moto.scheduler.models import scheduler_backends

    target = schedule.target
    text = target.get("Input") or "{}"

    def input_at(due: datetime) -> str:
        # https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html
        attributes = {
            "schedule-arn": schedule.arn,
            "scheduled-time": _iso(due),
            "execution-id": uuid.uuid4().hex,
            "attempt-number": "1",
        }
        filled = text
        for name, value in attributes.items():
            filled = filled.replace(f"<aws.scheduler.{name}>", value)
        return filled

    def delete() -> None:
        with changing():
            _, _, _, region, account, _ = schedule.arn.split(":", 5)
            _ = scheduler_backends[account][region]  # what is touched is kept
            group.schedules.pop(schedule.name, None)

    return ScheduleEntry(
        key=f"schedule {group.name}/{schedule.name}",
        version=(
            schedule.schedule_expression,
            schedule.schedule_expression_timezone,
            target["Arn"],
            text,
            schedule.start_date,
            schedule.end_date,
        ),
        expression=schedule.schedule_expression,
        timezone=schedule.schedule_expression_timezone,
        targets=(Firing(target["Arn"], input_at),),
        not_before=_moment(schedule.start_date),
        not_after=_moment(schedule.end_date),
        delete=delete if schedule.action_after_completion == "DELETE" else None,
        max_age=timedelta(seconds=int(target["RetryPolicy"].get("MaximumEventAgeInSeconds", MAX_EVENT_AGE))),
    )


def _rule_entry(rule: Any, account: str, region: str) -> ScheduleEntry:
    def event_at(due: datetime) -> dict[str, Any]:
        return {
            "version": "0",
            "id": str(uuid.uuid4()),
            "detail-type": "Scheduled Event",
            "source": "aws.events",
            "account": account,
            "time": _iso(due),
            "region": region,
            "resources": [rule.arn],
            "detail": {},
        }

    def firing(target: dict[str, Any]) -> Firing:
        from localcloud.events import target_input

        return Firing(target["Arn"], lambda due: target_input(target, event_at(due)))

    return ScheduleEntry(
        key=f"rule {rule.name}",
        version=(rule.scheduled_expression, text_of(rule.targets)),
        expression=rule.scheduled_expression,
        timezone="UTC",
        targets=tuple(firing(dict(target)) for target in rule.targets),
    )


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _moment(value: Any) -> datetime | None:
    """A date as EventBridge Scheduler's API carries it: seconds since 1970, or ISO 8601."""
    if value in (None, ""):
        return None
    if isinstance(value, str) and not value.replace(".", "").isdigit():
        moment = datetime.fromisoformat(value)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return datetime.fromtimestamp(float(value), UTC)
