"""Calls of services that the engine makes for itself: what a distributed Map reads and writes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from asl.engine.branch import Blocker, Branch, act
from asl.engine.failures import StateFailure
from asl.engine.tasks import Completion, TaskRequest
from asl.language.errors import RUNTIME

if TYPE_CHECKING:
    from asl.engine.tasks import Cancel

OnResult = Callable[[Any], None]
OnFailure = Callable[[StateFailure], None]


class ServiceCall(Completion, Blocker):
    """One call through the task runner, without events: a `Completion` whose end goes to a callback."""

    def __init__(
        self, branch: Branch, resource: str, parameters: Any, on_result: OnResult, on_failure: OnFailure
    ) -> None:
        self._branch = branch
        self._engine = branch.execution.engine
        self._on_result = on_result
        self._on_failure = on_failure
        self._open = True
        self._cancel: Cancel | None = None
        execution = branch.execution
        self._request = TaskRequest(
            resource=resource,
            parameters=parameters,
            state_name=branch.state.name,
            execution_arn=execution.arn,
            state_machine_arn=execution.machine.arn,
            task_token=None,
            timeout_seconds=None,
            heartbeat_seconds=None,
            role_arn=execution.machine.role_arn,
        )

    def begin(self) -> None:
        """Make the call."""
        self._engine.scheduler.working += 1
        try:
            self._engine.check_task(self._request)
            self._cancel = self._engine.tasks.start(self._request, self)
        except KeyboardInterrupt:
            raise
        except BaseException as problem:
            self.fail(RUNTIME, f"The task runner failed: {type(problem).__name__}: {problem}")

    @override
    def cancel(self) -> None:
        if self._close() and self._cancel is not None:
            self._cancel()

    @override
    def started(self, worker_name: str | None = None) -> None:
        pass

    @override
    def start_failed(self, error: str, cause: str) -> None:
        self.fail(error, cause)

    @override
    def submitted(self, output: Any) -> None:
        pass

    @override
    def awaiting(self) -> None:
        pass

    @override
    def succeed(self, result: Any) -> None:
        self._engine.scheduler.post(self._end, self._on_result, result)

    @override
    def fail(self, error: str | None, cause: str | None) -> None:
        self._engine.scheduler.post(self._end, self._on_failure, StateFailure(error, cause))

    def _end(self, callback: Callable[[Any], None], value: Any) -> None:
        if self._open:
            self._engine.scheduler.soon_in(self._branch.execution.lane, self._finish, callback, value)

    def _finish(self, callback: Callable[[Any], None], value: Any) -> None:
        if self._close():
            act(self._branch, callback, value)

    def _close(self) -> bool:
        if not self._open:
            return False
        self._open = False
        self._engine.scheduler.working -= 1
        return True
