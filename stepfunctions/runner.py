"""Does the work of Task states: finds the integration that a resource names, and lets it work elsewhere."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Any

from asl.engine.jsontext import dumps
from asl.engine.tasks import Cancel, Completion, TaskRefused, TaskRequest
from stepfunctions.activities import Activities, PendingTask
from stepfunctions.integrations import http_calls, sdk
from stepfunctions.integrations.api_models import parameter_problems
from stepfunctions.integrations.clients import AwsClients
from stepfunctions.integrations.jobs import JOBS, RunningJob
from stepfunctions.integrations.lambda_functions import LambdaTasks, invoke_problems
from stepfunctions.integrations.names import OPTIMIZED, operation_name
from stepfunctions.integrations.step_functions import BLOCKING, StepFunctionsTasks

MAX_THREADS = 32
"""How many calls of other services are under way at once; the others wait for their turn."""

_INTEGRATION = re.compile(
    r"arn:[^:]*:states:[^:]*:[^:]*:(?P<sdk>aws-sdk:)?(?P<service>[a-zA-Z0-9-]+):(?P<action>[a-zA-Z0-9]+)"
    r"(?:\.(?P<pattern>sync:2|sync|waitForTaskToken))?"
)
Start = Callable[[TaskRequest, Completion], Cancel | None]


class Runner:
    """A `TaskRunner` over Lambda functions, activities, Step Functions itself and every other service's API."""

    def __init__(
        self,
        functions: LambdaTasks,
        activities: Activities,
        executions: StepFunctionsTasks,
        clients: AwsClients,
    ) -> None:
        self._functions = functions
        self._activities = activities
        self._executions = executions
        self._clients = clients
        self._threads = ThreadPoolExecutor(MAX_THREADS, thread_name_prefix="task")

    def check(self, request: TaskRequest) -> None:
        """See `TaskRunner`: activities must exist, parameters must be such as the integration knows.

        Raises:
            TaskRefused: States.Runtime.
        """
        resource = request.resource
        if ":activity:" in resource:
            if resource not in self._activities:
                raise TaskRefused("States.Runtime", f"The activity {resource} does not exist.")
            return
        integration = _parse(resource)
        if integration is None:
            return
        parameters = {} if request.parameters is None else request.parameters
        if not isinstance(parameters, dict):
            problems = ["The parameters must be a JSON object"]
        elif (integration["service"], integration["action"], integration["sdk"]) == ("lambda", "invoke", ""):
            problems = invoke_problems(parameters)
        elif _calls_http(integration):
            problems = http_calls.invoke_problems(integration["service"], parameters)
        else:
            problems = parameter_problems(integration["service"], integration["action"], parameters)
        if problems:
            cause = f"The Parameters '{dumps(parameters)}' could not be used to start the Task: [{', '.join(problems)}]"
            raise TaskRefused("States.Runtime", cause)

    def start(self, request: TaskRequest, completion: Completion) -> Cancel | None:
        """See `TaskRunner`."""
        resource = request.resource
        if ":activity:" in resource:
            return self._start_activity(request, completion)
        integration = _parse(resource)
        if integration is None:
            return self._functions.start_function(request, completion)
        service, action, pattern = integration["service"], integration["action"], integration["pattern"]
        if not integration["sdk"]:
            if (service, action) == ("lambda", "invoke"):
                return self._functions.start_invoke(request, completion)
            if (service, action) == ("states", "startExecution"):
                return self._executions.start_execution(request, completion, pattern or "")
        if service == "sfn" and operation_name(action) not in BLOCKING:
            completion.started()
            self._finish(request, completion, lambda: self._executions.call(operation_name(action), request.parameters))
            return None
        if pattern == "sync" and f"{service}:{action}" in JOBS:
            completion.started()
            return RunningJob(self._clients, self._threads, request, completion, f"{service}:{action}").begin()
        return self._start_call(request, completion, integration)

    def close(self) -> None:
        """Take no more calls; those under way end by themselves."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _start_activity(self, request: TaskRequest, completion: Completion) -> Cancel:
        task = PendingTask(request.task_token or "", dumps(request.parameters), completion.started)
        return self._activities.offer(request.resource, task)

    def _start_call(self, request: TaskRequest, completion: Completion, integration: dict[str, str]) -> Cancel:
        """Call an API on a thread of the pool."""
        service, action, optimized = integration["service"], integration["action"], not integration["sdk"]
        completion.started()

        def work() -> dict[str, Any]:
            if integration["pattern"] in ("sync", "sync:2"):
                raise sdk.TaskError(
                    "States.Runtime", f"The pattern .sync of {service}:{action} does not run on this machine."
                )
            if _calls_http(integration):
                return http_calls.invoke(self._clients, service, request.parameters)
            if service == "sfn":
                return self._executions.call(operation_name(action), request.parameters)
            if optimized and service not in OPTIMIZED:
                raise sdk.TaskError("States.Runtime", f"The resource {request.resource} is not supported.")
            puts_events = optimized and (service, action) == ("events", "putEvents")
            parameters = sdk.put_events_parameters(request) if puts_events else request.parameters
            result = sdk.call(self._clients, service, action, parameters, optimized=optimized)
            if puts_events:
                sdk.check_put_events(result)
            return result

        future = self._threads.submit(self._finish, request, completion, work)

        def cancel() -> None:
            future.cancel()

        return cancel

    @staticmethod
    def _finish(request: TaskRequest, completion: Completion, work: Callable[[], dict[str, Any]]) -> None:
        try:
            result = work()
        except sdk.TaskError as error:
            completion.fail(error.error, error.cause)
        except Exception as error:
            completion.fail("States.Runtime", f"{request.resource}: {type(error).__name__}: {error}")
        else:
            (completion.succeed if request.task_token is None else completion.submitted)(result)


def _calls_http(integration: dict[str, str]) -> bool:
    return (
        integration["service"] in ("http", "apigateway")
        and integration["action"] == "invoke"
        and (not integration["sdk"])
    )


@lru_cache(maxsize=4096)
def _parse(resource: str) -> dict[str, str] | None:
    """An integration's `sdk`, `service`, `action` and `pattern`, each may be empty; None: a function's ARN."""
    match = _INTEGRATION.fullmatch(resource)
    return {name: value or "" for name, value in match.groupdict().items()} if match else None
