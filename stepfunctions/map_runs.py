"""Map Runs: the runs of Distributed Map states, and their child executions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from asl import Engine, Execution
from stepfunctions.arns import machine_arn_of_execution, parse_arn, parse_execution_arn
from stepfunctions.errors import (
    execution_does_not_exist,
    resource_not_found,
    validation_exception,
    wrong_resource_type,
)
from stepfunctions.execution_index import ExecutionIndex, ExecutionRecord
from stepfunctions.paging import page
from stepfunctions.records import date

if TYPE_CHECKING:
    from asl.engine.map_run import MapRun

_SETTINGS = ("maxConcurrency", "toleratedFailurePercentage", "toleratedFailureCount")


class MapRuns:
    """The operations on Map Runs. A Map Run exists as long as the execution that it belongs to."""

    def __init__(self, engine: Engine, index: ExecutionIndex) -> None:
        self._engine = engine
        self._index = index

    # -- finding executions -------------------------------------------------------------------------------------

    def find_execution(self, execution_arn: str) -> ExecutionRecord:
        """Return a STANDARD execution, whether StartExecution started it or a Map Run.

        Raises:
            ServiceError: InvalidArn or ExecutionDoesNotExist.
        """
        parse_execution_arn(execution_arn)
        record = self._index.get(execution_arn) or self._child(execution_arn)
        if record is None:
            raise execution_does_not_exist(execution_arn)
        return record

    def children(self, map_run_arn: str) -> list[ExecutionRecord]:
        """Return the child executions of a Map Run.

        Raises:
            ServiceError: ResourceNotFound.
        """
        map_run = self._find(map_run_arn)
        return [self._record(map_run, child, place) for place, child in enumerate(map_run.executions)]

    def of_label(self, machine_arn: str, label: str) -> list[ExecutionRecord]:
        """Return the child executions of all runs of the Distributed Map state with a label."""
        runs = (run for run in self._runs_of(machine_arn) if _label(run) == label)
        children = (self._record(run, child, 0) for run in runs for child in run.executions)
        records = sorted(children, key=lambda record: record.execution.start_date)
        for place, record in enumerate(records):
            record.sequence = place
        return records

    def _child(self, execution_arn: str) -> ExecutionRecord | None:
        """Return the child execution with an ARN, which names its machine as `machine/label`."""
        name = parse_arn(execution_arn).rest.split(":", 1)[0]
        if "/" not in name:
            return None
        label = name.split("/", 1)[1]
        for map_run in self._runs_of(machine_arn_of_execution(execution_arn)):
            if _label(map_run) == label:
                for place, child in enumerate(map_run.executions):
                    if child.arn == execution_arn:
                        return self._record(map_run, child, place)
        return None

    def _record(self, map_run: MapRun, child: Execution, place: int) -> ExecutionRecord:
        parent = self._index.get(map_run.execution.arn)
        if parent is None:
            raise resource_not_found(map_run.arn)
        return ExecutionRecord(
            child,
            parent.machine_arn,
            parent.revision,
            parent.version_arn,
            parent.alias_arn,
            place,
            map_run_arn=map_run.arn,
            label=_label(map_run),
            item_count=1,
        )

    def _runs_of(self, machine_arn: str) -> Iterator[MapRun]:
        for record in self._index.of_machine(machine_arn):
            yield from record.execution.map_runs
        yield from self._index.closed_map_runs(machine_arn)

    # -- operations ---------------------------------------------------------------------------------------------

    def describe(self, request: dict[str, Any]) -> dict[str, Any]:
        """DescribeMapRun.

        Raises:
            ServiceError: InvalidArn or ResourceNotFound.
        """
        map_run = self._find(request["mapRunArn"])
        answer: dict[str, Any] = {
            "mapRunArn": map_run.arn,
            "executionArn": map_run.execution.arn,
            "status": map_run.status,
            "startDate": date(map_run.start_date),
            "maxConcurrency": map_run.max_concurrency,
            "toleratedFailurePercentage": map_run.tolerated_failure_percentage or 0.0,
            "toleratedFailureCount": map_run.tolerated_failure_count or 0,
            "itemCounts": map_run.item_counts(),
            "executionCounts": map_run.execution_counts(),
            "redriveCount": map_run.redrive_count,
        }
        if map_run.stop_date is not None:
            answer["stopDate"] = date(map_run.stop_date)
        if map_run.redrive_date is not None:
            answer["redriveDate"] = date(map_run.redrive_date)
        return answer

    def list_page(self, request: dict[str, Any]) -> dict[str, Any]:
        """ListMapRuns, of an execution.

        Raises:
            ServiceError: InvalidArn, ExecutionDoesNotExist or InvalidToken.
        """
        parse_execution_arn(request["executionArn"])
        record = self._index.get(request["executionArn"])
        if record is None:
            raise execution_does_not_exist(request["executionArn"])
        places = list(enumerate(record.execution.map_runs))
        found, token = page(places, request, lambda pair: pair[0], f"map-runs {request['executionArn']}")
        answer: dict[str, Any] = {"mapRuns": [self._summary(record, map_run) for _, map_run in found]}
        if token:
            answer["nextToken"] = token
        return answer

    @staticmethod
    def _summary(record: ExecutionRecord, map_run: MapRun) -> dict[str, Any]:
        summary: dict[str, Any] = {
            "executionArn": map_run.execution.arn,
            "mapRunArn": map_run.arn,
            "stateMachineArn": f"{record.machine_arn}/{_label(map_run)}",
            "startDate": date(map_run.start_date),
        }
        if map_run.stop_date is not None:
            summary["stopDate"] = date(map_run.stop_date)
        return summary

    def update(self, request: dict[str, Any]) -> dict[str, Any]:
        """UpdateMapRun: changes the concurrency and the tolerated failures of a Map Run while it runs.

        Raises:
            ServiceError: InvalidArn, ResourceNotFound or ValidationException.
        """
        map_run = self._find(request["mapRunArn"])
        if all(request.get(setting) is None for setting in _SETTINGS):
            raise validation_exception(
                "Either MaxConcurrency, ToleratedFailureCount, or ToleratedFailurePercentage must be specified",
                reason="MISSING_REQUIRED_PARAMETER",
            )
        if map_run.status != "RUNNING":
            raise validation_exception("Completed Map Runs cannot be updated", reason="CANNOT_UPDATE_COMPLETED_MAP_RUN")
        self._engine.update_map_run(
            map_run,
            max_concurrency=request.get("maxConcurrency"),
            tolerated_failure_count=request.get("toleratedFailureCount"),
            tolerated_failure_percentage=request.get("toleratedFailurePercentage"),
        )
        return {}

    def _find(self, map_run_arn: str) -> MapRun:
        arn = parse_arn(map_run_arn)
        if arn.resource_type != "mapRun":
            raise wrong_resource_type(arn.resource_type)
        map_run = self._index.map_run(map_run_arn)
        if map_run is None:
            raise resource_not_found(map_run_arn)
        return map_run


def _label(map_run: MapRun) -> str:
    """Return the label of the state that a run belongs to, from `arn:...:mapRun:machine/label:id`."""
    return map_run.arn.rsplit(":", 1)[0].rsplit("/", 1)[1]
