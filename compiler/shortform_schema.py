"""The part of the flow schema that describes the short form, `steps:`."""

from __future__ import annotations

from typing import Any

_STRING = {"type": "string"}
_NAMES = {"anyOf": [_STRING, {"type": "array", "items": _STRING}]}
_STEPS = {"$ref": "#/$defs/Steps"}
_RETRY = {
    "anyOf": [
        {"type": "boolean"},
        {"type": "integer", "minimum": 0, "maximum": 99_999_999},
        {"$ref": "#/$defs/RetryStep"},
        {"type": "array", "items": {"$ref": "#/$defs/RetryStep"}},
    ]
}

SHORT_FORM_PROPERTIES: dict[str, Any] = {
    "steps": {**_STEPS, "description": "The short form: steps that run one after the other."}
}

SHORT_FORM_DEFINITIONS: dict[str, Any] = {
    "Steps": {
        "type": "array",
        "minItems": 1,
        "items": {"anyOf": [_STRING, {"$ref": "#/$defs/Step"}]},
    },
    "Branch": {"anyOf": [_STRING, {"$ref": "#/$defs/Step"}, _STEPS]},
    "Step": {
        "type": "object",
        "description": "A step with exactly one action: call, parallel, foreach, choose, wait, approve, state, fail "
        "or succeed.",
        "properties": {
            "name": {**_STRING, "description": "The state's name; derived from the action by default."},
            "comment": _STRING,
            "call": {**_STRING, "description": "A function's or a flow's name."},
            "parallel": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/Branch"}},
            "foreach": {"description": "A JSONata expression or a list; `do` runs once for each item."},
            "do": _STEPS,
            "concurrency": {"type": "integer", "minimum": 0, "description": "How many items at a time; 0 is no limit."},
            "choose": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/Choice"}},
            "wait": {"description": "Seconds, `5 minutes`, a JSONata expression, or a time `2030-01-31T12:00:00Z`."},
            "approve": {"$ref": "#/$defs/Approval", "description": "Asks people and waits for their answer."},
            "on_reject": {**_STEPS, "description": "With `approve`: the steps to run if the answer is a rejection."},
            "state": {"$ref": "#/$defs/State", "description": "A state in Amazon States Language; Next is optional."},
            "fail": {"anyOf": [_STRING, {"$ref": "#/$defs/FailStep"}]},
            "succeed": {"type": "boolean", "description": "Ends the flow here."},
            "input": {"description": "The input of the call; the step's input by default. JSONata in `{% %}`."},
            "output": {"description": "The input of the next step; the result by default. JSONata in `{% %}`."},
            "assign": {"type": "object", "description": "Variables for later steps."},
            "timeout": {"type": "integer", "minimum": 1, "description": "Seconds before the step fails."},
            "retry": _RETRY,
            "catch": {"anyOf": [_STEPS, {"type": "array", "items": {"$ref": "#/$defs/CatchStep"}}]},
        },
        "additionalProperties": False,
    },
    "Choice": {
        "type": "object",
        "properties": {
            "when": {**_STRING, "description": "A JSONata condition: `$states.input.amount > 100`."},
            "do": _STEPS,
            "otherwise": _STEPS,
        },
        "additionalProperties": False,
    },
    "Approval": {
        "type": "object",
        "properties": {
            "who": {
                "type": "object",
                "description": "Who may answer, in addition to admins.",
                "properties": {
                    "groups": {**_NAMES, "description": "Members of these Cognito groups."},
                    "users": {**_NAMES, "description": "Users, by their id (`sub`) or their verified e-mail address."},
                },
                "additionalProperties": False,
            },
            "title": {**_STRING, "description": "What is to be approved, in a few words."},
            "message": {**_STRING, "description": "What one has to know for the decision. JSONata in `{% %}`."},
            "form": {"type": "object", "description": "JSON Schema of the data of an approving answer."},
            "timeout": {"description": "Seconds, or `3 days`; 7 days by default. Then the step fails: States.Timeout."},
            "notify": {**_STRING, "description": "A function that gets the one-time link and sends it to people."},
        },
        "additionalProperties": False,
    },
    "RetryStep": {
        "type": "object",
        "properties": {
            "errors": {"type": "array", "items": _STRING, "minItems": 1},
            "attempts": {"type": "integer", "minimum": 0},
            "delay": {"type": "integer", "minimum": 1, "description": "Seconds before the first retry."},
            "backoff": {"type": "number", "minimum": 1},
            "max_delay": {"type": "integer", "minimum": 1},
        },
        "additionalProperties": False,
    },
    "CatchStep": {
        "type": "object",
        "properties": {"errors": {"type": "array", "items": _STRING, "minItems": 1}, "do": _STEPS},
        "required": ["do"],
        "additionalProperties": False,
    },
    "FailStep": {
        "type": "object",
        "properties": {"error": _STRING, "cause": _STRING},
        "additionalProperties": False,
    },
}
