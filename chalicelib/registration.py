"""Registers functions as Lambda functions of their own, and finds the handler `app.<python_name>`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chalicelib.settings import settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalice.app import Chalice


def register(app: Chalice, namespace: dict[str, Any]) -> None:
    """Check the functions at start-up and, for Chalice's command line, register each one that a flow uses.

    On Lambda it does nothing: cold starts must not grow with the number of functions, and `handler_named` finds the one
    that is called.

    Args:
        app: The application.
        namespace: The module `app`, in which Chalice's packager expects the handlers.

    Raises:
        ClashError: Two functions would be the same one on AWS.
        InvalidNameError: A folder's name cannot be the name of a function.
    """
    if settings.on_lambda:
        return
    from chalicelib.functions.discovery import discover

    found = discover()
    if not settings.in_chalice_cli:
        return
    from chalicelib.flows.catalog import catalog
    from chalicelib.functions.calling import lambda_handler

    for name in catalog().functions:
        function = found[name]
        handler = namespace[function.python_name] = lambda_handler(function)
        app.lambda_function(name=name)(handler)


def handler_named(python_name: str) -> Callable[[Any, Any], Any]:
    """Return the Lambda handler `app.<python_name>`.

    Raises:
        AttributeError: There is no such function; modules raise the same.
    """
    from chalicelib.functions.calling import lambda_handler
    from chalicelib.functions.discovery import find_by_python_name

    function = None if python_name.startswith("_") else find_by_python_name(python_name)
    if function is None:
        raise AttributeError(
            f"module 'app' has no attribute {python_name!r}, and chalicelib/lib has no function of that name"
        )
    return lambda_handler(function)
