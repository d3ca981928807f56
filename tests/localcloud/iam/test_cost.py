"""What judging costs: it happens at every call, on the engine's thread for tasks."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from asl.engine.tasks import TaskRequest
from chalicelib.names import Names
from localcloud.http_messages import Request, Response
from localcloud.iam.function_role import FunctionRole
from localcloud.iam.permissions import Mode, Permissions

NAMES = Names(stage="local", region="us-east-1", account="123456789012")
ROLE = "arn:aws:iam::123456789012:role/flow"
MOST_SECONDS = 0.001
"""CPU seconds for one call, more than ten times what it takes."""
CALLS = 200


def cpu_seconds(call: Callable[[], Any]) -> float:
    call()  # reads models
    began = time.process_time()
    for _ in range(CALLS):
        call()
    return (time.process_time() - began) / CALLS


@pytest.fixture
def permissions(tmp_path: Path) -> Permissions:
    found = Permissions(Mode.ENFORCE, NAMES, FunctionRole(tmp_path, NAMES, "arn:aws:cognito-idp:::p"), lambda _: None)
    statements = [
        {"Effect": "Allow", "Action": f"dynamodb:Get{number}*", "Resource": f"arn:aws:dynamodb:*:*:table/{number}-*"}
        for number in range(50)
    ]
    condition = {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["${aws:PrincipalTag/team, 'a'}*"]}}
    own = {"Effect": "Allow", "Action": "dynamodb:*", "Resource": "*", "Condition": condition}
    found.put_flow(ROLE, {"Version": "2012-10-17", "Statement": [*statements, own]}, "flows/f.yml")
    return found


def test_a_task(permissions: Permissions) -> None:
    parameters = {"TableName": "t", "Key": {"id": {"S": "1"}}}
    machine = NAMES.state_machine_arn("flow")
    task = TaskRequest(
        "arn:aws:states:::dynamodb:getItem", parameters, "Get", "e", machine, None, None, None, role_arn=ROLE
    )
    assert permissions.authorize(task) is None
    assert cpu_seconds(lambda: permissions.authorize(task)) < MOST_SECONDS


def test_a_request(permissions: Permissions) -> None:
    key = permissions.credentials("f", "function f")["AWS_ACCESS_KEY_ID"]
    headers = {
        "authorization": f"AWS4-HMAC-SHA256 Credential={key}/20260101/us-east-1/dynamodb/aws4_request, Signature=x",
        "x-amz-target": "DynamoDB_20120810.GetItem",
    }
    body = json.dumps({"TableName": NAMES.runs_table, "Key": {"id": {"S": "1"}}}).encode()
    request = Request("POST", "/", "HTTP/1.1", headers, list(headers.items()), body)
    respond = permissions.guarded(lambda _: Response(200))
    assert respond(request).status == 200
    assert cpu_seconds(lambda: respond(request)) < MOST_SECONDS


def test_off_costs_nothing(tmp_path: Path) -> None:
    off = Permissions(Mode.OFF, NAMES, FunctionRole(tmp_path, NAMES, "p"), lambda _: None)

    def respond(_: Request) -> Response:
        return Response(200)

    assert off.guarded(respond) is respond
    assert off.credentials("f", "function f") == {}
