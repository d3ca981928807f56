"""Every error's way to HTTP."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError
from chalice.app import ForbiddenError

from chalicelib import errors
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
        (errors.Invalid("d"), 422, "Unprocessable Entity"),
        (errors.TooManyRequests("d"), 429, "Too Many Requests"),
        (errors.Unavailable("d"), 503, "Service Unavailable"),
        (ForbiddenError("d"), 403, "Forbidden"),
    ],
)
def test_domain_errors(error: Exception, status: int, title: str) -> None:
    document = problem_of(error, "id-1").to_json()
    assert document == {"type": "about:blank", "title": title, "status": status, "detail": "d", "requestId": "id-1"}


def test_the_body_too_large() -> None:
    assert problem_of(errors.TooLarge("d"), "r").status == 413


@pytest.mark.parametrize("code", sorted(errors.THROTTLING_CODES))
def test_throttling_says_when_to_come_back(code: str) -> None:
    problem = problem_of(client_error(code), "r")
    assert (problem.status, problem.headers) == (429, {"Retry-After": "1"})
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
    assert problem.status == 503
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
