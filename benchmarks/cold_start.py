"""Cold starts of the real package under AWS's runtime client, compared with bare applications that do the same.

    python benchmarks/cold_start.py [--rounds 15] [--markdown]

Each figure is the time from the start of a fresh process of awslambdaric to the arrival of its first answer, with
only the unpacked package and what Lambda's image has on its path. A server in this process stands in for the Lambda
Runtime API, another one, which answers at once, for DynamoDB and Parameter Store. Each round runs the cases in random
order; the figures are those of the fastest round, as other load on the machine can only slow them down.

The peers are a Chalice application and a FastAPI application behind Mangum with the same routes, each with only
its own requirements; both are created in a temporary folder. Needs Linux, as awslambdaric does.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.deployments import projects  # noqa: E402
from tests.deployments.runtime_api import LambdaRuntime, api_event, bare_environment  # noqa: E402

MAX_HEALTH_RATIO = 1.15
"""Of `/health` to the bare Chalice application."""
MAX_USAGE_RATIO = 1.1
"""Of a call that counts usage to a bare Chalice application that makes the same call of DynamoDB."""
MAX_GROWTH = 5.0
"""Milliseconds that `/health` may take longer with many functions and flows."""
SMALL, LARGE = (5, 2), (500, 200)  # functions, flows

OURS, CHALICE, FASTAPI = "ours", "bare Chalice", "FastAPI + Mangum"

_CHALICE = """
from chalice import Chalice
app = Chalice(app_name="bare")

@app.route("/health", methods=["GET"], cors=True)
def health():
    return {"status": "ok"}

@app.route("/lib/{name}", methods=["POST"], cors=True)
def ping(name):
    return "I am alive"

@app.route("/counted", methods=["POST"], cors=True)
def counted():
    import os, boto3
    from botocore.config import Config
    config = Config(connect_timeout=0.5, read_timeout=0.8, retries={"total_max_attempts": 1})
    boto3.client("dynamodb", config=config).update_item(
        TableName="usage",
        Key={"userId": {"S": "user-1"}, "yearMonth": {"S": "2026-01"}},
        UpdateExpression="ADD apiCalls :one SET #ttl = :ttl",
        ExpressionAttributeNames={"#ttl": "ttl"},
        ExpressionAttributeValues={":one": {"N": "1"}, ":ttl": {"N": "1"}},
    )
    return "I am alive"

@app.lambda_function()
def task(event, context):
    return {"statusCode": 200, "body": {"message": "Hello World"}}
"""
_FASTAPI = """
from fastapi import FastAPI
from mangum import Mangum
api = FastAPI()

@api.get("/health")
def health():
    return {"status": "ok"}

@api.post("/lib/{name}")
def ping(name: str):
    return "I am alive"

app = Mangum(api, lifespan="off")
"""
_FLOW = """
name: flow{number}
functions: [{{name: First, handler: function{function}}}]
definition:
  StartAt: First
  States:
    First: {{Type: Task, Resource: "${{FirstArn}}", End: true}}
"""


@dataclass(frozen=True)
class Case:
    """What to start and what to send."""

    what: str
    who: str
    task: Path
    handler: str
    event: dict[str, Any]


def main() -> int:
    """Measure, print, and check the limits."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=25)
    parser.add_argument("--markdown", action="store_true", help="print a table for docs/benchmarks.md")
    options = parser.parse_args()
    if sys.platform != "linux":
        print("awslambdaric runs only on Linux: nothing measured", file=sys.stderr)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        with _Services() as services:
            times = measure(cases(root), bare_environment(root / "image"), services.url, options.rounds)
    report(times, markdown=options.markdown)
    failures = broken_limits(times)
    print(*failures, sep="\n", file=sys.stderr)
    return 1 if failures else 0


def cases(root: Path) -> list[Case]:
    """Return everything that is compared."""
    own = projects.package(projects.own_copy(root / "own"))
    bare, fast = _bare_chalice(root / "bare"), _fastapi(root / "fast")
    small, large = (_sized(root / f"sized-{size[0]}", *size) for size in (SMALL, LARGE))
    for task in (own, bare, fast, small, large):
        _without_bytecode(task)
    health = api_event("GET", "/health", "/health")
    ping = api_event("POST", "/lib/{name}", "/lib/ping", {}, name="ping")
    own_ping = api_event("POST", "/lib/{function_name}", "/lib/ping", {}, function_name="ping")
    return [
        *(Case("GET /health", who, task, "app.app", health) for who, task in ((OURS, own), (CHALICE, bare))),
        Case("GET /health", FASTAPI, fast, "app.app", health),
        Case("POST /lib/ping", CHALICE, bare, "app.app", ping),
        Case("POST /lib/ping", FASTAPI, fast, "app.app", ping),
        Case("POST /lib/ping with usage", OURS, own, "app.app", own_ping),
        Case("POST /lib/ping with usage", CHALICE, bare, "app.app", api_event("POST", "/counted", "/counted", {})),
        Case("a flow's task", OURS, own, "app.hello_world", {}),
        Case("a flow's task", CHALICE, bare, "app.task", {}),
        *(Case("GET /health", f"ours, {s[0]} functions, {s[1]} flows", task, "app.app", health)
          for s, task in ((SMALL, small), (LARGE, large))),
    ]  # fmt: skip


def measure(compared: list[Case], image: Path, services: str, rounds: int) -> dict[tuple[str, str], list[float]]:
    """Return the milliseconds of each case in each round, after a warm-up round."""
    times: dict[tuple[str, str], list[float]] = {(case.what, case.who): [] for case in compared}
    for number in range(rounds + 1):
        for case in random.sample(compared, len(compared)):  # as what ran before affects the caches
            variables = {
                "STAGE": "prod",
                "AWS_ENDPOINT_URL": services,
                "USER_POOL_ID": "us-east-1_pool",
                "PYTHONDONTWRITEBYTECODE": "1",
            }
            with LambdaRuntime(case.task, image, case.handler, variables) as runtime:
                outcome = runtime.invoke(case.event)
            if outcome.failed or outcome.result.get("statusCode", 200) != 200:
                raise RuntimeError(f"{case.what}, {case.who}: {outcome.result}")
            if number:
                times[case.what, case.who].append(outcome.seconds * 1000)
    return times


def report(times: dict[tuple[str, str], list[float]], *, markdown: bool) -> None:
    """Print the fastest times, and their ratios to the bare Chalice application."""
    if markdown:
        print("| first answer | who | ms | of bare Chalice |\n| --- | --- | ---: | ---: |")
    for (what, who), values in times.items():
        fastest = min(values)
        ratio = fastest / min(times[what, CHALICE])
        if markdown:
            print(f"| {what} | {who} | {fastest:.0f} | {ratio:.2f} |")
        else:
            print(f"{what:28} {who:32} {fastest:7.1f} ms {ratio:6.2f}")


def broken_limits(times: dict[tuple[str, str], list[float]]) -> list[str]:
    """Return the limits that are exceeded, one line each."""

    def fastest(what: str, who: str) -> float:
        return min(times[what, who])

    failures = []
    for what, limit in (("GET /health", MAX_HEALTH_RATIO), ("POST /lib/ping with usage", MAX_USAGE_RATIO)):
        ratio = fastest(what, OURS) / fastest(what, CHALICE)
        if ratio > limit:
            failures.append(f"{what}: {ratio:.2f} of bare Chalice, the limit is {limit}")
    small, large = (f"ours, {size[0]} functions, {size[1]} flows" for size in (SMALL, LARGE))
    growth = fastest("GET /health", large) - fastest("GET /health", small)
    if growth > MAX_GROWTH:
        failures.append(f"GET /health: {growth:.1f} ms longer with {LARGE[0]} functions, the limit is {MAX_GROWTH}")
    return failures


def _bare_chalice(folder: Path) -> Path:
    (folder / ".chalice").mkdir(parents=True)
    configuration = {"version": "2.0", "app_name": "bare", "stages": {"dev": {}}}
    (folder / ".chalice" / "config.json").write_text(json.dumps(configuration))
    (folder / "app.py").write_text(_CHALICE)
    (folder / "requirements.txt").write_text("")
    return projects.package(folder)


def _fastapi(folder: Path) -> Path:
    folder.mkdir()
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--target"]
    subprocess.run([*command, str(folder), "fastapi", "mangum"], check=True)
    (folder / "app.py").write_text(_FASTAPI)
    return folder


def _sized(folder: Path, functions: int, flows: int) -> Path:
    """Return the package of the project with this many functions and flows."""
    project = projects.own_copy(folder)
    shutil.rmtree(project / "flows")
    (project / "flows").mkdir()
    for number in range(functions):
        own = project / "chalicelib" / "lib" / f"function{number}"
        own.mkdir()
        (own / "handler.py").write_text("def handler(event, context):\n    return event\n")
    for number in range(flows):
        text = _FLOW.format(number=number, function=number % functions)
        (project / "flows" / f"flow{number}.yml").write_text(text)
    return projects.package(project)


def _without_bytecode(task: Path) -> None:
    """Remove bytecode: Lambda's zip has none and its folder is read-only, so every start compiles."""
    for folder in list(task.rglob("__pycache__")):
        shutil.rmtree(folder)


class _Services:
    """DynamoDB and Parameter Store, both empty."""

    def __enter__(self) -> _Services:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                body = b'{"Parameters": []}' if "SSM" in self.headers["X-Amz-Target"] else b"{}"
                self.send_response(200)
                self.send_header("Content-Type", "application/x-amz-json-1.1")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


if __name__ == "__main__":
    sys.exit(main())
