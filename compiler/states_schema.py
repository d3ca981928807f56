"""The part of the flow schema that describes Amazon States Language, for completion in editors.

It knows which fields a state of each type has, and leaves their values to `asl.language`.
"""

from __future__ import annotations

from typing import Any

from asl.language.checks.fields import FIELDS
from asl.language.choice import BOOLEAN_OPERATORS, OPERATORS

STATE_TYPES = ("Task", "Pass", "Choice", "Wait", "Succeed", "Fail", "Parallel", "Map")

_PATH = {"type": ["string", "null"]}
_SECONDS = {"type": ["integer", "string"]}

_STATE_FIELDS: dict[str, Any] = {
    "Type": {"enum": list(STATE_TYPES), "description": "What the state does."},
    "Comment": {"type": "string"},
    "QueryLanguage": {"enum": ["JSONPath", "JSONata"]},
    "Next": {"type": "string", "description": "The next state."},
    "End": {"type": "boolean", "description": "Whether the flow or branch ends here."},
    "Resource": {"type": "string", "description": "`${<function>Arn}` or a service integration's ARN."},
    "InputPath": _PATH,
    "OutputPath": _PATH,
    "ResultPath": _PATH,
    "Parameters": {},
    "ResultSelector": {"type": "object"},
    "Arguments": {},
    "Output": {},
    "Assign": {"type": "object"},
    "Result": {},
    "Retry": {"type": "array", "items": {"$ref": "#/$defs/Retrier"}},
    "Catch": {"type": "array", "items": {"$ref": "#/$defs/Catcher"}},
    "TimeoutSeconds": _SECONDS,
    "TimeoutSecondsPath": {"type": "string"},
    "HeartbeatSeconds": _SECONDS,
    "HeartbeatSecondsPath": {"type": "string"},
    "Credentials": {"type": "object"},
    "Seconds": _SECONDS,
    "SecondsPath": {"type": "string"},
    "Timestamp": {"type": "string"},
    "TimestampPath": {"type": "string"},
    "Choices": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/ChoiceRule"}},
    "Default": {"type": "string", "description": "The next state if no choice matches."},
    "Error": {"type": "string"},
    "ErrorPath": {"type": "string"},
    "Cause": {"type": "string"},
    "CausePath": {"type": "string"},
    "Branches": {"type": "array", "items": {"$ref": "#/$defs/StateMachine"}},
    "ItemProcessor": {"$ref": "#/$defs/StateMachine"},
    "Iterator": {"$ref": "#/$defs/StateMachine"},
    "Items": {},
    "ItemsPath": {"type": "string"},
    "ItemSelector": {},
    "ItemReader": {"type": "object"},
    "ItemBatcher": {"type": "object"},
    "ResultWriter": {"type": "object"},
    "MaxConcurrency": _SECONDS,
    "MaxConcurrencyPath": {"type": "string"},
    "ToleratedFailureCount": _SECONDS,
    "ToleratedFailureCountPath": {"type": "string"},
    "ToleratedFailurePercentage": {"type": ["number", "string"]},
    "ToleratedFailurePercentagePath": {"type": "string"},
    "Label": {"type": "string"},
}

_RULE_FIELDS = ("Comment", "Condition", "Assign", "Output", "Next", "Variable", *BOOLEAN_OPERATORS, *sorted(OPERATORS))
_NEEDS: dict[str, Any] = {
    "Task": {"required": ["Resource"]},
    "Choice": {"required": ["Choices"]},
    "Parallel": {"required": ["Branches"]},
}
# In a definition these states need Next or End; in `steps:` the compiler adds it.
_HAS_SUCCESSOR = {
    "if": {"properties": {"Type": {"enum": ["Task", "Pass", "Wait", "Parallel", "Map"]}}, "required": ["Type"]},
    "then": {"anyOf": [{"required": ["Next"]}, {"required": ["End"]}]},
}


def _state() -> dict[str, Any]:
    by_type = [
        {
            "if": {"properties": {"Type": {"const": kind}}, "required": ["Type"]},
            "then": {"propertyNames": {"enum": sorted(FIELDS[kind])}, **_NEEDS.get(kind, {})},
        }
        for kind in STATE_TYPES
    ]
    return {"type": "object", "properties": _STATE_FIELDS, "required": ["Type"], "allOf": by_type}


_ERRORS = {
    "type": "array",
    "items": {"type": "string"},
    "description": "Error names. States.ALL must be the only one, in the last entry.",
}

STATES_DEFINITIONS: dict[str, Any] = {
    "StateMachine": {
        "type": "object",
        "description": "Amazon States Language: https://states-language.net/",
        "properties": {
            "Comment": {"type": "string"},
            "QueryLanguage": {"enum": ["JSONPath", "JSONata"]},
            "StartAt": {"type": "string", "description": "The first state."},
            "States": {
                "type": "object",
                "minProperties": 1,
                "additionalProperties": {"$ref": "#/$defs/State", **_HAS_SUCCESSOR},
            },
            "TimeoutSeconds": {"type": "integer"},
            "Version": {"type": "string"},
            "ProcessorConfig": {"type": "object"},
        },
        "required": ["StartAt", "States"],
        "additionalProperties": False,
    },
    "State": _state(),
    "ChoiceRule": {
        "type": "object",
        "properties": {name: {} for name in _RULE_FIELDS}
        | {"Next": {"type": "string"}, "Variable": {"type": "string"}},
        "additionalProperties": False,
    },
    "Retrier": {
        "type": "object",
        "properties": {
            "ErrorEquals": _ERRORS,
            "IntervalSeconds": {"type": "integer"},
            "MaxAttempts": {"type": "integer"},
            "BackoffRate": {"type": "number"},
            "MaxDelaySeconds": {"type": "integer"},
            "JitterStrategy": {"enum": ["FULL", "NONE"]},
            "Comment": {"type": "string"},
        },
        "required": ["ErrorEquals"],
        "additionalProperties": False,
    },
    "Catcher": {
        "type": "object",
        "properties": {
            "ErrorEquals": _ERRORS,
            "Next": {"type": "string"},
            "ResultPath": _PATH,
            "Output": {},
            "Assign": {"type": "object"},
            "Comment": {"type": "string"},
        },
        "required": ["ErrorEquals", "Next"],
        "additionalProperties": False,
    },
}
