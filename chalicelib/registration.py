"""Functions as Lambda functions of their own: what `app.<python_name>` is, and which of them are deployed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chalicelib.settings import settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalice.app import Chalice


def register(app: Chalice, namespace: dict[str, Any]) -> None:
    """Check the functions at start-up and, for Chalice's command line, register each one that a flow uses.

    `namespace` is the module `app`, in which Chalice's packager expects the handlers. On Lambda nothing is done: a cold
    start must not grow with the number of functions, and `handler_named` finds the one that is called.
    Raises `ClashError` and `InvalidNameError`.
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
    """The Lambda handler `app.<python_name>`. Raises AttributeError, as a module does, if there is no such function."""
    from chalicelib.functions.calling import lambda_handler
    from chalicelib.functions.discovery import find_by_python_name

    function = None if python_name.startswith("_") else find_by_python_name(python_name)
    if function is None:
        raise AttributeError(
            f"module 'app' has no attribute {python_name!r}, and chalicelib/lib no function of that name"
        )
    return lambda_handler(function)
