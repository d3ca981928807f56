"""A stage for the admin scripts, as a local cloud and as a deployed stack, both on moto's server."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from admin import common
from chalicelib.names import Names

REGION = "us-east-1"
DEPLOYED_STAGE = "dev"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}


@dataclass
class Outcome:
    """The result of a script: its exit code and its output."""

    code: int
    out: str
    err: str


@dataclass
class Cloud:
    """moto's server with a user pool, a usage table and the stack whose outputs name them."""

    endpoint: str
    stage: common.Stage
    project: Path
    environment: dict[str, str] = field(default_factory=dict)

    def record_usage(self, user: str, months: Mapping[str, int]) -> None:
        for month, calls in months.items():
            self.stage.dynamodb().put_item(
                TableName=self.stage.usage_table,
                Item={"userId": {"S": user}, "yearMonth": {"S": month}, "apiCalls": {"N": str(calls)}},
            )

    def script(self, name: str, *arguments: str, stdin: str = "", python: str | None = None, **env: str) -> Outcome:
        """Run `admin/NAME.py` like an operator, in the copy of the project that has the local cloud."""
        done = subprocess.run(
            [*([python] if python else []), str(self.project / "admin" / f"{name}.py"), *arguments],
            check=False,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=300,
            env={**self.environment, **env},
            cwd="/",
        )
        return Outcome(done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope="session")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what the scripts need from the project, with its own `.localcloud`."""
    root = tmp_path_factory.mktemp("project")
    shutil.copytree(common.PROJECT / "admin", root / "admin", ignore=shutil.ignore_patterns("__pycache__"))
    (root / "chalicelib").mkdir()
    for module in ("__init__.py", "names.py"):
        shutil.copy(common.PROJECT / "chalicelib" / module, root / "chalicelib" / module)
    (root / ".localcloud").mkdir()
    return root


@pytest.fixture(scope="session")
def clients(endpoint: str) -> dict[str, Any]:
    """Created once, since creating a client takes most of its time."""
    session = boto3.Session(
        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        region_name=REGION,
    )
    services = ("cognito-idp", "dynamodb", "cloudformation")
    return {service: session.client(service, endpoint_url=endpoint) for service in services}


@pytest.fixture
def cloud(endpoint: str, project: Path, clients: dict[str, Any]) -> Iterator[Cloud]:
    """A new pool and table; the local cloud of `project`, and the stack of stage `dev`."""
    cognito, dynamodb, stacks = clients["cognito-idp"], clients["dynamodb"], clients["cloudformation"]
    pool = cognito.create_user_pool(PoolName="users", UsernameAttributes=["email"])["UserPool"]["Id"]
    client = cognito.create_user_pool_client(UserPoolId=pool, ClientName="cli")["UserPoolClient"]["ClientId"]
    table = Names(stage="local", region=REGION, account="123456789012").usage_table
    dynamodb.create_table(
        TableName=table,
        KeySchema=[{"AttributeName": "userId", "KeyType": "HASH"}, {"AttributeName": "yearMonth", "KeyType": "RANGE"}],
        AttributeDefinitions=[
            {"AttributeName": "userId", "AttributeType": "S"},
            {"AttributeName": "yearMonth", "AttributeType": "S"},
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    outputs = {"UserPoolId": pool, "UserPoolClientId": client, "UsageTableName": table}
    stack = Names(stage=DEPLOYED_STAGE, region=REGION, account="").resource("").rstrip("-")
    stacks.create_stack(
        StackName=stack,
        TemplateBody=json.dumps(
            {
                "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}},
                "Outputs": {key: {"Value": value} for key, value in outputs.items()},
            }
        ),
    )
    environment = {
        **CREDENTIALS,
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_REGION": REGION,
        "STAGE": "local",
        "ACCOUNT_ID": "123456789012",
        "USER_POOL_ID": pool,
        "USER_POOL_CLIENT_ID": client,
    }
    (project / common.CLOUD_FILE).write_text(
        json.dumps({"endpoint": endpoint, "pid": os.getpid(), "environment": environment})
    )
    yield Cloud(
        endpoint=endpoint,
        stage=common.find_stage("local", project),
        project=project,
        # The environment of a shell, without AWS's variables; `python3` is the one that runs the tests.
        environment={"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "HOME": str(project)},
    )
    dynamodb.delete_table(TableName=table)
    stacks.delete_stack(StackName=stack)
    cognito.delete_user_pool(UserPoolId=pool)
