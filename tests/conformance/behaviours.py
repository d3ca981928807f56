"""Lambda functions as a record describes them."""

from __future__ import annotations

import builtins
import json
import uuid
from collections.abc import Callable
from typing import Any

from asl import Engine
from stepfunctions import Invocation

OnDone = Callable[[Invocation], None]


class Behaviours:
    """A `FunctionInvoker` over a record's table of functions. `engine` returns the engine, which exists only later."""

    def __init__(self, functions: dict[str, dict[str, Any]], engine: Callable[[], Engine]) -> None:
        self._functions = functions
        self._engine = engine

    def invoke(self, function: str, payload: bytes, on_done: OnDone) -> None:
        name = function.split(":")[6] if function.startswith("arn:") else function.split(":")[0]
        behaviour = self._functions.get(name)
        if behaviour is None:
            raise LookupError(function)
        invocation = _behave(behaviour, json.loads(payload))
        if "sleeps_seconds" in behaviour:
            self._sleep(behaviour["sleeps_seconds"], on_done, invocation)
        else:
            on_done(invocation)

    def _sleep(self, seconds: float, on_done: OnDone, invocation: Invocation) -> None:
        """End the function by a timer of the engine, since a clock that skips doesn't wait for a sleeping function."""
        engine = self._engine()
        scheduler = engine.scheduler

        def wake() -> None:
            scheduler.working += 1
            on_done(invocation)

        def sleep() -> None:
            scheduler.working -= 1
            scheduler.at(engine.now() + seconds, wake)

        scheduler.post(sleep)


def _behave(behaviour: dict[str, Any], event: Any) -> Invocation:
    request_id = str(uuid.uuid4())
    if "raises" in behaviour:
        return _raise(behaviour["raises"], behaviour.get("message") or "", request_id)
    if "returns_bytes" in behaviour:
        return Invocation(str(behaviour["returns_bytes"]).encode(), request_id=request_id)
    if "returns_bytes_of_size" in behaviour:
        return Invocation(json.dumps("a" * behaviour["returns_bytes_of_size"]).encode(), request_id=request_id)
    if "returns_format" in behaviour:
        value: Any = behaviour["returns_format"].format(event=event)
    else:
        # A function with an unknown behaviour returns its event, as most do.
        returns = behaviour.get("returns", None if "sleeps_seconds" in behaviour or not behaviour else "event")
        value = event if returns == "event" else returns
    return Invocation(json.dumps(value).encode(), request_id=request_id)


def _raise(error_type: str, message: str, request_id: str) -> Invocation:
    """Return the error document of Lambda's Python runtime. The recorded handlers raised in line 2."""
    line = 2 if hasattr(builtins, error_type) else 9  # the handler declares its own exceptions before it
    call = f'{error_type}("{message}")' if message else f"{error_type}()"
    document = {
        "errorMessage": message,
        "errorType": error_type,
        "requestId": request_id,
        "stackTrace": [f'  File "/var/task/handler.py", line {line}, in handler\n    raise {call}\n'],
    }
    return Invocation(json.dumps(document).encode(), "Unhandled", request_id)
