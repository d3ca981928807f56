"""Signs users in with Cognito, as the console does.

See https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sdw_client.errors import NewPasswordRequired, SignInFailed, error_of
from sdw_client.retry import Retry, send
from sdw_client.steps import Request, Steps

TARGET = "AWSCognitoIdentityProviderService"
WRONG = "The email or the password is wrong."
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
}


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

    def sign_in(self, email: str, password: str, new_password: str | None = None) -> Steps[Tokens]:
        """Sign a user in.

        Args:
            email: The user.
            password: The password.
            new_password: Replaces the password if Cognito asks for that.

        Raises:
            NewPasswordRequired: Cognito asks for a new password, and there is none.
            SignInFailed: Cognito refuses.
        """
        answer = yield from self._authenticate("USER_PASSWORD_AUTH", {"USERNAME": email, "PASSWORD": password})
        if answer.get("ChallengeName") == "NEW_PASSWORD_REQUIRED":
            if new_password is None:
                raise NewPasswordRequired(email)
            name = answer.get("ChallengeParameters", {}).get("USER_ID_FOR_SRP") or email
            responses = {"USERNAME": name, "NEW_PASSWORD": new_password}
            answer = yield from self._call(
                "RespondToAuthChallenge",
                {
                    "ClientId": self.client_id,
                    "ChallengeName": "NEW_PASSWORD_REQUIRED",
                    "Session": answer["Session"],
                    "ChallengeResponses": responses,
                },
            )
        return _tokens(answer)

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

    def _call(self, operation: str, order: Mapping[str, Any]) -> Steps[dict[str, Any]]:
        headers = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": f"{TARGET}.{operation}"}
        request = Request("POST", f"{self.endpoint}/", headers, json.dumps(order).encode())
        response = yield from send(request, self.retry, repeatable=True)
        document = response.document() if response.content else {}
        if response.status >= 500:
            raise error_of(response.status, document)
        if response.status >= 400:
            code = str(document.get("__type", f"status {response.status}")).rpartition("#")[2]
            message = MESSAGES.get(code) or str(document.get("message") or f"Signing in failed ({code}).")
            raise SignInFailed(code, message)
        return document


def _tokens(answer: Mapping[str, Any]) -> Tokens:
    result = answer.get("AuthenticationResult")
    if not result:
        challenge = answer.get("ChallengeName", "")
        raise SignInFailed("Challenge", f"This client can't answer the challenge {challenge}. Use the web console.")
    return Tokens(result["IdToken"], result.get("RefreshToken"), time.time() + float(result["ExpiresIn"]))
