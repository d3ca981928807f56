"""The OpenAPI document against the running server: its examples, generators of clients, and made-up requests.

`SCHEMATHESIS_SECONDS` makes the last as long as that; `SCHEMATHESIS_SEED` chooses other requests.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from chalicelib.api.openapi_examples import EXAMPLES

from . import clients
from .client import Client, eventually
from .conftest import MakeUser
from .server import Server

FREE = frozenset(
    {"form", "data", "input", "output", "definition", "labels", "inputSchema", "outputSchema", "structuredContent"}
    | {"inspection"}
)
"""Keys whose values are the user's own."""
CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,"
    "response_schema_conformance,unsupported_method,allow_header_conformance"
)


@pytest.fixture(scope="module")
def document(server: Server) -> dict[str, Any]:
    found: dict[str, Any] = Client(server.session["apiUrl"]).get("/openapi.json").json()
    return found


def answers(user: Client, ops: Client) -> dict[str, dict[str, Any]]:
    """What the server answers to each operation with an example, by its id and status."""
    get = user.get
    started = user.start("dummy2StepFlow", {"name": "Ada"})
    run = f"/run/dummy2StepFlow/{started['executionId']}"
    finished = user.get(run, wait=25).json()
    waiting = user.start("e2eWait")
    long = f"/run/e2eWait/{waiting['executionId']}"
    stopped = user.call("DELETE", long)
    redriven = user.post(f"{long}/redrive")
    user.call("DELETE", long)
    rerun = user.post(f"{run}/rerun")
    user.poll("dummy2StepFlow", rerun.json()["executionId"])
    talk = user.run("e2eTalkative", {"items": [1]})
    lines = eventually(
        lambda: (found := user.get(f"/run/e2eTalkative/{talk['executionId']}/logs").json())["lines"] and found
    )
    flows = {**get("/flows", limit=1).json(), "flows": [_brief(get("/flows/helloWorldFlow").json())]}
    flows.pop("broken", None)
    key = {"Idempotency-Key": started["executionId"]}
    filtered = {"flow": "dummy2StepFlow", "limit": 1}
    functions = user.get("/lib").json()
    functions["functions"].sort(key=lambda one: "error" not in one)
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "lib__price_order"}}
    call["params"] |= {"arguments": {"items": [{"sku": "A", "quantity": 1, "unit_price": 2}]}}  # type: ignore[operator]
    current = {"MCP-Protocol-Version": "2026-07-28", "Mcp-Method": "prompts/list"}
    meta: dict[str, Any] = {f"io.modelcontextprotocol/{key}": value for key, value in
            (("protocolVersion", "2026-07-28"), ("clientCapabilities", {}))}  # fmt: skip
    unknown = {"jsonrpc": "2.0", "id": 1, "method": "prompts/list", "params": {"_meta": meta}}
    metadata = "/.well-known/oauth-protected-resource"
    return {
        "getHealth": {"200": get("/health").json()},
        "getAuthConfig": {"200": get("/auth/config").json()},
        "verifyToken": {"200": get("/auth/verify").json()},
        "listFlows": {"200": flows},
        "getFlow": {"200": get("/flows/helloWorldFlow", details="true").json()},
        "startRun": {"202": started, "200": finished},
        "getRun": {"200": finished},
        "stopRun": {"200": stopped.json()},
        "getRunHistory": {"200": get(f"{run}/history", limit=1).json()},
        "getRunStates": {"200": get(f"{run}/states", limit=1).json()},
        "getRunLogs": {"200": {"lines": [_plain(lines["lines"][0])]}},
        "getRunDefinition": {"200": get(f"{run}/definition").json()},
        "testRunState": {"200": user.post(f"{run}/states/test", {"path": "/States/Step1", "input": {}}).json()},
        "redriveRun": {"202": redriven.json()},
        "rerunRun": {"202": rerun.json()},
        "listRuns": {"200": get("/runs", **filtered).json()},
        "redriveRuns": {"200": user.post("/runs/redrive", {"flow": "e2eWait", "dryRun": True}).json()},
        "rerunRuns": {"200": user.post("/runs/rerun", filtered, headers=key).json()},
        **approvals(user, ops),
        "getOwnUsage": {"200": get("/usage").json()},
        "getUsage": {"200": get(f"/usage/{finished['userId']}").json()},
        "listFunctions": {"200": functions},
        "callMcp": {
            "200": user.post("/mcp", call).json(),
            "400": user.call("POST", "/mcp", data="nope").json(),
            "403": user.post("/mcp", call, headers={"Origin": "https://elsewhere.example"}).json(),
            "404": user.post("/mcp", unknown, headers=current).json(),
        },
        "getResourceMetadata": {"200": get(metadata).json()},
        "getNamedResourceMetadata": {"200": get(f"{metadata}/mcp").json()},
    }  # fmt: skip


def approvals(user: Client, ops: Client) -> dict[str, dict[str, Any]]:
    """What the server answers to those who may answer an approval."""
    user.start("e2eApproval", {"item": "A desk"})
    pending = eventually(lambda: ops.get("/approvals").json()["approvals"])[0]
    path = f"/approvals/{pending['id']}"
    answered = ops.post(path, {"decision": "approve", "data": {"limit": 5}}).json()
    return {
        "listApprovals": {
            "200": {"approvals": ops.get("/approvals", status="answered").json()["approvals"], "count": 1}
        },
        "getApproval": {"200": ops.get(path).json()},
        "answerApproval": {"200": answered},
    }


def _brief(flow: dict[str, Any]) -> dict[str, Any]:
    return {
        key: flow[key] for key in ("name", "description", "type", "schedule", "inputSchema", "definition", "created")
    }


def _plain(line: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in line.items() if key != "iteration"}


def difference(example: Any, real: Any, where: str = "") -> str:
    """Where the shapes of two values differ, and how; empty if they don't. Null may stand for anything."""
    if isinstance(example, dict) and isinstance(real, dict):
        if example.keys() != real.keys():
            return f"{where}: {sorted(example.keys() ^ real.keys())}"
        parts = ((f"{where}.{key}", example[key], real[key]) for key in example if key not in FREE)
        return next((found for at, one, other in parts if (found := difference(one, other, at))), "")
    if isinstance(example, list) and isinstance(real, list):
        return difference(example[0], real[0], f"{where}[0]") if example and real else ""
    kinds = [float if type(value) is int else type(value) for value in (example, real)]
    return "" if None in (example, real) or kinds[0] is kinds[1] else f"{where}: {example!r} and {real!r}"


class TestExamples:
    def test_they_have_the_shape_of_real_answers(self, user: Client, make_user: MakeUser) -> None:
        real = answers(user, make_user("ops"))
        assert real.keys() == EXAMPLES.keys()
        differing = {
            f"{name} {status}": found
            for name, by_status in EXAMPLES.items()
            for status, example in by_status.items()
            if (found := difference(example, real[name][status]))
        }
        assert differing == {}

    def test_each_answer_has_one_and_fits_its_schema(self, document: dict[str, Any]) -> None:
        from jsonschema import Draft202012Validator

        for operations in document["paths"].values():
            for operation in operations.values():
                if operation["operationId"].startswith(("lib.", "run.")):  # the user's own
                    continue
                for status, answer in operation["responses"].items():
                    content = answer.get("content", {}).get("application/json", {})
                    if content and operation["operationId"] != "getOpenApi":  # an example of itself
                        assert "example" in content, f"{operation['operationId']} {status}"
                        schema = {**content["schema"], "components": document["components"]}
                        Draft202012Validator(schema).validate(content["example"])


class TestMethods:
    """What the document says of methods that a path does not have."""

    @pytest.mark.parametrize("method", ["HEAD", "PATCH", "PUT", "TRACE"])
    def test_they_are_refused(self, user: Client, document: dict[str, Any], method: str) -> None:
        assert "`HEAD` included, is refused with 405" in document["info"]["description"]
        for path, operations in document["paths"].items():
            if "{" not in path:
                answer = user.call(method, path)
                assert answer.status_code == 405, f"{method} {path}"
                allowed = set(answer.headers["Allow"].split(", "))
                if not path.startswith(("/lib/", "/run/")):
                    assert allowed == {"OPTIONS", *(known.upper() for known in operations)}
                assert (answer.text == "") == (method == "HEAD")

    def test_options(self, nobody: Client, document: dict[str, Any]) -> None:
        for path in document["paths"]:
            answer = nobody.call("OPTIONS", path.replace("{", "").replace("}", ""))
            assert (answer.status_code, answer.text) == (204, "")


class TestGenerators:
    @pytest.fixture
    def file(self, document: dict[str, Any], tmp_path: Path) -> Path:
        target = tmp_path / "openapi.json"
        target.write_text(json.dumps(document))
        return target

    def test_openapi_typescript(self, file: Path) -> None:
        target = file.with_name("client.ts")
        done = run([clients.openapi_typescript(), str(file), "-o", str(target)])
        assert done.returncode == 0, done.stderr
        assert '"/run/orderFlow"' in target.read_text()

    def test_openapi_python_client(self, file: Path) -> None:
        command = [clients.program("openapi-python-client", "openapi-python-client"), "generate", "--fail-on-warning"]
        target = file.with_name("client")
        # it formats what it has written with ruff, which is beside our interpreter
        path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
        done = run([*command, "--path", str(file), "--output-path", str(target)], PATH=path)
        assert done.returncode == 0, done.stdout + done.stderr
        assert list(target.glob("*/api/flows/run_order_flow.py"))


def test_made_up_requests(user: Client, tmp_path: Path) -> None:
    if importlib.util.find_spec("schemathesis") is None:
        pytest.skip("schemathesis isn't installed: run `make setup`")
    command = [sys.executable, "-m", "schemathesis.cli", "run", f"{user.url}/openapi.json"]
    # Functions that fail on purpose answer with 500, by their own path as by the one for all names.
    options = [
        "--exclude-path-regex",
        "/(lib|run)/e2e|/lib/{",
        "--checks",
        CHECKS,
        "--continue-on-failure",
        "--no-color",
    ]
    bounds = ["--max-time", os.environ.get("SCHEMATHESIS_SECONDS", "10"), "--phases", "examples,coverage,fuzzing"]
    seed = ["--seed", os.environ.get("SCHEMATHESIS_SEED", "20261127"), "--request-timeout", "40"]
    token = ["--header", f"Authorization: Bearer {user.token}"]
    done = run([*command, *options, *bounds, *seed, *token], cwd=tmp_path)
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]


def run(command: list[str], cwd: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=cwd, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
