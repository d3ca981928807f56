"""Users with an authenticator app, at the local user pool."""

from __future__ import annotations

import asyncio
import http.server
import json
import os
import pty
import secrets
import select
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from chalicelib.settings import PROJECT
from sdw_client import (
    AsyncClient,
    Client,
    MfaCodeRequired,
    MfaSetupRequired,
    NewPasswordRequired,
    SignInFailed,
    Unreachable,
    User,
)
from sdw_client.auth import Login
from sdw_client.client import Options
from sdw_client.cognito import Credentials, Pool, Tokens
from sdw_client.drivers import SyncDriver
from sdw_client.retry import Retry
from sdw_client.steps import Request, Response, Steps

from .. import authenticator
from ..end_to_end.conftest import Aws
from ..end_to_end.server import Server
from .conftest import PASSWORD, Account, Ended, Sdw, sign_out

NEW_PASSWORD = "Correct-horse-8"

Code = str | Callable[[], object] | None
SignIn = Callable[..., User]


def in_thread(url: str, email: str, code: Code, password: str = PASSWORD) -> User:
    with Client(url, **options(email, code, password)) as client:
        return client.user()


def in_event_loop(url: str, email: str, code: Code, password: str = PASSWORD) -> User:
    async def main() -> User:
        async with AsyncClient(url, **options(email, code, password)) as client:
            return await client.user()

    return asyncio.run(main())


def options(email: str, code: Code, password: str) -> Options:
    found: Options = {"email": email, "password": password}
    if code is not None:
        found["code"] = code
    return found


@pytest.fixture(params=[in_thread, in_event_loop])
def sign_in(request: pytest.FixtureRequest) -> SignIn:
    found: SignIn = request.param
    return found


@pytest.fixture
def secret(account: Account, aws: Aws) -> str:
    """The key of the app that the account has added."""
    cognito = aws("cognito-idp")
    answer = cognito.initiate_auth(
        ClientId=Client(account.url).auth_config()["userPoolClientId"],
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": account.email, "PASSWORD": PASSWORD},
    )
    access = {"AccessToken": answer["AuthenticationResult"]["AccessToken"]}
    key: str = cognito.associate_software_token(**access)["SecretCode"]
    cognito.verify_software_token(**access, UserCode=authenticator.code(key))
    cognito.set_user_mfa_preference(**access, SoftwareTokenMfaSettings={"Enabled": True, "PreferredMfa": True})
    return key


@pytest.fixture
def strict(server: Server, aws: Aws) -> Iterator[Account]:
    """A stage whose pool requires apps, and a user of it who has none: all of its API that signing in asks for."""
    cognito, email = aws("cognito-idp"), f"{secrets.token_hex(8)}@example.com"
    pool = {"UserPoolId": cognito.create_user_pool(PoolName="strict")["UserPool"]["Id"]}
    cognito.set_user_pool_mfa_config(**pool, MfaConfiguration="ON", SoftwareTokenMfaConfiguration={"Enabled": True})
    client_id = cognito.create_user_pool_client(**pool, ClientName="public")["UserPoolClient"]["ClientId"]
    cognito.admin_create_user(**pool, Username=email, TemporaryPassword=PASSWORD, MessageAction="SUPPRESS")
    document = {"userPoolClientId": client_id, "endpoint": server.session["awsEndpoint"]}

    class Api(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(document).encode())

        def log_message(self, *_: object) -> None:
            pass

    api = http.server.HTTPServer(("127.0.0.1", 0), Api)
    threading.Thread(target=api.serve_forever, args=(0.02,), daemon=True).start()
    yield Account(f"http://127.0.0.1:{api.server_address[1]}", email, PASSWORD, "")
    api.shutdown()
    api.server_close()
    cognito.delete_user_pool(**pool)


class TestCode:
    def test_it_is_needed(self, account: Account, secret: str, sign_in: SignIn) -> None:
        with pytest.raises(MfaCodeRequired, match=r"pass code .* `sdw login --code`, or set MFA_CODE") as failure:
            sign_in(account.url, account.email, None)
        assert (failure.value.email, failure.value.code) == (account.email, "SOFTWARE_TOKEN_MFA")
        with pytest.raises(MfaCodeRequired):
            sign_in(account.url, account.email, lambda: "")

    def test_it_signs_in(self, account: Account, secret: str, sign_in: SignIn) -> None:
        code = authenticator.code(secret)
        assert sign_in(account.url, account.email, f"{code[:3]} {code[3:]}").email == account.email
        assert sign_in(account.url, account.email, lambda: authenticator.code(secret)).email == account.email

    def test_a_coroutine_function(self, account: Account, secret: str) -> None:
        async def ask() -> str:
            return authenticator.code(secret)

        assert in_event_loop(account.url, account.email, ask).email == account.email

    def test_a_wrong_one(self, account: Account, secret: str, sign_in: SignIn) -> None:
        with pytest.raises(SignInFailed, match="The code is wrong, has expired or was used before") as failure:
            sign_in(account.url, account.email, wrong(secret))
        assert failure.value.code == "CodeMismatchException"

    def test_nobody_is_asked_who_has_no_app(self, account: Account, sign_in: SignIn) -> None:
        def ask() -> str:
            raise AssertionError("asked")

        assert sign_in(account.url, account.email, ask).email == account.email

    def test_from_the_environment(self, account: Account, secret: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SDW_EMAIL", account.email)
        monkeypatch.setenv("SDW_PASSWORD", PASSWORD)
        with Client(account.url) as client, pytest.raises(MfaCodeRequired):
            client.user()
        monkeypatch.setenv("MFA_CODE", authenticator.code(secret))
        with Client(account.url) as client:
            assert client.user().email == account.email

    def test_an_app_must_be_added_first(self, strict: Account, sign_in: SignIn) -> None:
        with pytest.raises(NewPasswordRequired, match="must choose a new password"):
            sign_in(strict.url, strict.email, None)
        new = Client(strict.url, email=strict.email, password=PASSWORD, new_password=NEW_PASSWORD)
        with new as client, pytest.raises(MfaSetupRequired):
            client.user()
        says = r"console, or run \./admin/get_user_token\.py .* --set-up-mfa"
        with pytest.raises(MfaSetupRequired, match=says) as failure:
            sign_in(strict.url, strict.email, "123456", NEW_PASSWORD)
        assert (failure.value.email, failure.value.code) == (strict.email, "MFA_SETUP")


class TestOncePerSignIn:
    def test_requests_at_the_same_time_share_a_sign_in(self, account: Account, secret: str) -> None:
        asked: list[float] = []

        def ask() -> str:
            asked.append(time.time())
            return authenticator.code(secret)

        async def main() -> list[User]:
            async with AsyncClient(account.url, **options(account.email, ask, PASSWORD)) as client:
                return list(await asyncio.gather(*(client.user() for _ in range(3))))

        assert {user.email for user in asyncio.run(main())} == {account.email}
        assert len(asked) == 1
        with Client(account.url, **options(account.email, ask, PASSWORD)) as client, ThreadPoolExecutor(3) as pool:
            users = list(pool.map(lambda _: client.user(), range(3)))
        assert {user.email for user in users} == {account.email}
        assert len(asked) == 2

    @pytest.mark.parametrize("is_function", [True, False])
    def test_a_string_is_used_up(self, account: Account, secret: str, aws: Aws, is_function: bool) -> None:
        """When the refresh token has ended, a function is asked again, and a former code is not sent again."""
        code = (lambda: authenticator.code(secret)) if is_function else authenticator.code(secret)
        kept: list[Tokens] = []
        login = Login(account.url, Retry(), Credentials(account.email, PASSWORD, code=code), keep=kept.append)
        driver = SyncDriver()
        first = driver.run(login.token())
        sign_out(account, aws)
        if is_function:
            assert driver.run(login.renewed(first)) == kept[1].id_token
            assert kept[1].refresh_token != kept[0].refresh_token
        else:
            with pytest.raises(MfaCodeRequired):
                driver.run(login.renewed(first))
        driver.close()


class TestAnswersOfCognito:
    """What the local pool doesn't do: it neither ends challenges nor loses answers."""

    @pytest.fixture
    def steps(self) -> Iterator[Steps[object]]:
        """A sign-in that has just answered the challenge for a code."""
        user = Credentials("ada@example.com", PASSWORD, code="123456")
        steps = Pool("https://pool.example.com", "client", Retry()).sign_in(user)
        assert isinstance(next(steps), Request)
        challenge = {
            "ChallengeName": "SOFTWARE_TOKEN_MFA",
            "Session": "s",
            "ChallengeParameters": {"USER_ID_FOR_SRP": "7"},
        }
        answer = steps.send(Response(200, {}, json.dumps(challenge).encode()))
        assert isinstance(answer, Request) and answer.content is not None
        responses = {"USERNAME": "7", "SOFTWARE_TOKEN_MFA_CODE": "123456"}
        assert json.loads(answer.content)["ChallengeResponses"] == responses
        yield steps
        steps.close()

    def test_a_challenge_that_has_ended(self, steps: Steps[object]) -> None:
        refusal = {"__type": "NotAuthorizedException", "message": "Invalid session for the user, session is expired."}
        with pytest.raises(SignInFailed, match="The sign-in took too long"):
            steps.send(Response(400, {}, json.dumps(refusal).encode()))

    def test_a_code_is_sent_once(self, steps: Steps[object]) -> None:
        with pytest.raises(Unreachable):
            steps.throw(Unreachable("No answer", sent=True))


class TestCommand:
    @pytest.fixture(autouse=True)
    def with_a_password(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SDW_PASSWORD", PASSWORD)

    def test_code_of_option_and_environment(
        self, account: Account, secret: str, sdw: Sdw, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        login = ("login", "--url", account.url, "--email", account.email)
        assert sdw(*login, "--code", authenticator.code(secret)).code == 0
        assert account.email in sdw("whoami").out
        monkeypatch.setenv("MFA_CODE", authenticator.code(secret))
        assert sdw(*login).code == 0
        refused = sdw(*login, "--code", wrong(secret))
        assert (refused.code, refused.out) == (3, "")
        assert refused.err.startswith("Error: The code is wrong")

    def test_without_a_terminal(
        self, account: Account, secret: str, strict: Account, sdw: Sdw, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        refused = sdw("login", "--url", account.url, "--email", account.email)
        assert (refused.code, refused.out) == (3, "")
        assert "`sdw login --code`, or set MFA_CODE" in refused.err
        problem = json.loads(sdw("login", "--url", account.url, "--email", account.email, "--json").err)
        assert problem["title"] == "MfaCodeRequired"
        refused = sdw("login", "--url", strict.url, "--email", strict.email)
        assert (refused.code, "run `sdw login` in a terminal" in refused.err) == (3, True)
        monkeypatch.delenv("SDW_PASSWORD")
        for arguments, missing in (
            (("--url", account.url, "--email", account.email), "use SDW_PASSWORD or --password-stdin"),
            (("--url", account.url), "use --email or SDW_EMAIL"),
            ((), "use --url or SDW_URL"),
        ):
            refused = sdw("login", *arguments)
            assert (refused.code, refused.out) == (2, "")
            assert "the standard input is not a terminal" in refused.err and missing in refused.err

    def test_on_a_terminal(self, account: Account, secret: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("SDW_PASSWORD")
        answers = {
            "Email": lambda: account.email,
            "Password": lambda: PASSWORD,
            "Code of your authenticator app": lambda: authenticator.code(secret),
        }
        ended = on_terminal(["login", "--url", account.url], answers)
        assert ended.code == 0, ended.err
        assert ended.out.startswith(f"Signed in to {account.url} as {account.email}.")
        assert PASSWORD not in ended.err

    def test_a_new_password_on_a_terminal(self, strict: Account) -> None:
        answers = {"New password": lambda: NEW_PASSWORD, "Repeat for confirmation": lambda: NEW_PASSWORD}
        ended = on_terminal(["login", "--url", strict.url, "--email", strict.email], answers)
        assert (ended.code, ended.out) == (3, "")
        assert "You must choose a new password." in ended.err
        assert f"{strict.email} must add an authenticator app first" in ended.err


def on_terminal(arguments: list[str], answers: dict[str, Callable[[], str]]) -> Ended:
    """Run `sdw` at a real terminal, in another process, where somebody answers the prompts in this order."""
    leader, follower = pty.openpty()
    at_terminal = f'exec "$@" <>{os.ttyname(follower)} 2>&0'  # the first that a new session opens is its own
    process = subprocess.Popen(
        ["/bin/sh", "-c", at_terminal, "sh", sys.executable, "-m", "sdw_client", *arguments],
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(PROJECT / "client" / "src")},
        text=True,
        start_new_session=True,
    )
    seen = ""
    for prompt, answer in answers.items():
        seen += read_until(f"{prompt}: ", leader)
        os.write(leader, f"{answer()}\n".encode())
    out, _ = process.communicate(timeout=60)
    os.close(follower)
    seen += read_until(None, leader)
    os.close(leader)
    return Ended(process.returncode, out, seen)


def read_until(end: str | None, leader: int) -> str:
    """Read what a terminal shows until a prompt, or until nothing is left."""
    seen = b""
    while end is None or not seen.endswith(end.encode()):
        if not select.select([leader], [], [], 20)[0]:
            raise AssertionError(f"{end!r} is not shown: {seen.decode()}")
        try:
            seen += os.read(leader, 65536)
        except OSError:  # Linux says that nobody has it open any longer
            assert end is None, seen.decode()
            break
    return seen.decode()


def wrong(secret: str) -> str:
    """A code that the app doesn't show."""
    return f"{(int(authenticator.code(secret)) + 1) % 1_000_000:06}"
