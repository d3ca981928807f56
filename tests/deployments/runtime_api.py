"""AWS's own runtime client (awslambdaric) on an unpacked zip, as Lambda runs it: with nothing else on its path.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import sysconfig
import threading
import time
import uuid
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

TIMEOUT = 60.0  # seconds
_API = "/2018-06-01/runtime/"
# What Lambda's image for Python has in addition to the standard library.
_IMAGE = (
    *("awslambdaric", "snapshot_restore_py", "simplejson"),
    *("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "urllib3", "six.py"),
)


@dataclass(frozen=True)
class Outcome:
    """The result of an invocation or of the start; `seconds` count from the start of the process to the response."""

    result: Any
    failed: bool
    seconds: float


@dataclass
class _Exchange:
    """The state that server and caller share."""

    events: queue.Queue[tuple[str, bytes]] = field(default_factory=queue.Queue)
    outcomes: queue.Queue[tuple[bool, bytes, float]] = field(default_factory=queue.Queue)


def bare_environment(folder: Path) -> Path:
    """A folder with what Lambda's image has: the runtime client and boto3, but nothing of the project."""
    folder.mkdir(parents=True, exist_ok=True)
    installed = Path(sysconfig.get_paths()["platlib"])
    for name in (*_IMAGE, *(file.name for file in installed.glob("runtime_client*"))):
        link = folder / name
        if (installed / name).exists() and not link.exists():
            link.symlink_to(installed / name)
    return folder


def api_event(method: str, route: str, path: str, body: Any = None, **parameters: str) -> dict[str, Any]:
    """The event of a REST API for a request whose token was checked."""
    return {
        "resource": route,
        "path": path,
        "httpMethod": method,
        "headers": {"Content-Type": "application/json", "Host": "example.org", "X-Forwarded-For": "127.0.0.1"},
        "multiValueHeaders": {"Content-Type": ["application/json"], "Host": ["example.org"]},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "pathParameters": parameters or None,
        "stageVariables": None,
        "requestContext": {
            "resourcePath": route,
            "path": path,
            "httpMethod": method,
            "requestId": "request-1",
            "stage": "api",
            "identity": {"sourceIp": "127.0.0.1"},
            "authorizer": {"claims": {"sub": "user-1", "email": "a@example.com", "token_use": "id"}},
        },
        "body": None if body is None else json.dumps(body),
        "isBase64Encoded": False,
    }


class LambdaRuntime:
    """One execution environment of a function.

    Args:
        task: The folder of the unpacked zip.
        bare: A folder made by `bare_environment`.
        handler: As the function's configuration has it.
        variables: The function's environment variables.
    """

    def __init__(self, task: Path, bare: Path, handler: str, variables: dict[str, str]) -> None:
        self._exchange = _Exchange()
        self._server = _Server(("127.0.0.1", 0), _handler(self._exchange))
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        environment = {
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{self._server.server_port}",
            "AWS_LAMBDA_FUNCTION_NAME": "rehearsal",
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
            "AWS_EXECUTION_ENV": f"AWS_Lambda_python{sys.version_info[0]}.{sys.version_info[1]}",
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "rehearsal",
            "AWS_SECRET_ACCESS_KEY": "rehearsal",
            "LAMBDA_TASK_ROOT": str(task),
            "PYTHONPATH": f"{task}{os.pathsep}{bare}",
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "TZ": ":UTC",
            **variables,
        }
        python = getattr(sys, "_base_executable", sys.executable)  # not the virtual environment's
        self.began = time.perf_counter()
        self.process = subprocess.Popen(
            [python, "-S", "-m", "awslambdaric", handler],
            cwd=task,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def __enter__(self) -> LambdaRuntime:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def invoke(self, event: Any) -> Outcome:
        """The result of an event, or the error.

        Raises:
            TimeoutError: There was none, with what the process printed.
        """
        self._exchange.events.put((str(uuid.uuid4()), json.dumps(event).encode()))
        return self.outcome()

    def outcome(self) -> Outcome:
        """Return the next result or error, of an event or of the start."""
        try:
            failed, body, moment = self._exchange.outcomes.get(timeout=TIMEOUT)
        except queue.Empty:
            raise TimeoutError(f"no answer within {TIMEOUT} s:\n{self.close()}") from None
        return Outcome(json.loads(body or b"null"), failed, moment - self.began)

    def close(self) -> str:
        """End the process, and return its output."""
        if self.process.poll() is None:
            self.process.kill()
        printed = self.process.communicate()[0] if self.process.stdout and not self.process.stdout.closed else b""
        self._server.shutdown()
        self._server.server_close()
        return printed.decode(errors="replace")


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Ignore the connection that a killed runtime drops."""


def _handler(exchange: _Exchange) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1

        def do_GET(self) -> None:
            identifier, event = exchange.events.get()
            self.send_response(200)
            self.send_header("Lambda-Runtime-Aws-Request-Id", identifier)
            self.send_header("Lambda-Runtime-Deadline-Ms", str(int((time.time() + 30) * 1000)))
            arn = "arn:aws:lambda:us-east-1:123456789012:function:rehearsal"
            self.send_header("Lambda-Runtime-Invoked-Function-Arn", arn)
            self._finish(event)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            exchange.outcomes.put((not self.path.endswith("/response"), body, time.perf_counter()))
            self.send_response(202)
            self._finish(b"{}")

        def _finish(self, body: bytes) -> None:
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    return Handler
