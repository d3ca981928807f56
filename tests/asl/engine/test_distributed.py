from __future__ import annotations

import base64
import gzip
import io
import json
import sys
from typing import Any

import pytest

from asl import TaskRequest
from asl.engine.failures import StateFailure
from asl.engine.items import join_batches, listed_items, parse_items
from asl.language.model import ReaderConfig
from tests.asl.engine.conftest import LAMBDA, Failed, Lab, flow, kinds, machine, output, wait_for

GET = "arn:aws:states:::aws-sdk:s3:getObject"
LIST = "arn:aws:states:::aws-sdk:s3:listObjectsV2"
PUT = "arn:aws:states:::aws-sdk:s3:putObject"
PASS = {"Type": "Pass"}
TASK = {"Type": "Task", "Resource": LAMBDA + "f"}
FILE = {"Bucket": "b", "Key": "k"}


def distributed(*states: tuple[str, dict[str, Any]], kind: str = "STANDARD", **fields: Any) -> dict[str, Any]:
    processor = {**flow(*states), "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": kind}}
    return flow(("M", {"Type": "Map", "ItemProcessor": processor, **fields}))


def reader(config: dict[str, Any], **fields: Any) -> dict[str, Any]:
    resource = "arn:aws:states:::s3:getObject"
    return {"ItemReader": {"Resource": resource, "Parameters": FILE, "ReaderConfig": config}, **fields}


class Bucket:
    """A bucket behind the runner."""

    def __init__(self, lab: Lab, **objects: str) -> None:
        self.objects = objects
        lab.functions.functions |= {GET: self.get, LIST: self.list, PUT: self.put}

    def get(self, request: TaskRequest) -> Any:
        try:
            return {"Body": self.objects[request.parameters["Key"]]}
        except KeyError:
            raise Failed("S3.NoSuchKeyException", "The specified key does not exist.") from None

    def list(self, request: TaskRequest) -> Any:
        keys = sorted(self.objects)
        first = int(request.parameters.get("ContinuationToken", "0"))
        answer: dict[str, Any] = {"Contents": [{"Key": keys[first], "ETag": '"x"', "Size": 1}]}
        if first + 1 < len(keys):
            answer["NextContinuationToken"] = str(first + 1)
        return answer

    def put(self, request: TaskRequest) -> Any:
        self.objects[request.parameters["Key"]] = request.parameters["Body"]
        return {}


def encoded(data: bytes) -> str:
    """Bytes as the S3 integration hands them over."""
    return base64.b64encode(data).decode()


def test_compressed_objects_and_byte_order_marks_are_read(lab: Lab) -> None:
    Bucket(lab, k=encoded(gzip.compress(b'\xef\xbb\xbf{"a":1}\n{"a":2}\n')))
    assert output(lab.run(distributed(("P", PASS), **reader({"InputType": "JSONL"})))) == [{"a": 1}, {"a": 2}]
    csv = ReaderConfig(input_type="CSV", csv_header_location="FIRST_ROW")
    assert parse_items("\ufeffa,b\n1,2\n", csv) == [{"a": "1", "b": "2"}]
    assert parse_items("\ufeff[1]", ReaderConfig()) == [1]
    with pytest.raises(StateFailure, match="can't be uncompressed"):
        parse_items(encoded(gzip.compress(b"[1]")[:-9]), ReaderConfig())


def test_a_csv_file_with_a_header_twice_is_refused(lab: Lab) -> None:
    Bucket(lab, k="a,b,a\n1,2,3\n")
    execution = lab.run(distributed(("P", PASS), **reader({"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"})))
    assert execution.error == "States.ItemReaderFailed"


def test_parquet_and_zstd() -> None:
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    file = io.BytesIO()
    parquet.write_table(pyarrow.table({"a": [1, 2], "b": ["x", None]}), file)
    rows = parse_items(encoded(file.getvalue()), ReaderConfig(input_type="PARQUET"))
    assert rows == [{"a": 1, "b": "x"}, {"a": 2, "b": None}]
    packed = pyarrow.BufferOutputStream()
    with pyarrow.CompressedOutputStream(packed, "zstd") as stream:
        stream.write(b"[1, 2]")
    assert parse_items(encoded(packed.getvalue().to_pybytes()), ReaderConfig()) == [1, 2]


def test_parquet_without_the_package_that_reads_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(StateFailure, match="pip install pyarrow"):
        parse_items(encoded(b"PAR1..."), ReaderConfig(input_type="PARQUET"))
    with pytest.raises(StateFailure, match="not a Parquet file"):
        parse_items("[1]", ReaderConfig(input_type="PARQUET"))


def test_the_manifest_of_an_inventory_is_followed(lab: Lab) -> None:
    manifest = {
        "destinationBucket": "arn:aws:s3:::inventories",
        "fileFormat": "CSV",
        "fileSchema": "Bucket, Key, Size",
        "files": [{"key": "1.csv.gz"}, {"key": "2.csv"}],
    }
    files = {"1.csv.gz": encoded(gzip.compress(b'"b","x","1"\n"b","y","2"\n')), "2.csv": '"b","z","3"\n'}
    bucket = Bucket(lab, k=json.dumps(manifest), **files)
    definition = distributed(("P", PASS), **reader({"InputType": "MANIFEST"}))
    assert [item["Key"] for item in output(lab.run(definition))] == ["x", "y", "z"]
    assert lab.functions.requests[-1].parameters == {"Bucket": "inventories", "Key": "2.csv"}
    bucket.objects["k"] = "[]"
    assert lab.run(definition).error == "States.ItemReaderFailed"


@pytest.mark.parametrize(
    ("text", "config", "items"),
    [
        ('[1, {"a": 2}]', ReaderConfig(input_type="JSON"), [1, {"a": 2}]),
        ('{"d": {"x": [1]}}', ReaderConfig(input_type="JSON", items_pointer="/d/x"), [1]),
        ('1\n\n{"a": 2}\n', ReaderConfig(input_type="JSONL"), [1, {"a": 2}]),
        (
            "A,B\n1,2\n,\n3\n",
            ReaderConfig(input_type="CSV"),
            [{"A": "1", "B": "2"}, {"A": "", "B": ""}, {"A": "3", "B": ""}],
        ),
        (
            '1|"x|y"|9\n',
            ReaderConfig(input_type="CSV", csv_delimiter="PIPE", csv_header_location="GIVEN", csv_headers=("A", "B")),
            [{"A": "1", "B": "x|y"}],
        ),
    ],
)
def test_items_of_a_text(text: str, config: ReaderConfig, items: list[Any]) -> None:
    assert parse_items(text, config) == items


@pytest.mark.parametrize(
    ("text", "config"),
    [
        ("{", ReaderConfig(input_type="JSON")),
        ("1", ReaderConfig(input_type="JSON")),
        ("[]", ReaderConfig(input_type="JSON", items_pointer="/x")),
        ("1\n{\n", ReaderConfig(input_type="JSONL")),
        ("x", ReaderConfig(input_type="PARQUET")),
    ],
)
def test_texts_without_items(text: str, config: ReaderConfig) -> None:
    with pytest.raises(StateFailure) as failure:
        parse_items(text, config)
    assert failure.value.error == "States.ItemReaderFailed"


def test_batches() -> None:
    items, sizes = list(range(5)), [10] * 5
    assert [batch["Items"] for batch in join_batches(items, sizes, 2, 0)] == [[0, 1], [2, 3], [4]]
    assert [batch["Items"] for batch in join_batches(items, sizes, 0, 12 + 33)] == [[0, 1, 2], [3, 4]]
    assert join_batches([1], [1], 0, 0, {"k": 1}) == [{"Items": [1], "BatchInput": {"k": 1}}]
    assert [batch["Items"] for batch in join_batches([1, 2], [999, 1], 0, 20)] == [[1], [2]]


def test_each_item_is_an_execution_of_its_own(lab: Lab) -> None:
    context = {"Type": "Pass", "Parameters": {"v.$": "$", "id.$": "$$.Execution.Id", "m.$": "$$.StateMachine.Name"}}
    execution = lab.run(distributed(("P", context), Label="each"), ["x", "y"])
    (run,) = execution.map_runs
    children = run.executions
    assert output(execution) == [
        {"v": value, "id": child.arn, "m": "machine/each"} for value, child in zip("xy", children, strict=True)
    ]
    assert children[0].arn.startswith("arn:aws:states:us-east-1:123456789012:execution:machine/each:")
    assert children[0].map_run is run
    assert lab.engine.map_run(run.arn) is run
    assert run.status == "SUCCEEDED"
    assert run.item_counts() == {
        "pending": 0,
        "running": 0,
        "succeeded": 2,
        "failed": 0,
        "timedOut": 0,
        "aborted": 0,
        "total": 2,
        "resultsWritten": 0,
    }
    assert kinds(execution)[2:] == [
        "MapStateStarted",
        "MapRunStarted",
        "MapRunSucceeded",
        "MapStateSucceeded",
        "MapStateExited",
        "ExecutionSucceeded",
    ]


def test_children_run_side_by_side_up_to_the_limit(lab: Lab) -> None:
    wait = {"Type": "Wait", "Seconds": 10}
    for width, seconds in ((1, 60), (2, 30), (0, 10)):
        execution = lab.run(distributed(("W", wait), MaxConcurrency=width, kind="EXPRESS"), list(range(6)))
        assert output(execution) == list(range(6))
        assert (execution.stop_date or 0) - execution.start_date == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({}, "FAILED"),
        ({"ToleratedFailureCount": 1}, "FAILED"),
        ({"ToleratedFailureCount": 2}, "SUCCEEDED"),
        ({"ToleratedFailurePercentage": 49}, "FAILED"),
        ({"ToleratedFailurePercentage": 50}, "SUCCEEDED"),
        ({"ToleratedFailurePercentagePath": "$$.Execution.Input[4]"}, "SUCCEEDED"),
    ],
)
def test_tolerated_failures(lab: Lab, fields: dict[str, Any], status: str) -> None:
    def function(request: TaskRequest) -> Any:
        if request.parameters in ("a", "b"):
            raise Failed("E", "c")
        return request.parameters

    definition = distributed(("T", TASK), ItemsPath="$[0:4]", MaxConcurrency=1, **fields)
    execution = lab.run(definition, ["a", "x", "b", "y", 60], f=function)
    assert execution.status == status
    (run,) = execution.map_runs
    assert run.status == status
    if status == "SUCCEEDED":
        assert output(execution) == ["x", "y"]
        assert run.execution_counts()["failed"] == 2
    else:
        assert execution.error == "States.ExceedToleratedFailureThreshold"
        assert "MapRunFailed" in kinds(execution)


def test_reading_a_file(lab: Lab) -> None:
    Bucket(lab, k="A,B\n1,2\n3,4\n5,6\n")
    definition = distributed(
        ("P", PASS), **reader({"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW", "MaxItems": 2})
    )
    execution = lab.run(definition)
    assert output(execution) == [{"A": "1", "B": "2"}, {"A": "3", "B": "4"}]
    assert execution.history.event(3)["mapStateStartedEventDetails"] == {"length": 0}


def test_reading_what_is_not_there_can_be_caught(lab: Lab) -> None:
    Bucket(lab)
    catch = [{"ErrorEquals": ["States.ItemReaderFailed"], "Next": "C"}]
    definition = distributed(("P", PASS), **reader({"InputType": "JSON"}, Catch=catch, End=True))
    definition["States"]["C"] = {**PASS, "End": True}
    execution = lab.run(definition)
    assert output(execution) == {"Error": "States.ItemReaderFailed", "Cause": "The specified key does not exist."}
    assert kinds(execution)[3:7] == ["MapRunStarted", "MapRunFailed", "MapStateFailed", "MapStateExited"]


def test_what_a_listing_tells_of_an_object() -> None:
    entry = {"Key": "k", "ETag": '"e"', "LastModified": "2022-11-17T15:44:41.000Z", "Size": 1, "ChecksumType": "x"}
    assert listed_items([entry]) == [{"Etag": '"e"', "Key": "k", "LastModified": 1668699881.0, "Size": 1}]
    assert isinstance(listed_items([entry])[0]["LastModified"], float)


def test_listing_a_bucket(lab: Lab) -> None:
    Bucket(lab, a="[1]", b="[2]", c="[3]")
    listing = {"Resource": "arn:aws:states:::s3:listObjectsV2", "Parameters": {"Bucket": "b"}}
    execution = lab.run(distributed(("P", {**PASS, "OutputPath": "$.Key"}), ItemReader=listing))
    assert output(execution) == ["a", "b", "c"]
    config = {"Transformation": "LOAD_AND_FLATTEN", "InputType": "JSON"}
    execution = lab.run(distributed(("P", PASS), ItemReader={**listing, "ReaderConfig": config}))
    assert output(execution) == [1, 2, 3]
    selector = {"ItemSelector": {"v.$": "$$.Map.Item.Value", "from.$": "$$.Map.Item.Source"}}
    execution = lab.run(distributed(("P", PASS), ItemReader={**listing, "ReaderConfig": config}, **selector))
    sources = {item["v"]: item["from"] for item in output(execution)}
    assert len(sources) == 3 and all(source.startswith("S3://b/") for source in sources.values())
    assert len(set(sources.values())) > 1
    execution = lab.run(distributed(("P", PASS), ItemReader=listing, **selector))
    assert {item["from"] for item in output(execution)} == {"S3://b"}


def test_item_selector_and_batches(lab: Lab) -> None:
    definition = distributed(
        ("P", PASS),
        ItemsPath="$.items",
        ItemSelector={"v.$": "$$.Map.Item.Value", "k.$": "$.k"},
        ItemBatcher={"MaxItemsPerBatch": 2, "BatchInput": {"k.$": "$.k"}},
    )
    execution = lab.run(definition, {"items": [1, 2, 3], "k": 9})
    assert output(execution) == [
        {"Items": [{"v": 1, "k": 9}, {"v": 2, "k": 9}], "BatchInput": {"k": 9}},
        {"Items": [{"v": 3, "k": 9}], "BatchInput": {"k": 9}},
    ]
    (run,) = execution.map_runs
    assert (run.item_counts()["total"], run.execution_counts()["total"]) == (3, 2)


def test_writing_results(lab: Lab) -> None:
    bucket = Bucket(lab)
    writer = {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "b", "Prefix": "out"}}
    execution = lab.run(distributed(("P", PASS), ResultWriter=writer), ["x", "y"])
    result = output(execution)
    assert result["MapRunArn"] == execution.map_runs[0].arn
    assert result["ResultWriterDetails"]["Bucket"] == "b"
    manifest = json.loads(bucket.objects[result["ResultWriterDetails"]["Key"]])
    (written,) = manifest["ResultFiles"]["SUCCEEDED"]
    rows = json.loads(bucket.objects[written["Key"]])
    assert [row["Output"] for row in rows] == ['"x"', '"y"']
    assert written["Size"] == len(bucket.objects[written["Key"]])
    assert execution.map_runs[0].item_counts()["resultsWritten"] == 2


def test_shaping_results_without_writing(lab: Lab) -> None:
    writer = {"WriterConfig": {"Transformation": "FLATTEN", "OutputType": "JSON"}}
    assert output(lab.run(distributed(("P", PASS), ResultWriter=writer), [[1, 2], [3]])) == [1, 2, 3]


def test_stopping_the_parent_stops_the_children(lab: Lab) -> None:
    execution = lab.run({**distributed(("W", {"Type": "Wait", "Seconds": 1000})), "TimeoutSeconds": 60}, [1, 2])
    assert execution.status == "TIMED_OUT"
    (run,) = execution.map_runs
    assert run.status == "ABORTED"
    assert [child.status for child in run.executions] == ["ABORTED", "ABORTED"]


def test_limits_of_a_run_can_be_changed(lab: Lab) -> None:
    with lab.clock.held():
        started = lab.engine.start(
            machine(distributed(("W", {"Type": "Wait", "Seconds": 5}), MaxConcurrency=1)), "[1, 2, 3]"
        )
        wait_for(lambda: started.map_runs and started.map_runs[0].executions)
        (run,) = started.map_runs
        lab.engine.update_map_run(run, max_concurrency=3, tolerated_failure_count=2)
        wait_for(lambda: len(run.executions) == 3)
    assert started.wait(10)
    assert run.tolerated_failure_count == 2
    assert output(started) == [1, 2, 3]


def test_expressions_that_fail_after_reading_or_before_writing(lab: Lab) -> None:
    Bucket(lab, k="[1]")
    selecting = distributed(("P", PASS), **reader({"InputType": "JSON"}, ItemSelector={"x.$": "$.none"}))
    execution = lab.run(selecting)
    assert (execution.status, execution.error) == ("FAILED", "States.Runtime")
    assert execution.map_runs[0].status == "FAILED"
    writer = {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket.$": "$.none"}}
    execution = lab.run(distributed(("P", PASS), ResultWriter=writer), [1])
    assert (execution.status, execution.error) == ("FAILED", "States.Runtime")
    assert "MapRunFailed" in kinds(execution)


def test_a_service_that_answers_nonsense(lab: Lab) -> None:
    for answer in (None, {}, {"Body": 7}, [1]):
        lab.functions.functions[GET] = lambda request, answer=answer: answer
        execution = lab.run(distributed(("P", PASS), **reader({"InputType": "JSON"})))
        assert (execution.status, execution.error) == ("FAILED", "States.ItemReaderFailed")


OBJECT = {"a": 1, "b": {"x": 2}}
PAIRS = [{"Key": "a", "Value": 1}, {"Key": "b", "Value": {"x": 2}}]


@pytest.mark.parametrize(
    "fields",
    [
        {"ItemsPath": "$.items"},
        {"QueryLanguage": "JSONata", "Items": "{% $states.input.items %}"},
        {"QueryLanguage": "JSONata", "Items": {"a": 1, "b": "{% $states.input.items.b %}"}},
    ],
)
def test_the_items_of_an_object_are_its_members(lab: Lab, fields: dict[str, Any]) -> None:
    assert output(lab.run(distributed(("P", PASS), **fields), {"items": OBJECT})) == PAIRS


def test_the_context_has_a_member_s_key(lab: Lab) -> None:
    selector = {"k.$": "$$.Map.Item.Key", "v.$": "$$.Map.Item.Value", "i.$": "$$.Map.Item.Index"}
    expected = [{"k": "a", "v": 1, "i": 0}, {"k": "b", "v": {"x": 2}, "i": 1}]
    assert output(lab.run(distributed(("P", PASS), ItemSelector=selector), OBJECT)) == expected
    Bucket(lab, k=json.dumps({"rows": OBJECT}))
    config = {"InputType": "JSON", "ItemsPointer": "/rows"}
    assert output(lab.run(distributed(("P", PASS), ItemSelector=selector, **reader(config)))) == expected


def test_an_inline_map_takes_lists_alone(lab: Lab) -> None:
    inline = flow(("M", {"Type": "Map", "ItemProcessor": flow(("P", PASS))}))
    assert lab.run(inline, OBJECT).error == "States.Runtime"
