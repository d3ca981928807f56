"""The API about itself: `/`, `/health`, `/openapi.json`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.api.http import Answer

if TYPE_CHECKING:
    from chalicelib.api.http import Call


def health(call: Call) -> Answer:
    """Answer that the service is running. It asks nothing else, so it says nothing about AWS."""
    return Answer('{"status":"ok"}')


def openapi_document(call: Call) -> Answer:
    """Answer with the OpenAPI 3.1 document of this API, with the schemas of all functions and flows."""
    from chalicelib import functions
    from chalicelib.api.calling import caller_of
    from chalicelib.api.openapi import document

    base = call.path.removesuffix("/openapi.json")
    described = caller_of(call).describe(functions.served().values())
    return Answer(document(base or "/", described))


def root(call: Call) -> Answer:
    """Lead a browser to the web console."""
    return Answer("", status=302, headers={"Location": f"{call.path.rstrip('/')}/console/"})
