"""Map Runs: the runs of distributed Map states, and the child executions in them."""

from __future__ import annotations

from typing import Any

from asl import Engine
from localcloud.stepfunctions.errors import resource_not_found
from localcloud.stepfunctions.execution_index import ExecutionIndex, ExecutionRecord


class MapRuns:
    """The operations on Map Runs."""

    def __init__(self, engine: Engine, index: ExecutionIndex) -> None:
        self._engine = engine
        self._index = index

    def children(self, map_run_arn: str) -> list[ExecutionRecord]:
        raise resource_not_found(map_run_arn)

    def child(self, execution_arn: str) -> ExecutionRecord | None:
        return None

    def of_label(self, machine_arn: str, label: str) -> list[ExecutionRecord]:
        return []

    def describe(self, request: dict[str, Any]) -> dict[str, Any]:
        raise resource_not_found(request["mapRunArn"])

    def list(self, request: dict[str, Any]) -> dict[str, Any]:
        return {"mapRuns": []}

    def update(self, request: dict[str, Any]) -> dict[str, Any]:
        raise resource_not_found(request["mapRunArn"])
