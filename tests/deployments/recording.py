"""A local cloud that records which operations were called, and by whom."""

from __future__ import annotations

import functools
import json
import os
import re
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote

from localcloud.cloud import build
from localcloud.endpoint import Router
from localcloud.foundation import Foundation
from localcloud.http_messages import Request, Response
from localcloud.settings import CloudSettings
from localcloud.sockets import listen
from tests.end_to_end.server import PROJECT

DEPLOYER = "deployer"
"""The deployer's access key."""
# IAM's names of services that have another name in signatures or operations.
_IAM_NAMES = {"monitoring": "cloudwatch"}


@dataclass(frozen=True)
class Call:
    """An operation as IAM names it, and its resource if the request names one."""

    action: str
    resource: str = "*"


class RecordedCloud:
    """A local cloud without a project, in its own process, since moto's services exist once per process."""

    def __init__(self, folder: Path) -> None:
        (folder / "flows").mkdir(parents=True)
        self._calls = folder / "calls.jsonl"
        self._log = (folder / "log").open("wb")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.deployments.recording", str(folder)],
            cwd=PROJECT,
            stdout=subprocess.PIPE,
            stderr=self._log,
        )
        assert self._process.stdout is not None
        self.endpoint = self._process.stdout.readline().decode().strip()
        if not self.endpoint:
            self.close()
            raise RuntimeError((folder / "log").read_text())

    def calls_of(self, key: str) -> set[Call]:
        """The calls with an access key."""
        entries = map(json.loads, self._calls.read_text().splitlines())
        return {Call(entry["action"], entry["resource"]) for entry in entries if entry["key"] == key}

    def variables(self) -> dict[str, str]:
        """The environment variables that a command needs to deploy here."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": DEPLOYER,
            "AWS_SECRET_ACCESS_KEY": DEPLOYER,
        }

    def client(self, service: str) -> Any:
        """A boto3 client of the cloud, whose calls are not the deployer's."""
        import boto3
        from botocore.config import Config

        patient = Config(read_timeout=300, retries={"total_max_attempts": 1})
        session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name="us-east-1")
        make: Any = session.client
        return make(service, endpoint_url=self.endpoint, config=patient)

    def close(self) -> None:
        """End the cloud."""
        self._process.terminate()
        try:
            self._process.wait(60)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()
        if self._process.stdout is not None:
            self._process.stdout.close()


class Recorder:
    """Records each call once: who, what, and on which resource."""

    def __init__(self, account: str, file: Path) -> None:
        self._account = account
        self._file = file
        self._seen: set[tuple[str, Call]] = set()
        self._lock = threading.Lock()
        file.touch()

    def record(self, request: Request) -> None:
        key, service, region = _signature(request)
        if key:
            for call in _calls(request, service, region, self._account):
                self._write(key, call)

    def _write(self, key: str, call: Call) -> None:
        with self._lock:
            if (key, call) not in self._seen:
                self._seen.add((key, call))
                with self._file.open("a") as file:
                    file.write(json.dumps({"key": key, "action": call.action, "resource": call.resource}) + "\n")


def main(folder: Path) -> None:
    """Serve a cloud until SIGTERM, or until the parent process ends."""
    stopped = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    parent = os.getppid()
    settings = CloudSettings(root=folder)
    recorder = Recorder(settings.account, folder / "calls.jsonl")
    answer = Router.respond

    def respond(router: Router, request: Request) -> Response:
        recorder.record(request)
        return answer(router, request)

    Router.respond = respond  # type: ignore[method-assign]
    cloud = build(Foundation(settings, listen(0, "AWS_PORT")))
    print(cloud.endpoint, flush=True)
    while not stopped.wait(1) and os.getppid() == parent:
        pass
    cloud.close()
    os._exit(0)  # finalising moto's objects takes a second or two


def _signature(request: Request) -> tuple[str, str, str]:
    """Access key, service and region of a signed request."""
    _, found, credential = request.headers.get("authorization", "").partition("Credential=")
    parts = credential.split(",", 1)[0].split("/")
    return (parts[0], parts[3], parts[2]) if found and len(parts) == 5 else ("", "", "")


def _calls(request: Request, service: str, region: str, account: str) -> list[Call]:
    """What IAM must allow for a request: the operation, and passing a role."""
    prefix = _IAM_NAMES.get(service, service)
    target = request.headers.get("x-amz-target")
    body = request.body.decode("utf-8", "replace")
    path = unquote(request.target.partition("?")[0])
    if target:
        action = target.rpartition(".")[2]
        document = json.loads(body or "{}")
        return [
            Call(f"{prefix}:{action}", resource)
            for resource in _json_resources(service, action, document, region, account)
        ]
    if "Action=" in body[:2000]:
        form = parse_qs(body)
        return [Call(f"{prefix}:{form['Action'][0]}", _form_resource(service, form, region, account))]
    if service == "apigateway":  # in IAM it has paths and methods instead of operations
        return [Call(f"apigateway:{request.method}", f"arn:aws:apigateway:{region}::{path}")]
    if service == "s3":
        return [Call(f"s3:{request.method}", f"arn:aws:s3:::{path.lstrip('/')}")]
    document = json.loads(body) if service == "lambda" and body else {}
    name = document.get("FunctionName", "")
    calls = [
        Call(f"{service}:{_operation(service, request.method, path)}", _rest_resource(path, name, region, account))
    ]
    if "Role" in document:
        calls.append(Call("iam:PassRole", document["Role"]))
    return calls


@functools.cache
def _routes(service: str) -> list[tuple[str, re.Pattern[str], str]]:
    import botocore.session

    model = botocore.session.get_session().get_service_model(service)
    routes = []
    for name in model.operation_names:
        http = model.operation_model(name).http
        uri = http["requestUri"].partition("?")[0].rstrip("/")
        pattern = re.sub(r"\\\{[^}]+?\\\}", "[^/]+", re.escape(uri).replace(r"\+", ""))
        routes.append((http["method"], re.compile(pattern + "/?$"), name))
    return sorted(routes, key=lambda route: route[1].pattern.count("[^/]+"))


def _operation(service: str, method: str, path: str) -> str:
    """The operation of a request to a REST API, as IAM names it."""
    name = next((name for verb, pattern, name in _routes(service) if verb == method and pattern.match(path)), "")
    assert name, f"{service}: {method} {path} is no operation"
    return {"Invoke": "InvokeFunction"}.get(name, name.partition("2015")[0])


def _rest_resource(path: str, name: str, region: str, account: str) -> str:
    """The function that a request to Lambda is about, by its path or by the name in its body."""
    if found := re.search(r"(arn:aws:lambda:[^/]+)", path):
        return found[1]
    found = re.search(r"/functions/([^/]+)", path)
    name = found[1] if found else name
    return f"arn:aws:lambda:{region}:{account}:function:{name}" if name else "*"


def _form_resource(service: str, form: dict[str, list[str]], region: str, account: str) -> str:
    if service == "cloudformation" and (names := form.get("StackName")):
        name = names[0]
        return name if name.startswith("arn:") else f"arn:aws:cloudformation:{region}:{account}:stack/{name}/id"
    if "RoleName" in form:
        return f"arn:aws:iam::{account}:role/{form['RoleName'][0]}"
    return form.get("RoleArn", ["*"])[0]


def _json_resources(service: str, action: str, document: dict[str, Any], region: str, account: str) -> list[str]:
    if service == "logs":
        # IAM requires this for DescribeLogGroups with any prefix
        group = ":log-stream:" if action == "DescribeLogGroups" else document.get("logGroupName", "*")
        return [f"arn:aws:logs:{region}:{account}:log-group:{group}"]
    if service == "ssm" and (names := document.get("Names") or [document.get("Name", "")]):
        return [f"arn:aws:ssm:{region}:{account}:parameter{name}" for name in names]
    if service == "cognito-idp" and "UserPoolId" in document:
        return [f"arn:aws:cognito-idp:{region}:{account}:userpool/{document['UserPoolId']}"]
    if service == "dynamodb" and "TableName" in document:
        return [f"arn:aws:dynamodb:{region}:{account}:table/{document['TableName']}"]
    return [str(document.get("stateMachineArn") or document.get("stateMachineAliasArn") or "*")]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
