"""Flows that request different settings for a function."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from compiler.checks.base import Check, Finding, ProjectView, flow
from compiler.diagnostic import Severity

if TYPE_CHECKING:
    from compiler.linked import Linked


def _project(linked: Linked, view: ProjectView) -> Iterator[Finding]:
    for index, entry in enumerate(linked.flow.functions):
        function = linked.aliases.get(entry.name)
        asked = view.settings.get(function, {}) if function else {}
        for setting, unit in (("timeout", "s"), ("memory", "MB")):
            own = getattr(entry, setting)
            largest, where = asked.get(setting, (own, ""))
            if own is not None and own < largest:
                message = f"{function} gets a {setting} of {largest} {unit}, as requested in {where}, not {own} {unit}."
                yield Finding(f"/functions/{index}/{setting}", message, "request the same value in both")


CHECK = Check(
    id="function-settings",
    severity=Severity.WARNING,
    summary="Two flows request different settings for the same function",
    description=(
        "A function is one Lambda function, whichever flows call it. It gets the largest timeout and memory "
        "that any flow requests."
    ),
    source="docs/flows.md",
    wrong=flow("functions:\n  - name: Hello\n    handler: hello_world\n    timeout: 30  # <-\n"),
    right=flow(),
    project=_project,
    others={
        "slow.yml": "name: slow\nfunctions:\n  - {name: Hi, handler: hello_world, timeout: 90}\n"
        "definition:\n  StartAt: Hi\n  States:\n    Hi: {Type: Task, Resource: '${HiArn}', End: true}\n"
    },
)
