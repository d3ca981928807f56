from __future__ import annotations

import io
import json
import os
import pty
import subprocess
import sys

import pytest
from jose import jwt

from admin import common, create_user, get_user_token, list_users
from localcloud import user_pools
from tests import authenticator

from .conftest import Cloud

EMAIL = "jane@example.com"


@pytest.fixture
def here(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    """Lets scripts in this process find the tests' local cloud."""
    monkeypatch.setattr(common, "find_stage", lambda _: cloud.stage)
    return cloud


def created(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, str]:
    assert create_user.main(["--email", EMAIL, "--json", *arguments]) == 0
    document: dict[str, str] = json.loads(capsys.readouterr().out)
    return document


def groups_of(cloud: Cloud, email: str) -> list[str]:
    answer = cloud.stage.cognito().admin_list_groups_for_user(UserPoolId=cloud.stage.user_pool_id, Username=email)
    return [group["GroupName"] for group in answer["Groups"]]


class TestCreateUser:
    def test_as_an_operator_does(self, cloud: Cloud) -> None:
        outcome = cloud.script("create_user", "--email", EMAIL)
        assert outcome.code == 0, outcome.err
        assert f"Created {EMAIL} in stage local.\n" in outcome.out
        assert outcome.out.endswith("The password is not shown again.\n")
        password = outcome.out.split("Password: ")[1].split("\n")[0]
        token = cloud.script("get_user_token", "--email", EMAIL, "--password", password)
        assert token.code == 0, token.err
        assert jwt.get_unverified_claims(token.out.strip())["token_use"] == "id"

    def test_the_user_is_confirmed_and_has_the_printed_id(
        self, here: Cloud, capsys: pytest.CaptureFixture[str]
    ) -> None:
        document = created(capsys)
        user = here.stage.cognito().admin_get_user(UserPoolId=here.stage.user_pool_id, Username=EMAIL)
        assert user["UserStatus"] == "CONFIRMED"
        known = common.attributes(user["UserAttributes"])
        assert document["userId"] == known["sub"] == common.user_id(here.stage, EMAIL)
        assert (known["email"], known["email_verified"]) == (EMAIL, "true")
        assert document["groups"] == []

    def test_a_new_group_is_created_and_reported(self, here: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
        assert create_user.main(["--email", EMAIL, "--group", "admin"]) == 0
        assert capsys.readouterr().err == "Created the group admin.\n"
        assert groups_of(here, EMAIL) == ["admin"]
        assert create_user.main(["--email", "second@example.com", "--group", "admin"]) == 0
        assert capsys.readouterr().err == ""
        assert groups_of(here, "second@example.com") == ["admin"]

    @pytest.mark.usefixtures("here")
    def test_a_user_that_exists_keeps_its_password(self, here: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
        password = created(capsys)["password"]
        assert create_user.main(["--email", EMAIL]) == common.REFUSED
        assert f"stage local already has a user {EMAIL}" in capsys.readouterr().err
        assert here.script("get_user_token", "--email", EMAIL, "--password", password).code == 0

    def test_a_user_that_cannot_be_finished_is_not_left_behind(
        self, here: Cloud, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(create_user, "generate_password", lambda: "short")
        assert create_user.main(["--email", EMAIL]) == common.REFUSED
        assert "AdminSetUserPassword failed with InvalidPassword" in capsys.readouterr().err
        assert here.stage.cognito().list_users(UserPoolId=here.stage.user_pool_id)["Users"] == []

    def test_passwords_meet_every_rule_and_never_repeat(self) -> None:
        passwords = [create_user.generate_password() for _ in range(200)]
        assert len(set(passwords)) == 200
        for password in passwords:
            assert len(password) == create_user.PASSWORD_LENGTH
            assert password[0].isalpha()
            assert any(c.islower() for c in password)
            assert any(c.isupper() for c in password)
            assert any(c.isdigit() for c in password)
            assert any(c in create_user.SYMBOLS for c in password)


class TestGetUserToken:
    def test_prints_only_the_token(self, here: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
        user = created(capsys, "--group", "admin")
        outcome = here.script("get_user_token", "--email", EMAIL, stdin=user["password"] + "\n")
        assert (outcome.code, outcome.err) == (0, "")
        assert outcome.out.count("\n") == 1
        claims = jwt.get_unverified_claims(outcome.out.strip())
        assert claims["sub"] == user["userId"]
        assert claims["aud"] == here.stage.user_pool_client_id
        assert claims["cognito:groups"] == ["admin"]

    def test_json_says_how_long_it_is_good_for(self, here: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
        password = created(capsys)["password"]
        outcome = here.script("get_user_token", "--email", EMAIL, "--password", password, "--json")
        document = json.loads(outcome.out)
        assert set(document) == {"idToken", "accessToken", "refreshToken", "expiresIn"}
        uses = [jwt.get_unverified_claims(document[name])["token_use"] for name in ("idToken", "accessToken")]
        assert uses == ["id", "access"] and document["refreshToken"]
        assert document["expiresIn"] > 0

    def test_the_password_may_be_in_the_environment(self, here: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
        password = created(capsys)["password"]
        outcome = here.script("get_user_token", "--email", EMAIL, PASSWORD=password)
        assert outcome.code == 0, outcome.err
        assert jwt.get_unverified_claims(outcome.out.strip())["email"] == EMAIL

    def test_asks_on_a_terminal_without_echo(self, here: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
        password = created(capsys)["password"]
        ours, theirs = pty.openpty()
        process = subprocess.Popen(
            [sys.executable, str(here.project / "admin" / "get_user_token.py"), "--email", EMAIL],
            stdin=theirs,
            stdout=subprocess.PIPE,
            stderr=theirs,
            start_new_session=True,  # no controlling terminal, so that getpass asks on standard input
            env=here.environment,
        )
        os.close(theirs)
        shown = b""
        while b"Password of " not in shown:
            shown += os.read(ours, 1024)
        os.write(ours, password.encode() + b"\n")
        assert process.stdout is not None
        token = process.stdout.read().decode()
        process.stdout.close()
        assert process.wait(30) == 0
        try:
            while more := os.read(ours, 1024):
                shown += more
        except OSError:  # the other end is closed
            pass
        os.close(ours)
        assert jwt.get_unverified_claims(token.strip())["email"] == EMAIL
        assert password.encode() not in shown

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (["--password", "Wrong-1-password"], f"wrong email or password for {EMAIL}, or the user is disabled"),
            ([], "no password: use --password or PASSWORD=..., or pass the password on standard input"),
        ],
    )
    def test_refused(self, here: Cloud, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str) -> None:
        created(capsys)
        outcome = here.script("get_user_token", "--email", EMAIL, *arguments)
        assert (outcome.code, outcome.out) == (common.REFUSED, "")
        assert outcome.err == f"get_user_token.py: {message}\n"

    def test_no_such_user(self, cloud: Cloud) -> None:
        outcome = cloud.script("get_user_token", "--email", EMAIL, "--password", "x")
        assert outcome.code == common.REFUSED
        assert outcome.err.endswith(f"stage local has no user {EMAIL}; ./admin/list_users.py lists them\n")

    def test_a_temporary_password(self, here: Cloud) -> None:
        here.stage.cognito().admin_create_user(
            UserPoolId=here.stage.user_pool_id, Username=EMAIL, TemporaryPassword="Temp-1-word"
        )
        outcome = here.script("get_user_token", "--email", EMAIL, "--password", "Temp-1-word")
        assert outcome.code == common.REFUSED
        assert "Cognito requires NEW_PASSWORD_REQUIRED" in outcome.err


class TestMultiFactorAuthentication:
    @pytest.fixture(autouse=True)
    def as_cognito_does(self) -> None:
        user_pools.install()

    def set_mfa(self, here: Cloud, configuration: str) -> None:
        here.stage.cognito().set_user_pool_mfa_config(
            UserPoolId=here.stage.user_pool_id,
            MfaConfiguration=configuration,  # type: ignore[arg-type]
            SoftwareTokenMfaConfiguration={"Enabled": True},
        )

    def sign_in(
        self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *arguments: str, typed: str = ""
    ) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
        code = get_user_token.main(["--email", EMAIL, *arguments])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    def test_a_user_adds_an_app_and_then_needs_its_code(
        self, here: Cloud, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        password = created(capsys)["password"]
        self.set_mfa(here, "OPTIONAL")
        known = ("--password", password)
        code, token, _ = self.sign_in(capsys, monkeypatch, *known)
        assert (code, jwt.get_unverified_claims(token.strip())["email"]) == (0, EMAIL)
        code, _, told = self.sign_in(capsys, monkeypatch, *known, "--set-up-mfa", typed="000000\n")
        assert code == common.REFUSED
        assert f"wrong code for {EMAIL}" in told
        secret = told.split("app: ")[1].split("\n")[0]
        assert f"otpauth://totp/local%3Ajane%40example.com?secret={secret}&issuer=local" in told
        code, token, told = self.sign_in(
            capsys, monkeypatch, *known, "--set-up-mfa", typed=authenticator.code(secret) + "\n"
        )
        assert (code, jwt.get_unverified_claims(token.strip())["email"]) == (0, EMAIL)
        assert told.endswith(f"{EMAIL} now signs in with the app's code.\n")

        code, token, told = self.sign_in(capsys, monkeypatch, *known)
        assert (code, token) == (common.REFUSED, "")
        assert f"no code for {EMAIL}: use --code or MFA_CODE=..." in told
        code, token, told = self.sign_in(capsys, monkeypatch, *known, "--code", "000000")
        assert (code, token) == (common.REFUSED, "")
        assert f"wrong code for {EMAIL}" in told
        code, token, told = self.sign_in(
            capsys, monkeypatch, *known, "--code", authenticator.code(secret), "--set-up-mfa"
        )
        assert (code, told) == (0, "")
        monkeypatch.setenv("MFA_CODE", authenticator.code(secret))
        assert self.sign_in(capsys, monkeypatch, *known)[0] == 0

    def test_where_an_app_is_required_the_first_sign_in_adds_it(
        self, here: Cloud, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        known = ("--password", created(capsys)["password"])
        self.set_mfa(here, "ON")
        code, token, told = self.sign_in(capsys, monkeypatch, *known)
        assert (code, token) == (common.REFUSED, "")
        secret = told.split("app: ")[1].split("\n")[0]
        code, token, _ = self.sign_in(capsys, monkeypatch, *known, "--code", authenticator.code(secret))
        assert (code, jwt.get_unverified_claims(token.strip())["email"]) == (0, EMAIL)
        code, _, told = self.sign_in(capsys, monkeypatch, *known)
        assert (code, "Add this key" in told) == (common.REFUSED, False)


class TestListUsers:
    def test_more_than_one_page_with_groups(self, here: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
        pool, client = here.stage.user_pool_id, here.stage.cognito()
        emails = [f"user{number:03}@example.com" for number in range(list_users.PAGE_SIZE + 5)]
        client.create_group(UserPoolId=pool, GroupName="ops")
        for email in reversed(emails):
            client.admin_create_user(UserPoolId=pool, Username=email)
            client.admin_add_user_to_group(UserPoolId=pool, Username=email, GroupName="ops")
        client.admin_disable_user(UserPoolId=pool, Username=emails[0])
        assert list_users.main(["--json"]) == 0
        document = json.loads(capsys.readouterr().out)
        assert [user["email"] for user in document["users"]] == emails
        assert document["count"] == len(emails)
        assert {tuple(user["groups"]) for user in document["users"]} == {("ops",)}
        assert document["users"][0]["status"] == "DISABLED"

    def test_as_an_operator_does(self, here: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
        user = created(capsys)
        outcome = here.script("list_users")
        header, row = outcome.out.splitlines()
        assert header.split() == ["EMAIL", "USER", "ID", "STATUS", "GROUPS"]
        assert row.split() == [EMAIL, user["userId"], "CONFIRMED", "-"]


class TestDeleteUser:
    def test_asks_back(self, here: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
        created(capsys)
        kept = here.script("delete_user", "--email", EMAIL, stdin="n\n")
        assert (kept.code, kept.out) == (common.REFUSED, "")
        assert kept.err == f"Delete {EMAIL} from stage local? [y/N] delete_user.py: nothing was deleted\n"
        deleted = here.script("delete_user", "--email", EMAIL, stdin="y\n")
        assert (deleted.code, deleted.out) == (0, f"Deleted {EMAIL} from stage local.\n")
        again = here.script("delete_user", "--email", EMAIL, "--yes")
        assert again.code == common.REFUSED
        assert f"stage local has no user {EMAIL}" in again.err

    def test_yes_does_not_ask(self, here: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
        user = created(capsys)
        outcome = here.script("delete_user", "--email", EMAIL, "--yes", "--json")
        assert outcome.err == ""
        assert json.loads(outcome.out) == {"stage": "local", "email": EMAIL, "userId": user["userId"], "deleted": True}
        assert here.stage.cognito().list_users(UserPoolId=here.stage.user_pool_id)["Users"] == []

    def test_nobody_there_to_answer(self, here: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
        created(capsys)
        outcome = here.script("delete_user", "--email", EMAIL)
        assert outcome.code == common.REFUSED
        assert "--yes deletes without asking" in outcome.err
        assert common.user_id(here.stage, EMAIL)
