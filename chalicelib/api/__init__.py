"""HTTP only: what a request says becomes a call of the domain, its result an answer. No AWS call is made in here."""

from __future__ import annotations

from chalice.app import Chalice


def register(app: Chalice) -> None:
    """Register every route of the API."""
    from chalicelib.api import plugins, routes, routing

    routing.register(app, [*routes.ROUTES, *plugins.routes()])
