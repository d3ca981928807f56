"""The part of the flow schema that describes Amazon States Language, for completion in editors.

Deliberately open: `asl.language` judges definitions; an editor only needs the names.
"""

from __future__ import annotations

from typing import Any

STATE_TYPES = ("Task", "Pass", "Choice", "Wait", "Succeed", "Fail", "Parallel", "Map")

_PATH = {"type": ["string", "null"]}
_SECONDS = {"type": ["integer", "string"]}
_LIST = {"type": "array", "items": {"type": "object"}}

_STATE_FIELDS: dict[str, Any] = {
    "Type": {"enum": list(STATE_TYPES), "description": "What the state does."},
    "Comment": {"type": "string"},
    "QueryLanguage": {"enum": ["JSONPath", "JSONata"]},
    "Next": {"type": "string", "description": "The state that follows."},
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
    "Choices": _LIST,
    "Default": {"type": "string", "description": "The state that follows when no choice matches."},
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

_ERRORS = {"type": "array", "items": {"type": "string"}, "description": "Error names; States.ALL alone and last."}

STATES_DEFINITIONS: dict[str, Any] = {
    "StateMachine": {
        "type": "object",
        "description": "Amazon States Language: https://states-language.net/",
        "properties": {
            "Comment": {"type": "string"},
            "QueryLanguage": {"enum": ["JSONPath", "JSONata"]},
            "StartAt": {"type": "string", "description": "The first state."},
            "States": {"type": "object", "additionalProperties": {"$ref": "#/$defs/State"}},
            "TimeoutSeconds": {"type": "integer"},
            "Version": {"type": "string"},
            "ProcessorConfig": {"type": "object"},
        },
        "required": ["StartAt", "States"],
    },
    "State": {"type": "object", "properties": _STATE_FIELDS, "required": ["Type"]},
    "Retrier": {
        "type": "object",
        "properties": {
            "ErrorEquals": _ERRORS,
            "IntervalSeconds": {"type": "integer"},
            "MaxAttempts": {"type": "integer"},
            "BackoffRate": {"type": "number"},
            "MaxDelaySeconds": {"type": "integer"},
            "JitterStrategy": {"enum": ["FULL", "NONE"]},
        },
        "required": ["ErrorEquals"],
    },
    "Catcher": {
        "type": "object",
        "properties": {
            "ErrorEquals": _ERRORS,
            "Next": {"type": "string"},
            "ResultPath": _PATH,
            "Output": {},
            "Assign": {"type": "object"},
        },
        "required": ["ErrorEquals", "Next"],
    },
}
