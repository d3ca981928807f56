"""Runs functions that are called over HTTP, and the routes of plugins: the handler of the workers that stand in for the
API's Lambda function.

As in a deployed stage, one process serves all of them, a call at a time. `localcloud.worker_caller` sends one of

    {"function": NAME, "event": PROXY EVENT}
    {"plugin": NAME, "route": KEY, "event": PROXY EVENT, "parameters": {...}, "user": {...}}
    {"describe": [NAME, ...]}

and gets a line of JSON, followed by the body of the answer:

    {"status", "headers", "isText"} + body    or    {"problem": {status, detail, errors, headers}}
    {"descriptions": [...]}

What the function raises without meaning the caller is the error of the invocation; its document has the problem too.
"""

from __future__ import annotations

import json
import traceback
from typing import Any

from chalicelib import functions, logs, plugins, usage
from chalicelib.api.calling import answer_of, failed, route_failed
from chalicelib.api.http import Answer, Call
from chalicelib.errors import DomainError, NotFound, caller_error
from chalicelib.functions import Function
from chalicelib.functions.loading import is_user_module, prepare

logs.configure()


def handler(message: dict[str, Any], context: Any) -> bytes:
    """Answer a message of the API's process."""
    if "describe" in message:
        return _packed({"descriptions": _describe(message["describe"])})
    try:
        with usage.call(None, counted=True):  # by the API, before it sent the message
            return _answered(_answer(message, context))
    except MemoryError:
        raise
    except BaseException as error:  # sys.exit and the like too: the call fails, and this process serves others
        known = caller_error(error)
        if known is None or known.status == 500 or not isinstance(error, DomainError):
            raise Failed(error, known or _failure(message, error)) from None
        return _packed(_problem(known))


def _answer(message: dict[str, Any], context: Any) -> Answer:
    if "route" in message:
        return _answer_of_route(message, context)
    function = functions.find(message["function"])
    if function is None:
        raise NotFound(f"There is no function {message['function']!r}.")
    prepare(function)
    return answer_of(function, message["event"], context)


def _answer_of_route(message: dict[str, Any], context: Any) -> Answer:
    from chalice.app import Request

    from chalicelib.api.plugins import answer_of as answer_of_route
    from chalicelib.identity import User

    name, key = message["plugin"], message["route"]
    plugin = next((found for found in plugins.installed() if found.name == name and key in found.routes), None)
    if plugin is None:
        raise NotFound(f"The plugin {name!r} has no route {key} any more.")
    call = Call(Request(message["event"], context), message["parameters"], context.aws_request_id)
    call.set_user(User.from_json(message["user"]))
    return answer_of_route(plugin, key, call)


def _failure(message: dict[str, Any], error: BaseException) -> DomainError:
    """Return the description of a failure for a developer."""
    if "route" in message:
        return route_failed(message["plugin"], message["route"], error)
    function = functions.find(message["function"])
    return DomainError(str(error)) if function is None else failed(function, error)


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
    """What a function or a route raised without meaning the caller: the pool writes it to the log, as in a flow.

    `lambda_error_document` is what `bootstrap` makes of it: the error with the frames from the first one of the user's
    code, and the problem for the caller.
    """

    def __init__(self, error: BaseException, problem: DomainError) -> None:
        super().__init__(str(error))
        wraps = isinstance(error, functions.FunctionError | plugins.HookError)
        raised = error.__cause__ or error if wraps else error
        frames = list(traceback.walk_tb(raised.__traceback__))
        names = [frame.f_globals.get("__name__", "") for frame, _ in frames]
        first = next((index for index, name in enumerate(names) if is_user_module(name)), len(frames))
        stack = traceback.StackSummary.extract(iter(frames[first:])).format()
        if isinstance(error, SyntaxError):
            stack += traceback.format_exception_only(error)[:-1]  # the line; the last one is the message
        self.lambda_error_document = {"errorType": type(error).__name__, "stackTrace": stack, **_problem(problem)}
