"""What can go wrong. Every exception of this package is an `SdwError`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


class SdwError(Exception):
    """Base class of this package's exceptions."""


class UnexpectedAnswer(SdwError):
    """The answer is not one that the API gives. Most likely, the address is not the API's."""


class Unreachable(SdwError):
    """There was no answer.

    Args:
        message: What happened.
        sent: Whether the request may have reached the service.
    """

    def __init__(self, message: str, *, sent: bool):
        super().__init__(message)
        self.sent = sent


class NotSignedIn(SdwError):
    """The request needs a user, and no token, password or session was given."""


class SignInFailed(SdwError):
    """Cognito did not accept the user.

    Args:
        code: Cognito's name of the error, such as `NotAuthorizedException`.
        message: What to do.
    """

    def __init__(self, code: str, message: str):
        super().__init__(message)
        self.code = code


class NewPasswordRequired(SignInFailed):
    """The user must choose a password first. Sign in again with `new_password`."""

    def __init__(self, email: str):
        super().__init__(
            "NEW_PASSWORD_REQUIRED",
            f"{email} must choose a new password: pass new_password as well, or run `sdw login` in a terminal.",
        )
        self.email = email


class MfaCodeRequired(SignInFailed):
    """The user needs the code of an authenticator app as well. Sign in again with `code`."""

    def __init__(self, email: str):
        super().__init__(
            "SOFTWARE_TOKEN_MFA",
            f"{email} signs in with the code of an authenticator app: pass code (the code, or a function that returns "
            "it), use `sdw login --code`, or set MFA_CODE.",
        )
        self.email = email


class MfaSetupRequired(SignInFailed):
    """The stage requires a second factor, and the user has no authenticator app yet."""

    def __init__(self, email: str):
        super().__init__(
            "MFA_SETUP",
            f"{email} must add an authenticator app first: sign in to the web console, or run "
            f"./admin/get_user_token.py --email {email} --set-up-mfa in the project.",
        )
        self.email = email


class WaitTimeout(SdwError, TimeoutError):
    """The run has not ended in time. It is still running."""


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with one field: `field` is its path (`items[0].sku`), empty for the whole body."""

    field: str
    message: str


class ApiError(SdwError):
    """The API refused or failed; the fields are those of its problem document (RFC 9457).

    Attributes:
        type: A URI that names the kind of problem, usually `about:blank`.
        title: The status in words.
        status: The HTTP status.
        detail: What is wrong and what to do.
        request_id: Names the entry in the service's log.
        errors: What is wrong with each field of the body, for a 422.
        retry_after: After how many seconds to try again, if the answer said so.
        document: The whole problem document.
    """

    def __init__(self, status: int, document: Mapping[str, Any], retry_after: float | None = None):
        self.status = status
        self.type = str(document.get("type") or "about:blank")
        self.title = str(document.get("title") or f"Status {status}")
        self.detail = str(document.get("detail") or document.get("message") or "")  # API Gateway says "message"
        self.request_id = str(document.get("requestId") or "")
        errors = document.get("errors")
        self.errors = tuple(
            FieldError(str(one.get("field", "")), str(one.get("message", "")))
            for one in (errors if isinstance(errors, list) else ())
            if isinstance(one, dict)
        )
        self.retry_after = retry_after
        self.document = document
        super().__init__(f"{status} {self.title}: {self.detail}" if self.detail else f"{status} {self.title}")


class BadRequest(ApiError):
    """400: the request can't be read, or a parameter is invalid."""


class Unauthorized(ApiError):
    """401: the token is missing, expired or not accepted."""


class Forbidden(ApiError):
    """403: the user may not do this."""


class NotFound(ApiError):
    """404: it does not exist, or belongs to another user."""


class MethodNotAllowed(ApiError):
    """405: the path does not have this method."""


class Conflict(ApiError):
    """409: the current state does not allow it."""


class TooLarge(ApiError):
    """413: the body is too large."""


class Invalid(ApiError):
    """422: the body does not fit the schema; `errors` names each field."""


class RateLimited(ApiError):
    """429: too many requests at once."""


class ServerError(ApiError):
    """500 and above: the service or a function failed."""


class Unavailable(ServerError):
    """502, 503 or 504: the service does not answer at the moment."""


_CLASSES: dict[int, type[ApiError]] = {
    400: BadRequest,
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    405: MethodNotAllowed,
    409: Conflict,
    413: TooLarge,
    422: Invalid,
    429: RateLimited,
    502: Unavailable,
    503: Unavailable,
    504: Unavailable,
}


def error_of(status: int, document: Mapping[str, Any], retry_after: float | None = None) -> ApiError:
    """Return the exception for a status."""
    return _CLASSES.get(status, ServerError if status >= 500 else ApiError)(status, document, retry_after)


class RunFailed(SdwError):
    """A run has ended without a result.

    Attributes:
        flow: The flow's name.
        run_id: The run.
        status: `FAILED`, `TIMED_OUT` or `ABORTED`.
        error: The error's name.
        cause: Its description.
    """

    def __init__(self, reference: str, status: str, error: str | None, cause: str | None):
        self.flow, _, self.run_id = reference.partition("/")
        self.status, self.error, self.cause = status, error, cause
        reason = ": ".join(text for text in (error, cause) if text)
        super().__init__(f"The run {reference} is {status}{f' ({reason})' if reason else ''}.")


class InvalidSignature(SdwError):
    """A webhook's signature does not match, or is too old."""
