"""Schedules that EventBridge rejects."""

from __future__ import annotations

from collections.abc import Iterator

from chalicelib.flows.schedule import ScheduleError, parse_schedule
from compiler.checks.base import Check, FileView, Finding, flow
from compiler.diagnostic import Severity


def _file(view: FileView) -> Iterator[Finding]:
    schedule = view.flow.schedule
    if schedule is None:
        return
    try:
        parse_schedule(schedule.expression)
    except ScheduleError as error:
        yield Finding("/schedule/expression", str(error), offset=error.offset)
    try:
        parse_schedule("rate(1 hour)", schedule.timezone)
    except ScheduleError as error:
        yield Finding("/schedule/timezone", str(error))


CHECK = Check(
    id="schedule-expression",
    severity=Severity.ERROR,
    summary="A schedule expression or its time zone is invalid",
    description=(
        "Use `cron(minutes hours day-of-month month day-of-week year)`, `rate(VALUE UNIT)` or `at(TIME)`, as in "
        "EventBridge. `show FLOW` lists when a schedule fires next."
    ),
    source="https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html",
    wrong=flow("schedule: cron(0 12 * * * *)  # <-\n"),
    right=flow("schedule: cron(0 12 * * ? *)\n"),
    file=_file,
)
