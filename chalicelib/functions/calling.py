"""Calls a function with a state's input, as Lambda does for a flow."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from chalicelib import telemetry, usage
from chalicelib.functions.discovery import Function
from chalicelib.functions.loading import load
from chalicelib.functions.missing_modules import advised
from chalicelib.functions.serialising import jsonable
from chalicelib.names import USER_KEY


def call_from_flow(function: Function, event: Any, context: Any) -> Any:
    """Call a function with a state's input.

    Args:
        function: The function.
        event: The state's input.
        context: The Lambda context.

    Returns:
        The result in JSON's own types.

    Raises:
        ValidationError: The input does not fit the parameters of a typed function.
        Exception: Whatever the function raises is the task's error, under the name of its class.
    """
    user = event.get(USER_KEY) if isinstance(event, dict) else None
    with usage.call(user if isinstance(user, str) else None), advised(function), _span(function.name):
        signature = load(function).signature
        result = signature.call_with_input(event) if signature.typed else signature.call_with_event(event, context)
        return jsonable(result)


def _span(name: str) -> AbstractContextManager[Any]:
    if not telemetry.is_enabled():
        return nullcontext()
    from chalicelib.telemetry.invocations import span_of

    return span_of(name)


def lambda_handler(function: Function) -> Callable[[Any, Any], Any]:
    """Return the Lambda handler of a function, `app.<python_name>`."""

    def handler(event: Any, context: Any) -> Any:
        return call_from_flow(function, event, context)

    handler.__name__ = handler.__qualname__ = function.python_name
    handler.__doc__ = f"Run the library function {function.name!r} for a flow."
    return handler
