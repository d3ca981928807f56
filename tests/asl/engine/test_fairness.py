"""One execution cannot keep the others waiting, whatever it does; nor can it keep the engine from ending."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from itertools import pairwise
from statistics import median
from typing import Any

import pytest

from asl import Engine, Execution, SkippingClock
from asl.engine.lanes import Lane, Lanes
from tests.asl.engine.conftest import LAMBDA, Functions, flow, machine, wait_for

# An expression that is evaluated for a second, one for some 10 ms, and one that fails at once.
ENDLESS = "{% ($f := function($n) { $f($n + 1) }; $f(0)) %}"
LONG = "{% $sum([1..20000].($ * 2)) %}"
WRONG = "{% $number('x') %}"

TICK = 0.1
LATEST = 0.6
"""How late a tick may usually be on a busy machine: an expression that is evaluated for a second must not delay it."""
GAPS = 10
AT_MOST = 30
"""Seconds after which a test gives up."""

AGAIN = [{"ErrorEquals": ["States.ALL"], "Next": "Loop"}]
CLOCK = flow(
    ("Wait", {"Type": "Wait", "Timestamp": "{% $fromMillis($millis() + 100) %}"}),
    ("Tick", {"Type": "Pass", "Next": "Wait"}),
    QueryLanguage="JSONata",
)


class Panic(BaseException):
    """As an extension module raises it."""


def panic(_: object) -> None:
    raise Panic("deep inside")


def jsonata(*states: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    return flow(*states, QueryLanguage="JSONata")


def looping(state: dict[str, Any]) -> dict[str, Any]:
    """A flow that repeats a state, whether it fails or not."""
    loop = {**state, "Next": "Loop"}
    return jsonata(("Loop", loop if state["Type"] == "Pass" else {**loop, "Catch": AGAIN}))


def each(items: int, *states: tuple[str, dict[str, Any]], **fields: Any) -> dict[str, Any]:
    processor = {**flow(*states), "ProcessorConfig": {"Mode": "INLINE"}}
    return {"Type": "Map", "Items": f"{{% [1..{items}] %}}", "ItemProcessor": processor, **fields}


def task(name: str, arguments: Any) -> dict[str, Any]:
    return {"Type": "Task", "Resource": LAMBDA + name, "Arguments": arguments}


DISTRIBUTED = each(200, ("P", {"Type": "Pass", "Output": LONG}), ItemSelector={"x": LONG})
DISTRIBUTED["ItemProcessor"]["ProcessorConfig"] = {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"}
BUSY = {
    "times out": looping(task("ok", ENDLESS)),
    "fails": looping(task("ok", WRONG)),
    "panics": looping(task("panics", {})),
    "does nothing": looping({"Type": "Pass"}),
    "has many expressions": looping({"Type": "Pass", "Output": [LONG] * 500}),
    "has many endless branches": looping(
        {"Type": "Parallel", "Branches": [flow(("P", {"Type": "Pass", "Output": ENDLESS}))] * 40}
    ),
    "has many iterations": looping(each(5_000, ("P", {"Type": "Pass"}), ItemSelector={"x": LONG})),
    "has many children": looping(DISTRIBUTED),
}


def leads_nowhere(_: object) -> dict[str, Any]:
    return {}


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = Engine(Functions({LAMBDA + "ok": leads_nowhere, LAMBDA + "panics": panic}))
    yield engine
    engine.close()


def ticks(clock: Execution) -> list[float]:
    """When the clock ticked, in seconds since the epoch."""
    return [event["timestamp"] for event in clock.history.events() if event["type"] == "PassStateEntered"]


def seconds_of(call: Any, *args: Any) -> float:
    began = time.monotonic()
    call(*args)
    return time.monotonic() - began


def keeps_time_beside(engine: Engine, definitions: list[dict[str, Any]]) -> None:
    """Run the definitions beside a clock, then stop them and close the engine.

    The clock must usually be on time. A single gap says nothing: the machine may have been busy with something else.
    """
    express = any(definition is BUSY["does nothing"] for definition in definitions)
    busy = [engine.start(machine(definition, "EXPRESS" if express else "STANDARD")) for definition in definitions]
    clock = engine.start(machine(CLOCK, name="clock"))
    wait_for(lambda: len(ticks(clock)) > GAPS, AT_MOST)
    gaps = [later - earlier for earlier, later in pairwise(ticks(clock))]
    assert median(gaps) < TICK + LATEST
    for execution in busy:
        if execution.status == "RUNNING":
            engine.stop(execution, "E", "enough")
            assert execution.wait(AT_MOST), "the execution was not stopped"
            assert execution.status in ("ABORTED", "FAILED", "TIMED_OUT")
    assert seconds_of(engine.close) < AT_MOST


@pytest.mark.parametrize("name", BUSY)
def test_a_clock_keeps_its_time(engine: Engine, name: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("CRITICAL")
    keeps_time_beside(engine, [BUSY[name]])


@pytest.mark.parametrize("seed", range(3))
def test_a_clock_keeps_its_time_beside_several(engine: Engine, seed: int, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("CRITICAL")
    chance = random.Random(seed)
    states: list[dict[str, Any]] = [
        {"Type": "Pass", "Output": chance.choice([LONG, {"a": [LONG, LONG]}])},
        task("ok", chance.choice([ENDLESS, WRONG, LONG])),
        task("panics", LONG),
        each(chance.randrange(1, 300), ("P", {"Type": "Pass", "Output": chance.choice([LONG, ENDLESS, WRONG])})),
        {"Type": "Parallel", "Branches": [flow(("T", task("panics", LONG)))] * chance.randrange(1, 30)},
    ]
    keeps_time_beside(engine, [looping(state) for state in chance.sample(states, 3)])


def test_a_start_is_not_kept_waiting(engine: Engine) -> None:
    engine.start(machine(BUSY["times out"]))
    time.sleep(0.3)
    short = [machine(flow(("P", {"Type": "Pass"})), name=f"short{number}") for number in range(3)]
    assert min(seconds_of(engine.run, each) for each in short) < LATEST


def test_whoever_waits_for_one_execution_does_not_run_another_for_ever(engine: Engine) -> None:
    busy = engine.start(machine(BUSY["does nothing"], "EXPRESS"))
    assert not busy.wait(0.2)
    engine.stop(busy)
    assert busy.wait(AT_MOST)
    assert busy.status == "ABORTED"


def test_an_evaluation_that_outlives_its_execution_changes_nothing(engine: Engine) -> None:
    states = ("T", task("ok", ENDLESS))
    execution = engine.start(machine(jsonata(states)))
    wait_for(lambda: len(execution.history) > 1)
    time.sleep(0.2)
    engine.stop(execution)
    assert execution.wait(AT_MOST)
    events = len(execution.history)
    engine.redrive(execution)
    assert execution.wait(AT_MOST)
    kinds = [event["type"] for event in execution.history.events()]
    assert kinds[events:] == ["ExecutionRedriven", "EvaluationFailed", "ExecutionFailed"]
    assert engine.scheduler.working == 0


def test_time_is_not_skipped_while_an_expression_is_evaluated() -> None:
    """A long evaluation is work: the timeout of the execution does not come before its end."""
    engine = Engine(Functions({}), SkippingClock())
    slow = {"Type": "Pass", "Output": ENDLESS}
    execution = engine.run(machine({**jsonata(("P", slow)), "TimeoutSeconds": 3600}))
    assert execution.error == "States.QueryEvaluationError"
    assert "Expression evaluation timeout" in (execution.cause or "")
    engine.close()


def test_threads_are_not_made_for_each_evaluation(engine: Engine) -> None:
    """Each thread keeps what it compiles, so those that have waited for an expression are used again."""
    execution = engine.start(machine(jsonata(("M", each(12, ("P", {"Type": "Pass", "Output": LONG}))))))
    assert execution.wait(20)
    assert len(engine.scheduler._spares) <= 1


def test_the_lane_that_has_used_the_least_time_is_next() -> None:
    lanes, first, second = Lanes(), Lane(), Lane()
    for lane in (first, second, first):
        lanes.add(lane, (print, ()))
    order = []
    for seconds in (3.0, 1.0, 1.0, 1.0, 1.0):
        lane = lanes.pop()
        order.append("first" if lane is first else "second")
        lanes.done(lane, seconds)
    assert order == ["first", "second", "second", "second", "first"]
    late = Lane()
    lanes.add(late, (print, ()))
    assert late.account.used == 3.0


def test_lanes_of_one_account_have_no_more_time_than_one_lane() -> None:
    lanes, parent, other = Lanes(), Lane(), Lane()
    children = [Lane(parent.account) for _ in range(100)]
    for lane in (*children, other):
        lanes.add(lane, (print, ()))
    turns = []
    for _ in range(20):
        lane = lanes.pop()
        turns.append(lane is other)
        lanes.add(lane, (print, ()))
        lane.calls.popleft()  # type: ignore[union-attr]
        lanes.done(lane, 1.0)
    assert turns.count(True) >= 6


def test_what_an_execution_starts_is_charged_to_it() -> None:
    started: list[Execution] = []

    def start(_: object) -> None:
        started.append(engine.start(machine(flow(("P", {"Type": "Pass"})))))

    engine = Engine(Functions({LAMBDA: start}))
    task = {"Type": "Task", "Resource": LAMBDA}
    parent = engine.start(machine(flow(("T", task), ("U", task))))
    assert parent.wait(AT_MOST)
    other = engine.start(machine(flow(("P", {"Type": "Pass"}))))
    assert len(started) == 2
    assert {child.lane.account for child in started} == {parent.lane.account}
    assert other.lane.account is not parent.lane.account
    engine.close()
