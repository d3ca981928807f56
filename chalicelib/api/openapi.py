"""The API as an OpenAPI 3.1 document: the fixed routes, and a path for each function and flow."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from chalicelib import VERSION
from chalicelib.api import openapi_operations as operations
from chalicelib.api import openapi_schemas as schemas
from chalicelib.api import plugins
from chalicelib.api.openapi_paths import fixed_paths
from chalicelib.flows.catalog import CatalogFlow, catalog
from chalicelib.functions.describing import Description

Json = dict[str, Any]

DESCRIPTION = """Python functions as REST endpoints, and workflows that combine them.

Every path answers `OPTIONS` with 204 and the headers of CORS, without a token. Any other method that a path does not
have, `HEAD` included, is refused with 405, and the header `Allow` lists those it has; a deployed stage refuses it with
404, as API Gateway does. Both refusals are problem documents."""


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
        paths.setdefault(route.path, {})[route.method.lower()] = _plugin_operation(route.method, route.path)
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
        "info": {"title": "Serverless Dynamic Workflows", "version": VERSION, "description": DESCRIPTION},
        "servers": [{"url": server}],
        "security": [{"idToken": []}],
        "tags": [{"name": name, "description": text} for name, text in TAGS.items()],
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
            "headers": operations.HEADERS,
            "responses": operations.problems(),
        },
    }


TAGS = {
    "flows": "Workflows.",
    "runs": "Executions of flows.",
    "functions": "Python functions.",
    "identity": "Who is calling.",
    "approvals": "Questions that flows ask people.",
    "usage": "Calls in each month.",
    "mcp": "Flows and functions as tools of AI applications.",
    "plugins": "What plugins add.",
    "console": "The web console.",
    "api": "The API itself.",
}


def _flows() -> Iterable[CatalogFlow]:
    return [flow for _, flow in sorted(catalog().flows.items())]


def _function_operation(function: Description, components: Json) -> Json:
    answer: Json = {"description": "What the function returned."}
    if function.output_schema:
        reference = schemas.add(components, f"{function.name}.output", function.output_schema)
        answer["content"] = {"application/json": {"schema": reference}}
    body: Json = {}
    if function.input_schema:
        body = schemas.add(components, f"{function.name}.input", function.input_schema)
    summary = _summary(function.description, function.name)
    described = operations.operation(summary, {"200": answer}, body=body, problems=("504",))
    described["requestBody"] = _body(body, function.input_schema)
    named = {"operationId": f"lib.{function.name}", "tags": ["functions"]}
    return {**described, **named, **operations.long(function.description)}


def _plugin_operation(method: str, path: str) -> Json:
    """Describe a plugin's route, of which only the path is known."""
    parameters = [operations.path_parameter(name) for name in re.findall(r"\{(\w+)\}", path)]
    answers = {"200": {"description": "The plugin's answer."}}
    described = operations.operation(path.split("/")[2], answers, parameters)
    name = ".".join(re.findall(r"[A-Za-z0-9_-]+", path))
    return {**described, "operationId": f"{method.lower()}.{name}", "tags": ["plugins"]}


def _flow_operation(flow: CatalogFlow, components: Json) -> Json:
    body: Json = {"type": "object"}
    if flow.input_schema:
        body = schemas.add(components, f"{flow.name}.flow.input", dict(flow.input_schema))
    answers = {
        "200": operations.answer("The run.", "Run"),
        "202": operations.answer("The flow was started.", "Started", "Location"),
    }
    parameters = [operations.wait(), operations.idempotency_key()]
    summary = _summary(flow.description, flow.name)
    described = operations.operation(summary, answers, parameters, body=body, problems=("403",))
    described["requestBody"] = _body(body, flow.input_schema)
    named: Json = {"operationId": f"run.{flow.name}", "tags": ["flows"]}
    if flow.labels:
        named["x-labels"] = dict(flow.labels)
    if flow.access_groups:
        named["x-access-groups"] = list(flow.access_groups)
    return {**described, **named, **operations.long(_flow_description(flow))}


def _flow_description(flow: CatalogFlow) -> str:
    """Return what the flow says of itself, with its labels and who may run it."""
    parts = [flow.description.strip()] if flow.description else []
    if flow.labels:
        labels = ", ".join(f"`{name}` from `{path}`" for name, path in flow.labels.items())
        parts.append(f"Labels, by which GET /runs finds its runs: {labels}.")
    if flow.access_groups:
        parts.append(f"Only for members of: {', '.join(flow.access_groups)}.")
    return "\n\n".join(parts)


def _body(reference: Json, schema: Any) -> Json:
    """Describe a body by a reference to its schema, with the examples that the schema has."""
    examples = schema.get("examples") if isinstance(schema, dict) else None
    described = operations.json_body({"examples": examples} if isinstance(examples, list) else {})
    described["content"]["application/json"]["schema"] = reference
    return described


def _summary(description: str, name: str) -> str:
    """Return the first line of a description."""
    return description.strip().split("\n", 1)[0].rstrip(".") or name
