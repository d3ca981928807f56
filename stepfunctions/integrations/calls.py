"""Calls of other services. They run on threads of a pool, since the engine's thread must not wait for an answer."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from asl.engine.tasks import Cancel, Completion, TaskRequest
from stepfunctions.integrations.service_errors import TaskError

MAX_THREADS = 32
"""How many calls may be in progress at once; the others wait for their turn."""


class Calls:
    """A pool of threads for the calls that tasks make."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(MAX_THREADS, thread_name_prefix="task")

    def start(self, request: TaskRequest, completion: Completion, work: Callable[[], dict[str, Any]]) -> Cancel:
        """Report the task as started, and run `work`, which returns its result, on a thread.

        Returns:
            What drops the call while it is still waiting for a thread.
        """
        completion.started()
        future = self.submit(lambda: finish(request, completion, work))

        def cancel() -> None:
            future.cancel()

        return cancel

    def submit(self, work: Callable[[], None]) -> Future[None]:
        """Run `work` on a thread.

        Raises:
            RuntimeError: The pool has been closed.
        """
        return self._threads.submit(work)

    def close(self) -> None:
        """Accept no more calls. Those in progress run to their end."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def finish(request: TaskRequest, completion: Completion, work: Callable[[], dict[str, Any]]) -> None:
    """Run `work` on this thread and report its result. With a task token, the token's holder ends the task later."""
    with reporting_failure(request, completion):
        result = work()
        (completion.succeed if request.task_token is None else completion.submitted)(result)


@contextlib.contextmanager
def reporting_failure(request: TaskRequest, completion: Completion) -> Iterator[None]:
    """Report an exception raised inside as the task's failure."""
    try:
        yield
    except TaskError as error:
        completion.fail(error.error, error.cause)
    except Exception as error:
        completion.fail("States.Runtime", f"{request.resource}: {type(error).__name__}: {error}")
