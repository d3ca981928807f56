"""What is about the API itself: `/health`, `/openapi.json`, `/console`."""

from __future__ import annotations

from chalicelib.api.http import Answer, Call
from chalicelib.api.routing import Route
from chalicelib.settings import PROJECT, settings


def health(call: Call) -> Answer:
    """That the service answers. Asks nobody, so that it says nothing of AWS."""
    return Answer('{"status":"ok"}')


ROUTES = (Route("GET", "/health", health, public=True),)
