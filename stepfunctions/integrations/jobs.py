"""The pattern Run a Job, `.sync`: a task that starts a job of another service ends when the job does.

AWS learns of a job's end from events. Here the job is polled, at growing intervals.
Source: https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html#connect-sync.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from typing_extensions import override

from asl.engine.failures import TASK_FAILED
from asl.engine.jsontext import dumps
from asl.engine.tasks import Cancel, Completion, TaskRequest
from stepfunctions.integrations import sdk
from stepfunctions.integrations.calls import Calls, reporting_failure
from stepfunctions.integrations.clients import AwsClients
from stepfunctions.integrations.integration import ServiceIntegration

FIRST_POLL_SECONDS = 0.05
LONGEST_POLL_SECONDS = 5.0

Answer = dict[str, Any]
# The parameters of a call, from the parameters and the answer of the call that started the job.
Parameters = Callable[[Answer, Answer], Answer]


@dataclass(frozen=True, slots=True)
class Job:
    """How to poll and stop the job that an action starts.

    `describe` and `stop` are actions of the same service with their parameters. `result` is the path of the task's
    result in the description, and `status` the path of the job's status in the result. `over` has the statuses of a job
    that has ended, and whether it succeeded.
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


class RunJob(ServiceIntegration):
    """The action `name`, `glue:startJobRun`, with `.sync`."""

    def __init__(self, name: str, job: Job, clients: AwsClients, calls: Calls) -> None:
        self._service, _, self._action = name.partition(":")
        self._job = job
        self._clients = clients
        self._calls = calls

    @override
    def start(self, request: TaskRequest, completion: Completion) -> Cancel | None:
        completion.started()
        return RunningJob(self, request, completion).begin()

    def resume(self, request: TaskRequest, completion: Completion, submitted: Any) -> Cancel:
        """Wait for a job that was started before."""
        return RunningJob(self, request, completion).resume(submitted)

    def start_job(self, given: Answer) -> Answer:
        """Start a job with a task's parameters.

        Raises:
            TaskError: See `sdk.call`.
        """
        return sdk.call(self._clients, self._service, self._action, given, optimized=True)

    def describe(self, given: Answer, answer: Answer) -> Any:
        """Return the task's result as the job's description has it now.

        Raises:
            TaskError: See `sdk.call`.
        """
        found: Any = self._call(self._job.describe, given, answer)
        for key in self._job.result:
            found = found[key]
        return found

    def stop(self, given: Answer, answer: Answer) -> None:
        """Stop a job.

        Raises:
            TaskError: See `sdk.call`.
        """
        self._call(self._job.stop, given, answer)

    def succeeded(self, found: Any) -> bool | None:
        """Return whether a described job succeeded; None while it runs."""
        status: Any = found
        for name in self._job.status:
            status = status[name]
        over = self._job.over.get(status)
        return over and not _exited_badly(found)

    def submit(self, work: Callable[[], None]) -> None:
        """Run `work` on a thread; after the service has been closed nothing waits for the job, and nothing runs."""
        with contextlib.suppress(RuntimeError):
            self._calls.submit(work)

    def _call(self, what: tuple[str, Parameters], given: Answer, answer: Answer) -> Answer:
        action, parameters = what
        return sdk.call(self._clients, self._service, action, parameters(given, answer), optimized=False)


class RunningJob:
    """The job of one task. Its calls run on the pool's threads; between them only a timer waits."""

    def __init__(self, integration: RunJob, request: TaskRequest, completion: Completion) -> None:
        self._integration = integration
        self._request = request
        self._completion = completion
        self._given: Answer = request.parameters or {}
        self._answer: Answer = {}
        self._interval = FIRST_POLL_SECONDS
        self._cancelled = threading.Event()

    def begin(self) -> Cancel:
        """Start the job; the returned callable stops it."""
        self._submit(self._start)
        return self._cancel

    def resume(self, answer: Answer) -> Cancel:
        """Wait for the job that a start answered with; the returned callable stops it."""
        self._answer = answer
        self._submit(self._poll)
        return self._cancel

    def _submit(self, work: Callable[[], None]) -> None:
        def guarded() -> None:
            with reporting_failure(self._request, self._completion):
                work()

        self._integration.submit(guarded)

    def _start(self) -> None:
        self._answer = self._integration.start_job(self._given)
        if self._answer.get("Failures"):
            self._completion.fail("ECS.AmazonECSException", dumps(self._answer["Failures"]))
            return
        self._completion.submitted(self._answer)
        self._poll()

    def _poll(self) -> None:
        if self._cancelled.is_set():
            self._stop()
            return
        found = self._integration.describe(self._given, self._answer)
        succeeded = self._integration.succeeded(found)
        if succeeded is None:
            timer = threading.Timer(self._interval, self._submit, (self._poll,))
            timer.daemon = True
            timer.start()
            self._interval = min(self._interval * 1.5, LONGEST_POLL_SECONDS)
        elif succeeded:
            self._completion.succeed(found)
        else:
            self._completion.fail(TASK_FAILED, dumps(found))

    def _cancel(self) -> None:
        self._cancelled.set()
        if self._answer:
            self._submit(self._stop)

    def _stop(self) -> None:
        self._integration.stop(self._given, self._answer)


def _exited_badly(task: Any) -> bool:
    """Return whether a container of an ECS task ended with an error. The task itself only says that it stopped."""
    containers = task.get("Containers") if isinstance(task, dict) else None
    return any(container.get("ExitCode") for container in containers or ())
