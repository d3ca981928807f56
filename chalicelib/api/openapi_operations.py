"""The parts of which operations of the OpenAPI document consist."""

from __future__ import annotations

from typing import Any

from chalicelib.api import openapi_schemas as schemas
from chalicelib.errors import PROBLEM_JSON, title_of

Json = dict[str, Any]

WAIT = {"type": "number", "minimum": 0, "maximum": 25}
RETRIED = ("429", "503")
"""Statuses of problems that say when to try again."""

HEADERS: dict[str, Json] = {
    "RequestId": {"schema": {"type": "string"}, "description": "Identifies the log entry."},
    "RetryAfter": {"schema": {"type": "string"}, "description": "Seconds to wait before trying again."},
    "Location": {"schema": {"type": "string"}, "description": "The path of the run."},
    "Authenticate": {"schema": {"type": "string"}, "description": "How to authenticate; of `/mcp`, RFC 9728."},
}


def operation(
    summary: str,
    answers: Json,
    parameters: list[Json] | None = None,
    *,
    body: Json | None = None,
    problems: tuple[str, ...] = (),
) -> Json:
    """Describe an operation that needs a token.

    Args:
        summary: What it does.
        answers: The answers of a success, by status.
        parameters: The parameters of path, query and header.
        body: The schema of the request's body; None if it has none.
        problems: The statuses of problems that not every operation answers with.
    """
    statuses = {"400", "401", "429", "500", "503", *problems, *(("409", "413", "422") if body is not None else ())}
    described: Json = {
        "summary": summary,
        "responses": {**answers, **{status: problem(status) for status in sorted(statuses)}},
    }
    if parameters:
        described["parameters"] = parameters
    if body is not None:
        described["requestBody"] = json_body(body)
    return described


def public(summary: str, answers: Json, parameters: list[Json] | None = None, problems: tuple[str, ...] = ()) -> Json:
    """Describe an operation that anyone may call."""
    described = operation(summary, answers, parameters)
    statuses = {"500", *problems}
    responses = {**answers, **{status: problem(status) for status in sorted(statuses)}}
    return {**described, "security": [], "responses": responses}


def json_body(schema: Json, *, required: bool = False) -> Json:
    """Describe a body; the examples of its schema, if it has any, are also those of the body."""
    examples = [value for value in schema.get("examples", ()) if isinstance(value, dict)]
    shown = {"examples": {f"example{i}": {"value": value} for i, value in enumerate(examples, 1)}} if examples else {}
    described: Json = {"content": {"application/json": {"schema": schema, **shown}}}
    return {**described, "required": True} if required else described


def answer(description: str, schema: str, *headers: str) -> Json:
    """Describe a JSON answer of a component's schema, with headers by the names of `HEADERS`."""
    return typed_answer(description, "application/json", {"$ref": f"#/components/schemas/{schema}"}, *headers)


def typed_answer(description: str, media_type: str, schema: Json, *headers: str) -> Json:
    """Describe an answer of any media type."""
    return {
        "description": description,
        "headers": {_FIELDS[name]: {"$ref": f"#/components/headers/{name}"} for name in ("RequestId", *headers)},
        "content": {media_type: {"schema": schema}},
    }


def problem(status: str) -> Json:
    """Refer to the answer that describes a problem of this status."""
    return {"$ref": f"#/components/responses/{_key(status)}"}


def problems() -> Json:
    """Describe the answers of all problems, by the names that `problem` refers to."""
    return {_key(status): _problem(status, text) for status, text in schemas.PROBLEMS.items()}


def path_parameter(name: str, description: str = "") -> Json:
    schema = {"type": "string", "minLength": 1}
    return {"name": name, "in": "path", "required": True, "schema": schema, **long(description)}


def query(name: str, schema: Json | None = None, description: str = "") -> Json:
    return {"name": name, "in": "query", "schema": schema or {"type": "string"}, **long(description)}


def wait() -> Json:
    return query("wait", WAIT, "Seconds to wait for the run's end.")


def idempotency_key(*, required: bool = False) -> Json:
    return {
        "name": "Idempotency-Key",
        "in": "header",
        "required": required,
        "schema": {"type": "string", "minLength": 1, "maxLength": 255},
        "description": "For a day, the same key and body are the same run.",
    }


def long(description: str) -> Json:
    return {"description": description} if description else {}


_FIELDS = {
    "RequestId": "X-Request-Id",
    "RetryAfter": "Retry-After",
    "Location": "Location",
    "Authenticate": "WWW-Authenticate",
}


def _key(status: str) -> str:
    return "".join(word for word in title_of(int(status)).title() if word.isalnum())


def _problem(status: str, description: str) -> Json:
    headers = {"401": ("Authenticate",), **dict.fromkeys(RETRIED, ("RetryAfter",))}.get(status, ())
    described = typed_answer(description, PROBLEM_JSON, {"$ref": "#/components/schemas/Problem"}, *headers)
    described["content"][PROBLEM_JSON]["example"] = {
        "type": "about:blank",
        "title": title_of(int(status)),
        "status": int(status),
        "detail": _EXAMPLES.get(status, description),
        "requestId": "9d055d45-c4f7-42f3-b7a1-a695c092c282",
        **(_ERRORS if status == "422" else {}),
    }
    return described


_EXAMPLES = {
    "400": "The query parameter 'limit' is 'many'; it must be a number from 1 to 1000.",
    "401": "The header Authorization is missing. Send the id token: `Authorization: Bearer <token>`.",
    "403": "The flow 'payout' may only be run by members of: finance.",
    "404": "There is no flow 'orderFlw'; did you mean 'orderFlow'? GET /flows lists them.",
    "409": "The run has already ended: SUCCEEDED.",
    "413": "The body has 300000 bytes; at most 262144 are accepted.",
    "422": "The body does not fit the function 'price_order': items[0].quantity: Field required.",
}
_ERRORS = {"errors": [{"field": "items[0].quantity", "message": "Field required"}]}
