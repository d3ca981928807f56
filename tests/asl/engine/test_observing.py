"""What an observer of an engine is told."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from asl import (
    AttemptFailed,
    Engine,
    ExecutionChanged,
    MapSucceeded,
    Observation,
    SkippingClock,
    Waiting,
)
from tests.asl.engine.conftest import LAMBDA, PENDING, Failed, Functions, flow, machine, wait_for

TASK = {"Type": "Task", "Resource": LAMBDA + "f"}
QUEUE = "arn:aws:states:::sqs:sendMessage.waitForTaskToken"


class Watched:
    """An engine whose observations are kept."""

    def __init__(self) -> None:
        self.functions = Functions({})
        self.seen: list[Observation] = []
        self.engine = Engine(self.functions, clock=SkippingClock(), observer=self.seen.append)

    def run(self, definition: dict[str, Any], function: Any, value: str = "{}") -> list[Any]:
        self.functions.functions[LAMBDA + "f"] = function
        self.engine.run(machine(definition), value, timeout=20)
        return self.seen


@pytest.fixture
def watched() -> Iterator[Watched]:
    watched = Watched()
    yield watched
    watched.engine.close()


def busy(_: object) -> Any:
    raise Failed("Busy", "later")


def test_failed_tries_with_their_delays(watched: Watched) -> None:
    retry = [{"ErrorEquals": ["Busy"], "IntervalSeconds": 2, "MaxAttempts": 2, "BackoffRate": 2}]
    began, *tries, ended = watched.run(flow(("T", {**TASK, "Retry": retry})), busy)
    assert [(type(one), one.attempt, one.retry_seconds, one.caught_by) for one in tries] == [
        (AttemptFailed, 1, 2.0, None),
        (AttemptFailed, 2, 4.0, None),
        (AttemptFailed, 3, None, None),
    ]
    assert {(one.error, one.cause, one.place.state, one.place.path) for one in tries} == {
        ("Busy", "later", "T", "/States/T")
    }
    assert (began.status, ended.status, ended.error, ended.cause) == ("RUNNING", "FAILED", "Busy", "later")
    assert ended.time - ended.start_date >= 6
    assert {began.run_arn, tries[0].place.run_arn} == {ended.execution_arn}


def test_a_caught_failure_names_where_it_leads(watched: Watched) -> None:
    catch = [{"ErrorEquals": ["States.ALL"], "Next": "Undo"}]
    seen = watched.run(flow(("T", {**TASK, "Catch": catch, "End": True}), ("Undo", {"Type": "Pass"})), busy)
    assert [(type(one), getattr(one, "caught_by", None)) for one in seen] == [
        (ExecutionChanged, None),
        (AttemptFailed, "Undo"),
        (ExecutionChanged, None),
    ]


def test_waits(watched: Watched) -> None:
    watched.functions.functions[QUEUE] = lambda _: PENDING
    token = {"Type": "Task", "Resource": QUEUE, "Parameters": {"T.$": "$$.Task.Token"}, "TimeoutSeconds": 60}
    states = ("W", {"Type": "Wait", "Seconds": 30}), ("Token", token)
    execution = watched.engine.start(machine(flow(*states)))
    wait_for(lambda: watched.functions.completions)
    watched.functions.completions[0].submitted({})
    assert execution.wait(20)
    waits = [one for one in watched.seen if isinstance(one, Waiting)]
    assert [(one.place.state, one.until and one.until - one.time, one.resource) for one in waits] == [
        ("W", 30, None),
        ("Token", None, QUEUE),
    ]


@pytest.mark.parametrize("mode", ["INLINE", "DISTRIBUTED"])
def test_a_map_is_told_once(watched: Watched, mode: str) -> None:
    processor: dict[str, Any] = {**flow(("T", TASK)), "ProcessorConfig": {"Mode": mode}}
    if mode == "DISTRIBUTED":
        processor["ProcessorConfig"]["ExecutionType"] = "STANDARD"
    seen = watched.run(flow(("M", {"Type": "Map", "ItemProcessor": processor})), lambda _: 1, "[1, 2, 3]")
    assert [type(one) for one in seen] == [ExecutionChanged, MapSucceeded, ExecutionChanged]
    assert (seen[1].items, seen[1].failed, seen[1].place.kind) == (3, 0, "Map")


def test_a_failed_item_of_a_distributed_map(watched: Watched) -> None:
    processor = {**flow(("T", TASK)), "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}
    tolerant = {"Type": "Map", "ItemProcessor": processor, "ToleratedFailureCount": 1}
    outcomes: Iterator[Any] = iter([busy, lambda _: 1])

    def one_fails(request: object) -> Any:
        return next(outcomes)(request)

    seen = watched.run(flow(("M", tolerant)), one_fails, "[1, 2]")
    began, attempt, child, done, _ = seen
    assert (attempt.place.iterations, attempt.place.run_arn) == ((0,), began.execution_arn)
    assert (child.status, child.run_arn) == ("FAILED", began.execution_arn)
    assert child.execution_arn != child.run_arn
    assert (done.items, done.failed) == (2, 1)
