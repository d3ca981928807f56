"""Does the work of Task states: each task goes to the integration that is registered for its resource."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from asl.engine.tasks import Cancel, Completion, TaskRequest
from stepfunctions.integrations.authorization import Authorize, denied
from stepfunctions.integrations.integration import Integration
from stepfunctions.integrations.resources import registry_names

Resume = Callable[[TaskRequest, Completion, Any], Cancel | None]


class Runner:
    """A `TaskRunner` over a table of integrations, such as `registry.integrations` returns.

    Args:
        integrations: The integrations by their names.
        authorize: Says which tasks may not make their calls; None allows all.
    """

    def __init__(self, integrations: Mapping[str, Integration], authorize: Authorize | None = None) -> None:
        self._integrations = integrations
        self._authorize = authorize

    def check(self, request: TaskRequest) -> None:
        """Refuse a task that its integration cannot even schedule. See `TaskRunner`.

        Raises:
            TaskRefused: States.Runtime: the activity does not exist, or the integration doesn't accept the parameters.
        """
        self._find(request.resource).check(request)

    def start(self, request: TaskRequest, completion: Completion) -> Cancel | None:
        """Begin the task and return at once. See `TaskRunner`."""
        denial = self._authorize(request) if self._authorize is not None else None
        if denial is not None:
            error = denied(request.resource, denial)
            completion.started()
            completion.fail(error.error, error.cause)
            return None
        return self._find(request.resource).start(request, completion)

    def resume(self, request: TaskRequest, completion: Completion, submitted: Any) -> Cancel | None:
        """Wait again for what a task of an earlier process started. See `TaskRunner`."""
        integration = self._find(request.resource)
        resume: Resume | None = getattr(integration, "resume", None)
        if resume is None:
            return integration.start(request, completion)
        return resume(request, completion, submitted)

    def _find(self, resource: str) -> Integration:
        for name in registry_names(resource):
            if name in self._integrations:
                return self._integrations[name]
        raise LookupError(f"No integration is registered for {resource}")
