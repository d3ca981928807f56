"""The API over HTTP, through boto3: our endpoint over the service and moto. Functions are Python functions."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config

from localcloud.browsers import AllowedHosts, AllowedOrigins
from localcloud.endpoint import Router, endpoint_server
from localcloud.moto_app import MotoApplication
from localcloud.schedules import ScheduleChanges
from localcloud.sockets import listen
from stepfunctions import Invocation, Service

REGION = "us-east-1"
ACCOUNT = "123456789012"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/role"
LAMBDA = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:"


class Functions:
    """A `FunctionInvoker` over Python functions of the event, by name."""

    def __init__(self) -> None:
        self.by_name: dict[str, Callable[[Any], Any]] = {}

    def invoke(self, function: str, payload: bytes, on_done: Callable[[Invocation], None]) -> None:
        name = function.removeprefix(LAMBDA)
        if name not in self.by_name:
            raise LookupError(function)

        def work() -> None:
            try:
                result = Invocation(json.dumps(self.by_name[name](json.loads(payload))).encode())
            except Exception as error:
                document = {
                    "errorMessage": str(error),
                    "errorType": type(error).__name__,
                    "requestId": "r",
                    "stackTrace": [],
                }
                result = Invocation(json.dumps(document).encode(), "Unhandled", "r")
            on_done(result)

        threading.Thread(target=work, daemon=True).start()


class Lab:
    """A service with its own endpoint."""

    def __init__(self) -> None:
        self.functions = Functions()
        listener = listen(0, "AWS_PORT")
        port = listener.getsockname()[1]
        self.endpoint = f"http://127.0.0.1:{port}"
        self.events: list[dict[str, Any]] = []
        self.service = Service(
            self.functions,
            self.endpoint,
            on_status_change=self.events.append,
            region=REGION,
            account=ACCOUNT,
            poll_seconds=0.3,
        )
        moto = MotoApplication(port, ACCOUNT)
        router = Router(self.service, _NoLambda(), moto, moto, moto, ScheduleChanges(), "us-east-1")  # type: ignore[arg-type]
        self.server = endpoint_server(router.respond, listener, AllowedHosts(), AllowedOrigins(frozenset()))
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        self._clients: dict[str, Any] = {}
        self.sfn = self.client("stepfunctions")

    def client(self, service: str) -> Any:
        if service not in self._clients:
            self._clients[service] = boto3.client(
                service,
                endpoint_url=self.endpoint,
                region_name=REGION,
                aws_access_key_id="test",
                aws_secret_access_key="test",
                config=Config(inject_host_prefix=False, retries={"total_max_attempts": 1}, max_pool_connections=64),
            )
        return self._clients[service]

    def close(self) -> None:
        self.server.shutdown()
        self.service.close()
        self.server.server_close()

    def create(self, name: str, definition: dict[str, Any], **arguments: Any) -> str:
        arguments = {"roleArn": ROLE, **arguments}
        answer = self.sfn.create_state_machine(name=name, definition=json.dumps(definition), **arguments)
        return str(answer["stateMachineArn"])

    def start(self, machine_arn: str, value: Any = None, **arguments: Any) -> str:
        written = json.dumps({} if value is None else value)
        return str(self.sfn.start_execution(stateMachineArn=machine_arn, input=written, **arguments)["executionArn"])

    def finished(self, execution_arn: str) -> dict[str, Any]:
        return self.until(
            lambda: self.sfn.describe_execution(executionArn=execution_arn), lambda found: found["status"] != "RUNNING"
        )

    def run(self, definition: dict[str, Any], value: Any = None, name: str | None = None) -> dict[str, Any]:
        return self.finished(self.start(self.create(name or f"m{time.monotonic_ns()}", definition), value))

    def run_task(self, resource: str, parameters: Any, value: Any = None) -> dict[str, Any]:
        return self.run(one("Task", Resource=resource, Parameters=parameters), value)

    @staticmethod
    def until(look: Callable[[], Any], holds: Callable[[Any], Any], seconds: float = 30) -> Any:
        """Return what `look` returns once `holds` accepts it. The test fails if that takes too long."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            found = look()
            if holds(found):
                return found
            time.sleep(0.01)
        raise AssertionError(f"still {found!r} after {seconds} seconds")


class _NoLambda:
    """Lambda's API, which these tests don't call."""


def one(kind: str, **fields: Any) -> dict[str, Any]:
    """Return a definition with one state."""
    leads = {} if kind in ("Succeed", "Fail") or "Choices" in fields else {"End": True}
    return {"StartAt": "A", "States": {"A": {"Type": kind, **fields, **leads}}}


WAITING = one("Wait", Seconds=3600)
PASSING = one("Pass")


@pytest.fixture
def lab() -> Iterator[Lab]:
    lab = Lab()
    yield lab
    lab.close()


@pytest.fixture
def sfn(lab: Lab) -> Any:
    return lab.sfn
