"""Schedules that never fire."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from chalicelib.flows.schedule import ScheduleError, parse_schedule
from compiler.checks.base import Check, FileView, Finding, flow
from compiler.diagnostic import Severity


def _file(view: FileView) -> Iterator[Finding]:
    schedule = view.flow.schedule
    if schedule is None:
        return
    try:
        expression = parse_schedule(schedule.expression, schedule.timezone)
    except ScheduleError:
        return
    # A fixed date, so that the answer depends only on the file: a schedule that has ended may still be right.
    if expression.next_after(datetime(2020, 1, 1, tzinfo=UTC)) is None:
        yield Finding("/schedule/expression", f"{schedule.expression} never fires.", "check its day, month and year")


CHECK = Check(
    id="schedule-never",
    severity=Severity.WARNING,
    summary="A schedule never fires",
    description="The expression is well formed, but matches no day.",
    source="https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html",
    wrong=flow("schedule: cron(0 12 31 2 ? *)  # <-\n"),
    right=flow("schedule: cron(0 12 L 2 ? *)\n"),
    file=_file,
)
