"""Reading definitions into the model."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest

from asl.language import model
from asl.language.model import DefinitionError, QueryLanguage, parse_definition, parse_state, walk_states
from asl.language.scope import MISSING

WHOLE: dict[str, Any] = {
    "Comment": "everything",
    "Version": "1.0",
    "StartAt": "Task",
    "TimeoutSeconds": 60,
    "States": {
        "Task": {
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke",
            "Comment": "calls",
            "InputPath": None,
            "Parameters": {"a.$": "$.a"},
            "ResultSelector": {"b.$": "$.b"},
            "ResultPath": None,
            "OutputPath": "$.c",
            "Assign": {"v": 1},
            "TimeoutSeconds": 5,
            "HeartbeatSecondsPath": "$.h",
            "Credentials": {"RoleArn": "arn"},
            "Retry": [
                {"ErrorEquals": ["A"], "MaxDelaySeconds": 9, "JitterStrategy": "FULL"},
                {"ErrorEquals": ["B"], "MaxAttempts": 0, "IntervalSeconds": 2, "BackoffRate": 1.5},
            ],
            "Catch": [{"ErrorEquals": ["C"], "Next": "Fail", "ResultPath": "$.e"}],
            "Next": "Choice",
        },
        "Choice": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.x", "IsNull": True, "Next": "Wait", "Assign": {"w": 1}}],
            "Default": "Parallel",
        },
        "Wait": {"Type": "Wait", "Seconds": 3, "Next": "Succeed"},
        "Parallel": {
            "Type": "Parallel",
            "Branches": [{"StartAt": "P1", "States": {"P1": {"Type": "Pass", "Result": None, "End": True}}}],
            "Next": "Map",
        },
        "Map": {
            "Type": "Map",
            "QueryLanguage": "JSONata",
            "Items": "{% $states.input %}",
            "MaxConcurrency": "{% 2 %}",
            "Label": "orders",
            "ItemReader": {
                "Resource": "arn:aws:states:::s3:getObject",
                "Arguments": {"Bucket": "b"},
                "ReaderConfig": {"InputType": "CSV", "CSVHeaderLocation": "GIVEN", "CSVHeaders": ["a"], "MaxItems": 4},
            },
            "ItemBatcher": {"MaxItemsPerBatch": 2, "BatchInput": {"x": 1}},
            "ResultWriter": {"Resource": "arn:aws:states:::s3:putObject", "WriterConfig": {"OutputType": "JSONL"}},
            "ToleratedFailurePercentage": 12.5,
            "ItemProcessor": {
                "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"},
                "StartAt": "M1",
                "States": {"M1": {"Type": "Pass", "End": True}},
            },
            "Output": {"n": 1},
            "Next": "Legacy",
        },
        "Legacy": {
            "Type": "Map",
            "Iterator": {"StartAt": "L1", "States": {"L1": {"Type": "Pass", "End": True}}},
            "Parameters": {"i.$": "$$.Map.Item.Index"},
            "End": True,
        },
        "Succeed": {"Type": "Succeed"},
        "Fail": {"Type": "Fail", "ErrorPath": "$.e", "Cause": "because"},
    },
}


@pytest.fixture(scope="module")
def machine() -> model.StateMachine:
    return parse_definition(json.dumps(WHOLE))


def test_the_machine(machine):
    assert (machine.start_at, machine.version, machine.timeout_seconds) == ("Task", "1.0", 60)
    assert machine.query_language is QueryLanguage.JSONPATH
    assert [state.type for state in machine.states.values()] == [s["Type"] for s in WHOLE["States"].values()]
    assert [s.name for s in walk_states(machine)] == [
        *("Task", "Choice", "Wait", "Parallel", "P1", "Map", "M1", "Legacy", "L1", "Succeed", "Fail")
    ]


def test_a_task(machine):
    task = machine.states["Task"]
    assert isinstance(task, model.TaskState)
    assert (task.pointer, task.next, task.end, task.jsonata) == ("/States/Task", "Choice", False, False)
    assert (task.input_path, task.result_path, task.output_path) == (None, None, "$.c")
    assert (task.timeout_seconds, task.heartbeat_seconds, task.heartbeat_seconds_path) == (5, None, "$.h")
    assert task.arguments is MISSING
    assert task.retry == (
        model.Retrier(error_equals=("A",), max_delay_seconds=9, jitter_strategy="FULL"),
        model.Retrier(error_equals=("B",), max_attempts=0, interval_seconds=2, backoff_rate=1.5),
    )
    assert (task.retry[0].interval_seconds, task.retry[0].max_attempts, task.retry[0].backoff_rate) == (1, 3, 2.0)
    assert task.catch == (model.Catcher(error_equals=("C",), next="Fail", result_path="$.e"),)


def test_a_choice(machine):
    choice = machine.states["Choice"]
    assert isinstance(choice, model.ChoiceState)
    assert choice.choices[0].condition == WHOLE["States"]["Choice"]["Choices"][0]
    assert (choice.choices[0].next, choice.choices[0].assign, choice.default) == ("Wait", {"w": 1}, "Parallel")


def test_flows_within_states(machine):
    parallel, mapped, legacy = (machine.states[name] for name in ("Parallel", "Map", "Legacy"))
    assert parallel.branches[0].states["P1"].pointer == "/States/Parallel/Branches/0/States/P1"
    assert parallel.branches[0].states["P1"].result is None
    assert (mapped.distributed, mapped.item_processor.execution_type, mapped.iterator) == (True, "EXPRESS", False)
    assert mapped.jsonata and not mapped.item_processor.states["M1"].jsonata
    assert mapped.item_reader.config == model.ReaderConfig(
        input_type="CSV", csv_header_location="GIVEN", csv_headers=("a",), max_items=4
    )
    assert (mapped.item_batcher.max_items_per_batch, mapped.item_batcher.batch_input) == (2, {"x": 1})
    assert (mapped.result_writer.output_type, mapped.max_concurrency) == ("JSONL", "{% 2 %}")
    assert (legacy.distributed, legacy.iterator, legacy.item_selector) == (False, True, {"i.$": "$$.Map.Item.Index"})


def test_models_do_not_change(machine):
    with pytest.raises(dataclasses.FrozenInstanceError):
        machine.start_at = "Wait"


def test_a_state_alone():
    state = parse_state("a/b", {"Type": "Pass", "End": True}, QueryLanguage.JSONATA)
    assert (state.pointer, state.jsonata, state.end) == ("/States/a~1b", True, True)


@pytest.mark.parametrize(
    ("definition", "pointer"),
    [
        ("nope", ""),
        ("[]", ""),
        ({"StartAt": "A"}, ""),
        ({"States": {}}, ""),
        ({"StartAt": 1, "States": {}}, "/StartAt"),
        ({"StartAt": "A", "States": []}, "/States"),
        ({"StartAt": "A", "States": {"A": 1}}, "/States/A"),
        ({"StartAt": "A", "States": {"A": {"Type": "Lambda"}}}, "/States/A/Type"),
        ({"StartAt": "A", "States": {"A": {"Type": "Task"}}}, "/States/A"),
        ({"StartAt": "A", "States": {"A": {"Type": "Pass", "QueryLanguage": "SQL"}}}, "/States/A/QueryLanguage"),
        ({"StartAt": "A", "States": {"A": {"Type": "Wait", "Seconds": []}}}, "/States/A/Seconds"),
        ({"StartAt": "A", "States": {"A": {"Type": "Parallel", "Branches": [1]}}}, "/States/A/Branches/0"),
        ({"StartAt": "A", "States": {"A": {"Type": "Choice", "Choices": [{}]}}}, "/States/A/Choices/0"),
    ],
)
def test_what_cannot_be_read_names_its_place(definition, pointer):
    with pytest.raises(DefinitionError) as failure:
        parse_definition(definition)
    assert failure.value.pointer == pointer
