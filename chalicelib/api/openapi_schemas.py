"""The schemas of the OpenAPI document."""

from __future__ import annotations

import re
from typing import Any

from chalicelib.api.openapi_parts import (
    BOX,
    COUNT,
    DATE,
    NULLABLE,
    NULLABLE_DATE,
    NULLABLE_OBJECT,
    NUMBER,
    TEXT,
    TEXTS,
    a_page,
    an_object,
    reference,
)
from chalicelib.api.openapi_run_schemas import RUN_DETAILS
from chalicelib.flows.labels import MAX_LABELS
from chalicelib.runs.records import STARTERS, STATUSES

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

_NULLABLE_SCHEDULE = {
    **an_object({"expression": TEXT, "timezone": TEXT, "enabled": {"type": "boolean"}}),
    "type": ["object", "null"],
}
FILE: dict[str, Any] = {
    "file": {**TEXT, "description": "The flow's file in the project."},
    "source": {**TEXT, "description": "The file's content."},
    "findings": {"type": "array", "items": reference("Finding")},
}
"""What is known of a flow's file, broken or not."""
_RUN = {
    "durationSeconds": {"type": ["number", "null"], "minimum": 0, "description": "Null while it runs."},
    "startedBy": {"enum": list(STARTERS)},
    "userId": {**NULLABLE, "description": "Whose run it is; null for runs that belong to nobody."},
    "parent": {
        "anyOf": [an_object({"executionArn": TEXT, "executionId": TEXT, "flow": TEXT}), {"type": "null"}],
        "description": "The run that this one repeats, or that started it.",
    },
    "labels": {"type": "object", "additionalProperties": TEXT},
    "redriveCount": COUNT,
}

FILTERS: tuple[tuple[str, dict[str, Any], str], ...] = (
    ("flow", TEXT, "The flow's name."),
    ("status", reference("Status"), "The status."),
    ("startedBy", {"enum": list(STARTERS)}, "Who or what started the run."),
    ("from", TEXT, "The earliest start, in ISO 8601; without a time zone it is UTC."),
    ("to", TEXT, "The latest start, in ISO 8601."),
    ("error", TEXT, "How the error's name or its cause begins; upper and lower case are the same."),
    (
        "label",
        {"type": "array", "items": TEXT, "maxItems": MAX_LABELS},
        "`NAME:VALUE`; the run must have all of them.",
    ),
    ("parent", TEXT, "The id or ARN of the run that the runs repeat, or that started them."),
    ("user", TEXT, "For the group admin: a user's id, or `all`."),
)
"""The filters of lists and bulk requests: name, schema, description."""

PICTURE: dict[str, Any] = {
    "width": NUMBER,
    "height": NUMBER,
    "nodes": {
        "type": "array",
        "items": an_object(
            {
                "path": {**TEXT, "description": "The JSON pointer of the state in the definition."},
                "name": TEXT,
                "kind": TEXT,
                "container": {"type": "boolean", "description": "Whether other states are inside it."},
                **BOX,
            },
            {"folded": {**COUNT, "description": "How many states are inside it that aren't drawn."}},
        ),
    },
    "edges": {
        "type": "array",
        "items": an_object(
            {
                "source": TEXT,
                "target": TEXT,
                "line": {**TEXT, "description": "The path of an SVG."},
                "joins": {
                    "type": "boolean",
                    "description": "Whether it ends at the line of another edge to the same target.",
                },
                "dashed": {"type": "boolean", "description": "Whether it is taken by caught errors."},
                "label": TEXT,
                "labelX": NUMBER,
                "labelY": NUMBER,
            }
        ),
    },
}
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
        "nextToken": {**TEXT, "description": "The `nextToken` of the answer before."},
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
        "properties": {"id": NULLABLE, "email": NULLABLE, "via": {"enum": ["account", "link"]}},
        "required": ["id", "email", "via"],
    },
    "at": DATE,
}

_BROKEN = {
    **an_object({"message": TEXT, "file": NULLABLE, "line": {"type": ["integer", "null"]}}),
    "description": "Why the function can't be called; a deployed stage says no more than that.",
}

JSON_RPC: dict[str, Any] = {
    "type": "object",
    "required": ["jsonrpc"],
    "properties": {
        "jsonrpc": {"const": "2.0"},
        "id": {"type": ["string", "integer"]},
        "method": TEXT,
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
        **an_object(
            {"type": TEXT, "title": TEXT, "status": {"type": "integer"}, "detail": TEXT, "requestId": TEXT},
            {"errors": {"type": "array", "items": an_object({"field": TEXT, "message": TEXT})}},
        ),
        "description": "RFC 9457",
    },
    "Health": an_object({"status": {"const": "ok"}}),
    "AuthConfig": an_object(
        {"region": TEXT, "userPoolId": TEXT, "userPoolClientId": TEXT, "issuer": TEXT},
        {"endpoint": {**TEXT, "description": "Where the user pool answers, if it was asked for."}},
    ),
    "Caller": an_object(
        {
            "valid": {"const": True},
            "user": an_object({"id": TEXT, "email": NULLABLE, "groups": {"type": "array", "items": TEXT}}),
            "expiresAt": NULLABLE_DATE,
        }
    ),
    "Flow": an_object(
        {
            "name": TEXT,
            "description": TEXT,
            "type": {"enum": ["STANDARD", "EXPRESS"]},
            "schedule": _NULLABLE_SCHEDULE,
            "inputSchema": NULLABLE_OBJECT,
            "definition": {"type": "object"},
            "created": NULLABLE_DATE,
        },
        {
            "nextRun": {**DATE, "description": "When the schedule fires next."},
            "plugin": {**TEXT, "description": "The plugin that the flow comes from."},
        },
    ),
    "FlowDetails": {
        "allOf": [
            reference("Flow"),
            an_object(
                {},
                {
                    **FILE,
                    "uses": {
                        "type": "array",
                        "items": an_object(
                            {"alias": TEXT, "function": TEXT, "file": TEXT, "timeout": COUNT, "memory": COUNT}
                        ),
                    },
                    "references": TEXTS,
                    "accessGroups": TEXTS,
                    "labels": {
                        "type": "object",
                        "additionalProperties": TEXT,
                        "description": "Reference paths into the input, by the names of the labels.",
                    },
                    "permissions": {
                        "type": "array",
                        "items": an_object(
                            {"sid": TEXT, "effect": TEXT, "actions": TEXTS, "resources": TEXTS, "note": TEXT}
                        ),
                    },
                    "graph": reference("Graph"),
                },
            ),
        ]
    },
    "Finding": an_object(
        {
            "check": TEXT,
            "severity": {"enum": ["error", "warning", "advice"]},
            "message": TEXT,
            "hint": TEXT,
            "line": COUNT,
            "column": COUNT,
        }
    ),
    "Graph": {
        **an_object(
            PICTURE,
            {
                "parts": {
                    "type": "array",
                    "items": an_object({"path": TEXT, **PICTURE}),
                    "description": "Of a large definition: the insides of states, whose nodes are `folded`.",
                }
            },
        ),
        "description": "The definition as a picture, in pixels.",
    },
    "Flows": a_page(
        "flows",
        reference("Flow"),
        {
            "broken": {
                "type": "array",
                "items": an_object({"name": TEXT, "errors": TEXTS}, FILE),
            }
        },
    ),
    "Status": {"enum": list(STATUSES)},
    "Started": an_object(
        {
            "message": TEXT,
            "executionArn": TEXT,
            "executionId": TEXT,
            "flow": TEXT,
            "status": {"const": "SUCCESS", "description": "The start succeeded."},
            "runStatus": reference("Status"),
        }
    ),
    "Run": an_object(
        {
            "executionArn": TEXT,
            "executionId": TEXT,
            "flow": TEXT,
            "status": reference("Status"),
            "output": {},
            "error": NULLABLE,
            "cause": NULLABLE,
            "startDate": DATE,
            "stopDate": NULLABLE_DATE,
            "input": {"description": "What the caller sent; null if it was not recorded."},
            "approvals": {
                "type": "array",
                "items": an_object({"id": TEXT, "state": NULLABLE, **_ANSWER_GIVEN}),
                "description": "The answers that people gave to the run's approvals.",
            },
            **_RUN,
        }
    ),
    "Approval": an_object(
        {
            "id": TEXT,
            "status": {"enum": APPROVAL_STATUSES},
            "title": TEXT,
            "message": TEXT,
            "form": {"description": "JSON Schema of the data of an approving answer; null if any object will do."},
            "who": an_object({name: {"type": "array", "items": TEXT} for name in ("groups", "users")}),
            "flow": NULLABLE,
            "executionArn": NULLABLE,
            "executionId": NULLABLE,
            "state": NULLABLE,
            "created": DATE,
            "expires": DATE,
            "answer": {"anyOf": [an_object(_ANSWER_GIVEN), {"type": "null"}]},
        }
    ),
    "Approvals": a_page("approvals", reference("Approval")),
    "Runs": a_page(
        "executions",
        an_object(
            {
                "executionArn": TEXT,
                "executionId": TEXT,
                "flow": TEXT,
                "flowName": {**TEXT, "deprecated": True, "description": "The same as `flow`."},
                "name": {**TEXT, "deprecated": True, "description": "The same as `executionId`."},
                "status": reference("Status"),
                "startDate": DATE,
                "stopDate": NULLABLE_DATE,
                "error": NULLABLE,
                **_RUN,
            }
        ),
    ),
    "Again": {
        **a_page(
            "runs",
            an_object(
                {
                    "flow": TEXT,
                    "executionId": TEXT,
                    "result": {"enum": ["started", "redriven", "refused", "wouldStart", "wouldRedrive"]},
                },
                {
                    "startedExecutionId": {**TEXT, "description": "The id of the new run."},
                    "detail": {**TEXT, "description": "Why it was refused."},
                },
            ),
            {"dryRun": {"type": "boolean"}, "refused": COUNT},
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
    "History": a_page("events", {"type": "object"}),
    **RUN_DETAILS,
    "JsonRpc": {
        **an_object(
            {"jsonrpc": {"const": "2.0"}},
            {
                "id": {"type": ["string", "integer"]},
                "result": {"type": "object"},
                "error": an_object({"code": {"type": "integer"}, "message": TEXT}, {"data": {}}),
            },
        ),
        "description": "A response of JSON-RPC 2.0: it has `result` or `error`.",
    },
    "ResourceMetadata": an_object(
        {
            "resource": TEXT,
            "authorization_servers": TEXTS,
            "bearer_methods_supported": TEXTS,
            "resource_name": TEXT,
        }
    ),
    "Usage": an_object(
        {"userId": TEXT, "usage": {"type": "array", "items": an_object({"yearMonth": TEXT, "apiCalls": COUNT})}}
    ),
    "Functions": an_object(
        {
            "functions": {
                "type": "array",
                "items": an_object(
                    {
                        "name": TEXT,
                        "description": TEXT,
                        "plugin": NULLABLE,
                        "inputSchema": NULLABLE_OBJECT,
                        "outputSchema": NULLABLE_OBJECT,
                    },
                    {"error": _BROKEN},
                ),
            },
            "count": COUNT,
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
    return reference(key)


def _untitled(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema without its title, by which generators name types: several functions may use the same class."""
    return {key: value for key, value in schema.items() if key != "title"}


def _key(name: str) -> str:
    return re.sub("[^A-Za-z0-9._-]", "_", name)


_OF_ITEMS = {"items", "prefixItems"}


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
    kinds = value.get("type")
    if (kinds == "array" or (isinstance(kinds, list) and "array" in kinds)) and not value.keys() & _OF_ITEMS:
        rebased["items"] = {}  # which says nothing; generators of clients refuse arrays that say nothing
    return rebased
