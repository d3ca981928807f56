"""Tells the console who the demo user is, so that nobody has to copy a password to sign in."""

from __future__ import annotations

import json

from localcloud import seeding
from localcloud.endpoint import Application
from localcloud.http_messages import Request, Response
from localcloud.state.facts import Facts

PATH = "/_localcloud/demo-user"


class DemoUserPage:
    """Answers `GET /_localcloud/demo-user` with `{email, password}`.

    It is part of the AWS endpoint, where it gives nothing away: whoever gets through to that endpoint may set the
    password of any user, and web pages other than the console are refused there.
    """

    def __init__(self, facts: Facts, others: Application) -> None:
        """Prepare.

        Args:
            facts: Has the demo user's password.
            others: Answers every other request.
        """
        self._facts = facts
        self._others = others

    def respond(self, request: Request) -> Response:
        """Answer one request."""
        if request.target != PATH or request.method != "GET":
            return self._others.respond(request)
        headers = [("Content-Type", "application/json"), ("Cache-Control", "no-store")]
        user = seeding.find_demo_user(self._facts)
        if user is None:
            return Response(404, headers, b"{}")
        return Response(200, headers, json.dumps({"email": user.email, "password": user.password}).encode())
