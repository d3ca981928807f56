"""The schemas of the OpenAPI document."""

from __future__ import annotations

import re
from typing import Any

from chalicelib.flows.labels import MAX_LABELS
from chalicelib.runs.records import STARTERS, STATUSES
from chalicelib.runs.states import visits

_TEXT: dict[str, Any] = {"type": "string"}
_NULLABLE: dict[str, Any] = {"type": ["string", "null"]}
_DATE = {"type": "string", "format": "date-time"}
_NULLABLE_DATE = {"type": ["string", "null"], "format": "date-time"}
_NULLABLE_OBJECT = {"type": ["object", "null"]}
_COUNT = {"type": "integer", "minimum": 0}

PROBLEMS = {
    "400": "The request cannot be read.",
    "401": "The token is missing or not accepted.",
    "403": "The caller may not do this.",
    "404": "It does not exist, or the caller may not know that it does.",
    "405": "The path does not have this method; `Allow` lists those it has.",
    "409": "The current state does not allow it.",
    "413": "The body is too large.",
    "422": "The body does not fit its schema; `errors` names each field.",
    "429": "Too many requests; try again after `Retry-After` seconds.",
    "500": "The service failed.",
    "503": "Something that the answer needs is unavailable; try again after `Retry-After` seconds.",
    "504": "The function took longer than 29 seconds.",
}

_TEXTS: dict[str, Any] = {"type": "array", "items": _TEXT}
_NUMBER = {"type": "number"}
_BOX = {"x": _NUMBER, "y": _NUMBER, "width": _NUMBER, "height": _NUMBER}


def _object(required: dict[str, Any], optional: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"type": "object", "required": list(required), "properties": {**required, **(optional or {})}}


def _list(key: str, item: dict[str, Any], optional: dict[str, Any] | None = None) -> dict[str, Any]:
    more = {
        "nextToken": {**_TEXT, "description": "The query parameter `nextToken` of the next page."},
        **(optional or {}),
    }
    return _object({key: {"type": "array", "items": item}, "count": _COUNT}, more)


def _following(key: str, item: dict[str, Any]) -> dict[str, Any]:
    """A list whose token also gives what is new while the run is running."""
    description = "The query parameter `nextToken` of the next page, and of what is new while the run is running."
    return _object({key: {"type": "array", "items": item}}, {"nextToken": {**_TEXT, "description": description}})


def _reference(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


_NULLABLE_SCHEDULE = {
    **_object({"expression": _TEXT, "timezone": _TEXT, "enabled": {"type": "boolean"}}),
    "type": ["object", "null"],
}
FILE: dict[str, Any] = {
    "file": {**_TEXT, "description": "The flow's file in the project."},
    "source": {**_TEXT, "description": "The file's content."},
    "findings": {"type": "array", "items": _reference("Finding")},
}
"""What is known of a flow's file, broken or not."""
_RUN = {
    "durationSeconds": {"type": ["number", "null"], "minimum": 0, "description": "Null while it runs."},
    "startedBy": {"enum": list(STARTERS)},
    "userId": {**_NULLABLE, "description": "Whose run it is; null for runs that belong to nobody."},
    "parent": {
        "anyOf": [_object({"executionArn": _TEXT, "executionId": _TEXT, "flow": _TEXT}), {"type": "null"}],
        "description": "The run that this one repeats, or that started it.",
    },
    "labels": {"type": "object", "additionalProperties": _TEXT},
    "redriveCount": _COUNT,
}

FILTERS: tuple[tuple[str, dict[str, Any], str], ...] = (
    ("flow", _TEXT, "The flow's name."),
    ("status", _reference("Status"), "The status."),
    ("startedBy", {"enum": list(STARTERS)}, "Who or what started the run."),
    ("from", _TEXT, "The earliest start, in ISO 8601; without a time zone it is UTC."),
    ("to", _TEXT, "The latest start, in ISO 8601."),
    ("error", _TEXT, "How the error's name or its cause begins; upper and lower case are the same."),
    (
        "label",
        {"type": "array", "items": _TEXT, "maxItems": MAX_LABELS},
        "`NAME:VALUE`; the run must have all of them.",
    ),
    ("parent", _TEXT, "The id or ARN of the run that the runs repeat, or that started them."),
    ("user", _TEXT, "For the group admin: a user's id, or `all`."),
)
"""The filters of lists and bulk requests: name, schema, description."""

RERUN: dict[str, Any] = {
    "type": "object",
    "properties": {"input": {"type": "object", "description": "The input of the new run; the former one by default."}},
    "additionalProperties": False,
    "examples": [{}, {"input": {"order_id": "A-17"}}],
}
BULK: dict[str, Any] = {
    "type": "object",
    "properties": {
        **{name: {**schema, "description": text} for name, schema, text in FILTERS},
        "dryRun": {"type": "boolean", "description": "Only say what would be done."},
        "limit": {"type": "integer", "minimum": 1, "maximum": 1_000, "default": 1_000},
        "nextToken": {**_TEXT, "description": "The `nextToken` of the answer before."},
    },
    "additionalProperties": False,
    "examples": [
        {"flow": "orderFlow", "status": "FAILED", "from": "2026-11-26T00:00:00Z", "error": "Timeout", "dryRun": True}
    ],
}

APPROVAL_STATUSES = ["pending", "answered", "expired"]
APPROVAL_ANSWER: dict[str, Any] = {
    "type": "object",
    "properties": {
        "decision": {"enum": ["approve", "reject"]},
        "data": {"type": "object", "description": "As the approval's form says; a rejection may leave it out."},
    },
    "required": ["decision"],
    "additionalProperties": False,
    "examples": [{"decision": "approve", "data": {"comment": "Fine."}}],
}
_ANSWER_GIVEN = {
    "decision": {"enum": ["approve", "reject"]},
    "data": {"type": "object"},
    "by": {
        "type": "object",
        "properties": {"id": _NULLABLE, "email": _NULLABLE, "via": {"enum": ["account", "link"]}},
        "required": ["id", "email", "via"],
    },
    "at": _DATE,
}

_BROKEN = {
    **_object({"message": _TEXT, "file": _NULLABLE, "line": {"type": ["integer", "null"]}}),
    "description": "Why the function can't be called; a deployed stage says no more than that.",
}

JSON_RPC: dict[str, Any] = {
    "type": "object",
    "required": ["jsonrpc"],
    "properties": {
        "jsonrpc": {"const": "2.0"},
        "id": {"type": ["string", "integer"]},
        "method": _TEXT,
        "params": {"type": "object"},
    },
    "examples": [
        {
            "jsonrpc": "2.0",
            "id": 1,
            "method": "tools/call",
            "params": {"name": "flow__orderFlow", "arguments": {"order_id": "A-17"}},
        }
    ],
}

COMPONENTS: dict[str, Any] = {
    "Problem": {
        **_object(
            {"type": _TEXT, "title": _TEXT, "status": {"type": "integer"}, "detail": _TEXT, "requestId": _TEXT},
            {"errors": {"type": "array", "items": _object({"field": _TEXT, "message": _TEXT})}},
        ),
        "description": "RFC 9457",
    },
    "Health": _object({"status": {"const": "ok"}}),
    "AuthConfig": _object(
        {"region": _TEXT, "userPoolId": _TEXT, "userPoolClientId": _TEXT, "issuer": _TEXT},
        {"endpoint": {**_TEXT, "description": "Where the user pool answers, if it was asked for."}},
    ),
    "Caller": _object(
        {
            "valid": {"const": True},
            "user": _object({"id": _TEXT, "email": _NULLABLE, "groups": {"type": "array", "items": _TEXT}}),
            "expiresAt": _NULLABLE_DATE,
        }
    ),
    "Flow": _object(
        {
            "name": _TEXT,
            "description": _TEXT,
            "type": {"enum": ["STANDARD", "EXPRESS"]},
            "schedule": _NULLABLE_SCHEDULE,
            "inputSchema": _NULLABLE_OBJECT,
            "definition": {"type": "object"},
            "created": _NULLABLE_DATE,
        },
        {
            "nextRun": {**_DATE, "description": "When the schedule fires next."},
            "plugin": {**_TEXT, "description": "The plugin that the flow comes from."},
        },
    ),
    "FlowDetails": {
        "allOf": [
            _reference("Flow"),
            _object(
                {},
                {
                    **FILE,
                    "uses": {
                        "type": "array",
                        "items": _object(
                            {"alias": _TEXT, "function": _TEXT, "file": _TEXT, "timeout": _COUNT, "memory": _COUNT}
                        ),
                    },
                    "references": _TEXTS,
                    "accessGroups": _TEXTS,
                    "permissions": {
                        "type": "array",
                        "items": _object(
                            {"sid": _TEXT, "effect": _TEXT, "actions": _TEXTS, "resources": _TEXTS, "note": _TEXT}
                        ),
                    },
                    "graph": _reference("Graph"),
                },
            ),
        ]
    },
    "Finding": _object(
        {
            "check": _TEXT,
            "severity": {"enum": ["error", "warning", "advice"]},
            "message": _TEXT,
            "hint": _TEXT,
            "line": _COUNT,
            "column": _COUNT,
        }
    ),
    "Graph": {
        **_object(
            {
                "width": _NUMBER,
                "height": _NUMBER,
                "nodes": {
                    "type": "array",
                    "items": _object(
                        {
                            "path": {**_TEXT, "description": "The JSON pointer of the state in the definition."},
                            "name": _TEXT,
                            "kind": _TEXT,
                            "container": {"type": "boolean", "description": "Whether other states are inside it."},
                            **_BOX,
                        }
                    ),
                },
                "edges": {
                    "type": "array",
                    "items": _object(
                        {
                            "source": _TEXT,
                            "target": _TEXT,
                            "line": {**_TEXT, "description": "The path of an SVG."},
                            "joins": {
                                "type": "boolean",
                                "description": "Whether it ends at the line of another edge to the same target.",
                            },
                            "dashed": {"type": "boolean", "description": "Whether it is taken by caught errors."},
                            "label": _TEXT,
                            "labelX": _NUMBER,
                            "labelY": _NUMBER,
                        }
                    ),
                },
            }
        ),
        "description": "The definition as a picture, in pixels.",
    },
    "Flows": _list(
        "flows",
        _reference("Flow"),
        {
            "broken": {
                "type": "array",
                "items": _object({"name": _TEXT, "errors": _TEXTS}, FILE),
            }
        },
    ),
    "Status": {"enum": list(STATUSES)},
    "Started": _object(
        {
            "message": _TEXT,
            "executionArn": _TEXT,
            "executionId": _TEXT,
            "flow": _TEXT,
            "status": {"const": "SUCCESS", "description": "The start succeeded."},
            "runStatus": _reference("Status"),
        }
    ),
    "Run": _object(
        {
            "executionArn": _TEXT,
            "executionId": _TEXT,
            "flow": _TEXT,
            "status": _reference("Status"),
            "output": {},
            "error": _NULLABLE,
            "cause": _NULLABLE,
            "startDate": _DATE,
            "stopDate": _NULLABLE_DATE,
            "input": {"description": "What the caller sent; null if it was not recorded."},
            "approvals": {
                "type": "array",
                "items": _object({"id": _TEXT, "state": _NULLABLE, **_ANSWER_GIVEN}),
                "description": "The answers that people gave to the run's approvals.",
            },
            **_RUN,
        }
    ),
    "Approval": _object(
        {
            "id": _TEXT,
            "status": {"enum": APPROVAL_STATUSES},
            "title": _TEXT,
            "message": _TEXT,
            "form": {"description": "JSON Schema of the data of an approving answer; null if any object will do."},
            "who": _object({name: {"type": "array", "items": _TEXT} for name in ("groups", "users")}),
            "flow": _NULLABLE,
            "executionArn": _NULLABLE,
            "executionId": _NULLABLE,
            "state": _NULLABLE,
            "created": _DATE,
            "expires": _DATE,
            "answer": {"anyOf": [_object(_ANSWER_GIVEN), {"type": "null"}]},
        }
    ),
    "Approvals": _list("approvals", _reference("Approval")),
    "Runs": _list(
        "executions",
        _object(
            {
                "executionArn": _TEXT,
                "executionId": _TEXT,
                "flow": _TEXT,
                "flowName": {**_TEXT, "deprecated": True, "description": "The same as `flow`."},
                "name": {**_TEXT, "deprecated": True, "description": "The same as `executionId`."},
                "status": _reference("Status"),
                "startDate": _DATE,
                "stopDate": _NULLABLE_DATE,
                "error": _NULLABLE,
                **_RUN,
            }
        ),
    ),
    "Again": {
        **_list(
            "runs",
            _object(
                {
                    "flow": _TEXT,
                    "executionId": _TEXT,
                    "result": {"enum": ["started", "redriven", "refused", "wouldStart", "wouldRedrive"]},
                },
                {
                    "startedExecutionId": {**_TEXT, "description": "The id of the new run."},
                    "detail": {**_TEXT, "description": "Why it was refused."},
                },
            ),
            {"dryRun": {"type": "boolean"}, "refused": _COUNT},
        ),
        "examples": [
            {
                "dryRun": False,
                "runs": [
                    {
                        "flow": "orderFlow",
                        "executionId": "01a20526-7e15-798a-a6f1-d6ec47a55586",
                        "result": "started",
                        "startedExecutionId": "01a20527-0c11-7b64-8f2e-5a1f6f0a3c11",
                    }
                ],
                "count": 1,
                "refused": 0,
            }
        ],
    },
    "History": _list("events", {"type": "object"}),
    "States": _following(
        "states",
        _object(
            {
                "path": {**_NULLABLE, "description": "The state's JSON pointer in the definition."},
                "name": _TEXT,
                "type": _TEXT,
                "status": {"enum": list(visits.STATUSES)},
                "entered": _DATE,
                "exited": _NULLABLE_DATE,
                "attempts": _COUNT,
                "error": _NULLABLE,
                "cause": _NULLABLE,
                "input": {},
                "output": {},
                "visits": {**_COUNT, "description": "How often the state was entered; the rest is of the last time."},
            },
            {
                "next": {**_TEXT, "description": "The state that followed."},
                "failedAttempts": {
                    "type": "array",
                    "items": _object({"time": _DATE, "error": _NULLABLE, "cause": _NULLABLE}),
                },
                "truncated": {
                    "type": "array",
                    "items": {"enum": ["input", "output"]},
                    "description": "What was left out; the query parameter `path` gives it.",
                },
                "iterations": _object(
                    {
                        "total": _COUNT,
                        "succeeded": _COUNT,
                        "failed": _COUNT,
                        "running": _COUNT,
                        "aborted": _COUNT,
                        "failedIndexes": {"type": "array", "items": _COUNT, "maxItems": visits.MAX_FAILED_INDEXES},
                    },
                    {"failedExecutions": {"type": "array", "items": _TEXT}, "mapRunArn": _TEXT},
                ),
            },
        ),
    ),
    "LogLines": _following(
        "lines",
        _object(
            {
                "time": _DATE,
                "level": _TEXT,
                "function": _TEXT,
                "state": _NULLABLE,
                "attempt": {"type": ["integer", "null"]},
                "requestId": _TEXT,
                "message": _TEXT,
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
    "JsonRpc": {
        **_object(
            {"jsonrpc": {"const": "2.0"}},
            {
                "id": {"type": ["string", "integer"]},
                "result": {"type": "object"},
                "error": _object({"code": {"type": "integer"}, "message": _TEXT}, {"data": {}}),
            },
        ),
        "description": "A response of JSON-RPC 2.0: it has `result` or `error`.",
    },
    "ResourceMetadata": _object(
        {
            "resource": _TEXT,
            "authorization_servers": _TEXTS,
            "bearer_methods_supported": _TEXTS,
            "resource_name": _TEXT,
        }
    ),
    "Usage": _object(
        {"userId": _TEXT, "usage": {"type": "array", "items": _object({"yearMonth": _TEXT, "apiCalls": _COUNT})}}
    ),
    "Functions": _object(
        {
            "functions": {
                "type": "array",
                "items": _object(
                    {
                        "name": _TEXT,
                        "description": _TEXT,
                        "plugin": _NULLABLE,
                        "inputSchema": _NULLABLE_OBJECT,
                        "outputSchema": _NULLABLE_OBJECT,
                    },
                    {"error": _BROKEN},
                ),
            },
            "count": _COUNT,
        }
    ),
}


def add(components: dict[str, Any], name: str, schema: dict[str, Any]) -> dict[str, Any]:
    """Add a self-contained schema to the components. Return the reference to it.

    The schemas that it defines for itself (`#/$defs/X`) become components of their own, `NAME.X`: generators of clients
    resolve no reference into a component.
    """
    key = _key(name)
    own = _untitled(schema)
    own.pop("$id", None)  # references would be relative to it
    moved: dict[str, str] = {}
    for keyword in ("$defs", "definitions"):
        defined = own.get(keyword)
        if isinstance(defined, dict) and all(isinstance(value, dict | bool) for value in defined.values()):
            del own[keyword]
            for part, value in defined.items():
                part_key = _key(f"{name}.{part}")
                moved[f"#/{keyword}/{part}"] = f"#/components/schemas/{part_key}"
                components[part_key] = _untitled(value) if isinstance(value, dict) else value
    for part_key in (target.rpartition("/")[2] for target in moved.values()):
        components[part_key] = _rebase(components[part_key], f"#/components/schemas/{key}", moved)
    components[key] = _rebase(own, f"#/components/schemas/{key}", moved)
    return _reference(key)


def _untitled(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema without its title, by which generators name types: several functions may use the same class."""
    return {key: value for key, value in schema.items() if key != "title"}


def _key(name: str) -> str:
    return re.sub("[^A-Za-z0-9._-]", "_", name)


def _rebase(value: Any, base: str, moved: dict[str, str]) -> Any:
    if isinstance(value, list):
        return [_rebase(item, base, moved) for item in value]
    if not isinstance(value, dict):
        return value
    rebased = {key: _rebase(item, base, moved) for key, item in value.items()}
    reference = value.get("$ref")
    if isinstance(reference, str) and reference.startswith("#"):
        start = next((one for one in moved if reference == one or reference.startswith(f"{one}/")), None)
        rebased["$ref"] = base + reference[1:] if start is None else moved[start] + reference[len(start) :]
    return rebased
