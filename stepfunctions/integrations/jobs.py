"""The pattern `.sync`: a task that starts a job of another service ends as the job does.

Step Functions hears of a job's end by events; here the job is described again and again, ever more seldom.
https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html#connect-sync
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any

from asl.engine.failures import TASK_FAILED
from asl.engine.jsontext import dumps
from asl.engine.tasks import Cancel, Completion, TaskRequest
from stepfunctions.integrations import sdk
from stepfunctions.integrations.clients import AwsClients

FIRST_LOOK_SECONDS = 0.05
LAST_LOOK_SECONDS = 5.0

Answer = dict[str, Any]
# Parameters of a call, from those that the job was started with and from what the start answered.
Parameters = Callable[[Answer, Answer], Answer]


@dataclass(frozen=True, slots=True)
class Job:
    """How the job that an action starts is looked at.

    `describe` and `stop` are actions of the same service, and their parameters. `result` is where in the description
    the task's result is, `status` where in the result the job's status is, `over` maps the statuses of a job that has
    ended to whether it has succeeded.
    """

    describe: tuple[str, Parameters]
    stop: tuple[str, Parameters]
    result: tuple[str | int, ...]
    status: tuple[str, ...]
    over: dict[str, bool]


def _ends(succeeded: str, *failed: str) -> dict[str, bool]:
    return {succeeded: True, **dict.fromkeys(failed, False)}


def _sagemaker(kind: str) -> Job:
    def name(given: Answer, _: Answer) -> Answer:
        return {f"{kind}JobName": given[f"{kind}JobName"]}

    return Job(
        describe=(f"describe{kind}Job", name),
        stop=(f"stop{kind}Job", name),
        result=(),
        status=(f"{kind}JobStatus",),
        over=_ends("Completed", "Failed", "Stopped"),
    )


def _ecs_tasks(given: Answer, answer: Answer) -> Answer:
    cluster = {"Cluster": given["Cluster"]} if given.get("Cluster") else {}
    return cluster | {"Tasks": [task["TaskArn"] for task in answer["Tasks"]]}


def _ecs_task(given: Answer, answer: Answer) -> Answer:
    cluster = {"Cluster": given["Cluster"]} if given.get("Cluster") else {}
    return cluster | {"Task": answer["Tasks"][0]["TaskArn"]}


JOBS = {
    "athena:startQueryExecution": Job(
        describe=("getQueryExecution", lambda _, answer: {"QueryExecutionId": answer["QueryExecutionId"]}),
        stop=("stopQueryExecution", lambda _, answer: {"QueryExecutionId": answer["QueryExecutionId"]}),
        result=(),
        status=("QueryExecution", "Status", "State"),
        over=_ends("SUCCEEDED", "FAILED", "CANCELLED"),
    ),
    "batch:submitJob": Job(
        describe=("describeJobs", lambda _, answer: {"Jobs": [answer["JobId"]]}),
        stop=("terminateJob", lambda _, answer: {"JobId": answer["JobId"], "Reason": "The execution was stopped."}),
        result=("Jobs", 0),
        status=("Status",),
        over=_ends("SUCCEEDED", "FAILED"),
    ),
    "codebuild:startBuild": Job(
        describe=("batchGetBuilds", lambda _, answer: {"Ids": [answer["Build"]["Id"]]}),
        stop=("stopBuild", lambda _, answer: {"Id": answer["Build"]["Id"]}),
        result=("Builds", 0),
        status=("BuildStatus",),
        over=_ends("SUCCEEDED", "FAILED", "FAULT", "STOPPED", "TIMED_OUT"),
    ),
    "databrew:startJobRun": Job(
        describe=("describeJobRun", lambda given, answer: {"Name": given["Name"], "RunId": answer["RunId"]}),
        stop=("stopJobRun", lambda given, answer: {"Name": given["Name"], "RunId": answer["RunId"]}),
        result=(),
        status=("State",),
        over=_ends("SUCCEEDED", "FAILED", "STOPPED", "TIMEOUT"),
    ),
    "ecs:runTask": Job(
        describe=("describeTasks", _ecs_tasks),
        stop=("stopTask", _ecs_task),
        result=("Tasks", 0),
        status=("LastStatus",),
        over=_ends("STOPPED"),
    ),
    "glue:startJobRun": Job(
        describe=("getJobRun", lambda given, answer: {"JobName": given["JobName"], "RunId": answer["JobRunId"]}),
        stop=(
            "batchStopJobRun",
            lambda given, answer: {"JobName": given["JobName"], "JobRunIds": [answer["JobRunId"]]},
        ),
        result=("JobRun",),
        status=("JobRunState",),
        over=_ends("SUCCEEDED", "ERROR", "FAILED", "STOPPED", "TIMEOUT"),
    ),
    "sagemaker:createProcessingJob": _sagemaker("Processing"),
    "sagemaker:createTrainingJob": _sagemaker("Training"),
    "sagemaker:createTransformJob": _sagemaker("Transform"),
}


class RunningJob:
    """The job of one task, started by the action `name` of `JOBS`.

    Its calls run on the executor's threads; between them only a timer waits.
    """

    def __init__(
        self,
        clients: AwsClients,
        executor: Executor,
        request: TaskRequest,
        completion: Completion,
        name: str,
    ) -> None:
        self._clients = clients
        self._executor = executor
        self._request = request
        self._completion = completion
        self._service, _, self._action = name.partition(":")
        self._job = JOBS[name]
        self._given: Answer = request.parameters or {}
        self._answer: Answer = {}
        self._wait = FIRST_LOOK_SECONDS
        self._given_up = threading.Event()

    def begin(self) -> Cancel:
        """Start the job; the returned callable stops it."""
        self._submit(self._start)
        return self._give_up

    def _submit(self, work: Callable[[], None]) -> None:
        try:
            self._executor.submit(self._guard, work)
        except RuntimeError:
            return  # the executor has been shut down: nobody waits for the task any more

    def _guard(self, work: Callable[[], None]) -> None:
        try:
            work()
        except sdk.TaskError as error:
            self._completion.fail(error.error, error.cause)
        except Exception as error:
            self._completion.fail("States.Runtime", f"{self._request.resource}: {type(error).__name__}: {error}")

    def _start(self) -> None:
        self._answer = sdk.call(self._clients, self._service, self._action, self._given, optimized=True)
        if self._answer.get("Failures"):
            self._completion.fail("ECS.AmazonECSException", dumps(self._answer["Failures"]))
            return
        self._completion.submitted(self._answer)
        self._look()

    def _look(self) -> None:
        if self._given_up.is_set():
            self._stop()
            return
        action, parameters = self._job.describe
        found = self._call(action, parameters)
        for key in self._job.result:
            found = found[key]
        status: Any = found
        for name in self._job.status:
            status = status[name]
        succeeded = self._job.over.get(status)
        if succeeded is None:
            timer = threading.Timer(self._wait, self._submit, (self._look,))
            timer.daemon = True
            timer.start()
            self._wait = min(self._wait * 1.5, LAST_LOOK_SECONDS)
        elif succeeded and not _exited_badly(found):
            self._completion.succeed(found)
        else:
            self._completion.fail(TASK_FAILED, dumps(found))

    def _give_up(self) -> None:
        self._given_up.set()
        if self._answer:
            self._submit(self._stop)

    def _stop(self) -> None:
        action, parameters = self._job.stop
        self._call(action, parameters)

    def _call(self, action: str, parameters: Parameters) -> Any:
        return sdk.call(self._clients, self._service, action, parameters(self._given, self._answer), optimized=False)


def _exited_badly(task: Any) -> bool:
    """Whether a container of an ECS task ended with an error; the task itself is only said to have stopped."""
    containers = task.get("Containers") if isinstance(task, dict) else None
    return any(container.get("ExitCode") for container in containers or ())
