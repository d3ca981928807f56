from __future__ import annotations

import json
import threading
import time
from typing import Any

import pytest

from asl import Engine, SkippingClock
from asl.engine.failures import InvalidExecutionInput
from asl.engine.jsontext import PAYLOAD_LIMIT, loads, size_bound
from tests.asl.engine.conftest import LAMBDA, PENDING, Functions, Lab, flow, kinds, machine, output

PASS = {"Type": "Pass"}
LOOP = {"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "A"}}}


def test_size_bound_is_exact_where_it_matters() -> None:
    assert size_bound("é" * 10) >= len('"éééééééééé"'.encode())
    large = "é" * (PAYLOAD_LIMIT // 2)
    assert size_bound(large) == PAYLOAD_LIMIT + 2
    assert size_bound("é" * (PAYLOAD_LIMIT // 2 - 1)) <= PAYLOAD_LIMIT
    for text in ("NaN", "[Infinity]", "-Infinity"):
        with pytest.raises(ValueError, match="not JSON"):
            loads(text)


@pytest.mark.parametrize(("size", "status"), [(PAYLOAD_LIMIT - 2, "SUCCEEDED"), (PAYLOAD_LIMIT - 1, "FAILED")])
def test_a_state_s_output(lab: Lab, size: int, status: str) -> None:
    execution = lab.run(flow(("P", {"Type": "Pass", "Result": "x" * size})))
    assert execution.status == status
    if status == "FAILED":
        assert execution.error == "States.DataLimitExceeded"
        assert execution.cause == (
            "The state/task 'P' returned a result with a size exceeding the maximum number of bytes service limit."
        )


def test_documents_that_grow(lab: Lab) -> None:
    grow = {"Type": "Pass", "Parameters": {"a.$": "$.a", "b.$": "$.a"}, "ResultPath": "$.a"}
    definition = flow(*((f"P{number}", grow) for number in range(20)))
    assert lab.run(definition, {"a": "x" * 10}).error == "States.DataLimitExceeded"


def test_a_task_s_result(lab: Lab) -> None:
    task = {"Type": "Task", "Resource": LAMBDA + "f"}
    execution = lab.run(flow(("T", task)), f=lambda request: "x" * PAYLOAD_LIMIT)
    assert execution.error == "States.DataLimitExceeded"
    assert kinds(execution)[-2] == "LambdaFunctionFailed"
    state = {**task, "ResultSelector": {"n": 1}}
    assert output(lab.run(flow(("T", state)), f=lambda request: "x" * (PAYLOAD_LIMIT - 2))) == {"n": 1}


def test_what_a_task_is_given(lab: Lab) -> None:
    task = {"Type": "Task", "Resource": LAMBDA + "f", "Parameters": {"a.$": "$", "b.$": "$"}}
    execution = lab.run(flow(("T", task)), "x" * (PAYLOAD_LIMIT // 2), f=lambda request: 1)
    assert (execution.error, execution.cause) == (
        "States.DataLimitExceeded",
        "The state/task 'T' provided parameters with a size exceeding the maximum number of bytes service limit.",
    )
    assert lab.functions.requests == []


@pytest.mark.parametrize("assign", [{"v.$": "States.Array($, $)"}, {"v.$": "$", "w.$": "$"}])
def test_what_a_state_assigns(lab: Lab, assign: dict[str, str]) -> None:
    definition = flow(("P", {"Type": "Pass", "Assign": assign}))
    assert lab.run(definition, "x" * (PAYLOAD_LIMIT // 2)).error == "States.DataLimitExceeded"
    assert lab.run(definition, "x" * (PAYLOAD_LIMIT // 2 - 20)).status == "SUCCEEDED"


def test_results_of_branches_together(lab: Lab) -> None:
    branch = flow(("P", {"Type": "Pass", "Result": "x" * 100_000}))
    parallel = {"Type": "Parallel", "Branches": [branch] * 3}
    assert lab.run(flow(("P", parallel))).error == "States.DataLimitExceeded"
    assert output(lab.run(flow(("P", {**parallel, "ResultSelector": {"n": 1}})))) == {"n": 1}


def test_an_input_that_is_too_large(lab: Lab) -> None:
    with pytest.raises(InvalidExecutionInput, match="262144"):
        lab.engine.start(machine(flow(("P", PASS))), json.dumps("x" * PAYLOAD_LIMIT))


def test_25000_events(lab: Lab) -> None:
    execution = lab.run(LOOP)
    assert (execution.status, execution.error) == ("FAILED", "States.Runtime")
    assert len(execution.history) == 25_000
    assert execution.history.event(25_000)["type"] == "ExecutionFailed"
    assert execution.cause == "The execution reached the maximum number of history events (25000)."


def test_an_express_execution_without_end_times_out(lab: Lab) -> None:
    execution = lab.run(LOOP, kind="EXPRESS")
    assert (execution.status, execution.error) == ("TIMED_OUT", "States.Timeout")
    waiting = lab.run(flow(("W", {"Type": "Wait", "Seconds": 301})), kind="EXPRESS")
    assert waiting.status == "TIMED_OUT"
    assert (waiting.stop_date or 0) - waiting.start_date == pytest.approx(300)


def test_a_state_machine_s_timeout(lab: Lab) -> None:
    execution = lab.run(flow(("W", {"Type": "Wait", "Seconds": 100}), TimeoutSeconds=60))
    assert (execution.status, execution.error) == ("TIMED_OUT", "States.Timeout")
    assert kinds(execution) == ["ExecutionStarted", "WaitStateEntered", "ExecutionTimedOut"]


def test_express_and_standard_differ(lab: Lab) -> None:
    context = flow(("P", {"Type": "Pass", "Parameters": {"e.$": "$$.Execution"}, "OutputPath": "$.e"}))
    express = lab.run(context, kind="EXPRESS")
    assert "RedriveCount" not in output(express)
    assert express.arn.split(":")[5:8] == ["express", "machine", express.name]
    assert output(lab.run(context))["RedriveCount"] == 0


def test_an_execution_without_end_leaves_others_their_turn(lab: Lab) -> None:
    endless = lab.engine.start(machine(LOOP, "EXPRESS"))
    assert output(lab.engine.run(machine(flow(("P", PASS))), timeout=5)) == {}
    assert endless.wait(30)


def test_ten_thousand_open_executions() -> None:
    functions = Functions({LAMBDA + "f": lambda request: PENDING})
    engine = Engine(functions, SkippingClock())
    task = machine(flow(("T", {"Type": "Task", "Resource": LAMBDA + "f"})))
    before = threading.active_count()
    began = time.monotonic()
    executions = [engine.start(task, json.dumps({"n": number})) for number in range(10_000)]
    executions[-1].wait(0.5)
    while len(functions.completions) < 10_000:
        time.sleep(0.01)
        assert time.monotonic() - began < 30
    assert threading.active_count() <= before + 1
    for completion, number in zip(functions.completions, range(10_000), strict=True):
        completion.succeed(number)
    assert all(execution.wait(20) for execution in executions)
    assert [execution.output_value for execution in executions] == list(range(10_000))
    engine.close()


def test_calls_from_many_threads(lab: Lab) -> None:
    definition: Any = machine(flow(("A", PASS), ("W", {"Type": "Wait", "Seconds": 60}), ("B", PASS)))
    statuses: list[str] = []

    def run() -> None:
        for number in range(20):
            statuses.append(lab.engine.run(definition, str(number), timeout=20).status)

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert statuses == ["SUCCEEDED"] * 160
