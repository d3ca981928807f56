"""Tasks that wait for somebody else."""

from __future__ import annotations

from asl.language.checks.base import DEVELOPER_GUIDE, Report, StateView, advice
from asl.language.checks.resources import ACTIVITY

NO_TIMEOUT = advice(
    "callback-without-timeout",
    "A Task that waits for a callback or a worker has a timeout: without one it may wait for a year.",
    DEVELOPER_GUIDE + "sfn-best-practices.html",
)

CHECKS = (NO_TIMEOUT,)

_TIMEOUTS = ("TimeoutSeconds", "TimeoutSecondsPath", "HeartbeatSeconds", "HeartbeatSecondsPath")


def check_state(state: StateView, report: Report) -> None:
    """The timeout of one Task that waits for a callback or an activity worker."""
    resource = state.fields.get("Resource")
    if state.type != "Task" or not isinstance(resource, str):
        return
    waits = resource.endswith(".waitForTaskToken") or ACTIVITY.fullmatch(resource) is not None
    if waits and state.fields.keys().isdisjoint(_TIMEOUTS):
        report.add(NO_TIMEOUT, "The Task waits up to a year if nobody answers: give it a TimeoutSeconds", state.pointer)
