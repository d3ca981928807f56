"""What scripts can rely on: exit codes, and errors on the standard error output."""

from __future__ import annotations

import json
from enum import IntEnum
from typing import Any

from sdw_client.errors import (
    ApiError,
    Conflict,
    NotFound,
    NotSignedIn,
    RateLimited,
    RunFailed,
    SdwError,
    SignInFailed,
    Unavailable,
    UnexpectedAnswer,
    Unreachable,
    WaitTimeout,
)


class ExitCode(IntEnum):
    """How the command ended. docs/clients.md has the same list."""

    OK = 0
    FAILED = 1
    USAGE = 2
    NOT_SIGNED_IN = 3
    NOT_FOUND = 4
    UNAVAILABLE = 5
    CONFLICT = 6
    STILL_RUNNING = 7
    INTERRUPTED = 130


_BY_CLASS: tuple[tuple[type[SdwError], ExitCode], ...] = (
    (RunFailed, ExitCode.FAILED),
    (WaitTimeout, ExitCode.STILL_RUNNING),
    (NotSignedIn, ExitCode.NOT_SIGNED_IN),
    (SignInFailed, ExitCode.NOT_SIGNED_IN),
    (NotFound, ExitCode.NOT_FOUND),
    (Conflict, ExitCode.CONFLICT),
    (RateLimited, ExitCode.UNAVAILABLE),
    (Unavailable, ExitCode.UNAVAILABLE),
    (Unreachable, ExitCode.UNAVAILABLE),
    (UnexpectedAnswer, ExitCode.UNAVAILABLE),
)


def exit_code(error: SdwError) -> ExitCode:
    """Return the exit code for an error."""
    for kind, code in _BY_CLASS:
        if isinstance(error, kind):
            return code
    if isinstance(error, ApiError) and error.status in {401, 403}:
        return ExitCode.NOT_SIGNED_IN
    if isinstance(error, ApiError) and error.status < 500:
        return ExitCode.USAGE
    return ExitCode.FAILED


def message(error: SdwError) -> str:
    """Return what to tell a person."""
    if not isinstance(error, ApiError):
        return str(error)
    text = error.detail or error.title
    return f"{text} (request id {error.request_id})" if error.status >= 500 and error.request_id else text


def document(error: SdwError) -> str:
    """Return what to tell a program: the API's problem document, or one like it."""
    found: dict[str, Any] = {"type": "about:blank", "title": type(error).__name__, "detail": str(error)}
    if isinstance(error, ApiError):
        found = {**found, "title": error.title, "status": error.status, "detail": error.detail, **error.document}
    if isinstance(error, RunFailed):
        found |= {"error": error.error, "cause": error.cause, "flow": error.flow, "executionId": error.run_id}
    return json.dumps(found)
