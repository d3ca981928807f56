"""The table of the API's routes. A view's module is imported at its first call, which keeps cold starts short."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from chalicelib.api.routing import Route

if TYPE_CHECKING:
    from chalicelib.api.http import Answer, Call, View


def _view(module: str, name: str) -> View:
    """Return the view `name` of `chalicelib.api.<module>`, imported at its first call."""

    def view(call: Call) -> Answer:
        found: View = getattr(import_module(f"chalicelib.api.{module}"), name)
        return found(call)

    view.__name__ = name
    return view


ROUTES = (
    Route("GET", "/", _view("meta", "root"), public=True),
    Route("GET", "/auth/config", _view("auth", "auth_config"), public=True),
    Route("GET", "/auth/verify", _view("auth", "auth_verify")),
    Route("GET", "/flows", _view("flows", "list_flows")),
    Route("GET", "/flows/{flow_name}", _view("flows", "get_flow")),
    Route("POST", "/run/{flow_name}", _view("runs", "start_run")),
    Route("GET", "/run/{flow_name}/{execution_id}", _view("runs", "get_run")),
    Route("GET", "/run/{flow_name}/{execution_id}/history", _view("runs", "run_history")),
    Route("GET", "/run/{flow_name}/{execution_id}/states", _view("runs", "run_states")),
    Route("POST", "/run/{flow_name}/{execution_id}/states/test", _view("workbench", "test_run_state")),
    Route("GET", "/run/{flow_name}/{execution_id}/definition", _view("workbench", "run_definition")),
    Route("GET", "/run/{flow_name}/{execution_id}/logs", _view("runs", "run_logs")),
    Route("DELETE", "/run/{flow_name}/{execution_id}", _view("runs", "stop_run")),
    Route("POST", "/run/{flow_name}/{execution_id}/redrive", _view("runs", "redrive_run")),
    Route("POST", "/run/{flow_name}/{execution_id}/rerun", _view("runs", "rerun_run")),
    Route("GET", "/runs", _view("runs", "list_runs")),
    Route("POST", "/runs/redrive", _view("runs", "redrive_runs")),
    Route("POST", "/runs/rerun", _view("runs", "rerun_runs")),
    Route("GET", "/approvals", _view("approvals", "list_approvals")),
    Route("GET", "/approvals/{approval_id}", _view("approvals", "get_approval"), key="key"),
    Route("POST", "/approvals/{approval_id}", _view("approvals", "answer_approval"), key="key"),
    Route("GET", "/lib", _view("functions", "list_functions")),
    Route("POST", "/lib/{function_name}", _view("functions", "call_function")),
    Route("GET", "/usage", _view("usage", "own_usage")),
    Route("GET", "/usage/{user_id}", _view("usage", "user_usage")),
    Route("GET", "/health", _view("meta", "health"), public=True),
    Route("GET", "/openapi.json", _view("meta", "openapi_document"), public=True),
    Route("POST", "/mcp", _view("mcp.endpoint", "post"), public=True),  # verifies tokens itself
    Route("GET", "/mcp", _view("mcp.endpoint", "no_stream"), public=True),
    Route("DELETE", "/mcp", _view("mcp.endpoint", "no_stream"), public=True),
    Route("GET", "/.well-known/oauth-protected-resource", _view("mcp.endpoint", "resource_metadata"), public=True),
    Route(
        "GET",
        "/.well-known/oauth-protected-resource/{resource}",
        _view("mcp.endpoint", "resource_metadata"),
        public=True,
    ),
    # Chalice has no route for whatever is below a path, and no address of the console is deeper.
    Route("GET", "/console", _view("console", "page"), public=True),
    Route("GET", "/console/{page}", _view("console", "page"), public=True),
    Route("GET", "/console/{page}/{name}", _view("console", "asset"), public=True),
    Route("GET", "/console/{page}/{name}/{part}", _view("console", "page"), public=True),
)
