#!/usr/bin/env python3
"""Print a user's id token, and nothing else: TOKEN=$(./admin/get_user_token.py --email you@example.com)

With --json: the access and the refresh token too. PASSWORD=... gives the password without a prompt, and MFA_CODE=...
the code of an authenticator app.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from urllib.parse import quote

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp.type_defs import AuthenticationResultTypeTypeDef

if not __package__:  # run as a script: import from the project's folder instead of admin/
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from admin import common

APP: Literal["SOFTWARE_TOKEN_MFA"] = "SOFTWARE_TOKEN_MFA"
"""The challenge for the code of an authenticator app."""

PARSER = common.parser(__doc__ or "")
PARSER.add_argument("--email", required=True, type=common.email)
PARSER.add_argument(
    "--password", help="default: PASSWORD of the environment; else ask, or read a line of standard input"
)
PARSER.add_argument(
    "--code", help="the code of the user's authenticator app; default: MFA_CODE of the environment; else ask"
)
PARSER.add_argument("--set-up-mfa", action="store_true", help="let the user add an authenticator app, and use it")


def get_user_token(stage: common.Stage, arguments: argparse.Namespace) -> common.Result:
    """Sign the user in.

    Raises:
        common.CommandError: The password is wrong, or must be changed first.
    """
    password = arguments.password
    if password is None:
        password = os.environ.get("PASSWORD") or read_password(arguments.email)
    sign_in = SignIn(stage, arguments.email, arguments.code)
    result = sign_in.with_password(password)
    if arguments.set_up_mfa and not sign_in.used_mfa:
        result = sign_in.add_authenticator_app(result)
    tokens = {
        "idToken": result["IdToken"],
        "accessToken": result["AccessToken"],
        "refreshToken": result.get("RefreshToken"),
    }
    return common.Result({**tokens, "expiresIn": result["ExpiresIn"]}, result["IdToken"])


class SignIn:
    """Signs a user in as the console does, with the public client.

    https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-mfa-totp.html

    Args:
        stage: The stage.
        email: The user's address.
        code: The first code of the user's authenticator app; None to ask for it.
    """

    def __init__(self, stage: common.Stage, email: str, code: str | None) -> None:
        self._stage = stage
        self._email = email
        self._code = code
        self._client = stage.cognito()
        self.used_mfa = False

    def with_password(self, password: str) -> AuthenticationResultTypeTypeDef:
        """Return the user's tokens.

        Raises:
            common.CommandError: The password or the code is wrong, or the password must be changed first.
        """
        client = self._client
        try:
            answer = client.initiate_auth(
                ClientId=self._stage.user_pool_client_id,
                AuthFlow="USER_PASSWORD_AUTH",
                AuthParameters={"USERNAME": self._email, "PASSWORD": password},
            )
            challenge = answer.get("ChallengeName")
            if challenge in (APP, "MFA_SETUP"):
                self.used_mfa = True
                return self._answer(challenge, answer["Session"])
        except client.exceptions.UserNotFoundException:
            raise common.no_such_user(self._stage, self._email) from None
        except client.exceptions.NotAuthorizedException:
            common.user_id(self._stage, self._email)  # raises if there is no such user, which Cognito doesn't tell
            raise common.CommandError(f"wrong email or password for {self._email}, or the user is disabled") from None
        if "AuthenticationResult" not in answer:
            raise common.CommandError(f"{self._email} cannot sign in yet: Cognito requires {challenge}")
        return answer["AuthenticationResult"]

    def add_authenticator_app(self, tokens: AuthenticationResultTypeTypeDef) -> AuthenticationResultTypeTypeDef:
        """Let the user add an authenticator app, which every sign-in then asks for.

        Raises:
            common.CommandError: The code is wrong, or the stage has no MFA.
        """
        client = self._client
        secret = client.associate_software_token(AccessToken=tokens["AccessToken"])["SecretCode"]
        code = self._code_of_new_app(secret)
        with self._explained():
            client.verify_software_token(AccessToken=tokens["AccessToken"], UserCode=code)
        client.set_user_mfa_preference(
            AccessToken=tokens["AccessToken"], SoftwareTokenMfaSettings={"Enabled": True, "PreferredMfa": True}
        )
        print(f"{self._email} now signs in with the app's code.", file=sys.stderr)
        return tokens

    def _answer(self, challenge: str, session: str) -> AuthenticationResultTypeTypeDef:
        client = self._client
        responses = {"USERNAME": self._email}
        with self._explained():
            if challenge == APP:
                responses[f"{APP}_CODE"] = self._next_code(f"Code of {self._email}'s authenticator app: ")
            else:  # the stage requires an app, and the user has none yet
                associated = client.associate_software_token(Session=session)
                code = self._code_of_new_app(associated["SecretCode"])
                session = client.verify_software_token(Session=associated["Session"], UserCode=code)["Session"]
            answer = client.respond_to_auth_challenge(
                ClientId=self._stage.user_pool_client_id,
                ChallengeName="SOFTWARE_TOKEN_MFA" if challenge == APP else "MFA_SETUP",
                Session=session,
                ChallengeResponses=responses,
            )
        return answer["AuthenticationResult"]

    def _code_of_new_app(self, secret: str) -> str:
        label = quote(f"{self._stage.name}:{self._email}")
        print(f"Add this key to an authenticator app: {secret}", file=sys.stderr)
        print(f"otpauth://totp/{label}?secret={secret}&issuer={quote(self._stage.name)}", file=sys.stderr)
        return self._next_code("Code that the app shows: ")

    def _next_code(self, prompt: str) -> str:
        code, self._code = self._code or os.environ.get("MFA_CODE"), None
        if code is None:
            code = ask(prompt, f"no code for {self._email}: use --code or MFA_CODE=...")
        return code.strip()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        errors = self._client.exceptions
        try:
            yield
        except (errors.CodeMismatchException, errors.EnableSoftwareTokenMFAException):
            raise common.CommandError(
                f"wrong code for {self._email}: it changes every 30 seconds, and is accepted once"
            ) from None


def read_password(email: str) -> str:
    """Ask for the password without echo, or read one line of standard input if that is not a terminal.

    Raises:
        common.CommandError: There is no password on standard input.
    """
    if sys.stdin is not None and sys.stdin.isatty():
        from getpass import getpass

        return getpass(f"Password of {email}: ")
    return ask("", "no password: use --password or PASSWORD=..., or pass the password on standard input")


def ask(prompt: str, missing: str) -> str:
    """Read one line of standard input, with a prompt if that is a terminal.

    Args:
        prompt: What to ask, on standard error, as standard output is for the token.
        missing: The error if there is no line.

    Raises:
        common.CommandError: There is no line on standard input.
    """
    if sys.stdin is not None and sys.stdin.isatty():
        print(prompt, end="", file=sys.stderr, flush=True)
    line = sys.stdin.readline().rstrip("\r\n") if sys.stdin is not None else ""
    if not line:
        raise common.CommandError(missing)
    return line


def main(argv: Sequence[str] | None = None) -> int:
    """Run the script and return its exit code."""
    return common.run(get_user_token, PARSER, argv)


if __name__ == "__main__":
    sys.exit(main())
