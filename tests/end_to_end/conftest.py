"""One server for all test processes of a run, and users of it."""

from __future__ import annotations

import fcntl
import json
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from . import server as servers
from .client import Client
from .server import Server

Aws = Callable[[str], Any]
MakeUser = Callable[..., Client]


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[Server]:
    """The server. With pytest-xdist, the first process that needs it starts it and the last one stops it."""
    shared = tmp_path_factory.getbasetemp() if worker_id == "master" else tmp_path_factory.getbasetemp().parent
    project = shared / "end-to-end"
    with locked(project) as state:
        if not state.get("users"):
            running = servers.start(
                servers.copy_project(project / f"project-{secrets.token_hex(4)}"),
                WEBHOOK_NETWORKS="127.0.0.0/8",  # where the receivers of webhooks are
            )
            state |= {"project": str(running.project), "pid": running.pid, "mark": running.mark, "users": 0}
        else:
            running = Server(Path(state["project"]), state["pid"], state["mark"])
        state["users"] += 1
    yield running
    with locked(project) as state:
        state["users"] -= 1
        if not state["users"]:
            running.stop()


@contextmanager
def locked(folder: Path) -> Iterator[dict[str, Any]]:
    """The shared state of the test processes, which only one of them may change at a time."""
    folder.mkdir(exist_ok=True)
    with (folder / "state.json").open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        state = json.loads(file.read() or "{}")
        yield state
        file.truncate(0)
        file.write(json.dumps(state))


@pytest.fixture
def demo(server: Server) -> Client:
    """The demo user of session.json."""
    return Client(server.session["apiUrl"], server.session["idToken"])


@pytest.fixture
def nobody(server: Server) -> Client:
    """An anonymous client."""
    return Client(server.session["apiUrl"])


@pytest.fixture(scope="session")
def aws(server: Server) -> Aws:
    """boto3 clients of the local cloud, by service."""
    session = boto3.Session(aws_access_key_id="local", aws_secret_access_key="local", region_name="us-east-1")
    config = Config(retries={"total_max_attempts": 1})
    return lambda service: session.client(service, endpoint_url=server.session["awsEndpoint"], config=config)


@pytest.fixture
def make_user(server: Server, aws: Aws) -> MakeUser:
    """Makes a user, in groups if named, and signs it in."""
    config = Client(server.session["apiUrl"]).get("/auth/config").json()
    cognito = aws("cognito-idp")

    def make(*groups: str) -> Client:
        tokens = sign_up(cognito, config["userPoolId"], config["userPoolClientId"], *groups)
        return Client(server.session["apiUrl"], tokens["IdToken"])

    return make


PASSWORD = "Correct-horse-7"
"""The password of users that sign up here."""


def sign_up(cognito: Any, pool: str, client: str, *groups: str) -> dict[str, str]:
    """Creates a user in a pool, in groups if named, and returns its tokens."""
    email, password = f"{secrets.token_hex(8)}@example.com", PASSWORD
    cognito.admin_create_user(
        UserPoolId=pool,
        Username=email,
        MessageAction="SUPPRESS",
        UserAttributes=[{"Name": "email", "Value": email}, {"Name": "email_verified", "Value": "true"}],
    )
    cognito.admin_set_user_password(UserPoolId=pool, Username=email, Password=password, Permanent=True)
    for group in groups:
        with suppress(cognito.exceptions.GroupExistsException):
            cognito.create_group(UserPoolId=pool, GroupName=group)
        cognito.admin_add_user_to_group(UserPoolId=pool, Username=email, GroupName=group)
    tokens: dict[str, str] = cognito.initiate_auth(
        ClientId=client,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": email, "PASSWORD": password},
    )["AuthenticationResult"]
    return tokens


@pytest.fixture
def user(make_user: MakeUser) -> Client:
    """A new user, whose runs and usage no other test touches."""
    return make_user()


@pytest.fixture
def started() -> Iterator[Callable[..., Server]]:
    """Starts servers of a test's own, and ends them with it."""
    running: list[Server] = []

    def start(project: Path, command: tuple[str, ...] = (), **variables: str) -> Server:
        running.append(servers.start(project, command, **variables))
        return running[-1]

    yield start
    for one in running:
        one.stop()
