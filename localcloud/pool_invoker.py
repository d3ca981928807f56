"""Invokes functions for Step Functions in the pool of workers."""

from __future__ import annotations

from collections.abc import Callable

from asl.engine.tasks import Cancel, TaskRequest
from localcloud.functions import FunctionRegistry
from localcloud.workers import InvocationResult, Source, WorkerPool
from stepfunctions import Invocation


def source_of(task: TaskRequest) -> Source:
    """Return who invokes a function for a task."""
    return Source(
        flow=task.state_machine_arn,
        execution=task.execution_arn,
        state=task.state_name,
        path=task.state_path,
        iterations=task.iterations,
        attempt=task.attempt,
        run=task.run_arn,
        trace_header=task.trace_header,
    )


class PoolInvoker:
    """A `stepfunctions.FunctionInvoker` over the functions of a registry and a pool of workers."""

    def __init__(self, registry: FunctionRegistry, pool: WorkerPool) -> None:
        self._registry = registry
        self._pool = pool

    def invoke(self, function: str, payload: bytes, on_done: Callable[[Invocation], None]) -> Cancel:
        """Invoke a function by its name or ARN and return at once.

        Args:
            function: Name or ARN.
            payload: The event, as JSON.
            on_done: Called once with the outcome, from any thread.

        Raises:
            LookupError: There is no such function.
        """
        return self._invoke(function, payload, on_done, Source())

    def invoke_for(
        self, task: TaskRequest, function: str, payload: bytes, on_done: Callable[[Invocation], None]
    ) -> Cancel:
        """Invoke a function for a task: tasks that wait for a worker take turns by their flows and executions.

        Args:
            task: The task.
            function: Name or ARN.
            payload: The event, as JSON.
            on_done: Called once with the outcome, from any thread.

        Raises:
            LookupError: There is no such function.
        """
        return self._invoke(function, payload, on_done, source_of(task))

    def _invoke(self, function: str, payload: bytes, on_done: Callable[[Invocation], None], source: Source) -> Cancel:
        spec = self._registry.resolve(function)
        if spec is None:
            raise LookupError(function)

        def done(result: InvocationResult) -> None:
            on_done(Invocation(result.payload, result.error, result.request_id))

        return self._pool.invoke(spec, payload, done, source)
