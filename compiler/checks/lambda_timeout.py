"""Timeouts longer than Lambda's."""

from __future__ import annotations

from collections.abc import Iterator

from compiler.checks.base import Check, FileView, Finding, flow
from compiler.diagnostic import Severity
from compiler.model import MAX_LAMBDA_TIMEOUT


def _file(view: FileView) -> Iterator[Finding]:
    for index, entry in enumerate(view.flow.functions):
        if entry.timeout is not None and entry.timeout > MAX_LAMBDA_TIMEOUT:
            message = f"timeout is {entry.timeout} s, but Lambda stops every call after {MAX_LAMBDA_TIMEOUT} s."
            yield Finding(f"/functions/{index}/timeout", message, "split the work into several steps")
    for step in view.steps:
        seconds = step.state.get("TimeoutSeconds")
        callback = str(step.state.get("Resource", "")).endswith(".waitForTaskToken")
        if step.state.get("Type") != "Task" or not isinstance(seconds, int) or seconds <= MAX_LAMBDA_TIMEOUT:
            continue
        if calls_lambda(step.state) and not callback:
            message = f"TimeoutSeconds is {seconds} s, but Lambda stops the call after at most {MAX_LAMBDA_TIMEOUT} s."
            yield Finding(step.pointer + "/TimeoutSeconds", message, severity=Severity.WARNING)


def calls_lambda(state: dict[str, object]) -> bool:
    """Return whether a Task state calls a Lambda function."""
    resource = str(state.get("Resource", ""))
    return resource.startswith("${") or ":lambda:" in resource


CHECK = Check(
    id="lambda-timeout",
    severity=Severity.ERROR,
    summary="A timeout is longer than Lambda's 900 seconds",
    description=(
        "Lambda rejects a function with a timeout of more than 900 seconds. A longer TimeoutSeconds of a task is a "
        "warning: it has no effect."
    ),
    source="https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html",
    wrong=flow("functions:\n  - name: Hello\n    handler: hello_world\n    timeout: 1200  # <-\n"),
    right=flow(),
    file=_file,
)
