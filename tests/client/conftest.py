"""The client against the real server, as a user of its own."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from sdw_client import Client
from sdw_client.cli.app import run as run_command_line

from ..end_to_end.conftest import Aws, aws, server  # noqa: F401  (fixtures)
from ..end_to_end.server import Server

PASSWORD = "Correct-horse-7"


@dataclass(frozen=True)
class Account:
    """A user of the API."""

    url: str
    email: str
    password: str
    token: str


@dataclass(frozen=True)
class Ended:
    """How a command line ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> object:
        return json.loads(self.out)


Sdw = Callable[..., Ended]


@pytest.fixture(autouse=True)
def no_traces_of_the_developer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("SDW_URL", "SDW_TOKEN", "SDW_EMAIL", "SDW_PASSWORD", "SDW_STAGE", "MFA_CODE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SDW_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def account(server: Server, aws: Aws) -> Account:  # noqa: F811
    """A new user, whose runs no other test sees."""
    url, email = server.session["apiUrl"], f"{secrets.token_hex(8)}@example.com"
    config = Client(url, token="none").auth_config()
    cognito = aws("cognito-idp")
    pool = {"UserPoolId": config["userPoolId"], "Username": email}
    attributes = [{"Name": "email", "Value": email}]
    cognito.admin_create_user(**pool, MessageAction="SUPPRESS", UserAttributes=attributes)
    cognito.admin_set_user_password(**pool, Password=PASSWORD, Permanent=True)
    answer = cognito.initiate_auth(
        ClientId=config["userPoolClientId"],
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": email, "PASSWORD": PASSWORD},
    )
    return Account(url, email, PASSWORD, answer["AuthenticationResult"]["IdToken"])


def sign_out(account: Account, aws: Aws) -> None:  # noqa: F811
    """End the user's refresh tokens."""
    pool = Client(account.url).auth_config()["userPoolId"]
    aws("cognito-idp").admin_user_global_sign_out(UserPoolId=pool, Username=account.email)


@pytest.fixture
def client(account: Account) -> Iterator[Client]:
    with Client(account.url, token=account.token) as client:
        yield client


@pytest.fixture
def session_file(account: Account, tmp_path: Path) -> Path:
    """What `make run` writes into the folder of a project, for this user."""
    file = tmp_path / ".localcloud" / "session.json"
    file.parent.mkdir()
    file.write_text(json.dumps({"apiUrl": account.url, "idToken": account.token}))
    return file


@pytest.fixture
def sdw(capsys: pytest.CaptureFixture[str]) -> Sdw:
    """Runs the command `sdw`."""

    def run(*arguments: str) -> Ended:
        capsys.readouterr()
        code = run_command_line(arguments)
        captured = capsys.readouterr()
        return Ended(code, captured.out, captured.err)

    return run
