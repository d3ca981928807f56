"""The completion of a task whose function only hands the task's token over."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from typing_extensions import override

from asl.engine.tasks import Completion


class HandOver(Completion):
    """Passes everything on but the success: that is the function's, and the task waits for whoever has its token.

    Args:
        completion: The task's completion.
        handed_over: Called once the function has succeeded.
    """

    def __init__(self, completion: Completion, handed_over: Callable[[], None] = lambda: None) -> None:
        self._completion = completion
        self._handed_over = handed_over

    @override
    def started(self, worker_name: str | None = None) -> None:
        self._completion.started(worker_name)

    @override
    def start_failed(self, error: str, cause: str) -> None:
        self._completion.start_failed(error, cause)

    @override
    def submitted(self, output: Any) -> None:
        self._completion.submitted(output)

    @override
    def awaiting(self) -> None:
        self._completion.awaiting()

    @override
    def succeed(self, result: Any) -> None:
        self._completion.submitted(result)
        self._handed_over()

    @override
    def fail(self, error: str | None, cause: str | None) -> None:
        self._completion.fail(error, cause)
