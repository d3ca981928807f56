"""The routes that every project has, as OpenAPI describes them."""

from __future__ import annotations

from typing import Any

from chalicelib.api import openapi_schemas as schemas
from chalicelib.api.openapi_examples import EXAMPLES
from chalicelib.api.openapi_operations import (
    answer,
    idempotency_key,
    json_body,
    operation,
    path_parameter,
    problem,
    public,
    query,
    typed_answer,
    wait,
)
from chalicelib.api.openapi_run_schemas import STATE_TEST

Json = dict[str, Any]

HTML = "text/html"
FOLLOWED = "The `nextToken` of the answer before."

NAMES: dict[str, tuple[str, str]] = {
    "get /": ("openConsole", "console"),
    "get /health": ("getHealth", "api"),
    "get /openapi.json": ("getOpenApi", "api"),
    "get /auth/config": ("getAuthConfig", "identity"),
    "get /auth/verify": ("verifyToken", "identity"),
    "get /flows": ("listFlows", "flows"),
    "get /flows/{flow_name}": ("getFlow", "flows"),
    "post /run/{flow_name}": ("startRun", "runs"),
    "get /run/{flow_name}/{execution_id}": ("getRun", "runs"),
    "delete /run/{flow_name}/{execution_id}": ("stopRun", "runs"),
    "get /run/{flow_name}/{execution_id}/history": ("getRunHistory", "runs"),
    "get /run/{flow_name}/{execution_id}/states": ("getRunStates", "runs"),
    "post /run/{flow_name}/{execution_id}/states/test": ("testRunState", "runs"),
    "get /run/{flow_name}/{execution_id}/definition": ("getRunDefinition", "runs"),
    "get /run/{flow_name}/{execution_id}/logs": ("getRunLogs", "runs"),
    "post /run/{flow_name}/{execution_id}/redrive": ("redriveRun", "runs"),
    "post /run/{flow_name}/{execution_id}/rerun": ("rerunRun", "runs"),
    "get /runs": ("listRuns", "runs"),
    "post /runs/redrive": ("redriveRuns", "runs"),
    "post /runs/rerun": ("rerunRuns", "runs"),
    "get /approvals": ("listApprovals", "approvals"),
    "get /approvals/{approval_id}": ("getApproval", "approvals"),
    "post /approvals/{approval_id}": ("answerApproval", "approvals"),
    "get /usage": ("getOwnUsage", "usage"),
    "get /usage/{user_id}": ("getUsage", "usage"),
    "get /lib": ("listFunctions", "functions"),
    "post /lib/{function_name}": ("callFunction", "functions"),
    "post /mcp": ("callMcp", "mcp"),
    "get /mcp": ("getMcp", "mcp"),
    "delete /mcp": ("deleteMcp", "mcp"),
    "get /.well-known/oauth-protected-resource": ("getResourceMetadata", "mcp"),
    "get /.well-known/oauth-protected-resource/{resource}": ("getNamedResourceMetadata", "mcp"),
    "get /console": ("getConsole", "console"),
    "get /console/{page}": ("getConsolePage", "console"),
    "get /console/{page}/{name}": ("getConsoleFile", "console"),
    "get /console/{page}/{name}/{part}": ("getConsolePart", "console"),
}
"""The `operationId` and the tag of each operation, from which generators derive names."""


def fixed_paths() -> dict[str, Json]:
    """Describe the routes that do not depend on functions and flows."""
    paths = {**_about(), **_flows(), **_run(), **_runs(), **_approvals(), **_others(), **_mcp(), **_console()}
    for path, operations in paths.items():
        for method, described in operations.items():
            name, tag = NAMES[f"{method} {path}"]
            described |= {"operationId": name, "tags": [tag]}
            for status, value in EXAMPLES.get(name, {}).items():
                described["responses"][status]["content"]["application/json"]["example"] = value
    return paths


def _about() -> dict[str, Json]:
    document = typed_answer("This document.", "application/json", {"type": "object"})
    return {
        "/health": {"get": public("Whether the service answers", {"200": answer("It does.", "Health")})},
        "/openapi.json": {"get": public("This document", {"200": document}, problems=("503",))},
        "/auth/config": {
            "get": public(
                "How to sign in",
                {"200": answer("How to sign in.", "AuthConfig")},
                [query("endpoint", {"type": "boolean"}, "Whether to name the endpoint of the user pool.")],
            )
        },
        "/auth/verify": {
            "get": operation("Who is calling, according to the token", {"200": answer("The user.", "Caller")})
        },
    }


def _flows() -> dict[str, Json]:
    return {
        "/flows": {"get": operation("The flows", {"200": answer("The flows.", "Flows")}, _page(1_000))},
        "/flows/{flow_name}": {
            "get": operation(
                "One flow",
                {"200": answer("The flow.", "FlowDetails")},
                [
                    path_parameter("flow_name"),
                    query("details", {"type": "boolean"}, "Whether to add file, graph, functions and permissions."),
                ],
                problems=("404",),
            )
        },
    }


def _run() -> dict[str, Json]:
    flow = path_parameter("flow_name")
    own = [flow, path_parameter("execution_id", "The execution's id or ARN.")]
    run = answer("The run.", "Run")
    accepted = answer("The run.", "Run", "Location")
    started = answer("The flow was started.", "Started", "Location")
    one, place = ("404",), "/run/{flow_name}/{execution_id}"
    reverse = query("reverseOrder", {"type": "boolean"}, "Whether the newest event comes first.")
    inside = [
        query("path", description="A state's JSON pointer: all visits of it, or what is inside it."),
        query("iteration", description="With `path`: the index in each Map, joined by dots (`3.1`)."),
    ]
    return {
        "/run/{flow_name}": {
            "post": operation(
                "Start a flow",
                {"200": run, "202": started},
                [flow, wait(), idempotency_key()],
                body={"type": "object"},
                problems=("403", "404"),
            )
        },
        place: {
            "get": operation("A run", {"200": run}, [*own, wait()], problems=one),
            "delete": operation("Stop a run", {"200": run}, own, problems=("404", "409")),
        },
        f"{place}/history": {
            "get": operation(
                "The events of a run",
                {"200": answer("The events.", "History")},
                [*own, *_page(1_000, 100), reverse],
                problems=("404", "409"),
            )
        },
        f"{place}/states": {
            "get": operation(
                "What became of the states of a run",
                {"200": answer("The states.", "States")},
                [*own, *inside, *_page(1_000, 200)],
                problems=("404", "409"),
            )
        },
        f"{place}/states/test": {
            "post": operation(
                "Run one state of a run alone, with any definition of it; for the groups of the stage's workbench",
                {"200": answer("What the state did.", "TestedState")},
                own,
                body=STATE_TEST,
                problems=("403", "404", "409", "504"),
            )
        },
        f"{place}/definition": {
            "get": operation(
                "The definition that a run was started with",
                {"200": answer("The definition.", "RunDefinition")},
                own,
                problems=("404", "409"),
            )
        },
        f"{place}/logs": {
            "get": operation(
                "The log lines of a run's functions",
                {"200": answer("The lines.", "LogLines")},
                [*own, *_page(1_000, 500)],
                problems=("404", "409"),
            )
        },
        f"{place}/redrive": {
            "post": operation("Continue a failed run", {"202": accepted}, own, problems=("404", "409"))
        },
        f"{place}/rerun": {
            "post": operation(
                "Start a flow again with the input of a former run, or with another one",
                {"202": started},
                [*own, idempotency_key()],
                body=schemas.RERUN,
                problems=("403", "404"),
            )
        },
    }


def _runs() -> dict[str, Json]:
    filters = [query(name, schema, text) for name, schema, text in schemas.FILTERS]
    return {
        "/runs": {
            "get": operation(
                "The caller's runs of the last 90 days, newest first; for admins any user's",
                {"200": answer("The runs.", "Runs")},
                [*filters, *_page(200, 50)],
                problems=("403", "404"),
            )
        },
        "/runs/redrive": {"post": _bulk("Continue all failed runs that a filter finds")},
        "/runs/rerun": {"post": _bulk("Start all runs again that a filter finds, each with its former input")},
    }


def _approvals() -> dict[str, Json]:
    one = [
        path_parameter("approval_id"),
        query(
            "key",
            description="The key of a one-time link, in place of a token. A browser that follows the link gets a page.",
        ),
    ]
    status = query("status", {"enum": schemas.APPROVAL_STATUSES}, "`pending` by default.")
    approval = {"200": answer("The approval.", "Approval")}
    return {
        "/approvals": {
            "get": operation(
                "What waits for the caller's answer, newest first; for admins everything",
                {"200": answer("The approvals.", "Approvals")},
                [status, *_page(100, 50)],
            )
        },
        "/approvals/{approval_id}": {
            "get": _keyed(operation("An approval", approval, one, problems=("404", "409"))),
            "post": _keyed(
                operation(
                    "Answer an approval, once", approval, one, body=schemas.APPROVAL_ANSWER, problems=("404", "409")
                )
            ),
        },
    }


def _others() -> dict[str, Json]:
    month = {"type": "string", "pattern": "^[0-9]{4}-(0[1-9]|1[0-2])$"}
    months = [query("startDate", month, "The first month."), query("endDate", month, "The last month.")]
    usage = {"200": answer("Calls in each month.", "Usage")}
    return {
        "/usage": {"get": operation("The caller's usage", usage, months)},
        "/usage/{user_id}": {
            "get": operation(
                "A user's usage; another's for the group admin",
                {"200": answer("Calls in each month.", "Usage")},
                [path_parameter("user_id"), *months],
                problems=("403",),
            )
        },
        "/lib": {"get": operation("The functions", {"200": answer("The functions.", "Functions")}, _page(1_000))},
        "/lib/{function_name}": {
            "post": operation(
                "Call a function",
                {"200": {"description": "What the function returned. It may also choose another status."}},
                [path_parameter("function_name")],
                body={},
                problems=("404", "504"),
            )
        },
    }


def _mcp() -> dict[str, Json]:
    post = operation(
        "One message of the Model Context Protocol",
        {
            "200": answer("The answer to a request.", "JsonRpc"),
            "202": {"description": "A notification was accepted."},
            "400": answer("The message, its version or its headers are wrong.", "JsonRpc"),
            "403": answer("The header Origin names a site that may not use the server.", "JsonRpc"),
            "404": answer("The server has no such method.", "JsonRpc"),
        },
        [
            _header("MCP-Protocol-Version", "The revision of the protocol."),
            _header("Mcp-Method", "From revision 2026-07-28 on: the method."),
            _header("Mcp-Name", "From revision 2026-07-28 on: the tool, resource or task."),
        ],
    )
    # Those of MCP itself are not problem documents.
    post["responses"] |= {status: post["responses"][status] for status in ("401", "429", "500", "503")}
    post["responses"]["400"] = answer("The message, its version or its headers are wrong.", "JsonRpc")
    post["requestBody"] = json_body(schemas.JSON_RPC, required=True)
    refused = {"405": problem("405")}
    metadata = answer("The metadata (RFC 9728).", "ResourceMetadata")
    named = {**path_parameter("resource"), "schema": {"const": "mcp"}}
    place = "/.well-known/oauth-protected-resource"
    return {
        "/mcp": {
            "post": post,
            "get": {"summary": "Streams, which this server has not", "security": [], "responses": refused},
            "delete": {"summary": "Sessions, which this server has not", "security": [], "responses": refused},
        },
        place: {"get": public("Who issues the tokens of `/mcp`", {"200": metadata})},
        f"{place}/{{resource}}": {
            "get": public(
                "The same, where RFC 9728 puts it",
                {"200": answer("The metadata (RFC 9728).", "ResourceMetadata")},
                [named],
                ("404",),
            )
        },
    }


def _console() -> dict[str, Json]:
    page, name, part = (path_parameter(name) for name in ("page", "name", "part"))
    found = {"200": typed_answer("The page.", HTML, {"type": "string"})}
    moved = {"302": {"description": "The address of the console.", "headers": {"Location": {"schema": _TEXT}}}}
    unchanged = {"304": {"description": "The page that `If-None-Match` names."}}
    file = {
        "200": {
            "description": "The page, or a built file.",
            "content": {kind: {"schema": _TEXT} for kind in (HTML, "text/javascript", "text/css", "image/svg+xml")},
        }
    }
    return {
        "/": {"get": public("The web console", moved)},
        "/console": {"get": public("The web console", found | unchanged)},
        "/console/{page}": {"get": public("A page of the web console", found | unchanged, [page])},
        "/console/{page}/{name}": {
            "get": public("A page or a file of the web console", file | unchanged, [page, name], ("404",))
        },
        "/console/{page}/{name}/{part}": {
            "get": public("A page of the web console", found | unchanged, [page, name, part])
        },
    }


_TEXT: Json = {"type": "string"}


def _keyed(described: Json) -> Json:
    """Return an operation as one that needs a token only without the query parameter `key`."""
    return {**described, "security": [{"idToken": []}, {}]}


def _bulk(summary: str) -> Json:
    result = {"200": answer("What became of each run.", "Again")}
    return operation(summary, result, [idempotency_key()], body=schemas.BULK, problems=("403", "404"))


def _page(highest: int, default: int | None = None) -> list[Json]:
    limit = {"type": "integer", "minimum": 1, "maximum": highest, "default": default or highest}
    return [query("limit", limit, "The most entries to return."), query("nextToken", description=FOLLOWED)]


def _header(name: str, description: str) -> Json:
    return {"name": name, "in": "header", "schema": _TEXT, "description": description}
