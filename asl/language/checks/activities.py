"""Tasks that wait for a callback or a worker."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asl.language.checks.base import DEVELOPER_GUIDE, Report, Rules, StateView, advice
from asl.language.checks.resources import ACTIVITY

if TYPE_CHECKING:
    from asl.language.checks.examples import Example

NO_TIMEOUT = advice(
    "callback-without-timeout",
    "A Task that waits for a callback or a worker should have a timeout: without one it may wait for a year.",
    DEVELOPER_GUIDE + "sfn-best-practices.html",
)

_TIMEOUTS = ("TimeoutSeconds", "TimeoutSecondsPath", "HeartbeatSeconds", "HeartbeatSecondsPath")


def check_state(state: StateView, report: Report) -> None:
    """Check the timeout of a Task that waits for a callback or an activity worker."""
    resource = state.fields.get("Resource")
    if state.type != "Task" or not isinstance(resource, str):
        return
    waits = resource.endswith(".waitForTaskToken") or ACTIVITY.fullmatch(resource) is not None
    if waits and state.fields.keys().isdisjoint(_TIMEOUTS):
        report.add(NO_TIMEOUT, "The Task may wait up to a year for an answer: set TimeoutSeconds", state.pointer)


def _examples() -> dict[str, Example]:
    from asl.language.checks.examples import CALLBACK, Example, task

    return {
        "callback-without-timeout": Example(
            task(Resource=CALLBACK), "/States/A", "/States/A", task(Resource=CALLBACK, HeartbeatSeconds=600)
        ),
    }


RULES = Rules(
    order=130,
    checks=(NO_TIMEOUT,),
    state=check_state,
    examples=_examples,
)
