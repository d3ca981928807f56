"""`show FLOW`: the result of compiling a flow."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from chalicelib.flows.schedule import parse_schedule
from chalicelib.names import Names
from compiler.cli.terminal import Style
from compiler.compiled import CompiledFlow
from compiler.model import Schedule


def show_json(flow: CompiledFlow, names: Names) -> str:
    """Return everything about the flow as JSON."""
    value: dict[str, Any] = {
        "name": flow.name,
        "description": flow.description,
        "type": flow.type,
        "path": flow.path.as_posix(),
        "definition": json.loads(flow.render(names)),
        "functions": [
            {"alias": use.alias, "function": use.function, "timeout": use.timeout, "memory": use.memory}
            for use in flow.functions
        ],
        "references": list(flow.references),
        "schedule": _schedule_json(flow.schedule) if flow.schedule else None,
        "policy": flow.policy(names),
    }
    return json.dumps(value, indent=2, ensure_ascii=False)


def show_text(flow: CompiledFlow, names: Names, style: Style) -> Iterator[str]:
    """Yield everything about the flow as lines for a reader."""
    yield f"{style.bold(flow.name)}  {flow.type}  {style.faint(flow.path.as_posix())}"
    if flow.description:
        yield flow.description
    if flow.access_groups:
        yield f"Only for: {', '.join(flow.access_groups)}"
    yield ""
    yield style.bold("Functions") + ("" if flow.functions else ": none")
    for use in flow.functions:
        alias = "" if use.alias == use.function else f" as {use.alias}"
        yield f"  {use.function}{alias}  {use.timeout} s  {use.memory} MB"
    if flow.references:
        yield style.bold("Starts") + f": {', '.join(flow.references)}"
    if flow.schedule is not None:
        yield from _schedule(flow.schedule, style)
    yield style.bold("Permissions") + ("" if flow.permissions else ": none needed")
    for statement in flow.permissions:
        rendered = statement.render(flow.targets, names)
        yield f"  {statement.effect} {', '.join(rendered['Action'])}"
        for resource in rendered["Resource"]:
            yield f"    {resource}"
        if statement.condition is not None:
            yield f"    when {json.dumps(rendered['Condition'])}"
        if statement.note:
            yield style.faint(f"    note: {statement.note}")
    yield style.bold("Definition")
    yield json.dumps(json.loads(flow.render(names)), indent=2, ensure_ascii=False)


def _schedule(schedule: Schedule, style: Style) -> Iterator[str]:
    state = "" if schedule.enabled else ", disabled"
    yield style.bold("Schedule") + f": {schedule.expression} ({schedule.timezone}{state})"
    zone = UTC if schedule.timezone == "UTC" else ZoneInfo(schedule.timezone)
    for moment in parse_schedule(schedule.expression, schedule.timezone).upcoming(datetime.now(UTC)):
        yield f"  next {moment.astimezone(zone).isoformat(sep=' ', timespec='minutes')}"


def _schedule_json(schedule: Schedule) -> dict[str, Any]:
    upcoming = parse_schedule(schedule.expression, schedule.timezone).upcoming(datetime.now(UTC))
    return {
        "expression": schedule.expression,
        "timezone": schedule.timezone,
        "enabled": schedule.enabled,
        "next": [moment.isoformat() for moment in upcoming],
    }
