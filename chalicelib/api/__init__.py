"""HTTP only: what a request says becomes a call of the domain, its result an answer. No AWS call is made in here."""

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
