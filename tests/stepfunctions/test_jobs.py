"""Tasks that run a job of another service and end when it does."""

from __future__ import annotations

import json
from typing import Any

import pytest

from asl.engine.tasks import TaskRequest
from stepfunctions.integrations import jobs, sdk
from stepfunctions.integrations.jobs import JOBS
from tests.stepfunctions.conftest import Lab


def types(lab: Lab, found: dict[str, Any]) -> list[str]:
    events = lab.sfn.get_execution_history(executionArn=found["executionArn"])["events"]
    return [event["type"] for event in events if event["type"].startswith("Task")]


def test_a_job_of_glue(lab: Lab) -> None:
    lab.client("glue").create_job(Name="report", Role="role", Command={"Name": "glueetl", "ScriptLocation": "s3://b/s"})
    found = lab.run_task("arn:aws:states:::glue:startJobRun.sync", {"JobName": "report"})
    assert found["status"] == "SUCCEEDED"
    result = json.loads(found["output"])
    assert (result["JobName"], result["JobRunState"]) == ("report", "SUCCEEDED")
    assert types(lab, found)[1:5] == ["TaskScheduled", "TaskStarted", "TaskSubmitted", "TaskSucceeded"]


def test_a_job_that_cannot_be_started(lab: Lab) -> None:
    found = lab.run_task("arn:aws:states:::glue:startJobRun.sync", {"JobName": "no-such-job"})
    assert found["error"] == "Glue.EntityNotFoundException"
    assert types(lab, found)[1:] == ["TaskScheduled", "TaskStarted", "TaskFailed"]


class Recorder:
    """A `Completion` that keeps what is reported to it."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []

    def started(self, worker_name: str | None = None) -> None:
        self.calls.append(("started",))

    def submitted(self, output: Any) -> None:
        self.calls.append(("submitted", output))

    def succeed(self, result: Any) -> None:
        self.calls.append(("succeed", result))

    def fail(self, error: str | None, cause: str | None) -> None:
        self.calls.append(("fail", error, json.loads(cause or "null")))


class Now:
    """`Calls` that run immediately."""

    def submit(self, work: Any) -> None:
        work()


@pytest.mark.parametrize(
    ("job", "given", "start", "descriptions", "last"),
    [
        (
            "batch:submitJob",
            {},
            {"JobId": "j"},
            [{"Jobs": [{"Status": "RUNNING"}]}, {"Jobs": [{"Status": "FAILED"}]}],
            ("fail", "States.TaskFailed", {"Status": "FAILED"}),
        ),
        (
            "ecs:runTask",
            {"Cluster": "c"},
            {"Tasks": [{"TaskArn": "t"}]},
            [{"Tasks": [{"LastStatus": "STOPPED", "Containers": [{"ExitCode": 1}]}]}],
            ("fail", "States.TaskFailed", {"LastStatus": "STOPPED", "Containers": [{"ExitCode": 1}]}),
        ),
        (
            "ecs:runTask",
            {},
            {"Tasks": [{"TaskArn": "t"}]},
            [{"Tasks": [{"LastStatus": "STOPPED", "Containers": [{"ExitCode": 0}]}]}],
            ("succeed", {"LastStatus": "STOPPED", "Containers": [{"ExitCode": 0}]}),
        ),
        (
            "ecs:runTask",
            {},
            {"Tasks": [], "Failures": [{"Reason": "RESOURCE"}]},
            [],
            ("fail", "ECS.AmazonECSException", [{"Reason": "RESOURCE"}]),
        ),
        (
            "athena:startQueryExecution",
            {},
            {"QueryExecutionId": "q"},
            [{"QueryExecution": {"Status": {"State": "SUCCEEDED"}}}],
            ("succeed", {"QueryExecution": {"Status": {"State": "SUCCEEDED"}}}),
        ),
        (
            "sagemaker:createTrainingJob",
            {"TrainingJobName": "n"},
            {"TrainingJobArn": "a"},
            [{"TrainingJobStatus": "Stopped"}],
            ("fail", "States.TaskFailed", {"TrainingJobStatus": "Stopped"}),
        ),
    ],
)
def test_how_jobs_end(
    monkeypatch: pytest.MonkeyPatch,
    job: str,
    given: dict[str, Any],
    start: dict[str, Any],
    descriptions: list[dict[str, Any]],
    last: tuple[Any, ...],
) -> None:
    answers = iter([start, *descriptions])
    monkeypatch.setattr(sdk, "call", lambda *_, **__: next(answers))
    monkeypatch.setattr(jobs.threading, "Timer", _Timer)
    request = TaskRequest(f"arn:aws:states:::{job}.sync", given, "S", "e", "m", None, None, None)
    completion = Recorder()
    jobs.RunJob(job, JOBS[job], None, Now()).start(request, completion)  # type: ignore[arg-type]
    assert completion.calls[-1] == last
    assert list(answers) == []


class _Timer:
    """A timer that fires immediately."""

    daemon = False

    def __init__(self, _: float, call: Any, arguments: tuple[Any, ...]) -> None:
        self._call, self._arguments = call, arguments

    def start(self) -> None:
        self._call(*self._arguments)


def test_every_job_s_actions_are_the_api_s(lab: Lab) -> None:
    for name, job in JOBS.items():
        service, action = name.split(":")
        operations = lab.client(service).meta.service_model.operation_names
        for used in (action, job.describe[0], job.stop[0]):
            assert used[:1].upper() + used[1:] in operations, (name, used)
