"""API Gateway's own responses."""

from __future__ import annotations

import json

import pytest

from infrastructure.gateway_responses import STATUSES, gateway_responses


@pytest.mark.parametrize("kind", [*STATUSES, "DEFAULT_4XX", "DEFAULT_5XX"])
def test_every_answer_is_a_problem_document(kind: str) -> None:
    answer = gateway_responses(("*",))[kind]
    template = answer["responseTemplates"]["application/json"]
    filled = template.replace("$context.error.messageString", '"Why"').replace("$context.requestId", "r-1")
    problem = json.loads(filled)
    assert problem["type"] == "about:blank"
    assert problem["title"]
    assert problem["detail"]
    assert problem["requestId"] == "r-1"
    if kind in STATUSES:
        assert answer["statusCode"] == str(problem["status"]) == str(STATUSES[kind])
    headers = answer["responseParameters"]
    assert headers["gatewayresponse.header.Content-Type"] == "'application/problem+json'"
    assert headers["gatewayresponse.header.Access-Control-Allow-Origin"] == "'*'"


def test_a_refused_token_says_how_to_authenticate() -> None:
    answer = gateway_responses(("*",))["UNAUTHORIZED"]
    assert answer["statusCode"] == "401"
    assert answer["responseParameters"]["gatewayresponse.header.WWW-Authenticate"] == "'Bearer'"


def test_an_unknown_path_is_not_found() -> None:
    assert gateway_responses(("*",))["MISSING_AUTHENTICATION_TOKEN"]["statusCode"] == "404"


@pytest.mark.parametrize(
    ("origins", "allowed"),
    [
        (("https://a.example",), "'https://a.example'"),
        (("https://a.example", "https://b.example"), "'*'"),  # otherwise pages of the second could not read an error
        (("https://a.example", "*"), "'*'"),
        ((), None),
    ],
)
def test_pages_of_every_allowed_origin_can_read_a_refusal(origins: tuple[str, ...], allowed: str | None) -> None:
    for answer in gateway_responses(origins).values():
        parameters = answer["responseParameters"]
        assert parameters.get("gatewayresponse.header.Access-Control-Allow-Origin") == allowed
        assert parameters.get("gatewayresponse.header.Access-Control-Expose-Headers") == (
            "'X-Request-Id'" if allowed else None
        )
