"""What the OpenAPI document says of the insides of a run."""

from __future__ import annotations

from typing import Any

from chalicelib.api.openapi_parts import COUNT, DATE, NULLABLE, NULLABLE_DATE, TEXT, an_object, following
from chalicelib.runs.states import visits

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
