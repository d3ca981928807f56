"""Describes and lists executions and their histories."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from stepfunctions.arns import parse_state_machine_arn
from stepfunctions.errors import state_machine_type_not_supported, validation_exception
from stepfunctions.execution_index import ExecutionFilter, ExecutionIndex, ExecutionRecord, place
from stepfunctions.execution_rendering import metadata_only, render_execution
from stepfunctions.map_runs import MapRuns
from stepfunctions.paging import page
from stepfunctions.records import date
from stepfunctions.redrive import redrive_details
from stepfunctions.state_machines import StateMachines


class Executions:
    """The operations that describe and list executions."""

    def __init__(self, machines: StateMachines, index: ExecutionIndex, map_runs: MapRuns) -> None:
        self._machines = machines
        self._index = index
        self._map_runs = map_runs

    def describe(self, request: dict[str, Any]) -> dict[str, Any]:
        """DescribeExecution.

        Raises:
            ServiceError: InvalidArn or ExecutionDoesNotExist.
        """
        record = self._map_runs.find_execution(request["executionArn"])
        answer = {"name": record.execution.name, **render_execution(record.execution, record.listed_machine_arn)}
        if answer["status"] == "TIMED_OUT":  # only the history says why
            answer.pop("error", None)
            answer.pop("cause", None)
        answer |= _qualifiers(record) | redrive_details(record)
        return metadata_only(answer) if request.get("includedData") == "METADATA_ONLY" else answer

    def describe_state_machine(self, request: dict[str, Any]) -> dict[str, Any]:
        """DescribeStateMachineForExecution: returns the revision that the execution was started with.

        Raises:
            ServiceError: InvalidArn or ExecutionDoesNotExist.
        """
        record = self._map_runs.find_execution(request["executionArn"])
        revision = record.revision
        answer: dict[str, Any] = {
            "stateMachineArn": record.listed_machine_arn,
            "name": revision.compiled.name,
            "definition": revision.definition,
            "roleArn": revision.role_arn,
            "updateDate": revision.date,
            **revision.render(),
        }
        if record.map_run_arn is not None:
            answer |= {"mapRunArn": record.map_run_arn, "label": record.label}
        if request.get("includedData") == "METADATA_ONLY":
            answer["definition"] = "{}"
            answer.pop("variableReferences", None)
        return answer

    def history(self, request: dict[str, Any]) -> dict[str, Any]:
        """GetExecutionHistory.

        Raises:
            ServiceError: InvalidArn, ExecutionDoesNotExist or InvalidToken.
        """
        history = self._map_runs.find_execution(request["executionArn"]).execution.history
        count, backwards = len(history), request.get("reverseOrder", False)
        ids = range(count, 0, -1) if backwards else range(1, count + 1)
        fingerprint = f"history {request['executionArn']} {backwards}"
        found, token = page(ids, request, lambda event_id: event_id, fingerprint)
        included = request.get("includeExecutionData", True)
        events = [history.event(event_id, included) for event_id in found]
        for event in events:
            event["timestamp"] = date(event["timestamp"])
        answer: dict[str, Any] = {"events": events}
        if token:
            answer["nextToken"] = token
        return answer

    def list_page(self, request: dict[str, Any]) -> dict[str, Any]:
        """ListExecutions of a STANDARD machine, one of its versions or aliases, or of a Map Run; newest first.

        Raises:
            ServiceError: InvalidArn, StateMachineDoesNotExist, StateMachineTypeNotSupported, ResourceNotFound,
                InvalidToken or ValidationException.
        """
        machine_arn, map_run_arn = request.get("stateMachineArn"), request.get("mapRunArn")
        if (machine_arn is None) == (map_run_arn is None):
            raise validation_exception(
                "Must provide a State Machine ARN or Map Run ARN"
                if machine_arn is None
                else "Must provide either a State Machine ARN or a Map Run ARN, not both"
            )
        status, redriven = request.get("statusFilter"), request.get("redriveFilter")
        wanted = ExecutionFilter("", status=status, redriven=None if redriven is None else redriven == "REDRIVEN")
        fingerprint = f"executions {machine_arn or map_run_arn} {status} {redriven}"
        children = self._map_runs.children(map_run_arn) if map_run_arn else None
        if machine_arn is not None:
            children, wanted = self._of_machine(machine_arn, wanted)
        if children is None:
            found, token = self._index.list_page(wanted, request, fingerprint)
        else:
            matching = sorted(filter(wanted.matches, children), key=place, reverse=True)
            found, token = page(matching, request, place, fingerprint)
        answer: dict[str, Any] = {"executions": [self._summary(record) for record in found]}
        if token:
            answer["nextToken"] = token
        return answer

    def _of_machine(
        self, machine_arn: str, wanted: ExecutionFilter
    ) -> tuple[list[ExecutionRecord] | None, ExecutionFilter]:
        """Return the children that belong to a label, if the ARN has one, and the filter for what it names."""
        arn = parse_state_machine_arn(machine_arn)
        with self._machines.lock:
            machine = self._machines.find(arn.machine)
            if arn.version is not None:
                self._machines.find_version(arn)
        if machine.is_express:
            raise state_machine_type_not_supported()
        if arn.label is not None:
            return self._map_runs.of_label(machine.arn, arn.label), wanted
        return None, replace(
            wanted,
            machine_arn=machine.arn,
            version_arn=None if arn.version is None else arn.full,
            alias_arn=None if arn.alias is None else arn.full,
        )

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


def _qualifiers(record: ExecutionRecord) -> dict[str, Any]:
    qualifiers: dict[str, Any] = {}
    if record.map_run_arn is not None:
        qualifiers["mapRunArn"] = record.map_run_arn
    if record.version_arn is not None:
        qualifiers["stateMachineVersionArn"] = record.version_arn
    if record.alias_arn is not None:
        qualifiers["stateMachineAliasArn"] = record.alias_arn
    return qualifiers
