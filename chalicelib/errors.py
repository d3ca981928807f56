"""Domain errors, and their one mapping to HTTP: problem documents (RFC 9457)."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

PROBLEM_JSON = "application/problem+json"

THROTTLING_CODES = frozenset(
    {
        "ThrottlingException",
        "Throttling",
        "ThrottledException",
        "TooManyRequestsException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "ProvisionedThroughputExceededException",
        "LimitExceededException",
        "ExecutionLimitExceeded",
        "SlowDown",
    }
)
"""Codes by which AWS services say "later": the caller is told so, instead of a server error."""

RETRY_AFTER = 1  # seconds; AWS's token buckets refill by the second


class DomainError(Exception):
    """A failure that the caller can understand. Its text is the problem's `detail` and must name the way out."""

    status: int = 500

    def __init__(self, detail: str, *, errors: list[FieldError] | None = None, headers: dict[str, str] | None = None):
        super().__init__(detail)
        self.detail = detail
        self.errors = errors or []
        self.headers = headers or {}


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with one field: `field` is its path (`items[0].sku`), empty for the whole body."""

    field: str
    message: str

    def to_json(self) -> dict[str, str]:
        return {"field": self.field, "message": self.message}


class BadRequest(DomainError):
    """The request cannot be read."""

    status = 400


class Unauthorized(DomainError):
    """There is no token, or none that is accepted."""

    status = 401

    def __init__(self, detail: str):
        super().__init__(detail, headers={"WWW-Authenticate": "Bearer"})


class Forbidden(DomainError):
    """The caller is known and may not do this."""

    status = 403


class NotFound(DomainError):
    """There is no such thing, or none that the caller may know of."""

    status = 404


class MethodNotAllowed(DomainError):
    """The path exists, the method does not."""

    status = 405


class Conflict(DomainError):
    """The state of the thing does not allow it."""

    status = 409


class TooLarge(DomainError):
    """The body exceeds what Step Functions takes."""

    status = 413


class Invalid(DomainError):
    """The body is readable and does not fit its schema; `errors` names each field."""

    status = 422


class TooManyRequests(DomainError):
    """AWS, or the stage's quota, says later."""

    status = 429

    def __init__(self, detail: str, *, retry_after: int = RETRY_AFTER):
        super().__init__(detail, headers={"Retry-After": str(retry_after)})


class Unavailable(DomainError):
    """Something that the answer needs is out of reach."""

    status = 503

    def __init__(self, detail: str, *, retry_after: int = RETRY_AFTER):
        super().__init__(detail, headers={"Retry-After": str(retry_after)})


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem document: the body and the headers of an error answer."""

    status: int
    detail: str
    request_id: str
    errors: list[FieldError] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        document: dict[str, Any] = {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
            "requestId": self.request_id,
        }
        if self.errors:
            document["errors"] = [error.to_json() for error in self.errors]
        return document

    def body(self) -> str:
        return json.dumps(self.to_json(), separators=(",", ":"))


def problem_of(error: BaseException, request_id: str) -> Problem:
    """The problem document of any exception. What is no `DomainError` says nothing of itself beyond its status."""
    known = error if isinstance(error, DomainError) else _translated(error)
    if known is not None:
        return Problem(known.status, known.detail, request_id, known.errors, known.headers)
    detail = f"The service failed. Its log has the reason under the request id {request_id}."
    return Problem(500, detail, request_id)


def error_code(error: BaseException) -> str:
    """The code that AWS gave a failed call (`botocore` ClientError), or the empty text."""
    response = getattr(error, "response", None)
    code = response.get("Error", {}).get("Code", "") if isinstance(response, dict) else ""
    return str(code)


def is_throttling(error: BaseException) -> bool:
    """Whether AWS refused a call because there were too many."""
    return error_code(error) in THROTTLING_CODES


def is_unreachable(error: BaseException) -> bool:
    """Whether a call got no answer: no connection, or none in time."""
    return any(c.__name__ in {"HTTPClientError", "ConnectionError"} for c in type(error).__mro__) and any(
        c.__module__.startswith("botocore") for c in type(error).__mro__
    )


def _translated(error: BaseException) -> DomainError | None:
    if is_throttling(error):
        return TooManyRequests("AWS is throttling this stage. Try again after the time in the header Retry-After.")
    if is_unreachable(error):
        return Unavailable("An AWS service that this call needs did not answer. Try again.")
    status = getattr(error, "STATUS_CODE", None)
    if isinstance(status, int) and type(error).__module__ == "chalice.app":  # a function raised NotFoundError or such
        translated = DomainError(str(error))
        translated.status = status
        return translated
    return None
