"""Executions: start, stop, redrive, describe, list, and their histories."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import Any

from asl import Engine, Execution, StateMachine
from stepfunctions.aliases import Aliases
from stepfunctions.arns import parse_execution_arn, parse_state_machine_arn, refuse_label
from stepfunctions.errors import (
    ServiceError,
    execution_does_not_exist,
    state_machine_type_not_supported,
    validation_exception,
)
from stepfunctions.execution_index import ExecutionIndex, ExecutionRecord
from stepfunctions.json_texts import check_json, same_json
from stepfunctions.map_runs import MapRuns
from stepfunctions.names import check_name
from stepfunctions.paging import page
from stepfunctions.records import MachineRecord, Revision, date
from stepfunctions.redrive import redrive_details, why_not_redrivable
from stepfunctions.state_machines import StateMachines, render_configuration

ENGINE_SECONDS = 5.0
"""How long StopExecution and RedriveExecution wait for the engine, which may be busy, to say when it was done."""
_BILLED_MEMORY_MB = 64
_BILLED_STEP_MS = 100

OnStatusChange = Callable[[ExecutionRecord], None]
OnEnd = Callable[[Execution], None]


@dataclass(frozen=True, slots=True)
class _Target:
    """What a StartExecution's ARN stands for: a machine in one revision, by a version or an alias or neither."""

    machine: MachineRecord
    revision: Revision
    version_arn: str | None = None
    alias_arn: str | None = None

    @property
    def compiled(self) -> StateMachine:
        if self.version_arn is None:
            return self.revision.compiled
        return replace(self.revision.compiled, version_arn=self.version_arn, alias_arn=self.alias_arn)


class Executions:
    """The operations on executions.

    `on_status_change(record)` hears of every new status of a STANDARD execution, from the engine's thread.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        machines: StateMachines,
        aliases: Aliases,
        index: ExecutionIndex,
        map_runs: MapRuns,
        on_status_change: OnStatusChange,
    ) -> None:
        self._engine = engine
        self._machines = machines
        self._aliases = aliases
        self._index = index
        self._map_runs = map_runs
        self._on_status_change = on_status_change
        self._lock = threading.Lock()
        self._starting: dict[str, Future[Execution]] = {}
        self._sequence = 0
        machines.on_delete = self._stop_all

    # -- starting -----------------------------------------------------------------------------------------------

    def start(self, request: dict[str, Any], on_end: OnEnd | None = None) -> dict[str, Any]:
        """StartExecution. Idempotent for a STANDARD machine while the execution runs.

        `on_end` is called once when the execution ends, from any thread.
        """
        target = self._select(request["stateMachineArn"])
        text = _read_input(request)
        if target.machine.is_express:
            execution = self._engine.start(
                target.compiled,
                text,
                name=request.get("name"),
                trace_header=request.get("traceHeader"),
                on_change=None if on_end is None else _when_ended(on_end),
            )
        else:
            execution = self._start_standard(target, text, request, on_end)
        return {"executionArn": execution.arn, "startDate": date(execution.start_date)}

    def start_sync(self, request: dict[str, Any]) -> dict[str, Any]:
        """StartSyncExecution: an EXPRESS machine's execution with its result."""
        target = self._select(request["stateMachineArn"])
        if not target.machine.is_express:
            raise state_machine_type_not_supported()
        execution = self._engine.run(
            target.compiled,
            _read_input(request),
            name=request.get("name"),
            trace_header=request.get("traceHeader"),
        )
        answer = {"name": execution.name, **_render(execution, target.machine.arn)}
        answer["status"] = execution.status if execution.status in ("SUCCEEDED", "FAILED") else "TIMED_OUT"
        duration = 1000 * ((execution.stop_date or execution.start_date) - execution.start_date)
        steps = max(1, -(-round(duration) // _BILLED_STEP_MS))
        answer["billingDetails"] = {
            "billedMemoryUsedInMB": _BILLED_MEMORY_MB,
            "billedDurationInMilliseconds": steps * _BILLED_STEP_MS,
        }
        return _without_data(answer) if request.get("includedData") == "METADATA_ONLY" else answer

    def _select(self, text: str) -> _Target:
        arn = parse_state_machine_arn(text)
        refuse_label(arn)
        with self._machines.lock:
            if arn.alias is not None:
                machine, version = self._aliases.route(arn)
                return _Target(machine, version.revision, version.arn, arn.text)
            if arn.version is not None:
                machine, version = self._machines.find_version(arn)
                return _Target(machine, version.revision, version.arn)
            machine = self._machines.find(arn.text)
            return _Target(machine, machine.revision)

    def _start_standard(self, target: _Target, text: str, request: dict[str, Any], on_end: OnEnd | None) -> Execution:
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
            if execution.status == "RUNNING" and same_json(execution.input, text):
                return execution
            raise ServiceError("ExecutionAlreadyExists", f"Execution Already Exists: '{arn}'")

        def record_of(execution: Execution) -> ExecutionRecord:
            return self._index.add(
                ExecutionRecord(
                    execution, target.machine.arn, target.revision, target.version_arn, target.alias_arn, sequence
                )
            )

        def changed(execution: Execution) -> None:
            self._changed(record_of(execution), on_end)

        # No lock is held here: the engine tells of changes from its own thread, which must not wait for this one.
        try:
            execution = self._engine.start(
                target.compiled, text, name=name, trace_header=request.get("traceHeader"), on_change=changed
            )
            record_of(execution)
            started.set_result(execution)
        except BaseException as error:
            started.set_exception(error)
            raise
        finally:
            with self._lock:
                del self._starting[arn]
        return execution

    def _changed(self, record: ExecutionRecord, on_end: OnEnd | None) -> None:
        if record.is_open:
            self._index.reopen(record)
        else:
            self._index.close(record)
        self._on_status_change(record)
        if on_end is not None and not record.is_open:
            on_end(record.execution)

    # -- ending and continuing ----------------------------------------------------------------------------------

    def stop(self, request: dict[str, Any]) -> dict[str, Any]:
        """StopExecution. One that has ended already stays as it is."""
        record = self._find(request["executionArn"])
        self._engine.stop(record.execution, request.get("error"), request.get("cause"))
        record.execution.wait(ENGINE_SECONDS)
        return {"stopDate": date(record.execution.stop_date or self._engine.now())}

    def give_up(self, execution_arn: str) -> None:
        """Stop an execution that nobody waits for any more, without waiting for its end."""
        record = self._index.get(execution_arn)
        if record is not None:
            self._engine.stop(record.execution, None, None)

    def redrive(self, request: dict[str, Any]) -> dict[str, Any]:
        """RedriveExecution: continue a failed, stopped or timed out execution where it ended."""
        record = self._find(request["executionArn"])
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

    def _stop_all(self, machine: MachineRecord) -> None:
        for record in self._index.of_machine(machine.arn):
            if record.is_open:
                self._engine.stop(record.execution, None, None)

    # -- looking ------------------------------------------------------------------------------------------------

    def describe(self, request: dict[str, Any]) -> dict[str, Any]:
        """DescribeExecution."""
        record = self._find(request["executionArn"])
        answer = {"name": record.execution.name, **_render(record.execution, record.listed_machine_arn)}
        answer |= _qualifiers(record) | redrive_details(record)
        return _without_data(answer) if request.get("includedData") == "METADATA_ONLY" else answer

    def describe_state_machine(self, request: dict[str, Any]) -> dict[str, Any]:
        """DescribeStateMachineForExecution: the revision that the execution was started with."""
        record = self._find(request["executionArn"])
        revision = record.revision
        answer: dict[str, Any] = {
            "stateMachineArn": record.listed_machine_arn,
            "name": revision.compiled.name,
            "definition": revision.definition,
            "roleArn": revision.role_arn,
            "updateDate": revision.date,
            **render_configuration(revision),
        }
        if record.map_run_arn is not None:
            answer |= {"mapRunArn": record.map_run_arn, "label": record.label}
        if request.get("includedData") == "METADATA_ONLY":
            answer["definition"] = "{}"
            answer.pop("variableReferences", None)
        return answer

    def history(self, request: dict[str, Any]) -> dict[str, Any]:
        """GetExecutionHistory."""
        history = self._find(request["executionArn"]).execution.history
        count, backwards = len(history), request.get("reverseOrder", False)
        ids = range(count, 0, -1) if backwards else range(1, count + 1)
        fingerprint = f"history {request['executionArn']} {backwards}"
        found, token = page(ids, request, lambda event_id: event_id, fingerprint)
        included = request.get("includeExecutionData", True)
        events = [history.event(event_id, included) for event_id in found]
        answer: dict[str, Any] = {"events": [event | {"timestamp": date(event["timestamp"])} for event in events]}
        if token:
            answer["nextToken"] = token
        return answer

    def list_page(self, request: dict[str, Any]) -> dict[str, Any]:
        """ListExecutions of a STANDARD machine, one of its versions or aliases, or of a Map Run; newest first."""
        machine_arn, map_run_arn = request.get("stateMachineArn"), request.get("mapRunArn")
        if (machine_arn is None) == (map_run_arn is None):
            raise validation_exception(
                "Must provide a State Machine ARN or Map Run ARN"
                if machine_arn is None
                else "Must provide either a State Machine ARN or a Map Run ARN, not both"
            )
        status, redriven = request.get("statusFilter"), request.get("redriveFilter")
        records = self._map_runs.children(map_run_arn) if map_run_arn else self._of_machine(machine_arn or "")
        matching = [
            record
            for record in records
            if (status is None or record.execution.status == status)
            and (redriven is None or (redriven == "REDRIVEN") == (record.execution.redrive_count > 0))
        ]
        matching.sort(key=_place, reverse=True)
        fingerprint = f"executions {machine_arn or map_run_arn} {status} {redriven}"
        found, token = page(matching, request, _place, fingerprint)
        answer: dict[str, Any] = {"executions": [self._summary(record) for record in found]}
        if token:
            answer["nextToken"] = token
        return answer

    def _of_machine(self, text: str) -> list[ExecutionRecord]:
        arn = parse_state_machine_arn(text)
        with self._machines.lock:
            machine = self._machines.find(arn.machine)
            if arn.version is not None:
                self._machines.find_version(arn)
        if machine.is_express:
            raise state_machine_type_not_supported()
        if arn.label is not None:
            return self._map_runs.of_label(machine.arn, arn.label)
        records = self._index.of_machine(machine.arn)
        if arn.alias is not None:
            return [record for record in records if record.alias_arn == arn.text]
        if arn.version is not None:
            return [record for record in records if record.version_arn == arn.text]
        return records

    @staticmethod
    def _summary(record: ExecutionRecord) -> dict[str, Any]:
        execution = record.execution
        summary: dict[str, Any] = {
            "executionArn": execution.arn,
            "stateMachineArn": record.listed_machine_arn,
            "name": execution.name,
            "status": execution.status,
            "startDate": date(execution.start_date),
        }
        if execution.stop_date is not None:
            summary["stopDate"] = date(execution.stop_date)
        if record.item_count is not None:
            summary["itemCount"] = record.item_count
        summary |= _qualifiers(record)
        summary["redriveCount"] = execution.redrive_count
        if execution.redrive_date is not None:
            summary["redriveDate"] = date(execution.redrive_date)
        return summary

    def _find(self, text: str) -> ExecutionRecord:
        parse_execution_arn(text)
        record = self._index.get(text) or self._map_runs.child(text)
        if record is None:
            raise execution_does_not_exist(text)
        return record


def _read_input(request: dict[str, Any]) -> str:
    if request.get("name") is not None:
        check_name(request["name"])
    text: str = request.get("input") or "{}"
    check_json(text, "InvalidExecutionInput", "Invalid State Machine Execution Input")
    return text


def _when_ended(on_end: OnEnd) -> Callable[[Execution], None]:
    def changed(execution: Execution) -> None:
        if execution.status != "RUNNING":
            on_end(execution)

    return changed


def _place(record: ExecutionRecord) -> list[float]:
    return [record.sort_time, record.sequence]


def _qualifiers(record: ExecutionRecord) -> dict[str, Any]:
    qualifiers: dict[str, Any] = {}
    if record.map_run_arn is not None:
        qualifiers["mapRunArn"] = record.map_run_arn
    if record.version_arn is not None:
        qualifiers["stateMachineVersionArn"] = record.version_arn
    if record.alias_arn is not None:
        qualifiers["stateMachineAliasArn"] = record.alias_arn
    return qualifiers


def _render(execution: Execution, machine_arn: str) -> dict[str, Any]:
    """What DescribeExecution and StartSyncExecution both say of an execution."""
    rendered: dict[str, Any] = {
        "executionArn": execution.arn,
        "stateMachineArn": machine_arn,
        "status": execution.status,
        "startDate": date(execution.start_date),
        "input": execution.input,
        "inputDetails": {"included": True},
    }
    if execution.stop_date is not None:
        rendered["stopDate"] = date(execution.stop_date)
    if execution.output is not None:
        rendered |= {"output": execution.output, "outputDetails": {"included": True}}
    if execution.trace_header is not None:
        rendered["traceHeader"] = execution.trace_header
    if execution.error is not None:
        rendered["error"] = execution.error
    if execution.cause is not None:
        rendered["cause"] = execution.cause
    return rendered


def _without_data(answer: dict[str, Any]) -> dict[str, Any]:
    """METADATA_ONLY: neither input nor output, nor what went wrong."""
    reduced = {key: value for key, value in answer.items() if key not in ("input", "output", "error", "cause")}
    for key in ("inputDetails", "outputDetails"):
        if key in reduced:
            reduced[key] = {"included": False}
    return reduced
