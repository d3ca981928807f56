"""The API as an OpenAPI 3.1 document: the fixed routes, and a path for each function and flow."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from chalicelib import VERSION
from chalicelib.api import openapi_schemas as schemas
from chalicelib.api import plugins
from chalicelib.errors import PROBLEM_JSON
from chalicelib.flows.catalog import CatalogFlow, catalog
from chalicelib.functions.describing import Description

Json = dict[str, Any]


def document(server: str, functions: Iterable[Description]) -> Json:
    """Return the document. It leaves out flows that are broken.

    Args:
        server: The URL that paths are relative to.
        functions: The functions.
    """
    api = framework_document(server)
    components, paths = api["components"]["schemas"], api["paths"]
    for description in functions:
        paths[f"/lib/{description.name}"] = {"post": _function_operation(description, components)}
    for route in plugins.routes():
        paths.setdefault(route.path, {})[route.method.lower()] = _plugin_operation(route.path)
    for flow in _flows():
        paths[f"/run/{flow.name}"] = {"post": _flow_operation(flow, components)}
    return api


def framework_document(server: str) -> Json:
    """Return the document without functions, flows and plugins: what every project has. The console is built from it.

    Args:
        server: The URL that paths are relative to.
    """
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Serverless Dynamic Workflows",
            "version": VERSION,
            "description": "Python functions as REST endpoints, and workflows that combine them.",
        },
        "servers": [{"url": server}],
        "security": [{"idToken": []}],
        "paths": fixed_paths(),
        "components": {
            "securitySchemes": {
                "idToken": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT",
                    "description": "The id token of a user of the Cognito user pool that GET /auth/config names.",
                }
            },
            "schemas": dict(schemas.COMPONENTS),
        },
    }


def fixed_paths() -> dict[str, Json]:
    """Describe the routes that do not depend on functions and flows."""
    flow, run = _path_parameter("flow_name"), _path_parameter("execution_id", "The execution's id or ARN.")
    limit, token = _query("limit", {"type": "integer", "minimum": 1}), _query("nextToken")
    month = {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}$"}
    months = [_query("startDate", month), _query("endDate", month)]
    wait = _query("wait", {"type": "number", "minimum": 0, "maximum": 25}, "Seconds to wait for the run's end.")
    started = _json_answer("The flow was started.", "Started")
    finished = _json_answer("The run.", "Run")
    return {
        "/health": {"get": _public("Whether the service answers", "Health")},
        "/auth/config": {"get": _public("How to sign in", "AuthConfig")},
        "/openapi.json": {"get": _public("This document", None)},
        "/auth/verify": {
            "get": _operation("Who is calling, according to the token", {"200": _json_answer("The user.", "Caller")})
        },
        "/flows": {
            "get": _operation("The flows", {"200": _json_answer("The flows.", "Flows")}, [limit, token]),
        },
        "/flows/{flow_name}": {
            "get": _operation("One flow", {"200": _json_answer("The flow.", "FlowDetails")}, [flow], problems=("404",))
        },
        "/run/{flow_name}": {
            "post": _operation(
                "Start a flow",
                {"200": finished, "202": started},
                [flow, wait, _idempotency_key()],
                body={"type": "object"},
                problems=("403", "404"),
            )
        },
        "/run/{flow_name}/{execution_id}": {
            "get": _operation("A run", {"200": finished}, [flow, run, wait], problems=("404",)),
            "delete": _operation("Stop a run", {"200": finished}, [flow, run], problems=("404", "409")),
        },
        "/run/{flow_name}/{execution_id}/history": {
            "get": _operation(
                "The events of a run",
                {"200": _json_answer("The events.", "History")},
                [flow, run, limit, token, _query("reverseOrder", {"type": "boolean"})],
                problems=("404", "409"),
            )
        },
        "/run/{flow_name}/{execution_id}/states": {
            "get": _operation(
                "What became of the states of a run",
                {"200": _json_answer("The states.", "States")},
                [
                    flow,
                    run,
                    _query("path", description="A state's JSON pointer: all visits of it, or what is inside it."),
                    _query("iteration", description="With `path`: the index in each Map, joined by dots (`3.1`)."),
                    limit,
                    token,
                ],
                problems=("404", "409"),
            )
        },
        "/run/{flow_name}/{execution_id}/logs": {
            "get": _operation(
                "The log lines of a run's functions",
                {"200": _json_answer("The lines.", "LogLines")},
                [flow, run, limit, token],
                problems=("404", "409"),
            )
        },
        "/run/{flow_name}/{execution_id}/redrive": {
            "post": _operation("Continue a failed run", {"202": finished}, [flow, run], problems=("404", "409"))
        },
        "/run/{flow_name}/{execution_id}/rerun": {
            "post": _operation(
                "Start a flow again with the input of a former run, or with another one",
                {"202": started},
                [flow, run, _idempotency_key()],
                body=schemas.RERUN,
                problems=("403", "404"),
            )
        },
        "/runs": {
            "get": _operation(
                "The caller's runs of the last 90 days, newest first; for admins any user's",
                {"200": _json_answer("The runs.", "Runs")},
                [*(_query(name, schema, text) for name, schema, text in schemas.FILTERS), limit, token],
                problems=("403", "404"),
            )
        },
        "/runs/redrive": {"post": _bulk("Continue all failed runs that a filter finds")},
        "/runs/rerun": {"post": _bulk("Start all runs again that a filter finds, each with its former input")},
        "/usage": {"get": _operation("The caller's usage", {"200": _json_answer("Calls a month.", "Usage")}, months)},
        "/usage/{user_id}": {
            "get": _operation(
                "A user's usage; another's for the group admin",
                {"200": _json_answer("Calls a month.", "Usage")},
                [_path_parameter("user_id"), *months],
                problems=("403",),
            )
        },
        "/lib": {
            "get": _operation("The functions", {"200": _json_answer("The functions.", "Functions")}, [limit, token])
        },
        "/lib/{function_name}": {
            "post": _operation(
                "Call a function",
                {"200": {"description": "What the function returned."}},
                [_path_parameter("function_name")],
                body={},
                problems=("404", "504"),
            )
        },
    }


def _flows() -> Iterable[CatalogFlow]:
    return [flow for _, flow in sorted(catalog().flows.items())]


def _function_operation(function: Description, components: dict[str, Any]) -> Json:
    answer: Json = {"description": "What the function returned."}
    if function.output_schema:
        reference = schemas.add(components, f"{function.name}.output", function.output_schema)
        answer["content"] = {"application/json": {"schema": reference}}
    body: Json = {}
    if function.input_schema:
        body = schemas.add(components, f"{function.name}.input", function.input_schema)
    operation = _operation(_summary(function.description, function.name), {"200": answer}, body=body, problems=("504",))
    return {**operation, "operationId": f"lib.{function.name}", "tags": ["functions"], **_long(function.description)}


def _plugin_operation(path: str) -> Json:
    """Describe a plugin's route, of which only the path is known."""
    parameters = [_path_parameter(name) for name in re.findall(r"\{(\w+)\}", path)]
    operation = _operation(path.split("/")[2], {"200": {"description": "The plugin's answer."}}, parameters)
    return {**operation, "tags": ["plugins"]}


def _flow_operation(flow: CatalogFlow, components: dict[str, Any]) -> Json:
    body: Json = {"type": "object"}
    if flow.input_schema:
        body = schemas.add(components, f"{flow.name}.flow.input", dict(flow.input_schema))
    wait = _query("wait", {"type": "number", "minimum": 0, "maximum": 25}, "Seconds to wait for the run's end.")
    answers = {"200": _json_answer("The run.", "Run"), "202": _json_answer("The flow was started.", "Started")}
    operation = _operation(
        _summary(flow.description, flow.name), answers, [wait, _idempotency_key()], body=body, problems=("403",)
    )
    return {**operation, "operationId": f"run.{flow.name}", "tags": ["flows"], **_long(flow.description)}


def _operation(
    summary: str,
    answers: Json,
    parameters: list[Json] | None = None,
    *,
    body: Json | None = None,
    problems: tuple[str, ...] = (),
) -> Json:
    """Describe an operation.

    Args:
        summary: What it does.
        answers: The answers of a success, by status.
        parameters: The parameters of path, query and header.
        body: The schema of the request's body; None if it has none.
        problems: The statuses of problems that not every operation answers with.
    """
    statuses = {"400", "401", "429", "500", "503", *problems, *(("409", "413", "422") if body is not None else ())}
    operation: Json = {
        "summary": summary,
        "responses": {**answers, **{status: _problem(status) for status in sorted(statuses)}},
    }
    if parameters:
        operation["parameters"] = parameters
    if body is not None:
        operation["requestBody"] = {"content": {"application/json": {"schema": body}}}
    return operation


def _bulk(summary: str) -> Json:
    answer = {"200": _json_answer("What became of each run.", "Again")}
    return _operation(summary, answer, [_idempotency_key()], body=schemas.BULK, problems=("403", "404"))


def _public(summary: str, schema: str | None) -> Json:
    answer = {"description": summary + "."} if schema is None else _json_answer(summary + ".", schema)
    return {"summary": summary, "security": [], "responses": {"200": answer}}


def _json_answer(description: str, schema: str) -> Json:
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
    return {"description": description, "content": content}


def _problem(status: str) -> Json:
    content = {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {"description": schemas.PROBLEMS[status], "content": content}


def _path_parameter(name: str, description: str = "") -> Json:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}, **_long(description)}


def _query(name: str, schema: Json | None = None, description: str = "") -> Json:
    return {"name": name, "in": "query", "schema": schema or {"type": "string"}, **_long(description)}


def _idempotency_key() -> Json:
    description = "For a day, the same key and body are the same run."
    return {"name": "Idempotency-Key", "in": "header", "schema": {"type": "string"}, "description": description}


def _long(description: str) -> Json:
    return {"description": description} if description else {}


def _summary(description: str, name: str) -> str:
    """Return the first line of a description."""
    return description.strip().split("\n", 1)[0].rstrip(".") or name
