"""Tasks that may wait forever."""

from __future__ import annotations

from collections.abc import Iterator

from compiler.checks.base import Check, FileView, Finding
from compiler.checks.lambda_timeout import calls_lambda
from compiler.diagnostic import Severity
from compiler.model import DEFAULT_TIMEOUT
from compiler.placeholders import PLACEHOLDER

_LIMITS = ("TimeoutSeconds", "TimeoutSecondsPath", "HeartbeatSeconds", "HeartbeatSecondsPath")


def _file(view: FileView) -> Iterator[Finding]:
    limited = {name for entry in view.flow.functions if entry.timeout for name in (entry.name, entry.name + "Arn")}
    for step in view.steps:
        state = step.state
        if state.get("Type") != "Task" or any(limit in state for limit in _LIMITS):
            continue
        resource = str(state.get("Resource", ""))
        if ".sync" in resource and ":states:startExecution" not in resource:
            message = "The task has no TimeoutSeconds, so that it may wait for up to a year."
            yield Finding(step.pointer, message, "add TimeoutSeconds", at_key=True)
        elif not view.short_form and calls_lambda(state) and not limited.intersection(_functions(state)):
            message = f"Neither the task nor its function has a timeout; the default is {DEFAULT_TIMEOUT} s."
            yield Finding(step.pointer, message, "add one", True, severity=Severity.ADVICE)


def _functions(state: dict[str, object]) -> set[str]:
    arguments = state.get("Arguments", state.get("Parameters"))
    name = arguments.get("FunctionName", "") if isinstance(arguments, dict) else ""
    return {match[1] for match in PLACEHOLDER.finditer(f"{state.get('Resource')} {name}")}


_JOB = (
    "definition:\n  StartAt: Build\n  States:\n    Build:{mark}\n      Type: Task\n"
    "      Resource: arn:aws:states:::codebuild:startBuild.sync\n{timeout}"
    "      Parameters: {ProjectName: site}\n      End: true\n"
)

CHECK = Check(
    id="missing-timeout",
    severity=Severity.WARNING,
    summary="A task may wait for a year",
    description=(
        "Without TimeoutSeconds, a job that never ends keeps the run open for a year. For a Lambda task without a "
        "timeout this is advice, since the default applies. Flows that a flow starts have their own timeouts."
    ),
    source="https://docs.aws.amazon.com/step-functions/latest/dg/sfn-best-practices.html",
    wrong="name: build\n" + _JOB.replace("{mark}", "  # <-").replace("{timeout}", ""),
    right="name: build\n" + _JOB.replace("{mark}", "").replace("{timeout}", "      TimeoutSeconds: 3600\n"),
    file=_file,
)
