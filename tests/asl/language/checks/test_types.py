"""Every value that can't be read into the model has a diagnosis."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from asl.engine.compiler import compile_definition
from asl.language import Severity, diagnose
from asl.language.checks.registry import examples
from tests.asl.language.checks.test_fuzz import places
from tests.asl.language.test_model import WHOLE

VALUES: list[Any] = [None, True, 1, 1.0, 1.5, -1, "x", "", [], ["x"], [1], {}, {"a": 1}]

DISTRIBUTED: dict[str, Any] = {
    "StartAt": "M",
    "States": {
        "M": {
            "Type": "Map",
            "ItemProcessor": {
                "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                "StartAt": "I",
                "States": {"I": {"Type": "Pass", "End": True}},
            },
            "ItemReader": {
                "Resource": "arn:aws:states:::s3:getObject",
                "Parameters": {"Bucket": "b", "Key": "k"},
                "ReaderConfig": {
                    "InputType": "CSV",
                    "CSVHeaderLocation": "GIVEN",
                    "CSVHeaders": ["a"],
                    "CSVDelimiter": "COMMA",
                    "Transformation": "NONE",
                    "ItemsPointer": "/a",
                    "ManifestType": "S3_INVENTORY",
                    "MaxItems": 1,
                },
            },
            "ItemBatcher": {"MaxItemsPerBatch": 1, "MaxInputBytesPerBatch": 10, "BatchInput": {}},
            "ResultWriter": {
                "Resource": "arn:aws:states:::s3:putObject",
                "Parameters": {"Bucket": "b"},
                "WriterConfig": {"Transformation": "NONE", "OutputType": "JSON"},
            },
            "Label": "all",
            "MaxConcurrency": 1,
            "ToleratedFailureCount": 1,
            "ToleratedFailurePercentage": 1,
            "Retry": [
                {
                    "ErrorEquals": ["A"],
                    "IntervalSeconds": 1,
                    "MaxAttempts": 1,
                    "BackoffRate": 1.5,
                    "MaxDelaySeconds": 10,
                    "JitterStrategy": "FULL",
                }
            ],
            "Catch": [{"ErrorEquals": ["A"], "ResultPath": "$.e", "Next": "T"}],
            "End": True,
        },
        "T": {
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke",
            "TimeoutSeconds": 2,
            "HeartbeatSeconds": 1,
            "Credentials": {"RoleArn": "r"},
            "End": True,
        },
    },
}
SOURCES = {
    "whole": WHOLE,
    "distributed": DISTRIBUTED,
    **{name: each.right for name, each in examples().items() if isinstance(each.right, dict)},
}


def errors(definition: Any) -> list[tuple[str, str]]:
    return [(each.pointer, each.message) for each in diagnose(definition) if each.severity is Severity.ERROR]


@pytest.mark.parametrize("name", SOURCES)
def test_a_value_of_any_type_is_diagnosed_or_can_run(name: str) -> None:
    source = SOURCES[name]
    assert errors(source) == []
    for *path, key in places(source):
        for value in VALUES:
            definition = copy.deepcopy(source)
            holder: Any = definition
            for step in path:
                holder = holder[step]
            holder[key] = value
            if not errors(definition):
                compile_definition(json.dumps(definition))


@pytest.mark.parametrize(
    ("field", "value", "kind"),
    [
        ("ResultWriter/Resource", 1, "STRING"),
        ("ResultWriter/WriterConfig", [], "OBJECT"),
        ("ResultWriter/WriterConfig/OutputType", {}, "STRING"),
        ("ItemReader/ReaderConfig/CSVDelimiter", True, "STRING"),
        ("ItemReader/ReaderConfig/ItemsPointer", 0, "STRING"),
    ],
)
def test_the_fields_of_a_reader_and_a_writer_have_types(field: str, value: Any, kind: str) -> None:
    definition = copy.deepcopy(DISTRIBUTED)
    *path, name = field.split("/")
    holder = definition["States"]["M"]
    for step in path:
        holder = holder[step]
    holder[name] = value
    assert errors(definition) == [(f"/States/M/{field}", f"Expected value of type [{kind}]")]
