"""ResultWriter: the results of a Map Run in files, or in another shape
(https://docs.aws.amazon.com/step-functions/latest/dg/input-output-resultwriter.html)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from asl.engine.branch import Branch, timestamp
from asl.engine.calls import ServiceCall
from asl.engine.execution import FAILED, SUCCEEDED, Execution
from asl.engine.failures import StateFailure
from asl.engine.jsontext import dumps
from asl.engine.names import new_name
from asl.engine.states.expressions import Expressions
from asl.language import model

if TYPE_CHECKING:
    from asl.engine.map_run import MapRun

_PUT_OBJECT = "arn:aws:states:::aws-sdk:s3:putObject"
RESULT_WRITER_FAILED = "States.ResultWriterFailed"


class Writer:
    """The ResultWriter of a distributed Map. Without a resource it only shapes the state's result."""

    def __init__(self, writer: model.ResultWriter, expressions: Expressions) -> None:
        payload = writer.arguments if expressions.jsonata else writer.parameters
        self.arguments = expressions.either_template(payload, "ResultWriter/Arguments")
        self.exports = writer.resource is not None
        self.transformation = writer.transformation or ("NONE" if self.exports else "COMPACT")
        self.as_lines = writer.output_type == "JSONL"

    def write(self, branch: Branch, run: MapRun, then: Callable[[Any], None]) -> None:
        """Write the files and go on with the state's result."""
        if not self.exports:
            then(self._rows(run.succeeded_children(), run))
            return
        arguments = self.arguments(branch.scope(branch.data)) if self.arguments is not None else {}
        bucket, prefix = arguments.get("Bucket"), arguments.get("Prefix") or ""
        folder = "/".join(filter(None, (prefix.strip("/"), new_name())))
        suffix = "jsonl" if self.as_lines else "json"
        files: list[tuple[str, str]] = []
        manifest: dict[str, Any] = {"DestinationBucket": bucket, "MapRunArn": run.arn, "ResultFiles": {}}
        for name, wanted in (("FAILED", FAILED), ("PENDING", None), ("SUCCEEDED", SUCCEEDED)):
            children = [child for child in run.executions if child.status == wanted]
            manifest["ResultFiles"][name] = []
            if children:
                rows = self._rows(children, run)
                text = "\n".join(map(dumps, rows)) if self.as_lines else dumps(rows)
                key = f"{folder}/{name}_0.{suffix}"
                manifest["ResultFiles"][name].append({"Key": key, "Size": len(text.encode())})
                files.append((key, text))
        files.append((f"{folder}/manifest.json", dumps(manifest)))
        details = {"Bucket": bucket, "Key": f"{folder}/manifest.json"}
        self._put(branch, run, str(bucket), files, lambda: then({"MapRunArn": run.arn, "ResultWriterDetails": details}))

    def _put(
        self, branch: Branch, run: MapRun, bucket: str, files: list[tuple[str, str]], then: Callable[[], None]
    ) -> None:
        if not files:
            then()
            return
        (key, text), *rest = files

        def failed(failure: StateFailure) -> None:
            run.fail(StateFailure(RESULT_WRITER_FAILED, failure.cause))

        parameters = {"Bucket": bucket, "Key": key, "Body": text.encode()}
        ServiceCall(
            branch, _PUT_OBJECT, parameters, lambda _: self._put(branch, run, bucket, rest, then), failed
        ).begin()

    def _rows(self, children: list[Execution], run: MapRun) -> list[Any]:
        if self.transformation == "NONE":
            return [_metadata(child, run) for child in children]
        outputs = [child.output_value for child in children]
        if self.transformation == "COMPACT":
            return outputs
        flat: list[Any] = []
        for output in outputs:
            if isinstance(output, list):
                flat.extend(output)
            else:
                flat.append(output)
        return flat


def _metadata(child: Execution, run: MapRun) -> dict[str, Any]:
    row: dict[str, Any] = {
        "ExecutionArn": child.arn,
        "Input": child.input,
        "InputDetails": {"Included": True},
        "Name": child.name,
        "RedriveCount": child.redrive_count,
        "RedriveStatus": "NOT_REDRIVABLE" if child.status == SUCCEEDED else "REDRIVABLE_BY_MAP_RUN",
        "StartDate": timestamp(child.start_date),
        "StateMachineArn": run.machine.arn,
        "Status": child.status,
    }
    if child.stop_date is not None:
        row["StopDate"] = timestamp(child.stop_date)
    if child.status == SUCCEEDED:
        row |= {"Output": child.output, "OutputDetails": {"Included": True}}
    else:
        row |= {"Error": child.error, "Cause": child.cause}
    return row
