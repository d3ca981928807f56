"""What the service keeps in a store is there in the next process, whatever ended the last one."""

from __future__ import annotations

import json
import logging
import random
import sqlite3
import stat
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from asl import Execution
from asl.engine.history import Event
from stepfunctions import ServiceError
from stepfunctions.kept_executions import KeptExecutions
from stepfunctions.store import BEHIND_SECONDS, Store, StoreUnavailable
from tests.stepfunctions.conftest import WAITING, one
from tests.stepfunctions.kept_service import PASSING, TASK, WORK, KeptService, until


class Machine:
    """A machine on which one process runs after the other."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "stepfunctions.db"
        self.running: list[KeptService] = []

    def boot(self, **settings: Any) -> KeptService:
        """End the process, and start the next, which does not recover yet."""
        self.stop()
        self.running = [KeptService(self.path, **settings)]
        return self.running[0]

    def stop(self) -> None:
        for process in self.running:
            process.close()
        self.running = []


@pytest.fixture
def computer(tmp_path: Path) -> Iterator[Machine]:
    machine = Machine(tmp_path)
    yield machine
    machine.stop()


def test_state_machines_and_activities_are_kept(computer: Machine) -> None:
    first = computer.boot()
    arn = first.create("m", PASSING, publish=True, versionDescription="one", tags=[{"key": "k", "value": "v"}])
    first.call("UpdateStateMachine", {"stateMachineArn": arn, "definition": json.dumps(WAITING), "publish": True})
    routes = [
        {"stateMachineVersionArn": f"{arn}:1", "weight": 40},
        {"stateMachineVersionArn": f"{arn}:2", "weight": 60},
    ]
    alias = first.call("CreateStateMachineAlias", {"name": "live", "routingConfiguration": routes})[
        "stateMachineAliasArn"
    ]
    gone = first.create("gone", PASSING)
    first.call("DeleteStateMachine", {"stateMachineArn": gone})
    activity = first.call("CreateActivity", {"name": "a", "tags": [{"key": "x", "value": "y"}]})["activityArn"]
    express = first.create("e", PASSING, type="EXPRESS")
    looks = [
        ("ListStateMachines", {}),
        *(
            ("DescribeStateMachine", {"stateMachineArn": found})
            for found in (arn, f"{arn}:1", f"{arn}:2", alias, express)
        ),
        ("DescribeStateMachineAlias", {"stateMachineAliasArn": alias}),
        ("ListStateMachineVersions", {"stateMachineArn": arn}),
        ("ListStateMachineAliases", {"stateMachineArn": arn}),
        ("ListTagsForResource", {"resourceArn": arn}),
        ("ListTagsForResource", {"resourceArn": activity}),
        ("ListActivities", {}),
    ]
    before = [first.call(*look) for look in looks]
    second = computer.boot()
    assert [second.call(*look) for look in looks] == before
    # Repeating what was done changes nothing: the revision is the one that was published.
    version = second.call("PublishStateMachineVersion", {"stateMachineArn": arn})["stateMachineVersionArn"]
    assert version == f"{arn}:2"
    third = computer.boot()
    assert [third.call(*look) for look in looks] == before


def test_ended_executions_are_as_they_were(computer: Machine) -> None:
    first = computer.boot()
    passing, failing = first.create("m", PASSING), first.create("f", one("Fail", Error="E", Cause="c"))
    started = [first.start(passing, {"n": n}, traceHeader="t") for n in range(5)] + [first.start(failing)]
    for arn in started:
        first.ended(arn)
    looks: list[tuple[str, dict[str, Any]]] = []
    for arn in started:
        looks += [
            (action, {"executionArn": arn}) for action in ("DescribeExecution", "DescribeStateMachineForExecution")
        ]
        looks += [("GetExecutionHistory", {"executionArn": arn, "reverseOrder": reverse}) for reverse in (True, False)]
    looks += [
        ("ListExecutions", {"stateMachineArn": passing}),
        ("ListExecutions", {"stateMachineArn": failing, "statusFilter": "FAILED"}),
        ("ListExecutions", {"stateMachineArn": failing, "statusFilter": "SUCCEEDED"}),
        ("ListExecutions", {"stateMachineArn": failing, "redriveFilter": "REDRIVEN"}),
    ]
    before = [first.call(*look) for look in looks]
    second = computer.boot()
    second.service.recover()
    for look, answer in zip(looks, before, strict=True):
        assert second.call(*look) == answer
    assert second.events == []
    with pytest.raises(ServiceError, match="ExecutionAlreadyExists"):
        second.start(passing, {"n": 0}, name=started[0].rsplit(":", 1)[1])


def test_executions_are_listed_page_by_page(computer: Machine) -> None:
    process = computer.boot()
    machine, other = process.create("m", PASSING), process.create("o", PASSING)
    started = [process.start(machine) for _ in range(7)]
    process.start(other)
    for arn in started:
        process.ended(arn)
    found: list[str] = []
    request: dict[str, Any] = {"stateMachineArn": machine, "maxResults": 3}
    while True:
        page = process.call("ListExecutions", request)
        found += [execution["executionArn"] for execution in page["executions"]]
        if "nextToken" not in page:
            break
        request["nextToken"] = page["nextToken"]
    assert sorted(found) == sorted(started)
    ends = [process.describe(arn)["stopDate"] for arn in found]
    assert ends == sorted(ends, reverse=True)


def test_running_executions_continue(computer: Machine) -> None:
    first = computer.boot()
    going = threading.Event()
    first.work.do = lambda event: going.wait(30)
    definition = {
        "StartAt": "P",
        "States": {
            "P": {"Type": "Pass", "Result": {"n": 2}, "Next": "T"},
            "T": {"Type": "Task", "Resource": WORK, "End": True},
        },
    }
    arn = first.start(first.create("m", definition))
    until(lambda: "LambdaFunctionStarted" in first.kinds(arn))
    time.sleep(0.2)  # what is written behind is written
    second = computer.boot()
    going.set()
    assert second.describe(arn)["status"] == "RUNNING"
    second.work.do = lambda event: event["n"] + 1
    second.service.recover()
    assert second.ended(arn)["output"] == "3"
    assert second.kinds(arn) == [
        "ExecutionStarted",
        "PassStateEntered",
        "PassStateExited",
        "TaskStateEntered",
        "LambdaFunctionScheduled",
        "LambdaFunctionStarted",
        "LambdaFunctionSucceeded",
        "TaskStateExited",
        "ExecutionSucceeded",
    ]
    assert [event["detail"]["status"] for event in second.events] == ["SUCCEEDED"]


def test_a_stopped_execution_stays_stopped(computer: Machine) -> None:
    first = computer.boot()
    arn = first.start(first.create("m", WAITING))
    first.call("StopExecution", {"executionArn": arn, "error": "E"})
    second = computer.boot()
    second.service.recover()
    assert (second.describe(arn)["status"], second.describe(arn)["error"]) == ("ABORTED", "E")


def test_an_execution_is_redriven_in_the_next_process(computer: Machine) -> None:
    first = computer.boot()

    def fail(_: Any) -> Any:
        raise RuntimeError("no")

    first.work.do = fail
    arn = first.start(first.create("m", TASK), 1)
    assert first.ended(arn)["status"] == "FAILED"
    second = computer.boot()
    second.work.do = lambda event: event + 1
    second.call("RedriveExecution", {"executionArn": arn, "clientToken": "t"})
    assert second.ended(arn)["output"] == "2"
    assert second.describe(arn)["redriveCount"] == 1
    third = computer.boot()
    assert (third.describe(arn)["output"], third.describe(arn)["redriveCount"]) == ("2", 1)
    assert third.kinds(arn).count("ExecutionRedriven") == 1
    assert third.call("RedriveExecution", {"executionArn": arn, "clientToken": "t"})["redriveDate"]


def test_executions_are_redriven_once_by_the_process_that_started_them(computer: Machine) -> None:
    process = computer.boot()
    machine = process.create("m", one("Fail", Error="E"))
    started = [process.start(machine, n) for n in range(10)]
    for arn in started:
        process.ended(arn)

    def redrive(arn: str) -> Any:
        return process.call("RedriveExecution", {"executionArn": arn, "clientToken": arn[-8:]})["redriveDate"]

    with ThreadPoolExecutor(8) as threads:
        dates = list(threads.map(redrive, started))
    for arn, date in zip(started, dates, strict=True):
        assert process.ended(arn)["redriveCount"] == 1
        assert redrive(arn) == date  # the same token is the same redrive


def test_tokens_and_activities_outlive_the_process(computer: Machine) -> None:
    first = computer.boot()
    activity = first.call("CreateActivity", {"name": "a"})["activityArn"]
    machine = first.create("m", one("Task", Resource=activity))
    taken, waiting, done = (first.start(machine, n) for n in range(3))
    tasks = {}
    for _ in range(2):
        task = until(lambda: first.call("GetActivityTask", {"activityArn": activity, "workerName": "w"}))
        tasks[task["input"]] = task["taskToken"]
    until(lambda: len(tasks) == 2)
    first_token, second_token = tasks["0"], tasks["1"]
    first.call("SendTaskSuccess", {"taskToken": second_token, "output": '"early"'})
    time.sleep(0.2)
    second = computer.boot()
    second.service.recover()
    assert second.ended(waiting)["output"] == '"early"'  # its success was acknowledged
    task = until(lambda: second.call("GetActivityTask", {"activityArn": activity, "workerName": "w"}))
    assert task["input"] == "2"
    assert second.call("GetActivityTask", {"activityArn": activity}) == {}
    second.call("SendTaskSuccess", {"taskToken": task["taskToken"], "output": '"new"'})
    second.call("SendTaskSuccess", {"taskToken": first_token, "output": '"old"'})
    assert (second.ended(taken)["output"], second.ended(done)["output"]) == ('"old"', '"new"')
    with pytest.raises(ServiceError, match="TaskTimedOut"):
        second.call("SendTaskSuccess", {"taskToken": first_token, "output": "1"})


def test_a_parent_waits_for_its_child_again(computer: Machine) -> None:
    first = computer.boot()
    child = first.create("child", one("Wait", Seconds=1))
    parent = first.create(
        "parent",
        one("Task", Resource="arn:aws:states:::states:startExecution.sync:2", Parameters={"StateMachineArn": child}),
    )
    arn = first.start(parent)
    until(lambda: "TaskSubmitted" in first.kinds(arn))
    time.sleep(0.2)
    second = computer.boot()
    second.service.recover()
    assert second.ended(arn)["status"] == "SUCCEEDED"
    assert len(second.call("ListExecutions", {"stateMachineArn": child})["executions"]) == 1


def test_a_map_run_continues_and_is_shown(computer: Machine) -> None:
    first = computer.boot()
    release = threading.Event()
    first.work.do = lambda event: event if event < 2 else release.wait(30)
    states = {"T": {"Type": "Task", "Resource": WORK, "End": True}}
    processor = {
        "StartAt": "T",
        "States": states,
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
    }
    arn = first.start(first.create("m", one("Map", ItemProcessor=processor, MaxConcurrency=1, Label="L")), [0, 1, 2, 3])
    (run,) = until(lambda: first.call("ListMapRuns", {"executionArn": arn})["mapRuns"])
    of_run = {"mapRunArn": run["mapRunArn"]}
    until(lambda: first.call("DescribeMapRun", of_run)["executionCounts"]["succeeded"] == 2)
    time.sleep(0.2)
    second = computer.boot()
    release.set()
    asked: list[int] = []
    second.work.do = lambda event: asked.append(event) or event * 10
    second.service.recover()
    assert json.loads(second.ended(arn)["output"]) == [0, 1, 20, 30]
    assert asked == [2, 3]
    third = computer.boot()
    for process in (second, third):
        if process is second:
            continue
        assert process.call("DescribeMapRun", of_run)["executionCounts"]["succeeded"] == 4
        children = process.call("ListExecutions", of_run)["executions"]
        assert [child["status"] for child in children] == ["SUCCEEDED"] * 4
        assert "LambdaFunctionSucceeded" in process.kinds(children[0]["executionArn"])
        assert process.describe(children[0]["executionArn"])["mapRunArn"] == run["mapRunArn"]


@pytest.mark.parametrize("kind", ["STANDARD", "EXPRESS"])
def test_a_map_run_is_redriven_in_the_next_process(computer: Machine, kind: str) -> None:
    def first_half(event: Any) -> Any:
        if event > 1:
            raise RuntimeError("no")
        return event

    first = computer.boot()
    first.work.do = first_half
    processor = {**TASK, "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": kind}}
    arn = first.start(first.create("m", one("Map", ItemProcessor=processor, MaxConcurrency=1)), [0, 1, 2, 3])
    assert first.ended(arn)["status"] == "FAILED"
    (run,) = first.call("ListMapRuns", {"executionArn": arn})["mapRuns"]
    second = computer.boot()
    asked: list[int] = []
    second.work.do = lambda event: asked.append(event) or event
    second.call("RedriveExecution", {"executionArn": arn})
    assert json.loads(second.ended(arn)["output"]) == [0, 1, 2, 3]
    assert asked == [2, 3]
    third = computer.boot()
    shown = third.call("DescribeMapRun", {"mapRunArn": run["mapRunArn"]})
    assert (shown["status"], shown["redriveCount"]) == ("SUCCEEDED", 1)
    assert shown["executionCounts"]["succeeded"] == 4


def test_the_oldest_closed_executions_are_dropped(computer: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stepfunctions.kept_executions._PRUNED_EVERY", 5)
    process = computer.boot(closed_kept=3)
    machine = process.create("m", PASSING)
    for n in range(10):
        process.ended(process.start(machine, n))
    until(lambda: len(process.call("ListExecutions", {"stateMachineArn": machine})["executions"]) <= 4)
    with sqlite3.connect(computer.path) as database:
        (events,) = database.execute("SELECT COUNT(DISTINCT execution) FROM events").fetchone()
    assert events <= 4


def test_the_file_is_private(computer: Machine) -> None:
    computer.boot()
    assert stat.S_IMODE(computer.path.stat().st_mode) == 0o600


@pytest.mark.parametrize("content", [b"this is no database" * 1000, None])
def test_a_damaged_database_is_set_aside(
    computer: Machine, content: bytes | None, caplog: pytest.LogCaptureFixture
) -> None:
    first = computer.boot()
    first.ended(first.start(first.create("m", PASSING)))
    computer.stop()
    if content is None:
        size = computer.path.stat().st_size
        with computer.path.open("r+b") as file:
            for page in range(4096, size, 4096):
                file.seek(page)
                file.write(b"\xff" * 2000)
    else:
        computer.path.write_bytes(content)
    second = computer.boot()
    assert second.call("ListStateMachines", {})["stateMachines"] == []
    assert len(list(computer.path.parent.glob("stepfunctions.db.damaged-*"))) >= 1
    assert len([line for line in caplog.messages if "is damaged" in line]) == 1
    second.ended(second.start(second.create("m", PASSING)))


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="cannot be opened"):
        Store(tmp_path / "missing" / "stepfunctions.db")


def test_a_full_disk_refuses_starts(computer: Machine, caplog: pytest.LogCaptureFixture) -> None:
    process = computer.boot()
    machine, waiting = process.create("m", PASSING), process.create("w", one("Wait", Seconds=1))
    going = process.start(waiting, "y" * 100_000)
    store = process.service._kept._store  # type: ignore[union-attr]
    pages = store._writer.execute("PRAGMA page_count").fetchone()[0]
    store._writer.execute(f"PRAGMA max_page_count = {pages}")
    caplog.set_level(logging.ERROR)
    with pytest.raises(ServiceError) as refused:
        for n in range(100):
            process.start(machine, "x" * 10_000, name=f"n{n}")
    assert (refused.value.code, refused.value.http_status) == ("InternalFailure", 500)
    time.sleep(1.2)
    assert process.describe(going)["status"] == "RUNNING"  # its end is not durable yet
    assert len([line for line in caplog.messages if "cannot be written" in line]) == 1
    store._writer.execute("PRAGMA max_page_count = 1000000")
    assert process.ended(going)["status"] == "SUCCEEDED"
    assert process.ended(process.start(machine))["status"] == "SUCCEEDED"
    listed = process.call("ListExecutions", {"stateMachineArn": machine})["executions"]
    assert all(execution["status"] == "SUCCEEDED" for execution in listed)


CRASHING = textwrap.dedent(
    """
    import sys
    from pathlib import Path
    from tests.stepfunctions.kept_service import MIXED, KeptService
    process = KeptService(Path(sys.argv[1]))
    machine = process.create("m", MIXED)
    process.service.recover()
    print("ready", flush=True)
    n = 0
    while True:
        print(process.start(machine, n), flush=True)
        n += 1
    """
)


def test_no_acknowledged_start_is_lost_when_the_process_is_killed(computer: Machine) -> None:
    moments = random.Random(7)
    acknowledged: list[str] = []
    for _ in range(3):
        process = subprocess.Popen(
            [sys.executable, "-c", CRASHING, str(computer.path)], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        acknowledged += [process.stdout.readline().strip() for _ in range(moments.randint(5, 30))]
        time.sleep(moments.uniform(0, 0.01))
        process.kill()
        acknowledged += [line.strip() for line in process.stdout if line.endswith("\n")]
        process.wait()
    last = computer.boot()
    last.service.recover()
    for arn in acknowledged:
        found = last.ended(arn)
        value = json.loads(found["input"])
        assert (found["status"], json.loads(found["output"])) == ("SUCCEEDED", [value, value])
        assert sum(kind.startswith("Execution") for kind in last.kinds(arn)) == 2


REPORTING = textwrap.dedent(
    """
    import os, signal, sys
    from pathlib import Path
    from tests.stepfunctions.kept_service import PASSING, KeptService
    process = KeptService(Path(sys.argv[1]))
    arn = process.start(process.create("m", PASSING))
    process.ended(arn)
    print(arn, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
    """
)


def test_after_a_crash_the_last_ends_are_reported_again(computer: Machine) -> None:
    done = subprocess.run(
        [sys.executable, "-c", REPORTING, str(computer.path)], stdout=subprocess.PIPE, text=True, check=False
    )
    process = computer.boot()
    process.service.recover()
    (event,) = process.events
    assert (event["detail"]["executionArn"], event["detail"]["status"]) == (done.stdout.strip(), "SUCCEEDED")


def test_without_a_store_nothing_is_written(tmp_path: Path) -> None:
    process = KeptService(None)
    try:
        process.ended(process.start(process.create("m", PASSING)))
        process.service.recover()
        assert list(tmp_path.iterdir()) == []
    finally:
        process.close()


def test_an_end_is_not_written_over_while_nobody_has_heard_of_it(
    computer: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until it is told, the execution in memory has an event less than the store."""
    held: list[Callable[[], None]] = []
    ending = KeptExecutions.ending

    def tell_later(index: KeptExecutions, execution: Execution, status: str, event: Event, tell: Any) -> None:
        def tell_after_a_commit() -> None:
            index.appended(execution)  # as the event before may be, which is written along
            held.append(tell)

        ending(index, execution, status, event, tell_after_a_commit)

    monkeypatch.setattr(KeptExecutions, "ending", tell_later)
    first = computer.boot()
    arn = first.start(first.create("m", PASSING))
    until(lambda: held)
    first.create("another", PASSING)  # a commit
    time.sleep(3 * BEHIND_SECONDS)
    held[0]()
    until(lambda: first.describe(arn)["status"] == "SUCCEEDED")
    second = computer.boot()
    events = second.call("GetExecutionHistory", {"executionArn": arn})["events"]
    assert [event["type"] for event in events][-2:] == ["PassStateExited", "ExecutionSucceeded"]
    assert [event["id"] for event in events] == [1, 2, 3, 4]
