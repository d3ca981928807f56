"""The cloud of these tests, which enforces permissions, with a function and flows that need some."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from compiler.permissions.function_role import FILE
from localcloud.cloud import Cloud
from tests.localcloud.conftest import client_of

APP = """
    import boto3
    from botocore.config import Config
    from botocore.exceptions import ClientError

    def call(event, context):
        config = Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"})
        client = boto3.client(event["service"], config=config)
        try:
            answer = getattr(client, event["operation"])(**event.get("arguments", {}))
        except ClientError as error:
            return {"error": error.response["Error"], "status": error.response["ResponseMetadata"]["HTTPStatusCode"]}
        identity = {"arn": answer["Arn"]} if "Arn" in answer else {}
        return {"status": answer["ResponseMetadata"]["HTTPStatusCode"], **identity}
"""
CALL = """
    name: callFlow
    functions:
      - {name: Call, handler: call}
    definition:
      StartAt: Call
      States:
        Call: {Type: Task, Resource: "${CallArn}", End: true}
"""


@pytest.fixture(scope="module", autouse=True)
def project(cloud: Cloud) -> None:
    """Add to the project of the cloud what these tests run."""
    root = cloud.settings.root
    app = root / "app.py"
    app.write_text(app.read_text() + textwrap.dedent(APP))
    handler = root / "chalicelib" / "lib" / "call" / "handler.py"
    handler.parent.mkdir(parents=True)
    handler.write_text("def handler(event, context):\n    return {}\n")
    (root / "flows" / "callFlow.yml").write_text(textwrap.dedent(CALL))


Run = Callable[..., dict[str, Any]]
Granted = Callable[..., None]


def write_flow(
    cloud: Cloud, resource: str, parameters: Any, *, deny: str = "", allow: Any = None, **fields: Any
) -> None:
    """Write the flow `deniedFlow`: one task, whose role lacks an action, or has a statement of its own."""
    task = {"Type": "Task", "Resource": f"arn:aws:states:::{resource}", "Parameters": parameters, "End": True, **fields}
    permissions = {"deny": [deny] if deny else [], "allow": [allow] if allow else []}
    states = {"Call": task, **({"Caught": {"Type": "Succeed"}} if "Catch" in fields else {})}
    flow = {
        "name": "deniedFlow",
        "type": "EXPRESS",
        "permissions": permissions,
        "definition": {"StartAt": "Call", "States": states},
    }
    (cloud.settings.root / "flows" / "deniedFlow.yml").write_text(json.dumps(flow))


@pytest.fixture
def run(cloud: Cloud) -> Run:
    """Runs a flow to its end and returns the answer of DescribeExecution or StartSyncExecution."""
    states = client_of(cloud, "stepfunctions")

    def run(flow: str, **given: Any) -> dict[str, Any]:
        arn = cloud.names.state_machine_arn(flow)
        request = {"stateMachineArn": arn, "input": json.dumps(given)}
        if states.describe_state_machine(stateMachineArn=arn)["type"] == "EXPRESS":
            return dict(states.start_sync_execution(**request))
        execution = states.start_execution(**request)["executionArn"]
        while True:
            found = dict(states.describe_execution(executionArn=execution))
            if found["status"] != "RUNNING":
                return found

    return run


@pytest.fixture
def called(run: Run) -> Callable[..., dict[str, Any]]:
    """Has the function make a call, and returns its error, or the status of the answer."""

    def called(service: str, operation: str, **arguments: Any) -> dict[str, Any]:
        ended = run("callFlow", service=service, operation=operation, arguments=arguments)
        assert ended["status"] == "SUCCEEDED", ended
        answer: dict[str, Any] = json.loads(ended["output"])
        return answer

    return called


@pytest.fixture
def granted(cloud: Cloud) -> Iterator[Granted]:
    """Writes statements into `lambda-permissions.yml`."""
    file = cloud.settings.root / FILE

    def granted(*statements: dict[str, Any]) -> None:
        file.write_text(json.dumps({"iamRoleStatements": [{"Effect": "Allow", **item} for item in statements]}))

    yield granted
    file.unlink(missing_ok=True)
