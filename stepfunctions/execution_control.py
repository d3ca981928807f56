"""Ends and continues executions: StopExecution and RedriveExecution."""

from __future__ import annotations

from typing import Any

from asl import Engine
from stepfunctions.errors import ServiceError
from stepfunctions.execution_index import ExecutionIndex
from stepfunctions.map_runs import MapRuns
from stepfunctions.records import MachineRecord, date
from stepfunctions.redrive import why_not_redrivable

ENGINE_SECONDS = 5.0
"""How long StopExecution waits for the engine, which may be busy, to end the execution."""


class ExecutionControl:
    """The operations that end and continue executions."""

    def __init__(self, engine: Engine, index: ExecutionIndex, map_runs: MapRuns) -> None:
        self._engine = engine
        self._index = index
        self._map_runs = map_runs

    def stop(self, request: dict[str, Any]) -> dict[str, Any]:
        """StopExecution. An execution that has already ended stays as it is.

        Raises:
            ServiceError: InvalidArn or ExecutionDoesNotExist.
        """
        record = self._map_runs.find_execution(request["executionArn"])
        self._engine.stop(record.execution, request.get("error"), request.get("cause"))
        record.execution.wait(ENGINE_SECONDS)
        return {"stopDate": date(record.execution.stop_date or self._engine.now())}

    def redrive(self, request: dict[str, Any]) -> dict[str, Any]:
        """RedriveExecution: continues a failed, stopped or timed-out execution where it ended.

        Raises:
            ServiceError: InvalidArn, ExecutionDoesNotExist or ExecutionNotRedrivable.
        """
        record = self._map_runs.find_execution(request["executionArn"])
        execution, token = record.execution, request.get("clientToken")
        with record.lock:
            if token is not None and record.redrive_token == token and execution.redrive_date is not None:
                return {"redriveDate": date(execution.redrive_date)}
            reason = why_not_redrivable(record)
            if reason is not None:
                raise ServiceError("ExecutionNotRedrivable", reason)
            record.redrive_token = token
            self._engine.redrive(execution)
            return {"redriveDate": date(execution.redrive_date or self._engine.now())}

    def abandon(self, execution_arn: str) -> None:
        """Stop an execution that its parent no longer waits for. Returns at once."""
        record = self._index.get(execution_arn)
        if record is not None:
            self._engine.stop(record.execution, None, None)

    def stop_all(self, machine: MachineRecord) -> None:
        """Stop the running executions of a state machine. Returns at once."""
        for record in self._index.of_machine(machine.arn):
            if record.is_open:
                self._engine.stop(record.execution, None, None)
