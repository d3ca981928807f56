"""`/plugins/NAME/...`: the routes that plugins add. Each is imported at its first call: the start does not grow.

A view is `def view(call: Call) -> Answer`, like those of this package; other results are sent as JSON. Views run where
functions run that are called over HTTP (see `calling`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from chalicelib import plugins
from chalicelib.api.http import Answer, Call, View
from chalicelib.api.routing import Route
from chalicelib.plugins import HookError, Plugin

_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_VALUE = re.compile(r"[^\x00-\x08\x0a-\x1f\x7f]*")


def routes() -> Iterator[Route]:
    """Return the routes of all plugins. They need a token, like the project's own routes."""
    for plugin in plugins.installed():
        for key in plugin.routes:
            method, _, path = key.partition(" ")
            yield Route(method, f"/plugins/{plugin.name}{path}".rstrip("/"), _view(plugin, key))


def answer_of(plugin: Plugin, key: str, call: Call) -> Answer:
    """Call a view in this process, and return its answer.

    Args:
        plugin: The plugin.
        key: The route, as in the plugin's `routes`.
        call: The request.

    Raises:
        HookError: The view cannot be imported, exits, or its answer cannot be sent.
        BaseException: What the view raises.
    """
    try:
        answer = plugins.load_hook(plugin, plugin.routes[key])(call)
    except SystemExit as error:
        raise HookError(f"plugin {plugin.name}: {key} raised {error!r}") from error
    return _sound(answer if isinstance(answer, Answer) else Answer(answer), f"plugin {plugin.name}: {key}")


def _view(plugin: Plugin, key: str) -> View:
    def view(call: Call) -> Answer:
        from chalicelib.api.calling import caller_of  # with all that functions need

        return caller_of(call).call_route(plugin, key, call)

    view.__name__ = "".join(c if c.isalnum() else "_" for c in f"plugin_{plugin.name}_{key}").lower()
    return view


def _sound(answer: Answer, who: str) -> Answer:
    """Return the answer as it is sent, or raise HookError if it cannot be sent."""
    headers = answer.headers if isinstance(answer.headers, dict) else {"": answer.headers}
    if not all(_HEADER.fullmatch(name) and _VALUE.fullmatch(str(value)) for name, value in headers.items()):
        raise HookError(f"{who}: the answer has invalid headers: {headers!r}")
    if not isinstance(answer.status, int) or not 200 <= answer.status <= 599:
        raise HookError(f"{who}: the answer has the invalid status {answer.status!r}; it must be from 200 to 599")
    try:
        return Answer(answer.text(), answer.status, headers)
    except (TypeError, ValueError, RecursionError) as error:
        raise HookError(f"{who}: the result cannot be written as JSON: {error}") from error
