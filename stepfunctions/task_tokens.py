"""SendTaskSuccess, SendTaskFailure and SendTaskHeartbeat."""

from __future__ import annotations

from typing import Any

from asl import Engine


class TaskTokens:
    """The operations by which whoever has a task's token ends it or keeps it alive."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def succeed(self, request: dict[str, Any]) -> dict[str, Any]:
        """SendTaskSuccess."""
        self._engine.send_task_success(request["taskToken"], request["output"])
        return {}

    def fail(self, request: dict[str, Any]) -> dict[str, Any]:
        """SendTaskFailure."""
        self._engine.send_task_failure(request["taskToken"], request.get("error"), request.get("cause"))
        return {}

    def heartbeat(self, request: dict[str, Any]) -> dict[str, Any]:
        """SendTaskHeartbeat."""
        self._engine.send_task_heartbeat(request["taskToken"])
        return {}
