"""A route: GET /plugins/greetings/hello/{name}."""

from __future__ import annotations

from chalicelib.api.http import Answer, Call

from ..lib.shared.words import greeting


def hello(call: Call) -> Answer:
    """Greet the person that the path names, and return who asked."""
    return Answer({"text": greeting(call.param("name"), call.query("language") or "en"), "askedBy": call.user.id})
