"""EXPRESS flows that last too long."""

from __future__ import annotations

from collections.abc import Iterator

from chalicelib.flows.checks.base import Check, FileView, Finding
from chalicelib.flows.diagnostic import Severity

LIMIT = 300  # seconds


def _file(view: FileView) -> Iterator[Finding]:
    if view.flow.type != "EXPRESS":
        return
    for step in view.steps:
        seconds = step.state.get("Seconds")
        if step.state.get("Type") == "Wait" and isinstance(seconds, int) and seconds > LIMIT:
            message = f"The state waits for {seconds} s; an EXPRESS flow ends after {LIMIT} s."
            yield Finding(step.pointer + "/Seconds", message, "make the flow STANDARD")
        timeout = step.state.get("TimeoutSeconds")
        if isinstance(timeout, int) and timeout > LIMIT:
            message = f"TimeoutSeconds is {timeout} s; an EXPRESS flow ends after {LIMIT} s."
            yield Finding(step.pointer + "/TimeoutSeconds", message, severity=Severity.WARNING)
    timeout = (view.flow.definition or {}).get("TimeoutSeconds")
    if isinstance(timeout, int) and timeout > LIMIT:
        message = f"TimeoutSeconds is {timeout} s; an EXPRESS flow ends after {LIMIT} s."
        yield Finding("/definition/TimeoutSeconds", message, severity=Severity.WARNING)


_WAIT = (
    "definition:\n  StartAt: Wait\n  States:\n    Wait:\n      Type: Wait\n      Seconds: 600{mark}\n      End: true\n"
)

CHECK = Check(
    id="express-duration",
    severity=Severity.ERROR,
    summary="An EXPRESS flow lasts longer than five minutes",
    description=("AWS ends every EXPRESS run after five minutes: a state that waits longer never ends well."),
    source="https://docs.aws.amazon.com/step-functions/latest/dg/choosing-workflow-type.html",
    wrong="name: nap\ntype: EXPRESS\n" + _WAIT.replace("{mark}", "  # <-"),
    right="name: nap\ntype: STANDARD\n" + _WAIT.replace("{mark}", ""),
    file=_file,
    silenceable=False,
)
