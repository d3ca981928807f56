"""Recipes on the real server: a project in which all of them are installed, and nothing else."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from admin.recipes import COOKBOOK, copy_recipe, recipes
from tests.end_to_end import server as servers
from tests.end_to_end.client import Client, eventually
from tests.end_to_end.server import Server


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    project = servers.copy_project(tmp_path / "project", overlay=False)
    shutil.rmtree(project / "flows")
    for folder in (project / "chalicelib" / "lib").iterdir():
        if folder.is_dir():
            shutil.rmtree(folder)
    for recipe in recipes():
        copy_recipe(recipe, project)
    running = servers.start(project)
    yield running
    running.stop()


def test_recipes_over_http(server: Server) -> None:
    """One test, since starting the server takes longer than all of it."""
    client = Client(server.session["apiUrl"], server.session["idToken"])
    session = boto3.Session(aws_access_key_id="local", aws_secret_access_key="local", region_name="us-east-1")

    def aws(service: str) -> Any:
        return session.client(service, endpoint_url=server.session["awsEndpoint"])

    assert client.get("/flows").json()["count"] == len(list(COOKBOOK.glob("*/flows/*.yml")))
    a_file_from_s3(client, aws("s3"))
    an_approval(client, server)
    a_webhook(client, aws("ssm"), aws("stepfunctions"))


def a_file_from_s3(client: Client, s3: Any) -> None:
    bucket = "rate-file-123456789012"
    s3.create_bucket(Bucket=bucket)
    rows = "".join(f"{n},{n * 10}\n" for n in range(250))
    s3.put_object(Bucket=bucket, Key="orders.csv", Body=f"id,amount\n{rows}")
    run = client.run("rateFile", {"key": "orders.csv"})
    assert run["status"] == "SUCCEEDED", run

    def read(key: str) -> Any:
        return json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())

    files = read(run["output"]["manifest"])["ResultFiles"]["SUCCEEDED"]
    rated = [row for file in files for batch in read(file["Key"]) for row in json.loads(batch["Output"])]
    assert len(rated) == 250
    assert sum(row["rating"] == "high" for row in rated) == 150


def an_approval(client: Client, server: Server) -> None:
    started = client.start("approvePurchase", {"item": "A desk", "amount": 450})
    asked = eventually(lambda: re.search(r"approval requested: (\{.*\})", server.log))
    link = json.loads(asked[1])["link"].removeprefix(server.session["apiUrl"])
    anyone = Client(server.session["apiUrl"])
    assert anyone.post(link, {"decision": "reject", "data": {"note": "x"}}).status_code == 422
    answer = anyone.post(link, {"decision": "reject", "data": {"comment": "too expensive"}})
    assert answer.status_code == 200, answer.text
    run = client.poll("approvePurchase", started["executionId"])
    assert run["output"] == {"status": "refused", "by": "somebody with the link", "comment": "too expensive"}
    assert anyone.post(link, {"decision": "approve"}).status_code == 409


def a_webhook(client: Client, ssm: Any, states: Any) -> None:
    name = "/serverless-dynamic-workflows/local/WEBHOOK_SECRET"
    ssm.put_parameter(Name=name, Type="SecureString", Value="shared")
    body = json.dumps({"id": "evt_1", "type": "payment.succeeded", "amount": 25})
    signature = hmac.new(b"shared", body.encode(), hashlib.sha256).hexdigest()
    signed = {"X-Signature": f"sha256={signature}", "Content-Type": "application/json"}
    forged = {**signed, "X-Signature": "sha256=" + "0" * 64}
    statuses = [
        client.call("POST", "/lib/receive_webhook", data=body, headers=headers).status_code
        for headers in (forged, signed, signed)
    ]
    assert statuses == [403, 202, 202]
    (machine,) = (
        machine["stateMachineArn"]
        for machine in states.list_state_machines()["stateMachines"]
        if machine["name"].endswith("-paymentEvent")
    )
    (run,) = eventually(lambda: states.list_executions(stateMachineArn=machine, statusFilter="SUCCEEDED")["executions"])
    output = states.describe_execution(executionArn=run["executionArn"])["output"]
    assert json.loads(output) == {"recorded": "evt_1", "amount": 25}
    assert client.post("/run/paymentEvent", json.loads(body)).status_code == 403  # only for admins
