"""Numbers of states that a path or JSONata gives."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.asl.engine.conftest import Lab, flow, kinds


def each(mode: str, **fields: Any) -> dict[str, Any]:
    """A Map of one Pass state."""
    config = {"Mode": mode} | ({"ExecutionType": "STANDARD"} if mode == "DISTRIBUTED" else {})
    processor = {"ProcessorConfig": config, **flow(("P", {"Type": "Pass"}))}
    return flow(("M", {"Type": "Map", "ItemProcessor": processor, **fields}))


@pytest.mark.parametrize("value", [2.0, "2.0", 2**63, "x", {"a": [1]}, None, True])
def test_a_path_to_something_that_is_no_integer(lab: Lab, value: Any) -> None:
    shown = value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
    for field, mode in (("MaxConcurrencyPath", "INLINE"), ("ToleratedFailureCountPath", "DISTRIBUTED")):
        execution = lab.run(each(mode, **{field: "$.v", "ItemsPath": "$.items"}), {"v": value, "items": [1]})
        assert execution.error == "States.Runtime"
        assert (execution.cause or "").endswith(
            f'The {field} field refers to value "{shown}" which is not a valid integer: $.v'
        )
        # The width is looked at before the state begins its work, the tolerance afterwards.
        started = ["MapStateStarted"] if "Tolerated" in field else []
        assert kinds(execution) == ["ExecutionStarted", "MapStateEntered", *started, "ExecutionFailed"]


@pytest.mark.parametrize(
    ("fields", "cause"),
    [
        ({"MaxConcurrencyPath": "$.v"}, "MaxConcurrency cannot be negative."),
        ({"ToleratedFailureCountPath": "$.v"}, "ToleratedFailureCount cannot be negative."),
        ({"ToleratedFailurePercentagePath": "$.v"}, "ToleratedFailurePercentage must be between 0 and 100."),
        ({"ToleratedFailurePercentagePath": "$.big"}, "ToleratedFailurePercentage must be between 0 and 100."),
        (
            {"ToleratedFailurePercentagePath": "$.text"},
            'The ToleratedFailurePercentagePath field refers to value "x" which is not a valid float: $.text',
        ),
        (
            {"ItemBatcher": {"MaxItemsPerBatchPath": "$.text"}},
            'The MaxItemsPerBatchPath field refers to value "x" which is not a valid integer: $.text',
        ),
    ],
)
def test_a_number_of_a_distributed_map_that_is_out_of_range(lab: Lab, fields: dict[str, Any], cause: str) -> None:
    execution = lab.run(
        each("DISTRIBUTED", ItemsPath="$.items", **fields), {"v": -1, "big": 100.5, "text": "x", "items": [1]}
    )
    assert execution.error == "States.Runtime"
    assert (execution.cause or "").endswith(cause)


@pytest.mark.parametrize("field", ["MaxConcurrency", "ToleratedFailureCount"])
def test_jsonata_that_gives_no_integer_for_a_number_of_a_map(lab: Lab, field: str) -> None:
    for text, cause in (("2.5", f"The {field} field is not an integer: 2.5"), ("-1", f"{field} cannot be negative.")):
        definition = each("DISTRIBUTED", QueryLanguage="JSONata", Items=[1], **{field: "{% " + text + " %}"})
        execution = lab.run(definition)
        assert execution.error == "States.QueryEvaluationError"
        assert (execution.cause or "").endswith(cause)


def test_a_maximum_of_items_that_is_no_integer_fails_before_anything_is_read(lab: Lab) -> None:
    reader = {
        "Resource": "arn:aws:states:::s3:getObject",
        "ReaderConfig": {"InputType": "JSON", "MaxItemsPath": "$.v"},
        "Parameters": {"Bucket": "b", "Key": "k"},
    }
    execution = lab.run(each("DISTRIBUTED", ItemReader=reader), {"v": 1.5})
    assert execution.error == "States.ItemReaderFailed"
    assert execution.cause == "The MaxItemsPath field refers to value '1.5' which is not a valid integer: $.v"
    assert "MapRunStarted" not in kinds(execution)


@pytest.mark.parametrize(
    ("state", "cause"),
    [
        ({"SecondsPath": "$.v"}, "The SecondsPath parameter cannot be parsed as a long value: $.v == 2.0"),
        ({"SecondsPath": "$.big"}, f"The SecondsPath parameter cannot be parsed as a long value: $.big == {2**63}"),
    ],
)
def test_seconds_that_are_no_integer(lab: Lab, state: dict[str, Any], cause: str) -> None:
    execution = lab.run(flow(("W", {"Type": "Wait", **state})), {"v": 2.0, "big": 2**63})
    assert (execution.cause or "").endswith(cause)


def test_jsonata_has_no_integers_of_their_own(lab: Lab) -> None:
    wait = {"Type": "Wait", "QueryLanguage": "JSONata", "Seconds": "{% $states.input.v %}"}
    assert lab.run(flow(("W", wait)), {"v": 2.0}).status == "SUCCEEDED"
