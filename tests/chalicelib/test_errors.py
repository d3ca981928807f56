"""Every error's way to HTTP."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError
from chalice.app import ForbiddenError

from chalicelib import errors
from chalicelib.aws_json import AwsError
from chalicelib.errors import DomainError, FieldError, Invalid, problem_of


def client_error(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "role arn:aws:iam::1:role/x"}}, "StartExecution")


@pytest.mark.parametrize(
    ("error", "status", "title"),
    [
        (errors.BadRequest("d"), 400, "Bad Request"),
        (errors.Unauthorized("d"), 401, "Unauthorized"),
        (errors.Forbidden("d"), 403, "Forbidden"),
        (errors.NotFound("d"), 404, "Not Found"),
        (errors.MethodNotAllowed("d"), 405, "Method Not Allowed"),
        (errors.Conflict("d"), 409, "Conflict"),
        (errors.Invalid("d"), 422, "Unprocessable Content"),
        (errors.TooManyRequests("d"), 429, "Too Many Requests"),
        (errors.Unavailable("d"), 503, "Service Unavailable"),
        (ForbiddenError("d"), 403, "Forbidden"),
    ],
)
def test_domain_errors(error: Exception, status: int, title: str) -> None:
    document = problem_of(error, "id-1").to_json()
    assert document == {"type": "about:blank", "title": title, "status": status, "detail": "d", "requestId": "id-1"}


def test_the_body_too_large() -> None:
    problem = problem_of(errors.TooLarge("d"), "r").to_json()
    assert (problem["status"], problem["title"]) == (413, "Content Too Large")


def test_titles_do_not_depend_on_the_interpreter() -> None:
    changed = {
        413: "Content Too Large",
        414: "URI Too Long",
        416: "Range Not Satisfiable",
        422: "Unprocessable Content",
    }
    for status in (s for s in HTTPStatus if s >= 400 and s in errors.TITLES):
        assert errors.title_of(status) == changed.get(status, status.phrase)
    assert (errors.title_of(499), errors.title_of(599)) == ("Client Error", "Server Error")


class Teapot(DomainError):
    status = 418


class Redirect(DomainError):
    status = 302


def test_a_status_of_ones_own() -> None:
    assert problem_of(Teapot("d"), "r").to_json()["title"] == "Client Error"
    assert problem_of(Redirect("secret"), "r").status == 500
    assert "secret" not in problem_of(Redirect("secret"), "r").body()


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_failure_of_aws_is_unavailable(status: int) -> None:
    error = ClientError(
        {"Error": {"Code": "InternalServerError", "Message": "x"}, "ResponseMetadata": {"HTTPStatusCode": status}},  # type: ignore[typeddict-item]
        "PutItem",
    )
    problem = problem_of(error, "r")
    assert (problem.status, problem.headers) == (503, {"Retry-After": "1"})
    light = problem_of(AwsError("PutItem", status, "InternalServerError", "x"), "r")
    assert (light.status, light.headers) == (503, {"Retry-After": "1"})


@pytest.mark.parametrize("code", sorted(errors.THROTTLING_CODES))
def test_throttling_says_when_to_come_back(code: str) -> None:
    problem = problem_of(client_error(code), "r")
    assert (problem.status, problem.headers) == (503, {"Retry-After": "1"})
    assert "arn:" not in problem.body()


@pytest.mark.parametrize(
    "error",
    [
        EndpointConnectionError(endpoint_url="http://10.0.0.1"),
        ConnectTimeoutError(endpoint_url="http://10.0.0.1"),
        ReadTimeoutError(endpoint_url="http://10.0.0.1"),
    ],
)
def test_no_answer_is_unavailable(error: Exception) -> None:
    problem = problem_of(error, "r")
    assert (problem.status, problem.headers) == (503, {"Retry-After": "1"})
    assert "10.0.0.1" not in problem.body()


@pytest.mark.parametrize(
    "error", [RuntimeError("password"), client_error("AccessDeniedException"), TimeoutError(), ConnectionError("x")]
)
def test_anything_else_says_nothing_of_itself(error: Exception) -> None:
    problem = problem_of(error, "r-17")
    assert problem.status == 500
    assert "r-17" in problem.detail
    assert "password" not in problem.body() and "arn:" not in problem.body()


def test_fields_are_listed() -> None:
    problem = problem_of(Invalid("d", errors=[FieldError("items[0].sku", "is required")]), "r")
    assert json.loads(problem.body())["errors"] == [{"field": "items[0].sku", "message": "is required"}]


@pytest.mark.parametrize("response", [None, "text", {}, {"Error": {}}, {"Error": {"Code": None}}])
def test_codes_of_odd_errors(response: Any) -> None:
    error = DomainError("d")
    error.response = response  # type: ignore[attr-defined]
    assert errors.error_code(error) in ("", "None")
    assert not errors.is_throttling(error)
