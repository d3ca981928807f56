"""Runs functions that are called over HTTP: the handler of the workers that stand in for the API's Lambda function.

As in a deployed stage, one process serves all functions, a call at a time. `localcloud.worker_caller` sends

    {"function": NAME, "event": PROXY EVENT}    or    {"describe": [NAME, ...]}

and gets a line of JSON, followed by the body of the answer:

    {"status", "headers", "isText"} + body    or    {"problem": {status, detail, errors, headers}}
    {"descriptions": [...]}

What the function raises without meaning the caller is the error of the invocation; its document has the problem too.
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
            raise Failed(error, known or failed(function, error)) from None
        return _packed(_problem(known))


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
    document = {"status": error.status, "detail": error.detail, "errors": errors, "headers": error.headers}
    return {"problem": document}


def _packed(head: dict[str, Any], body: bytes = b"") -> bytes:
    return json.dumps(head).encode() + b"\n" + body


class Failed(Exception):
    """What a function raised without meaning the caller: the pool writes it to the function's log, as in a flow.

    `lambda_error_document` is what `bootstrap` makes of it: the error with the frames from the first one of the user's
    code, and the problem for the caller.
    """

    def __init__(self, error: BaseException, problem: DomainError) -> None:
        super().__init__(str(error))
        raised = error.__cause__ if isinstance(error, functions.FunctionError) and error.__cause__ else error
        frames = list(traceback.walk_tb(raised.__traceback__))
        names = [frame.f_globals.get("__name__", "") for frame, _ in frames]
        first = next((index for index, name in enumerate(names) if is_user_module(name)), len(frames))
        stack = traceback.StackSummary.extract(iter(frames[first:])).format()
        if isinstance(error, SyntaxError):
            stack += traceback.format_exception_only(error)[:-1]  # the line; the last one is the message
        self.lambda_error_document = {"errorType": type(error).__name__, "stackTrace": stack, **_problem(problem)}
