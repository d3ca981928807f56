"""Signs users in with Cognito, as the console does.

See https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sdw_client.errors import MfaCodeRequired, MfaSetupRequired, NewPasswordRequired, SignInFailed, error_of
from sdw_client.retry import Retry, send
from sdw_client.steps import Call, Request, Steps

TARGET = "AWSCognitoIdentityProviderService"
WRONG = "The email or the password is wrong."
WRONG_CODE = "The code is wrong, has expired or was used before. Pass the one that the authenticator app shows now."
ENDED = "The sign-in took too long, or its challenge was answered before. Sign in again."
"""What a refused answer to a challenge means: Cognito ends a challenge after three minutes."""
MESSAGES = {
    "NotAuthorizedException": WRONG,
    "UserNotFoundException": WRONG,
    "InvalidPasswordException": (
        "The new password doesn't meet the rules: at least 12 characters, with upper and lower case, a digit and a "
        "symbol."
    ),
    "PasswordResetRequiredException": "The password must be reset. Ask an administrator.",
    "TooManyRequestsException": "Too many attempts. Wait a moment and try again.",
    "LimitExceededException": "Too many attempts. Wait a moment and try again.",
    "TooManyFailedAttemptsException": "Too many attempts. Wait a moment and try again.",
    "CodeMismatchException": WRONG_CODE,
    "ExpiredCodeException": WRONG_CODE,
}


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a user signs in with.

    Args:
        email: The user.
        password: The password.
        new_password: Replaces the password if Cognito asks for that.
        code: The code of the user's authenticator app, or a function that returns it, for when Cognito asks for it.
    """

    email: str
    password: str = field(repr=False)
    new_password: str | None = field(default=None, repr=False)
    code: str | Callable[[], Any] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Tokens:
    """What Cognito gives a user.

    Args:
        id_token: The token that the API wants.
        refresh_token: Gets new tokens; None if Cognito gave none.
        expires_at: When the id token expires, in seconds since 1970.
    """

    id_token: str
    refresh_token: str | None
    expires_at: float


@dataclass(frozen=True, slots=True)
class Pool:
    """The API of the user pool that belongs to a stage.

    Args:
        endpoint: Its origin.
        client_id: The app client.
        retry: How to repeat requests.
    """

    endpoint: str
    client_id: str
    retry: Retry

    def sign_in(self, user: Credentials) -> Steps[tuple[Tokens, Credentials]]:
        """Sign a user in.

        Returns:
            The tokens, and what to sign in with the next time: the new password if Cognito has asked for it, and not
            the code that it has accepted.

        Raises:
            NewPasswordRequired: Cognito asks for a new password, and there is none.
            MfaCodeRequired: Cognito asks for the code of an authenticator app, and there is none.
            MfaSetupRequired: The user must add an authenticator app first.
            SignInFailed: Cognito refuses.
        """
        parameters = {"USERNAME": user.email, "PASSWORD": user.password}
        answer = yield from self._authenticate("USER_PASSWORD_AUTH", parameters)
        if answer.get("ChallengeName") == "NEW_PASSWORD_REQUIRED":
            if user.new_password is None:
                raise NewPasswordRequired(user.email)
            answer = yield from self._respond(user, answer, {"NEW_PASSWORD": user.new_password})
            user = replace(user, password=user.new_password, new_password=None)
        if answer.get("ChallengeName") == "SOFTWARE_TOKEN_MFA":
            code = yield from _code(user)
            answer = yield from self._respond(user, answer, {"SOFTWARE_TOKEN_MFA_CODE": code})
            user = user if callable(user.code) else replace(user, code=None)
        if answer.get("ChallengeName") == "MFA_SETUP":
            raise MfaSetupRequired(user.email)
        return _tokens(answer), user

    def refresh(self, refresh_token: str) -> Steps[Tokens]:
        """Return new tokens.

        Raises:
            SignInFailed: The refresh token has expired or was revoked.
        """
        found = _tokens((yield from self._authenticate("REFRESH_TOKEN_AUTH", {"REFRESH_TOKEN": refresh_token})))
        return Tokens(found.id_token, found.refresh_token or refresh_token, found.expires_at)

    def revoke(self, refresh_token: str) -> Steps[None]:
        """End a refresh token."""
        yield from self._call("RevokeToken", {"ClientId": self.client_id, "Token": refresh_token})

    def _authenticate(self, flow: str, parameters: dict[str, str]) -> Steps[dict[str, Any]]:
        order = {"AuthFlow": flow, "ClientId": self.client_id, "AuthParameters": parameters}
        return (yield from self._call("InitiateAuth", order))

    def _respond(
        self, user: Credentials, challenge: Mapping[str, Any], answer: Mapping[str, str]
    ) -> Steps[dict[str, Any]]:
        name = challenge.get("ChallengeParameters", {}).get("USER_ID_FOR_SRP") or user.email
        order = {
            "ClientId": self.client_id,
            "ChallengeName": challenge["ChallengeName"],
            "Session": challenge["Session"],
            "ChallengeResponses": {"USERNAME": name, **answer},
        }
        try:
            # Cognito accepts a code and the answer to a challenge once, so a repeat could only be refused
            return (yield from self._call("RespondToAuthChallenge", order, repeatable=False))
        except SignInFailed as error:
            if error.code == "NotAuthorizedException":
                raise SignInFailed(error.code, ENDED) from error
            raise

    def _call(self, operation: str, order: Mapping[str, Any], *, repeatable: bool = True) -> Steps[dict[str, Any]]:
        headers = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": f"{TARGET}.{operation}"}
        request = Request("POST", f"{self.endpoint}/", headers, json.dumps(order).encode())
        response = yield from send(request, self.retry, repeatable=repeatable)
        document = response.document() if response.content else {}
        if response.status >= 500:
            raise error_of(response.status, document)
        if response.status >= 400:
            code = str(document.get("__type", f"status {response.status}")).rpartition("#")[2]
            message = MESSAGES.get(code) or str(document.get("message") or f"Signing in failed ({code}).")
            raise SignInFailed(code, message)
        return document


def _code(user: Credentials) -> Steps[str]:
    """Return the code without the spaces that apps show in it.

    Raises:
        MfaCodeRequired: There is none.
    """
    found = (yield Call(user.code)) if callable(user.code) else user.code
    code = "".join(str(found or "").split())
    if not code:
        raise MfaCodeRequired(user.email)
    return code


def _tokens(answer: Mapping[str, Any]) -> Tokens:
    result = answer.get("AuthenticationResult")
    if not result:
        challenge = answer.get("ChallengeName", "")
        raise SignInFailed("Challenge", f"This client can't answer the challenge {challenge}. Use the web console.")
    return Tokens(result["IdToken"], result.get("RefreshToken"), time.time() + float(result["ExpiresIn"]))
