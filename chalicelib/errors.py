"""The errors of the API and of functions, and their one mapping to HTTP: problem documents (RFC 9457).

A library function, of either handler style, may raise any of the exceptions below. Over HTTP it becomes a problem
document with the exception's status; in a flow, the name of its class is the error's name, for `Retry` and `Catch`.

```python
from chalicelib.errors import NotFound

class UnknownOrder(NotFound):
    pass

def handler(order_id: str) -> Order:
    raise UnknownOrder(f"There is no order {order_id!r}.")
```

For a status that no class has, derive one from `DomainError` and set `status`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

__all__ = [
    "BadRequest",
    "Conflict",
    "DomainError",
    "FieldError",
    "Forbidden",
    "Invalid",
    "MethodNotAllowed",
    "NotFound",
    "TooLarge",
    "TooManyRequests",
    "Unauthorized",
    "Unavailable",
]

PROBLEM_JSON = "application/problem+json"

TITLES = {
    400: "Bad Request",
    401: "Unauthorized",
    402: "Payment Required",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    406: "Not Acceptable",
    408: "Request Timeout",
    409: "Conflict",
    410: "Gone",
    411: "Length Required",
    412: "Precondition Failed",
    413: "Content Too Large",
    414: "URI Too Long",
    415: "Unsupported Media Type",
    416: "Range Not Satisfiable",
    417: "Expectation Failed",
    421: "Misdirected Request",
    422: "Unprocessable Content",
    423: "Locked",
    424: "Failed Dependency",
    426: "Upgrade Required",
    428: "Precondition Required",
    429: "Too Many Requests",
    431: "Request Header Fields Too Large",
    500: "Internal Server Error",
    501: "Not Implemented",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
    505: "HTTP Version Not Supported",
}
"""The reason phrases of RFC 9110, RFC 4918 and RFC 6585. Those of `http.HTTPStatus` differ between Python versions."""

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
"""The error codes by which AWS services refuse a call because there were too many."""

GATEWAY_TIMEOUT = "The response took longer than 29 seconds. Use a flow for work that takes longer."
"""What API Gateway's 504 says in a deployed stage, and its stand-in on a developer's machine."""

RETRY_AFTER = 1  # seconds; AWS's token buckets refill by the second


class DomainError(Exception):
    """A failure that the caller can understand. Subclasses set `status`, from 400 to 599.

    Args:
        detail: What is wrong and what to do, as a sentence. The caller sees it.
        errors: What is wrong with each field.
        headers: Headers of the answer.
    """

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
    """The token is missing or not accepted."""

    status = 401

    def __init__(self, detail: str):
        super().__init__(detail, headers={"WWW-Authenticate": "Bearer"})


class Forbidden(DomainError):
    """The caller is known and may not do this."""

    status = 403


class NotFound(DomainError):
    """It does not exist, or the caller may not know that it does."""

    status = 404


class MethodNotAllowed(DomainError):
    """The path exists, but not with this method."""

    status = 405


class Conflict(DomainError):
    """The current state does not allow it."""

    status = 409


class TooLarge(DomainError):
    """The body is too large."""

    status = 413


class Invalid(DomainError):
    """The body can be read but is not what is expected; `errors` names each field."""

    status = 422


class TooManyRequests(DomainError):
    """The caller has sent too many requests.

    Args:
        detail: What is wrong and what to do.
        retry_after: After how many seconds to try again.
    """

    status = 429

    def __init__(self, detail: str, *, retry_after: int = RETRY_AFTER):
        super().__init__(detail, headers={"Retry-After": str(retry_after)})


class Unavailable(DomainError):
    """Something that the answer needs is unavailable at the moment.

    Args:
        detail: What is wrong and what to do.
        retry_after: After how many seconds to try again.
    """

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
            "title": title_of(self.status),
            "status": self.status,
            "detail": self.detail,
            "requestId": self.request_id,
        }
        if self.errors:
            document["errors"] = [error.to_json() for error in self.errors]
        return document

    def body(self) -> str:
        return json.dumps(self.to_json(), separators=(",", ":"))


def title_of(status: int) -> str:
    """Return the title of a problem with this status."""
    return TITLES.get(status) or ("Client Error" if status < 500 else "Server Error")


def problem_of(error: BaseException, request_id: str) -> Problem:
    """Return the problem document of any exception. Only a `DomainError` is described to the caller."""
    known = caller_error(error)
    if known is not None:
        return Problem(known.status, known.detail, request_id, known.errors, known.headers)
    return Problem(500, f"The service failed. Its log has the reason under the request id {request_id}.", request_id)


def caller_error(error: BaseException) -> DomainError | None:
    """Return how an exception is reported to the caller; None if it is a failure of the service itself.

    This is the one rule for exceptions that are not `DomainError`: AWS refusing a call because there were too many,
    failing itself (5xx) or not answering is a 503 with `Retry-After`, and an exception of Chalice keeps its status.
    """
    if isinstance(error, DomainError):
        return error if isinstance(error.status, int) and 400 <= error.status <= 599 else None
    if is_throttling(error):
        return Unavailable("AWS is throttling this stage. Try again after the time in the header Retry-After.")
    if is_unanswered(error):
        return Unavailable("An AWS service that this call needs is unavailable. Try again.")
    status = getattr(error, "STATUS_CODE", None)
    if isinstance(status, int) and type(error).__module__ == "chalice.app":  # a function raised NotFoundError or such
        translated = DomainError(str(error))
        translated.status = status
        return translated
    return None


def error_code(error: BaseException) -> str:
    """Return the code that AWS gave a failed call (`botocore` ClientError), or the empty string."""
    response = getattr(error, "response", None)
    code = response.get("Error", {}).get("Code", "") if isinstance(response, dict) else ""
    return str(code)


def is_throttling(error: BaseException) -> bool:
    """Whether AWS refused a call because there were too many."""
    return error_code(error) in THROTTLING_CODES


_UNANSWERED = frozenset({"HTTPClientError", "ConnectionError", "ResponseParserError"})  # of botocore


def is_unanswered(error: BaseException) -> bool:
    """Return whether a call of AWS has no usable answer: no connection, a timeout, an unreadable answer, or a 5xx.

    It may have taken effect.
    """
    response = getattr(error, "response", None)
    metadata = response.get("ResponseMetadata") if isinstance(response, dict) else None
    status = metadata.get("HTTPStatusCode") if isinstance(metadata, dict) else None
    if isinstance(status, int):
        return status >= 500
    # by name, as botocore takes longer to import than an answer
    classes = type(error).__mro__
    if any(c.__name__ == "NoAnswer" and c.__module__ == "chalicelib.aws_json" for c in classes):
        return True
    return any(c.__name__ in _UNANSWERED for c in classes) and any(c.__module__.startswith("botocore") for c in classes)


def was_not_sent(error: BaseException) -> bool:
    """Whether a call of AWS certainly had no effect because no connection was established."""
    return type(error).__name__ in {"EndpointConnectionError", "ConnectTimeoutError", "NotSent"}
