"""The application as Lambda and Chalice see it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from chalicelib.functions.discovery import RESERVED
from chalicelib.settings import PROJECT
from tests.deployments.runtime_api import api_event

HEAVY = ("asl", "asyncio", "boto3", "concurrent.futures", "jose", "jsonschema", "pydantic", "urllib.request", "yaml")


def python(code: str, **environment: str) -> Any:
    """What `code` prints as JSON in a new process beside app.py."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=PROJECT,
        env={**kept, "AWS_REGION": "us-east-1", **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_a_cold_start_imports_nothing_heavy_and_no_function() -> None:
    code = "import app, json, sys; app.price_order; print(json.dumps(sorted(sys.modules)))"
    loaded = python(code, AWS_LAMBDA_FUNCTION_NAME="api")
    assert [name for name in HEAVY if name in loaded] == []
    assert [name for name in loaded if name.startswith("chalicelib.lib.")] == []
    assert "compiler.project" not in loaded


def test_a_counted_call_needs_no_more_of_the_application_than_it_uses() -> None:
    event = api_event("POST", "/lib/{function_name}", "/lib/ping", {}, function_name="ping")
    code = f"""
import json, sys, app
from chalicelib import secrets, usage
secrets.load, usage._increment = lambda: None, lambda user: None
assert app.app({event!r}, None)["statusCode"] == 200
print(json.dumps(sorted(sys.modules)))
"""
    loaded = python(code, AWS_LAMBDA_FUNCTION_NAME="api", USER_POOL_ID="us-east-1_test")
    heavy = set(HEAVY) - {"concurrent.futures"}
    assert [name for name in heavy if name in loaded] == []
    unused = ("functions.failures", "runs", "strict_json", "times")
    assert [name for name in unused if f"chalicelib.{name}" in loaded] == []


def test_the_first_answer_needs_little_of_the_standard_library_and_of_the_application() -> None:
    code = f"""
import gc, json, sys
before = set(sys.modules)
import app
assert gc.isenabled()
assert app.app({api_event("GET", "/health", "/health")!r}, None)["statusCode"] == 200
print(json.dumps(sorted(set(sys.modules) - before)))
"""
    loaded = python(code, AWS_LAMBDA_FUNCTION_NAME="api")
    assert [name for name in ("dataclasses", "inspect", "pathlib") if name in loaded] == []
    assert {name.removeprefix("chalicelib.") for name in loaded if name.startswith("chalicelib.")} == {
        *("api", "api.answering", "api.cors", "api.http", "api.meta", "api.routes", "api.routing"),
        *("logs", "registration", "settings"),
    }


def test_every_function_resolves_as_a_lambda_handler() -> None:
    found = "[app.hello_world.__name__, callable(app.run_status), hasattr(app, 'nobody')]"
    code = f"import app, json; print(json.dumps({found}))"
    assert python(code, AWS_LAMBDA_FUNCTION_NAME="worker") == ["hello_world", True, False]


def test_names_of_the_module_are_reserved() -> None:
    import app

    assert {name for name in vars(app) if not name.startswith("_")} <= RESERVED


def test_chalice_finds_the_functions_of_flows_and_no_other() -> None:
    code = """
import json
from chalicelib.flows import catalog
known = catalog.Catalog({}, {}, {n: catalog.CatalogFunction(n, 60, 256) for n in ("hello_world", "price_order")})
from compiler.live_project import LiveProject
LiveProject.catalog = lambda self: known
import app
found = [(f.name, f.handler_string) for f in app.app.pure_lambda_functions]
print(json.dumps(sorted((name, handler, handler.split(".")[1] in vars(app)) for name, handler in found)))
"""
    assert python(code, AWS_CHALICE_CLI_MODE="true") == [
        ["approvals", "app.approvals", True],
        ["hello_world", "app.hello_world", True],
        ["price_order", "app.price_order", True],
        ["run-status", "app.run_status", True],
        ["run-sweep", "app.run_sweep", True],
        ["webhooks", "app.webhooks", True],
    ]


def test_a_clash_stops_the_start_and_names_both_files(tmp_path: Path) -> None:
    for name in ("app.py", "chalicelib"):
        (tmp_path / name).symlink_to(PROJECT / name)
    code = """
from pathlib import Path
from chalicelib.functions import discovery
discover = discovery.discover
discovery.discover = lambda: discover(Path("clashing"))
import app
"""
    for name in ("lib-a", "lib_a"):
        (tmp_path / "clashing/chalicelib/lib" / name).mkdir(parents=True)
        (tmp_path / "clashing/chalicelib/lib" / name / "handler.py").touch()
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "lib-a/handler.py" in done.stderr and "lib_a/handler.py" in done.stderr


@pytest.mark.parametrize("name", ["missing", "orders", "_private", "app_handler"])
def test_what_is_no_function_is_no_attribute(name: str) -> None:
    import app

    with pytest.raises(AttributeError, match=name):
        getattr(app, name)
