"""SendTaskSuccess, SendTaskFailure and SendTaskHeartbeat."""

from __future__ import annotations

from typing import Any

from asl import Engine


class TaskTokens:
    """The operations that end a task, or keep it alive, by its token."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def succeed(self, request: dict[str, Any]) -> dict[str, Any]:
        """SendTaskSuccess.

        Raises:
            EngineError: InvalidToken, TaskTimedOut or InvalidOutput.
        """
        self._engine.send_task_success(request["taskToken"], request["output"])
        return {}

    def fail(self, request: dict[str, Any]) -> dict[str, Any]:
        """SendTaskFailure.

        Raises:
            EngineError: InvalidToken or TaskTimedOut.
        """
        self._engine.send_task_failure(request["taskToken"], request.get("error"), request.get("cause"))
        return {}

    def heartbeat(self, request: dict[str, Any]) -> dict[str, Any]:
        """SendTaskHeartbeat.

        Raises:
            EngineError: InvalidToken or TaskTimedOut.
        """
        self._engine.send_task_heartbeat(request["taskToken"])
        return {}
