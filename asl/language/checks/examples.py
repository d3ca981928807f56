"""An example for each rule: a definition that breaks it, where, and the definition put right.

Documentation and tests read them; nothing at run time does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Definition = dict[str, Any] | str


@dataclass(frozen=True, slots=True)
class Example:
    """`broken` has the diagnosis at `pointer`, and AWS names the place `location`; `right` has none of that rule."""

    broken: Definition
    pointer: str
    location: str
    right: Definition
    machine_type: str = "STANDARD"


_LAMBDA = "arn:aws:states:::lambda:invoke"
_ACTIVITY = "arn:aws:states:us-east-1:123456789012:activity:work"
_CALLBACK = "arn:aws:states:::sqs:sendMessage.waitForTaskToken"
_END: dict[str, Any] = {"Type": "Succeed"}


def _one(state: dict[str, Any], **machine: Any) -> dict[str, Any]:
    """A machine of one state, A, which ends unless it says otherwise."""
    if state.get("Type") in ("Pass", "Task", "Wait", "Parallel", "Map") and "Next" not in state:
        state = {"End": True, **state}
    return {"StartAt": "A", "States": {"A": state}, **machine}


def _pass(**fields: Any) -> dict[str, Any]:
    return _one({"Type": "Pass", **fields})


def _jsonata(**fields: Any) -> dict[str, Any]:
    return _one({"Type": "Pass", "QueryLanguage": "JSONata", **fields})


def _task(**fields: Any) -> dict[str, Any]:
    return _one({"Type": "Task", "Resource": _LAMBDA, **fields})


def _choice(**rule: Any) -> dict[str, Any]:
    return {"StartAt": "A", "States": {"A": {"Type": "Choice", "Choices": [{"Next": "B", **rule}]}, "B": _END}}


def _map(processor: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    inner = {"StartAt": "I", "States": {"I": {"Type": "Pass", "End": True}}, **(processor or {})}
    return _one({"Type": "Map", "ItemProcessor": inner, **fields})


_DISTRIBUTED = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}
_RETRY = [{"ErrorEquals": ["States.ALL"]}]


def _reader(**fields: Any) -> dict[str, Any]:
    return _map(_DISTRIBUTED, ItemReader={"Resource": "arn:aws:states:::s3:getObject", **fields})


def _loop(**last: Any) -> dict[str, Any]:
    return {
        "StartAt": "A",
        "States": {
            "A": {"Type": "Choice", "Choices": [{"Variable": "$.x", "IsPresent": True, "Next": "B"}], "Default": "C"},
            "B": {"Type": "Pass", **last},
            "C": _END,
        },
    }


EXAMPLES: dict[str, Example] = {
    "definition-json": Example(
        '{"StartAt": A}', "", '[Source: (String)"{"StartAt": A}"; line: 1, column: 14]', _pass()
    ),
    "definition-object": Example("[]", "", "", _pass()),
    "definition-size": Example('{"Comment": "%s"}' % ("x" * 1_048_576), "", "/", _pass()),
    "nesting-depth": Example('{"States": ' + "[" * 100_000, "", "/", _pass()),
    "machine-fields": Example(
        _one({"Type": "Pass"}, Startat="A"), "/Startat", "/", _one({"Type": "Pass"}, Comment="Starts at A")
    ),
    "machine-version": Example(
        _one({"Type": "Pass"}, Version="2.0"), "/Version", "/Version", _one({"Type": "Pass"}, Version="1.0")
    ),
    "state-type": Example(_one({"Type": "Lambda"}), "/States/A/Type", "/States/A/Type", _task()),
    "unknown-field": Example(_pass(Resultpath="$.r"), "/States/A/Resultpath", "/States/A", _pass(ResultPath="$.r")),
    "required-field": Example(_one({"Type": "Task"}), "/States/A", "/States/A", _task()),
    "exclusive-fields": Example(
        _one({"Type": "Fail", "Error": "E", "ErrorPath": "$.e"}),
        "/States/A",
        "/States/A",
        _one({"Type": "Fail", "ErrorPath": "$.e"}),
    ),
    "flow-shape": Example({"StartAt": "A", "States": {}}, "/States", "/States", _pass()),
    "value-type": Example(_task(Retry={}), "/States/A/Retry", "/States/A/Retry", _task(Retry=_RETRY)),
    "timestamp": Example(
        _one({"Type": "Wait", "Timestamp": "2026-01-01 12:00:00Z"}),
        "/States/A/Timestamp",
        "/States/A/Timestamp",
        _one({"Type": "Wait", "Timestamp": "2026-01-01T12:00:00Z"}),
    ),
    "credentials": Example(
        _task(Credentials={}),
        "/States/A/Credentials",
        "/States/A/Credentials",
        _task(Credentials={"RoleArn": "arn:aws:iam::123456789012:role/worker"}),
    ),
    "number-range": Example(
        _one({"Type": "Wait", "Seconds": -1}),
        "/States/A/Seconds",
        "/States/A/Seconds",
        _one({"Type": "Wait", "Seconds": 1}),
    ),
    "number-type": Example(
        _task(TimeoutSeconds="60"), "/States/A/TimeoutSeconds", "/States/A/TimeoutSeconds", _task(TimeoutSeconds=60)
    ),
    "heartbeat-too-long": Example(
        _task(TimeoutSeconds=60, HeartbeatSeconds=60),
        "/States/A/HeartbeatSeconds",
        "/States/A/HeartbeatSeconds",
        _task(TimeoutSeconds=60, HeartbeatSeconds=20),
    ),
    "format-arguments": Example(
        _pass(Parameters={"text.$": "States.Format('{} of {}', $.name)"}),
        "/States/A/Parameters/text.$",
        "/States/A/Parameters/text.$",
        _pass(Parameters={"text.$": "States.Format('{} of {}', $.name, $.place)"}),
    ),
    "jsonata-function": Example(
        _jsonata(Output="{% $summe($states.input.prices) %}"),
        "/States/A/Output",
        "/States/A/Output",
        _jsonata(Output="{% $sum($states.input.prices) %}"),
    ),
    "query-language": Example(
        _pass(QueryLanguage="jsonata"), "/States/A/QueryLanguage", "/States/A/QueryLanguage", _jsonata()
    ),
    "query-language-downgrade": Example(
        _one({"Type": "Pass", "QueryLanguage": "JSONPath"}, QueryLanguage="JSONata"),
        "/States/A/QueryLanguage",
        "/States/A",
        _one({"Type": "Pass"}, QueryLanguage="JSONata"),
    ),
    "query-language-field": Example(
        _jsonata(InputPath="$.a"), "/States/A/InputPath", "/States/A", _jsonata(Output="{% $states.input.a %}")
    ),
    "jsonpath-syntax": Example(
        _pass(InputPath="order.id"), "/States/A/InputPath", "/States/A/InputPath", _pass(InputPath="$.order.id")
    ),
    "reference-path": Example(
        _pass(ResultPath="$.items[*]"), "/States/A/ResultPath", "/States/A/ResultPath", _pass(ResultPath="$.items[0]")
    ),
    "template-expression": Example(
        _pass(Parameters={"a": {"b.$": "States.Join('x')"}}),
        "/States/A/Parameters/a/b.$",
        "/States/A/Parameters/a",
        _pass(Parameters={"a": {"b.$": "States.Format('x')"}}),
    ),
    "template-no-dollar": Example(
        _pass(Parameters={"id": "$.order.id"}),
        "/States/A/Parameters/id",
        "/States/A/Parameters/id",
        _pass(Parameters={"id.$": "$.order.id"}),
    ),
    "jsonata-delimiters": Example(
        _jsonata(Output="{% $states.input"),
        "/States/A/Output",
        "/States/A/Output",
        _jsonata(Output="{% $states.input %}"),
    ),
    "jsonata-syntax": Example(
        _jsonata(Output={"a": ["{% 1 + %}"]}),
        "/States/A/Output/a/0",
        "/States/A/Output/a[0]",
        _jsonata(Output={"a": ["{% 1 + 1 %}"]}),
    ),
    "jsonata-unsupported": Example(
        _jsonata(Output="{% order.id %}"),
        "/States/A/Output",
        "/States/A/Output",
        _jsonata(Output="{% $states.input.order.id %}"),
    ),
    "jsonata-error-output": Example(
        _jsonata(Output="{% $states.errorOutput.Error %}"),
        "/States/A/Output",
        "/States/A/Output",
        _jsonata(Output="{% $states.input %}"),
    ),
    "choice-rule": Example(
        _choice(Variable="$.x", IsNull=True, IsString=True),
        "/States/A/Choices/0",
        "/States/A/Choices[0]",
        _choice(Variable="$.x", IsNull=True),
    ),
    "choice-operand": Example(
        _choice(Variable="$.x", NumericEquals="7"),
        "/States/A/Choices/0/NumericEquals",
        "/States/A/Choices[0]/NumericEquals",
        _choice(Variable="$.x", NumericEquals=7),
    ),
    "error-handler": Example(
        _task(Retry=[{"MaxAttempts": 2}]), "/States/A/Retry/0", "/States/A/Retry[0]", _task(Retry=_RETRY)
    ),
    "states-all": Example(
        _task(Retry=[*_RETRY, {"ErrorEquals": ["Busy"]}]),
        "/States/A/Retry/0/ErrorEquals",
        "/States/A/Retry[0]/ErrorEquals",
        _task(Retry=[{"ErrorEquals": ["Busy"]}, *_RETRY]),
    ),
    "jitter-strategy": Example(
        _task(Retry=[{"ErrorEquals": ["Busy"], "JitterStrategy": "HALF"}]),
        "/States/A/Retry/0/JitterStrategy",
        "/States/A/Retry[0]/JitterStrategy",
        _task(Retry=[{"ErrorEquals": ["Busy"], "JitterStrategy": "FULL"}]),
    ),
    "error-name-repeated": Example(
        _task(Retry=[{"ErrorEquals": ["Busy"]}, {"ErrorEquals": ["Busy"]}]),
        "/States/A/Retry/1/ErrorEquals/0",
        "/States/A/Retry[1]/ErrorEquals[0]",
        _task(Retry=[{"ErrorEquals": ["Busy"]}]),
    ),
    "error-name-reserved": Example(
        _task(Retry=[{"ErrorEquals": ["States.TaskFail"]}]),
        "/States/A/Retry/0/ErrorEquals/0",
        "/States/A/Retry[0]/ErrorEquals[0]",
        _task(Retry=[{"ErrorEquals": ["States.TaskFailed"]}]),
    ),
    "task-without-retry": Example(_task(), "/States/A", "/States/A", _task(Retry=_RETRY)),
    "map-processor-config": Example(
        _map({"ProcessorConfig": {"Mode": "DISTRIBUTED"}}),
        "/States/A/ItemProcessor/ProcessorConfig",
        "/States/A/ItemProcessor/ProcessorConfig",
        _map(_DISTRIBUTED),
    ),
    "map-item-reader": Example(
        _reader(ReaderConfig={"InputType": "CSV"}),
        "/States/A/ItemReader/ReaderConfig",
        "/States/A/ItemReader/ReaderConfig",
        _reader(ReaderConfig={"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"}),
    ),
    "map-label": Example(
        _map(_DISTRIBUTED, Label="all orders"), "/States/A/Label", "/States/A/Label", _map(_DISTRIBUTED, Label="orders")
    ),
    "map-inline-field": Example(
        _map(ItemBatcher={"MaxItemsPerBatch": 10}),
        "/States/A/ItemBatcher",
        "/States/A/ItemBatcher",
        _map(_DISTRIBUTED, ItemBatcher={"MaxItemsPerBatch": 10}),
    ),
    "map-exclusive-fields": Example(
        _map(_DISTRIBUTED, ItemBatcher={"MaxItemsPerBatch": 10, "MaxItemsPerBatchPath": "$.n"}),
        "/States/A/ItemBatcher",
        "/States/A/ItemBatcher",
        _map(_DISTRIBUTED, ItemBatcher={"MaxItemsPerBatchPath": "$.n"}),
    ),
    "resource-arn": Example(_task(Resource="my-function"), "/States/A/Resource", "/States/A/Resource", _task()),
    "resource-pattern": Example(
        _task(Resource=_LAMBDA + ".sync"),
        "/States/A/Resource",
        "/States/A/Resource",
        _task(Resource=_LAMBDA + ".waitForTaskToken"),
    ),
    "activity-credentials": Example(
        _task(Resource=_ACTIVITY, Credentials={"RoleArn": "arn:aws:iam::123456789012:role/worker"}),
        "/States/A/Credentials",
        "/States/A/Credentials",
        _task(Resource=_ACTIVITY),
    ),
    "callback-without-timeout": Example(
        _task(Resource=_CALLBACK), "/States/A", "/States/A", _task(Resource=_CALLBACK, HeartbeatSeconds=600)
    ),
    "pass-result-static": Example(
        _pass(Result={"id.$": "$.order.id"}),
        "/States/A/Result/id.$",
        "/States/A/Result/id.$",
        _pass(Parameters={"id.$": "$.order.id"}),
    ),
    "field-no-path": Example(
        _one({"Type": "Fail", "Cause": "$.reason"}),
        "/States/A/Cause",
        "/States/A/Cause",
        _one({"Type": "Fail", "CausePath": "$.reason"}),
    ),
    "express-activity": Example(
        _task(Resource=_ACTIVITY), "/States/A/Resource", "/States/A/Resource", _task(), machine_type="EXPRESS"
    ),
    "express-pattern": Example(
        _task(Resource="arn:aws:states:::states:startExecution.sync:2"),
        "/States/A/Resource",
        "/States/A/Resource",
        _task(Resource="arn:aws:states:::states:startExecution"),
        machine_type="EXPRESS",
    ),
    "express-distributed-map": Example(
        _map(_DISTRIBUTED),
        "/States/A/ItemProcessor/ProcessorConfig/Mode",
        "/States/A/ItemProcessor/ProcessorConfig/Mode",
        _map(),
        machine_type="EXPRESS",
    ),
    "dangling-target": Example(
        {"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "Bee"}, "B": _END}},
        "/States/A/Next",
        "/States/A/Next",
        {"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B"}, "B": _END}},
    ),
    "unreachable-state": Example(
        {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}, "B": _END}},
        "/States/B",
        "/States/B",
        {"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B"}, "B": _END}},
    ),
    "no-terminal-state": Example(
        {"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "A"}}}, "/States", "", _pass()
    ),
    "endless-loop": Example(_loop(Next="B"), "/States/B", "/States/B", _loop(Next="A")),
    "duplicate-state": Example(
        _map({"StartAt": "A", "States": {"A": _END}}),
        "/States/A/ItemProcessor/States/A",
        "/States/A/ItemProcessor/States/A",
        _map(),
    ),
    "state-name": Example(
        {"StartAt": "A" * 81, "States": {"A" * 81: _END}},
        "/States/" + "A" * 81,
        "/States/" + "A" * 81,
        {"StartAt": "A" * 80, "States": {"A" * 80: _END}},
    ),
    "duplicate-label": Example(
        {
            "StartAt": "A",
            "States": {
                "A": {
                    "Type": "Map",
                    "Label": "items",
                    "ItemProcessor": {**_DISTRIBUTED, "StartAt": "I", "States": {"I": _END}},
                    "Next": "B",
                },
                "B": {
                    "Type": "Map",
                    "Label": "items",
                    "ItemProcessor": {**_DISTRIBUTED, "StartAt": "J", "States": {"J": _END}},
                    "End": True,
                },
            },
        },
        "/States/B/Label",
        "/States/B/Label",
        _map(_DISTRIBUTED, Label="items"),
    ),
    "variable-name": Example(
        _pass(Assign={"order-id": 1}), "/States/A/Assign/order-id", "/States/A/Assign/order-id", _pass(Assign={"id": 1})
    ),
    "variable-reserved": Example(
        _pass(Assign={"states": 1}), "/States/A/Assign/states", "/States/A/Assign/states", _pass(Assign={"status": 1})
    ),
    "variable-unassigned": Example(
        _jsonata(Output="{% $total * 2 %}"),
        "/States/A/Output",
        "/States/A/Output",
        {
            "StartAt": "A",
            "QueryLanguage": "JSONata",
            "States": {
                "A": {"Type": "Pass", "Assign": {"total": 4}, "Next": "B"},
                "B": {"Type": "Pass", "Output": "{% $total * 2 %}", "End": True},
            },
        },
    ),
}
