"""Events arrive late, twice and out of order; the record always knows best."""

from __future__ import annotations

import itertools
import json
import time
from typing import Any

import pytest

from chalicelib.runs import belief, executions, on_status_change, records
from chalicelib.runs.ids import new_id
from chalicelib.runs.records import NEVER_BEGAN, Outcome, Run
from chalicelib.settings import settings

from ..conftest import LocalCloud

pytestmark = pytest.mark.usefixtures("cloud")


def record(user: str = "ada", flow: str = "f") -> Run:
    execution_id = new_id()
    arn = settings.names.execution_arn(flow, execution_id)
    run = Run(user, execution_id, arn, flow, "RUNNING", "2026-01-01T00:00:00.000Z")
    assert records.create(run)
    return run


def event(run: Run, status: str, **detail: Any) -> dict[str, Any]:
    full = {
        "executionArn": run.execution_arn,
        "stateMachineArn": settings.names.state_machine_arn("f"),
        "name": run.execution_id,
        "status": status,
        "startDate": 1548148840101,
        "stopDate": None if status == "RUNNING" else 1548148840122,
        "input": json.dumps({"__user_id": run.user_id}),
        "output": '{"a":1}' if status == "SUCCEEDED" else None,
        "inputDetails": {"included": True},
        "outputDetails": {"included": True} if status == "SUCCEEDED" else None,
        "error": None,
        "cause": None,
        "redriveCount": 0,
    }
    return {"detail-type": "Step Functions Execution Status Change", "source": "aws.states", "detail": full | detail}


def stored(run: Run) -> Run:
    found = records.get(run.user_id, run.execution_id)
    assert found is not None
    return found


def test_success() -> None:
    run = record()
    on_status_change(event(run, "SUCCEEDED"))
    after = stored(run)
    assert (after.status, after.output, after.stop_date) == ("SUCCEEDED", '{"a":1}', "2019-01-22T09:20:40.122Z")


def test_failure() -> None:
    run = record()
    on_status_change(event(run, "FAILED", error="Boom", cause="because"))
    after = stored(run)
    assert (after.status, after.error, after.cause, after.output) == ("FAILED", "Boom", "because", None)


@pytest.mark.parametrize(
    "order", list(itertools.permutations([("RUNNING", 0), ("FAILED", 0), ("RUNNING", 1), ("SUCCEEDED", 1)]))
)
def test_any_order_ends_alike(order: tuple[tuple[str, int], ...]) -> None:
    run = record()
    for status, redrives in order:
        for _ in range(2):
            on_status_change(event(run, status, redriveCount=redrives, error="E" if status == "FAILED" else None))
    after = stored(run)
    assert (after.status, after.redrive_count, after.output, after.error) == ("SUCCEEDED", 1, '{"a":1}', None)


def test_a_redrive_takes_the_end_back_and_an_old_end_does_not_return() -> None:
    run = record()
    on_status_change(event(run, "FAILED", error="E", cause="c"))
    on_status_change(event(run, "RUNNING", redriveCount=1))
    after = stored(run)
    assert (after.status, after.stop_date, after.error, after.cause) == ("RUNNING", None, None, None)
    on_status_change(event(run, "FAILED", error="E"))
    assert stored(run).status == "RUNNING"


@pytest.mark.parametrize("late", ["RUNNING", "FAILED", "ABORTED"])
def test_the_first_end_stays(late: str) -> None:
    run = record()
    on_status_change(event(run, "SUCCEEDED"))
    on_status_change(event(run, late))
    assert stored(run).status == "SUCCEEDED"


@pytest.mark.parametrize("order", [("FAILED", "RUNNING"), ("RUNNING", "FAILED")])
def test_without_the_number_of_redrives_an_end_beats_running(order: tuple[str, str]) -> None:
    run = record()
    for status in order:
        on_status_change(event(run, status, redriveCount=None))
    assert stored(run).status == "FAILED"


def wait_for_end(run: Run) -> None:
    deadline = time.monotonic() + 10
    while executions.describe(run.execution_arn).outcome.status == "RUNNING":
        assert time.monotonic() < deadline
        time.sleep(0.01)


def never_began(run: Run) -> None:
    assert records.infer(run, Outcome("FAILED", "2026-01-01T00:10:00.000Z", error=NEVER_BEGAN, cause="c"))


@pytest.mark.parametrize("status", ["RUNNING", "SUCCEEDED", "ABORTED"])
@pytest.mark.parametrize("redrives", [0, None])
def test_an_event_outranks_what_was_inferred(
    status: str, redrives: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(belief, "MAY_BEGIN", 0.0)
    run = record()
    never_began(run)
    assert stored(run).inferred
    for _ in range(2):
        on_status_change(event(run, status, redriveCount=redrives))
    after = stored(run)
    assert (after.status, after.error, after.inferred) == (status, None, False)


def test_so_does_describe_execution(cloud: LocalCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    cloud.events.clear()
    run = record(flow="waiting")
    never_began(run)
    cloud.create("waiting", {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 60, "End": True}}})
    arn = settings.names.state_machine_arn("waiting")
    cloud.cloud.service.handle("StartExecution", {"stateMachineArn": arn, "name": run.execution_id, "input": "{}"})
    assert belief.checked(stored(run)).status == "RUNNING"
    assert not stored(run).inferred


def test_what_was_inferred_outranks_nothing() -> None:
    run = record()
    on_status_change(event(run, "SUCCEEDED"))
    assert not records.infer(run, Outcome("FAILED", error=NEVER_BEGAN))
    redriven = record()
    on_status_change(event(redriven, "FAILED"))
    on_status_change(event(redriven, "RUNNING", redriveCount=1))
    assert not records.infer(redriven, Outcome("FAILED", error=NEVER_BEGAN))


def test_a_repeated_start_outranks_an_inference_made_before_it() -> None:
    run = record()
    assert records.restart(run, "2026-01-01T00:05:00.000Z")
    assert not records.infer(run, Outcome("FAILED", error=NEVER_BEGAN))
    assert records.infer(stored(run), Outcome("FAILED", error=NEVER_BEGAN))


@pytest.mark.parametrize(
    "input_text",
    [None, "null", "[]", "{}", '{"__user_id": 7}', '{"__user_id": ""}', "no json", '{"__user_id": "nobody"}'],
)
def test_executions_without_a_record_are_passed_over(input_text: str | None) -> None:
    run = record()
    on_status_change(event(run, "SUCCEEDED", input=input_text))
    assert stored(run).status == "RUNNING"
    assert records.get("nobody", run.execution_id) is None


def test_another_execution_of_the_same_name_changes_nothing() -> None:
    run = record()
    other = settings.names.execution_arn("other", run.execution_id)
    on_status_change(event(run, "SUCCEEDED", executionArn=other))
    assert stored(run).status == "RUNNING"


def test_input_and_output_too_large_for_an_event_are_fetched(cloud: LocalCloud) -> None:
    run = record("large")
    cloud.events.clear()
    cloud.create("f", {"StartAt": "P", "States": {"P": {"Type": "Pass", "Result": {"big": "x"}, "End": True}}})
    cloud.cloud.service.handle(
        "StartExecution",
        {
            "stateMachineArn": settings.names.state_machine_arn("f"),
            "name": run.execution_id,
            "input": json.dumps({"__user_id": "large"}),
        },
    )
    wait_for_end(run)
    left_out = {
        "input": None,
        "inputDetails": {"included": False},
        "output": None,
        "outputDetails": {"included": False},
    }
    on_status_change(event(run, "SUCCEEDED", **left_out))
    assert json.loads(stored(run).output or "") == {"big": "x"}


@pytest.mark.parametrize(("status", "counted"), [("FAILED", 1), ("TIMED_OUT", 1), ("ABORTED", 0), ("SUCCEEDED", 0)])
def test_failed_runs_of_a_deployed_stage_are_counted(
    status: str, counted: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = record()
    on_status_change(event(run, status))
    assert "RunsFailed" not in capsys.readouterr().out  # nothing collects metrics of the local cloud
    monkeypatch.setenv("FLOW_ALIAS", "live")
    on_status_change(event(run, status))
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "RunsFailed" in line]
    assert len(lines) == counted
    for line in lines:
        assert (line["Stage"], line["Flow"], line["RunsFailed"]) == (settings.stage, "f", 1)
        (directive,) = line["_aws"]["CloudWatchMetrics"]
        assert directive["Dimensions"] == [["Stage"], ["Stage", "Flow"]]
