"""`/plugins/NAME/...`: the routes that plugins add. Each is imported at its first call: the start does not grow.

A view is `def view(call: Call) -> Answer`, as those of this package; anything else that it returns is sent as JSON.
"""

from __future__ import annotations

from collections.abc import Iterator

from chalicelib import plugins
from chalicelib.api.http import Answer, Call
from chalicelib.api.routing import Route, View
from chalicelib.plugins import Plugin


def routes() -> Iterator[Route]:
    """The routes of all plugins. They need a token, as every route of the project's own."""
    for plugin in plugins.installed():
        for key, reference in plugin.routes.items():
            method, _, path = key.partition(" ")
            yield Route(method, f"/plugins/{plugin.name}{path}".rstrip("/"), _view(plugin, key, reference))


def _view(plugin: Plugin, key: str, reference: str) -> View:
    loaded: list[View] = []

    def view(call: Call) -> Answer:
        if not loaded:
            loaded.append(plugins.load_hook(plugin, reference))
        answer = loaded[0](call)
        return answer if isinstance(answer, Answer) else Answer(answer)

    view.__name__ = "".join(c if c.isalnum() else "_" for c in f"plugin_{plugin.name}_{key}").lower()
    return view
