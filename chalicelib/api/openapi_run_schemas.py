"""What the OpenAPI document says of the insides of a run."""

from __future__ import annotations

from typing import Any

from chalicelib.api.openapi_parts import COUNT, DATE, NULLABLE, NULLABLE_DATE, TEXT, an_object, following, reference
from chalicelib.runs.states import visits

STATE_TEST: dict[str, Any] = {
    **an_object(
        {"path": {**TEXT, "description": "The state's JSON pointer in the definition of the run."}},
        {
            "definition": {"type": "object", "description": "Takes the state's place; by default nothing is changed."},
            "input": {"description": "The state's input, an empty object by default."},
            "variables": {"type": "object", "description": "The variables that the state can read."},
            "mock": {
                "oneOf": [
                    {**an_object({"result": {}}), "additionalProperties": False},
                    {**an_object({"error": TEXT}, {"cause": TEXT}), "additionalProperties": False},
                ],
                "description": "In place of the state's work; Map, Parallel and tasks that wait need it.",
            },
        },
    ),
    "additionalProperties": False,
    "examples": [{"path": "/States/Step1", "input": {"order_id": "A-17"}}],
}
RUN_DETAILS: dict[str, Any] = {
    "States": following(
        "states",
        an_object(
            {
                "path": {**NULLABLE, "description": "The state's JSON pointer in the definition."},
                "name": TEXT,
                "type": TEXT,
                "status": {"enum": list(visits.STATUSES)},
                "entered": DATE,
                "exited": NULLABLE_DATE,
                "attempts": COUNT,
                "error": NULLABLE,
                "cause": NULLABLE,
                "input": {},
                "output": {},
                "visits": {**COUNT, "description": "How often the state was entered; the rest is of the last time."},
            },
            {
                "next": {**TEXT, "description": "The state that followed."},
                "failedAttempts": {
                    "type": "array",
                    "items": an_object({"time": DATE, "error": NULLABLE, "cause": NULLABLE}),
                },
                "truncated": {
                    "type": "array",
                    "items": {"enum": ["input", "output", "variables"]},
                    "description": "What was left out; the query parameter `path` gives it, except variables.",
                },
                "variables": {
                    "type": "object",
                    "description": "The variables that the state could read when it was entered, by name.",
                },
                "assigned": {"type": "object", "description": "The variables that the state assigned, by name."},
                "iterations": an_object(
                    {
                        "total": COUNT,
                        "succeeded": COUNT,
                        "failed": COUNT,
                        "running": COUNT,
                        "aborted": COUNT,
                        "failedIndexes": {"type": "array", "items": COUNT, "maxItems": visits.MAX_FAILED_INDEXES},
                    },
                    {"failedExecutions": {"type": "array", "items": TEXT}, "mapRunArn": TEXT},
                ),
            },
        ),
    ),
    "TestedState": an_object(
        {
            "status": {
                "enum": ["SUCCEEDED", "FAILED", "RETRIABLE", "CAUGHT_ERROR"],
                "description": "`RETRIABLE`: it failed, and a retrier would try it again.",
            },
            "inspection": {"type": "object", "description": "What the state's data were, step by step."},
        },
        {
            "output": {},
            "error": TEXT,
            "cause": TEXT,
            "nextState": {**TEXT, "description": "The state that would follow."},
        },
    ),
    "RunDefinition": an_object(
        {
            "definition": {
                "type": "object",
                "description": "The definition that the run was started with; with ARNs if it `changed`.",
            },
            "changed": {"type": "boolean", "description": "Whether the flow's definition is another one today."},
            "testable": {"type": "boolean", "description": "Whether the caller may test its states."},
        },
        {"graph": reference("Graph")},
    ),
    "LogLines": following(
        "lines",
        an_object(
            {
                "time": DATE,
                "level": TEXT,
                "function": TEXT,
                "state": NULLABLE,
                "attempt": {"type": ["integer", "null"]},
                "requestId": TEXT,
                "message": TEXT,
            },
            {
                "iteration": {
                    "type": ["integer", "string"],
                    "description": "The index in the Map around the state; in nested Maps all indexes, joined by dots.",
                },
                "estimated": {"type": "boolean", "description": "Another iteration or attempt would fit as well."},
            },
        ),
    ),
}
