"""The interface of an integration, and what service integrations share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Protocol

from typing_extensions import override

from asl.engine.jsontext import dumps
from asl.engine.tasks import Cancel, Completion, TaskRefused, TaskRequest
from stepfunctions.integrations.api_models import parameter_problems
from stepfunctions.integrations.resources import Resource, parse_resource


class Integration(Protocol):
    """Does the work of the tasks of one or more resources. Used by many executions at once.

    It may also have a method `resume(request, completion, submitted)`: see `asl.TaskRunner`.
    """

    def check(self, request: TaskRequest) -> None:
        """Refuse a task before it appears in the history as scheduled.

        Raises:
            TaskRefused: The state fails with this error and cause.
        """

    def start(self, request: TaskRequest, completion: Completion) -> Cancel | None:
        """Begin the task and return at once; report what becomes of it to `completion`, from any thread.

        Returns:
            What gives up on the task, if it can be given up.
        """


class ServiceIntegration(ABC):
    """An integration whose parameters are a JSON object with known fields."""

    @abstractmethod
    def start(self, request: TaskRequest, completion: Completion) -> Cancel | None:
        """Begin the task and return at once. See `Integration`."""

    def problems(self, resource: Resource, parameters: dict[str, Any]) -> list[str]:
        """Return what is wrong with the parameters' names; by default, as the API's model has them."""
        return parameter_problems(resource.service, resource.action, parameters)

    def check(self, request: TaskRequest) -> None:
        """Refuse missing and unknown parameters.

        Raises:
            TaskRefused: States.Runtime, with all problems in the cause.
        """
        parameters = {} if request.parameters is None else request.parameters
        resource = parse_resource(request.resource)
        assert resource is not None
        if isinstance(parameters, dict):
            problems = self.problems(resource, parameters)
        else:
            problems = ["The parameters must be a JSON object"]
        if problems:
            cause = f"The Parameters '{dumps(parameters)}' could not be used to start the Task: [{', '.join(problems)}]"
            raise TaskRefused("States.Runtime", cause)


class Unsupported(ServiceIntegration):
    """Fails the tasks of resources that do not run here. `cause` has `{resource}` in place of the task's resource."""

    def __init__(self, cause: str) -> None:
        self._cause = cause

    @override
    def start(self, request: TaskRequest, completion: Completion) -> Cancel | None:
        completion.started()
        completion.fail("States.Runtime", self._cause.format(resource=request.resource))
        return None
