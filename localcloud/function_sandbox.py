"""Runs functions that are called over HTTP: the handler of the workers that stand in for the API's Lambda function.

As in a deployed stage, one process serves all functions, a call at a time. `localcloud.worker_caller` sends

    {"function": NAME, "event": PROXY EVENT}    or    {"describe": [NAME, ...]}

and gets a line of JSON, followed by the body of the answer:

    {"status", "headers", "isText"} + body    or    {"problem": {status, detail, errors, headers}}
    {"descriptions": [...]}
"""

from __future__ import annotations

import json
import traceback
from typing import Any

from chalicelib import functions, logs, usage
from chalicelib.api.calling import answer_of, failed
from chalicelib.api.http import Answer
from chalicelib.errors import DomainError, NotFound, caller_error
from chalicelib.functions import Function
from chalicelib.functions.loading import is_user_module, prepare

logs.configure()


def handler(message: dict[str, Any], context: Any) -> bytes:
    """Answer a message of the API's process."""
    if "describe" in message:
        return _packed({"descriptions": _describe(message["describe"])})
    function = functions.find(message["function"])
    if function is None:
        return _packed(_problem(NotFound(f"There is no function {message['function']!r}.")))
    try:
        with usage.call(None, counted=True):  # by the API, before it sent the message
            prepare(function)
            return _answered(answer_of(function, message["event"], context))
    except MemoryError:
        raise
    except BaseException as error:  # sys.exit and the like too: the call fails, and this process serves others
        known = caller_error(error)
        if known is None or known.status == 500 or not isinstance(error, DomainError):
            _log_failure(error)
        return _packed(_problem(known or failed(function, error)))


def _describe(names: list[str]) -> list[dict[str, Any] | None]:
    from chalicelib.functions.describing import describe

    known: list[Function | None] = [functions.find(name) for name in names]
    for function in known:
        if function is not None:
            prepare(function)
    return [describe(function, developing=True).to_json() if function else None for function in known]


def _answered(answer: Answer) -> bytes:
    body = answer.text()
    head = {"status": answer.status, "headers": answer.headers, "isText": isinstance(body, str)}
    return _packed(head, body.encode("utf-8", "replace") if isinstance(body, str) else body)


def _problem(error: DomainError) -> dict[str, Any]:
    errors = [field.to_json() for field in error.errors]
    return {
        "problem": {"status": error.status, "detail": error.detail, "errors": errors, "headers": error.headers},
    }


def _packed(head: dict[str, Any], body: bytes = b"") -> bytes:
    return json.dumps(head).encode() + b"\n" + body


def _log_failure(error: BaseException) -> None:
    """Print an error as Lambda's runtime does, with the frames from the first one of the user's code."""
    frames = list(traceback.walk_tb((error.__cause__ or error).__traceback__))
    own = next((i for i, (frame, _) in enumerate(frames) if is_user_module(frame.f_globals.get("__name__", ""))), None)
    lines = [f"[ERROR] {type(error).__name__}: {error}"]
    if own is not None:
        stack = traceback.StackSummary.extract(iter(frames[own:]))
        lines += ["Traceback (most recent call last):", "".join(stack.format()).rstrip()]
    elif isinstance(error, SyntaxError):
        lines += ["".join(traceback.format_exception_only(error)).rstrip()]
    print("\n".join(lines))
