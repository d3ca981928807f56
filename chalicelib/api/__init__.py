"""The HTTP API: requests become calls of the domain, and results become answers. Nothing in here calls AWS."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chalice.app import Chalice


def register(app: Chalice) -> None:
    """Register every route of the API."""
    from chalicelib.api import routes, routing
    from chalicelib.settings import has_plugins

    listed = list(routes.ROUTES)
    if has_plugins():
        from chalicelib.api import plugins

        listed += plugins.routes()
    routing.register(app, listed)
