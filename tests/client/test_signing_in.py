"""Where the address and the token come from."""

from __future__ import annotations

import json
import secrets
import stat
import time
from pathlib import Path

import pytest

from sdw_client import Client, NewPasswordRequired, NotSignedIn, SignInFailed, Unauthorized, UnexpectedAnswer
from sdw_client.auth import Login
from sdw_client.cognito import Credentials, Tokens
from sdw_client.drivers import SyncDriver
from sdw_client.logins import Logins, SavedLogin
from sdw_client.retry import Retry

from ..end_to_end.conftest import Aws
from .conftest import PASSWORD, Account, sign_out


def run_login(login: Login) -> str:
    driver = SyncDriver()
    try:
        return driver.run(login.token())
    finally:
        driver.close()


class TestPassword:
    def test_signs_in_once(self, account: Account) -> None:
        kept: list[Tokens] = []
        login = Login(account.url, Retry(), Credentials(account.email, account.password), keep=kept.append)
        assert run_login(login) == run_login(login)
        (tokens,) = kept
        assert 0 < tokens.expires_at - time.time() < 86_400

    def test_tokens_are_refreshed_before_they_expire(self, account: Account) -> None:
        kept: list[Tokens] = []
        run_login(Login(account.url, Retry(), Credentials(account.email, account.password), keep=kept.append))
        ending = Tokens("stale", kept[0].refresh_token, time.time() + 30)
        token = run_login(Login(account.url, Retry(), tokens=ending, keep=kept.append))
        assert token == kept[-1].id_token != "stale"
        assert kept[-1].refresh_token == kept[0].refresh_token
        with Client(account.url, token=token) as client:
            assert client.user().email == account.email

    def test_a_refused_token_is_replaced_once(self, account: Account, tmp_path: Path) -> None:
        logins = Logins(tmp_path / "config" / "logins.json")
        kept: list[Tokens] = []
        run_login(Login(account.url, Retry(), Credentials(account.email, account.password), keep=kept.append))
        forged = Tokens("x.y.z", kept[0].refresh_token, time.time() + 3600)  # such as one of a pool that was reset
        logins.keep(SavedLogin("dev", account.url, account.email, forged))
        with Client(stage="dev") as client:
            assert client.user().email == account.email
        assert logins.named("dev").tokens.id_token != "x.y.z"

    def test_an_ended_session(self, account: Account) -> None:
        with pytest.raises(NotSignedIn, match="sign in again"):
            run_login(Login(account.url, Retry(), tokens=Tokens("stale", "forged", 0.0)))

    def test_a_wrong_password(self, account: Account) -> None:
        with pytest.raises(SignInFailed, match="email or the password is wrong") as failure:
            Client(account.url, email=account.email, password="Wrong-horse-7").user()
        assert failure.value.code == "NotAuthorizedException"

    def test_a_new_password_must_be_chosen(self, account: Account, aws: Aws) -> None:
        email = f"{secrets.token_hex(8)}@example.com"
        pool = Client(account.url).auth_config()["userPoolId"]
        aws("cognito-idp").admin_create_user(
            UserPoolId=pool, Username=email, TemporaryPassword=PASSWORD, MessageAction="SUPPRESS"
        )
        with pytest.raises(NewPasswordRequired):
            Client(account.url, email=email, password=PASSWORD).user()
        chosen = "Correct-horse-8"
        assert Client(account.url, email=email, password=PASSWORD, new_password=chosen).user().id
        assert Client(account.url, email=email, password=chosen).user().id

    def test_a_new_password_that_nobody_asks_for_is_not_used(self, account: Account, aws: Aws) -> None:
        user = Credentials(account.email, account.password, new_password="Correct-horse-8")
        login = Login(account.url, Retry(), user)
        first = run_login(login)
        sign_out(account, aws)
        driver = SyncDriver()
        assert driver.run(login.renewed(first))
        driver.close()

    def test_half_of_a_user(self) -> None:
        with pytest.raises(TypeError, match="both email and password"):
            Client("https://api.example.com", email="ada@example.com")
        with pytest.raises(TypeError, match="both email and password"):
            Client("https://api.example.com", code="123456")

    def test_a_password_goes_nowhere_unencrypted(self) -> None:
        from sdw_client.auth import _safe

        with pytest.raises(UnexpectedAnswer, match="unencrypted"):
            _safe("http://pool.example.com", "https://api.example.com")
        assert _safe("http://127.0.0.1:8001/", "http://127.0.0.1:8000") == "http://127.0.0.1:8001"


class TestToken:
    def test_a_function_is_asked_again_after_a_refusal(self, account: Account) -> None:
        given = iter(["x.y.z", account.token])
        assert Client(account.url, token=lambda: next(given)).user().email == account.email

    def test_a_refused_token(self, account: Account) -> None:
        with pytest.raises(Unauthorized):
            Client(account.url, token="x.y.z").user()

    def test_bearer_may_stand_before_it(self, account: Account) -> None:
        assert Client(account.url, token=f"Bearer {account.token}\n").user().email == account.email


class TestWhatIsFound:
    def test_a_session_file_is_read_again(self, account: Account, session_file: Path) -> None:
        client = Client()
        assert client.user().email == account.email
        document = json.loads(session_file.read_text())
        session_file.write_text(json.dumps(document | {"idToken": "x.y.z"}))
        with pytest.raises(Unauthorized):
            client.user()
        session_file.write_text(json.dumps(document))
        assert client.user().email == account.email
        late = Client()
        session_file.unlink()  # as `make run` does when it ends
        assert client.user().email == account.email
        with pytest.raises(NotSignedIn, match="make run"):
            late.user()

    def test_a_folder_below_the_project(
        self, account: Account, session_file: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        folder = session_file.parent.parent / "flows" / "orders"
        folder.mkdir(parents=True)
        monkeypatch.chdir(folder)
        assert Client().url == account.url

    def test_arguments_before_environment_before_folder(
        self, session_file: Path, account: Account, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SDW_URL", "https://environment.example.com/api/")
        assert Client().url == "https://environment.example.com/api"
        assert Client("https://argument.example.com").url == "https://argument.example.com"
        with pytest.raises(NotSignedIn):  # the file's token is for its own address
            Client().user()
        monkeypatch.setenv("SDW_URL", account.url)
        monkeypatch.setenv("SDW_TOKEN", "x.y.z")
        with pytest.raises(Unauthorized):
            Client().user()
        assert Client(session=session_file).url == account.url

    def test_the_last_login(self, account: Account, tmp_path: Path) -> None:
        logins = Logins(tmp_path / "config" / "logins.json")
        tokens = Tokens(account.token, None, time.time() + 3600)
        logins.keep(SavedLogin("dev", account.url, account.email, tokens), as_last=True)
        logins.keep(SavedLogin("prod", "https://prod.example.com", account.email, tokens))
        assert Client().user().email == account.email
        assert Client(account.url).user().email == account.email
        assert Client(stage="prod").url == "https://prod.example.com"
        with pytest.raises(NotSignedIn, match="dev, prod"):
            Client(stage="staging")
        assert stat.S_IMODE(logins.file.stat().st_mode) == 0o600
        assert stat.S_IMODE(logins.file.parent.stat().st_mode) == 0o700

    def test_nothing(self, account: Account) -> None:
        with pytest.raises(NotSignedIn, match="sdw login"):
            Client()
        with pytest.raises(NotSignedIn, match="sdw login"):
            Client(account.url).user()
        with pytest.raises(NotSignedIn, match="https://"):
            Client("api.example.com")
        with pytest.raises(NotSignedIn, match="not a session file"):
            Client(session="nowhere.json")

    def test_another_server(self, account: Account) -> None:
        with pytest.raises(UnexpectedAnswer, match="address"):
            Client(f"{account.url}/console", email="a", password="b").user()
