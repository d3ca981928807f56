"""Starts executions: StartExecution and StartSyncExecution."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import Any

from asl import Engine, Execution, StateMachine
from stepfunctions.aliases import Aliases
from stepfunctions.arns import parse_state_machine_arn, refuse_label
from stepfunctions.errors import ServiceError, state_machine_type_not_supported
from stepfunctions.execution_index import ExecutionIndex, ExecutionRecord
from stepfunctions.execution_rendering import metadata_only, render_execution
from stepfunctions.json_strings import check_json, same_json
from stepfunctions.names import check_name
from stepfunctions.records import MachineRecord, Revision, date
from stepfunctions.state_machines import StateMachines

_BILLED_MEMORY_MB = 64
_BILLED_STEP_MS = 100

OnStatusChange = Callable[[ExecutionRecord], None]
OnEnd = Callable[[Execution], None]


@dataclass(frozen=True, slots=True)
class _Target:
    """What the ARN in a StartExecution names: one revision of a state machine, by a version or an alias or neither."""

    machine: MachineRecord
    revision: Revision
    version_arn: str | None = None
    alias_arn: str | None = None

    @property
    def compiled(self) -> StateMachine:
        if self.version_arn is None:
            return self.revision.compiled
        return replace(self.revision.compiled, version_arn=self.version_arn, alias_arn=self.alias_arn)


class ExecutionStarts:
    """The operations that start executions.

    Args:
        engine: The engine that runs them.
        machines: The state machines.
        aliases: The aliases, which route to versions.
        index: Where STANDARD executions are kept.
        on_status_change: Called with every new status of a STANDARD execution, on the engine's thread.
        refusal: Says by a state machine's ARN why no execution of it may start now; None if one may.
    """

    def __init__(  # noqa: PLR0913, PLR0917  (what it starts executions with)
        self,
        engine: Engine,
        machines: StateMachines,
        aliases: Aliases,
        index: ExecutionIndex,
        on_status_change: OnStatusChange,
        refusal: Callable[[str], str | None] | None = None,
    ) -> None:
        self._engine = engine
        self._machines = machines
        self._aliases = aliases
        self._index = index
        self._on_status_change = on_status_change
        self._refusal = refusal
        self._lock = threading.Lock()
        self._starting: dict[str, Future[Execution]] = {}
        self._waiting: dict[str, list[OnEnd]] = {}
        self._sequence = 0
        index.on_change = self._changed

    def start(self, request: dict[str, Any], on_end: OnEnd | None = None) -> dict[str, Any]:
        """StartExecution. Idempotent for a STANDARD machine while the execution runs.

        Args:
            request: The API's request.
            on_end: Called once when the execution ends, from any thread.

        Raises:
            ServiceError: StateMachineDoesNotExist, InvalidName, InvalidExecutionInput or ExecutionAlreadyExists;
                InvalidDefinition if no execution may start now.
        """
        target = self._target(request["stateMachineArn"])
        execution_input = _read_input(request)
        if target.machine.is_express:
            execution = self._engine.start(
                target.compiled,
                execution_input,
                name=request.get("name"),
                trace_header=request.get("traceHeader"),
                on_change=None if on_end is None else _when_ended(on_end),
            )
        else:
            execution = self._start_standard(target, execution_input, request, on_end)
        return {"executionArn": execution.arn, "startDate": date(execution.start_date)}

    def start_sync(self, request: dict[str, Any]) -> dict[str, Any]:
        """StartSyncExecution: runs an execution of an EXPRESS machine to its end, and returns its result.

        Raises:
            ServiceError: InvalidArn, StateMachineDoesNotExist, StateMachineTypeNotSupported, InvalidName or
                InvalidExecutionInput.
        """
        target = self._target(request["stateMachineArn"])
        if not target.machine.is_express:
            raise state_machine_type_not_supported()
        execution = self._engine.run(
            target.compiled,
            _read_input(request),
            name=request.get("name"),
            trace_header=request.get("traceHeader"),
        )
        answer = {"name": execution.name, **render_execution(execution, target.machine.arn)}
        answer["status"] = execution.status if execution.status in ("SUCCEEDED", "FAILED") else "TIMED_OUT"
        duration = 1000 * ((execution.stop_date or execution.start_date) - execution.start_date)
        steps = max(1, -(-round(duration) // _BILLED_STEP_MS))
        answer["billingDetails"] = {
            "billedMemoryUsedInMB": _BILLED_MEMORY_MB,
            "billedDurationInMilliseconds": steps * _BILLED_STEP_MS,
        }
        return metadata_only(answer) if request.get("includedData") == "METADATA_ONLY" else answer

    def _target(self, machine_arn: str) -> _Target:
        message = None if self._refusal is None else self._refusal(machine_arn)
        if message is not None:
            raise ServiceError("InvalidDefinition", message)
        arn = parse_state_machine_arn(machine_arn)
        refuse_label(arn)
        with self._machines.lock:
            if arn.alias is not None:
                machine, version = self._aliases.route(arn)
                return _Target(machine, version.revision, version.arn, arn.full)
            if arn.version is not None:
                machine, version = self._machines.find_version(arn)
                return _Target(machine, version.revision, version.arn)
            machine = self._machines.find(arn.full)
            return _Target(machine, machine.revision)

    def _start_standard(
        self, target: _Target, execution_input: str, request: dict[str, Any], on_end: OnEnd | None
    ) -> Execution:
        name = request.get("name") or str(uuid.uuid4())
        arn = f"{target.machine.arn.replace(':stateMachine:', ':execution:', 1)}:{name}"
        started: Future[Execution] = Future()
        with self._lock:
            known, other = self._index.get(arn), self._starting.get(arn)
            if known is None and other is None:
                self._starting[arn] = started
                self._sequence += 1
                sequence = self._sequence
        if known is not None or other is not None:
            execution = known.execution if known is not None else other.result()  # type: ignore[union-attr]
            if execution.status == "RUNNING" and same_json(execution.input, execution_input):
                if known is not None:
                    self._index.confirm(known)
                return execution
            raise ServiceError("ExecutionAlreadyExists", f"Execution Already Exists: '{arn}'")

        refusable = not self._engine.scheduler.is_driving  # a task that starts an execution does not wait

        def record_of(execution: Execution) -> ExecutionRecord:
            return self._index.add(
                ExecutionRecord(
                    execution, target.machine.arn, target.revision, target.version_arn, target.alias_arn, sequence
                ),
                refusable=refusable,
            )

        def changed(execution: Execution) -> None:
            self._changed(record_of(execution), on_end)

        # No lock is held here: the engine reports changes on its own thread, which must not wait for this one.
        try:
            execution = self._engine.start(
                target.compiled, execution_input, name=name, trace_header=request.get("traceHeader"), on_change=changed
            )
            self._index.confirm(record_of(execution))
            started.set_result(execution)
        except BaseException as error:
            started.set_exception(error)
            raise
        finally:
            with self._lock:
                del self._starting[arn]
        return execution

    def wait_again(self, execution_arn: str, on_end: OnEnd) -> bool:
        """Call `on_end` when an execution of an earlier process ends, or has ended.

        The engine's driver calls this, and so nothing ends meanwhile.

        Returns:
            Whether there is such an execution.
        """
        record = self._index.get(execution_arn)
        if record is None:
            return False
        if record.is_open:
            self._waiting.setdefault(execution_arn, []).append(on_end)
        else:
            on_end(record.execution)
        return True

    def _changed(self, record: ExecutionRecord, on_end: OnEnd | None = None) -> None:
        if record.is_open:
            self._index.reopen(record)
        else:
            self._index.close(record)
        self._on_status_change(record)
        if record.is_open:
            return
        waiting = self._waiting.pop(record.execution.arn, [])
        for call in waiting if on_end is None else (on_end, *waiting):
            call(record.execution)


def _read_input(request: dict[str, Any]) -> str:
    if request.get("name") is not None:
        check_name(request["name"])
    execution_input: str = request.get("input") or "{}"
    check_json(execution_input, "InvalidExecutionInput", "Invalid State Machine Execution Input")
    return execution_input


def _when_ended(on_end: OnEnd) -> Callable[[Execution], None]:
    def changed(execution: Execution) -> None:
        if execution.status != "RUNNING":
            on_end(execution)

    return changed
