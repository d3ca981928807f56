"""A cloud that remembers which operations were called, by whom."""

from __future__ import annotations

import functools
import json
import re
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote

from localcloud.cloud import Cloud
from localcloud.http_server import Request, Response
from localcloud.settings import CloudSettings

DEPLOYER = "deployer"
"""The access key of the person who deploys."""
# How IAM calls services that sign their requests, or name their operations, otherwise.
_IAM_NAMES = {"monitoring": "cloudwatch"}


@dataclass(frozen=True)
class Call:
    """An operation as IAM names it, and the resource if the request says."""

    action: str
    resource: str = "*"


class RecordedCloud:
    """A local cloud in this process, with no project in it, and the calls that were made with each access key."""

    def __init__(self, folder: Path) -> None:
        (folder / "flows").mkdir(parents=True)
        self.cloud = Cloud(CloudSettings(root=folder, port=0))
        self.cloud.start()
        self.cloud.deploy_project()
        self.calls: dict[str, set[Call]] = {}
        self.refused: list[tuple[Request, Response]] = []
        self._lock = threading.Lock()
        self._respond = self.cloud.router.respond
        self.cloud.router.respond = self.respond  # type: ignore[method-assign]

    def respond(self, request: Request) -> Response:
        response = self._respond(request)
        key, service, region = _signature(request)
        if key:
            calls = _calls(request, service, region, self.cloud.settings.account)
            with self._lock:
                self.calls.setdefault(key, set()).update(calls)
                if response.status >= 400:
                    self.refused.append((request, response))
        return response

    def calls_of(self, keys: Iterable[str]) -> set[Call]:
        """The calls made with any of the access keys."""
        return {call for key in keys for call in self.calls.get(key, ())}

    def variables(self) -> dict[str, str]:
        """What a command must have in its environment to deploy here."""
        return {
            "AWS_ENDPOINT_URL": self.cloud.endpoint,
            "AWS_ACCESS_KEY_ID": DEPLOYER,
            "AWS_SECRET_ACCESS_KEY": DEPLOYER,
        }

    def client(self, service: str) -> Any:
        """A boto3 client of the cloud, whose calls are not the deployer's."""
        import boto3

        session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name="us-east-1")
        make: Any = session.client
        return make(service, endpoint_url=self.cloud.endpoint)

    def close(self) -> None:
        self.cloud.close()


def _signature(request: Request) -> tuple[str, str, str]:
    """Access key, service and region of a signed request."""
    _, found, credential = request.headers.get("authorization", "").partition("Credential=")
    parts = credential.split(",", 1)[0].split("/")
    return (parts[0], parts[3], parts[2]) if found and len(parts) == 5 else ("", "", "")


def _calls(request: Request, service: str, region: str, account: str) -> list[Call]:
    """What IAM has to allow for a request: the operation, and that a role is passed on."""
    prefix = _IAM_NAMES.get(service, service)
    target = request.headers.get("x-amz-target")
    body = request.body.decode("utf-8", "replace")
    path = unquote(request.target.partition("?")[0])
    if target:
        action = target.rpartition(".")[2]
        return [Call(f"{prefix}:{action}", _json_resource(service, action, json.loads(body or "{}"), region, account))]
    if "Action=" in body[:2000]:
        form = parse_qs(body)
        return [Call(f"{prefix}:{form['Action'][0]}", _form_resource(service, form, region, account))]
    if service == "apigateway":  # IAM knows its paths and methods, and no operations
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


def _json_resource(service: str, action: str, document: dict[str, Any], region: str, account: str) -> str:
    if service == "logs":
        # IAM asks for this of DescribeLogGroups, whatever prefix it has
        group = ":log-stream:" if action == "DescribeLogGroups" else document.get("logGroupName", "*")
        return f"arn:aws:logs:{region}:{account}:log-group:{group}"
    if service == "ssm" and "Name" in document:
        return f"arn:aws:ssm:{region}:{account}:parameter{document['Name']}"
    return str(document.get("stateMachineArn") or "*")
