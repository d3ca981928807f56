"""Registers routes with Chalice. The code that answers (`answering`) is imported at the first request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from chalice.app import CognitoUserPoolAuthorizer

from chalicelib.settings import settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from chalice.app import Chalice, Request, Response

    from chalicelib.api.http import View


class Route(NamedTuple):
    """One route of the API.

    A `public` one answers everybody. One with a `key`, a query parameter, answers whoever sends that, which its view
    checks, and otherwise users as usual. As API Gateway's authorizers know no alternative to the token, it lets such
    requests through, and the application verifies the token itself.
    """

    method: str
    path: str
    view: View
    public: bool = False
    key: str | None = None


def register(app: Chalice, routes: Iterable[Route]) -> None:
    """Serve `routes`, and the preflight of each path. Only public ones work without a token of the user pool."""
    authorizer = CognitoUserPoolAuthorizer("CognitoUserPool", provider_arns=[settings.user_pool_arn])
    # An answer is binary if its body is bytes (`answering`). By Chalice's own list of media types it would be refused
    # unless the request's `Accept` has one of that list, and `image/*` is not in it.
    app.api.binary_types = []
    methods: dict[str, list[str]] = {}
    for route in routes:
        methods.setdefault(route.path, []).append(route.method)
        app.route(
            route.path,
            methods=[route.method],
            name=route.view.__name__,
            authorizer=None if route.public or route.key is not None else authorizer,
            content_types=[],  # any: the view decides what the body must be
        )(_adapter(app, route))
    for path, allowed in methods.items():
        name = "preflight_" + path.strip("/").replace("/", "_").replace("{", "").replace("}", "").replace(".", "_")
        app.route(path, methods=["OPTIONS"], name=name, content_types=[])(_preflight(app, allowed))
    app.register_middleware(_problems_of_chalice, "http")


def _adapter(app: Chalice, route: Route) -> Callable[..., Response]:
    def view(**params: str) -> Response:
        from chalicelib.api.answering import answer

        return answer(route, _current(app), params)

    view.__name__ = view.__qualname__ = route.view.__name__
    return view


def _preflight(app: Chalice, methods: list[str]) -> Callable[..., Response]:
    def preflight(**_: str) -> Response:
        from chalicelib.api.answering import answer_preflight

        return answer_preflight(_current(app), methods)

    return preflight


def _current(app: Chalice) -> Request:
    request = app.current_request
    if request is None:
        raise RuntimeError("A view was called outside a request.")
    return request


def _problems_of_chalice(request: Request | None, get_response: Callable[[Any], Response]) -> Response:
    """Turn Chalice's own refusals (a method that the path does not have) into problem documents."""
    response = get_response(request)
    if not (isinstance(response.body, dict) and response.body.keys() == {"Code", "Message"}):
        return response
    from chalicelib.api.answering import problem_of_chalice

    return problem_of_chalice(request, response)
