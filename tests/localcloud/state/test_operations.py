"""Which requests count as changes."""

from __future__ import annotations

import json
from typing import Any

import botocore.loaders
import pytest

from localcloud.http_messages import Request
from localcloud.state.operations import changes, is_change

SERVICES = (
    *("cognito-idp", "dynamodb", "ssm", "secretsmanager", "s3", "sqs", "sns", "events", "scheduler", "iam", "lambda"),
    *("apigateway", "cloudformation", "logs", "kms", "stepfunctions", "sts", "ecr"),
)


def operations(service: str) -> dict[str, Any]:
    loader = botocore.loaders.Loader()
    found: dict[str, Any] = loader.load_service_model(service, "service-2")["operations"]
    return found


def request(method: str = "POST", target: str = "/", body: bytes = b"", **headers: str) -> Request:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Request(method, target, "HTTP/1.1", named, list(named.items()), body)


@pytest.mark.parametrize("service", SERVICES)
def test_what_creates_puts_or_deletes_is_a_change(service: str) -> None:
    beginnings = ("Create", "Put", "Update", "Delete", "Add", "Remove", "Set", "Tag", "Untag", "Attach", "Detach")
    further = ("Send", "Start", "Stop", "Enable", "Disable", "Copy", "Upload", "Complete", "Register", "Batch", "Admin")
    for name in operations(service):
        if name.startswith((*beginnings, *further)) and not name.startswith(("BatchGet", "AdminGet", "AdminList")):
            assert is_change(name), name


@pytest.mark.parametrize("service", SERVICES)
def test_in_rest_protocols_names_and_methods_agree(service: str) -> None:
    for name, operation in operations(service).items():
        method = operation["http"]["method"]
        if method in ("PUT", "DELETE", "PATCH"):
            assert is_change(name), f"{method} {name}"


def test_reads_are_known() -> None:
    for name in (
        "GetItem",
        "Query",
        "Scan",
        "BatchGetItem",
        "TransactGetItems",
        "DescribeTable",
        "ListUsers",
        "HeadBucket",
    ):
        assert not is_change(name), name


def test_a_name_is_read_by_its_words() -> None:
    assert is_change("Getaway") and is_change("Issue") and is_change("Checkout")


def test_every_protocol_is_read() -> None:
    form = "application/x-www-form-urlencoded; charset=utf-8"
    assert changes(request(x_amz_target="DynamoDB_20120810.PutItem", body=json.dumps({}).encode()))
    assert not changes(request(x_amz_target="DynamoDB_20120810.GetItem"))
    assert changes(request(content_type=form, body=b"Action=CreateRole&RoleName=GetRole"))
    assert not changes(request(content_type=form, body=b"Version=2010-05-08&Action=GetRole"))
    assert changes(request(target="/?Action=CreateRole&Version=2010-05-08"))
    assert changes(request("PUT", "/bucket/key")) and not changes(request("GET", "/bucket/key"))
    assert not changes(request("HEAD", "/bucket"))
    assert changes(request("POST", "/bucket?delete", body=b"<Delete/>"))
