from __future__ import annotations

from typing import Any

import pytest

from asl import Execution
from asl.engine.failures import ExecutionNotRedrivable
from tests.asl.engine.conftest import LAMBDA, Failed, Lab, flow, kinds, machine, output

PASS = {"Type": "Pass"}
TASK = {"Type": "Task", "Resource": LAMBDA + "f"}


class Flaky:
    """A task function that fails until it is mended."""

    def __init__(self, fails: Any = lambda value: True) -> None:
        self.fails = fails
        self.mended = False
        self.seen: list[Any] = []

    def __call__(self, request: Any) -> Any:
        self.seen.append(request.parameters)
        if not self.mended and self.fails(request.parameters):
            raise Failed("E", "c")
        return request.parameters


def redrive(lab: Lab, execution: Execution, flaky: Flaky) -> None:
    assert execution.status == "FAILED"
    flaky.mended = True
    count = execution.redrive_count
    lab.engine.redrive(execution)
    while execution.redrive_count == count:
        lab.engine.scheduler.help()
    assert execution.wait(10)


def test_a_task_goes_on_where_it_failed(lab: Lab) -> None:
    flaky = Flaky()
    execution = lab.run(flow(("A", PASS), ("T", TASK), ("B", PASS)), {"a": 1}, f=flaky)
    length = len(execution.history)
    redrive(lab, execution, flaky)
    assert output(execution) == {"a": 1}
    assert kinds(execution)[length:] == [
        "ExecutionRedriven",
        "LambdaFunctionScheduled",
        "LambdaFunctionStarted",
        "LambdaFunctionSucceeded",
        "TaskStateExited",
        "PassStateEntered",
        "PassStateExited",
        "ExecutionSucceeded",
    ]
    assert execution.history.event(length + 1)["executionRedrivenEventDetails"] == {"redriveCount": 1}
    assert (execution.redrive_count, execution.error, execution.cause) == (1, None, None)


def test_a_state_that_failed_by_itself_begins_anew(lab: Lab) -> None:
    execution = lab.run(flow(("F", {"Type": "Fail", "Error": "E"})))
    redrive(lab, execution, Flaky())
    assert execution.status == "FAILED"
    assert kinds(execution)[3:] == ["ExecutionRedriven", "FailStateEntered", "ExecutionFailed"]


@pytest.mark.parametrize("width", [0, 1])
def test_a_map_keeps_what_has_succeeded(lab: Lab, width: int) -> None:
    flaky = Flaky(lambda value: value == 2)
    processor = flow(("T", TASK))
    definition = flow(("M", {"Type": "Map", "ItemProcessor": processor, "MaxConcurrency": width}))
    execution = lab.run(definition, [1, 2, 3, 4], f=flaky)
    succeeded = [value for value in flaky.seen if value != 2]
    redrive(lab, execution, flaky)
    assert output(execution) == [1, 2, 3, 4]
    assert flaky.seen.count(1) == 1, (succeeded, flaky.seen)


def test_a_parallel_keeps_what_has_succeeded(lab: Lab) -> None:
    flaky = Flaky()
    quick = flow(("P", {"Type": "Pass", "Result": "kept"}))
    definition = flow(("P", {"Type": "Parallel", "Branches": [quick, flow(("T", TASK))]}))
    execution = lab.run(definition, {"a": 1}, f=flaky)
    redrive(lab, execution, flaky)
    assert output(execution) == ["kept", {"a": 1}]
    assert kinds(execution).count("PassStateEntered") == 1


@pytest.mark.parametrize("kind", ["STANDARD", "EXPRESS"])
def test_a_distributed_map_redrives_its_children(lab: Lab, kind: str) -> None:
    flaky = Flaky(lambda value: value == 2)
    processor = {**flow(("T", TASK)), "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": kind}}
    execution = lab.run(flow(("M", {"Type": "Map", "ItemProcessor": processor})), [1, 2, 3], f=flaky)
    redrive(lab, execution, flaky)
    assert sorted(output(execution)) == [1, 2, 3]
    (run,) = execution.map_runs
    assert (run.redrive_count, run.status) == (1, "SUCCEEDED")
    assert "MapRunRedriven" in kinds(execution)


def test_what_cannot_be_redriven(lab: Lab) -> None:
    succeeded = lab.run(flow(("P", PASS)))
    express = lab.run(flow(("F", {"Type": "Fail"})), kind="EXPRESS")
    endless = lab.run({"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "A"}}})
    for execution in (succeeded, express, endless):
        with pytest.raises(ExecutionNotRedrivable):
            lab.engine.redrive(execution)


def test_a_stopped_execution_goes_on(lab: Lab) -> None:
    with lab.clock.held():
        execution = lab.engine.start(machine(flow(("W", {"Type": "Wait", "Seconds": 60}), ("P", PASS))), "1")
        lab.engine.stop(execution)
        assert execution.wait(5)
    assert execution.status == "ABORTED"
    lab.engine.redrive(execution)
    while execution.redrive_count == 0:
        lab.engine.scheduler.help()
    assert execution.wait(5)
    assert output(execution) == 1
