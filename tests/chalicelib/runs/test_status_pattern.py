"""Which status changes reach `run-status`: all but those that it would drop."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from asl.engine.names import new_name
from chalicelib.names import SCHEDULED
from chalicelib.runs.ids import new_id
from chalicelib.runs.status_pattern import HAS_USER, STARTED_BY_API, status_pattern

MACHINES = "arn:aws:states:us-east-1:123456789012:stateMachine:app-prod-"
MINE, OTHERS = '{"x":1,"__user_id":"ada"}', '{"x":1}'
MAX_COMPLEXITY = 10
"""How many beginnings of wildcards may fit a string at once: EventBridge refuses a rule with more as too complex."""


def passes(name: str, status: str = "RUNNING", text: str | None = MINE, **detail: Any) -> bool:
    from moto.events.models import EventPattern

    pattern = EventPattern.load(json.dumps(status_pattern(MACHINES)))
    given = {"stateMachineArn": f"{MACHINES}f", "name": name, "status": status, "input": text, "redriveCount": 0}
    event = {"source": "aws.states", "detail-type": "Step Functions Execution Status Change"}
    return pattern.matches_event({**event, "detail": given | detail})  # type: ignore[typeddict-item]


def test_the_beginning_of_a_run_that_the_api_started_has_no_news() -> None:
    assert not any(passes(new_id()) for _ in range(1000))


@pytest.mark.parametrize("status", ["SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"])
def test_its_end_has(status: str) -> None:
    assert passes(new_id(), status)


def test_a_redrive_has_whoever_did_it() -> None:
    assert passes(new_id(), redriveCount=1)


@pytest.mark.parametrize(
    "name",
    [
        str(uuid.UUID(int=0x00007000_7000_4000_8000_700070007000)),
        f"{SCHEDULED}0-1-7-2-3",
        "nightly",
        "7",
    ],
)
def test_what_something_else_started_gets_its_record_at_once(name: str) -> None:
    assert passes(name)


def test_a_flow_that_another_one_started_with_its_own_input_gets_its_record_at_once() -> None:
    assert all(passes(new_name()) for _ in range(2000))


def test_an_execution_with_such_an_id_that_no_user_started_passes() -> None:
    assert passes(new_id(), text=OTHERS)
    assert passes(new_id(), text="{}")


def test_an_event_that_is_too_large_for_its_input_passes() -> None:
    assert passes(new_id(), text=None, inputDetails={"included": False})


def test_other_stages_do_not() -> None:
    assert not passes("nightly", stateMachineArn="arn:aws:states:us-east-1:123456789012:stateMachine:app-dev-f")


def _prefixes(wildcard: str) -> Iterator[str]:
    for end in range(1, len(wildcard) + 1):
        yield wildcard[:end]


@pytest.mark.parametrize(
    ("wildcard", "worst"), [(STARTED_BY_API, "0-a-7-7-"), (HAS_USER, 'x"__user_id":"')], ids=["name", "input"]
)
def test_eventbridge_accepts_the_wildcards(wildcard: str, worst: str) -> None:
    fitting = [
        prefix
        for prefix in _prefixes(wildcard)
        if re.fullmatch("".join(".*" if part == "*" else re.escape(part) for part in prefix), worst)
    ]
    assert 2 < len(fitting) <= MAX_COMPLEXITY
    assert "**" not in wildcard
