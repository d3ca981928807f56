"""Our lookup finds the service that moto's own dispatcher would."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest
from moto.moto_server.werkzeug_app import DomainDispatcherApplication

from localcloud.http_messages import Request
from localcloud.moto_app import MotoApplication, _call
from localcloud.moto_services import MotoServices

ACCOUNT = "123456789012"


def request(
    method: str = "POST", target: str = "/", service: str = "", aws_target: str = "", body: bytes = b"", **more: str
) -> Request:
    headers = {"host": "127.0.0.1:1"}
    if service:
        scope = f"x/20260101/us-east-1/{service}/aws4_request"
        headers["authorization"] = f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=x"
    if aws_target:
        headers["x-amz-target"] = aws_target
    headers |= {name.replace("_", "-"): value for name, value in more.items()}
    return Request(method, target, "HTTP/1.1", headers, list(headers.items()), body)


REQUESTS = [
    request(service="dynamodb", aws_target="DynamoDB_20120810.PutItem"),
    request(service="dynamodb", aws_target="DynamoDBStreams_20120810.ListStreams"),
    request(service="ssm", aws_target="AmazonSSM.GetParameter"),
    request(service="sqs", aws_target="AmazonSQS.SendMessage"),
    request(service="EventBridge", aws_target="AWSEvents.PutEvents"),
    request(service="events", aws_target="AWSEvents.PutEvents"),
    request(service="cognito-idp", aws_target="AWSCognitoIdentityProviderService.ListUsers"),
    request(aws_target="AWSCognitoIdentityProviderService.InitiateAuth"),
    request("GET", "/us-east-1_abc/.well-known/jwks.json"),
    request("GET", "/us-east-1_abc/.well-known/openid-configuration"),
    request("PUT", "/bucket/key", service="s3"),
    request("GET", "/bucket/.well-known/jwks.json", service="s3"),
    request("GET", "/v20180820/configuration/publicAccessBlock", service="s3"),
    request("GET", "/bucket/key"),
    request("GET", "/bucket/key?X-Amz-Signature=x"),
    request("POST", "/schedules/x", service="scheduler"),
    request("GET", "/2015-03-31/functions/", service="lambda"),
    request(service="iam", body=b"Action=ListRoles", content_type="application/x-www-form-urlencoded"),
    request(body=b"Action=AssumeRoleWithWebIdentity", content_type="application/x-www-form-urlencoded"),
    request("GET", "/moto-api/data.json"),
    request("GET", "/latest/meta-data/"),
    request("POST", "/v2/email/identities", service="ses"),
    request(service="ses", body=b"Action=ListIdentities", content_type="application/x-www-form-urlencoded"),
]


def environ_of(request: Request) -> dict[str, Any]:
    return MotoApplication(1, ACCOUNT)._environ(request)


@pytest.mark.parametrize(
    "asked", REQUESTS, ids=lambda one: f"{one.method} {one.target} {one.headers.get('x-amz-target')}"
)
def test_it_is_the_one_that_moto_finds(asked: Request) -> None:
    names: Any = DomainDispatcherApplication(lambda name: name)  # type: ignore[arg-type,return-value]
    services = MotoServices(lambda _name: None, lambda _backends: None)
    found = [services.find(asked, environ_of).name for _ in range(2)]
    assert found == [names.get_application(environ_of(asked))] * 2


def test_one_service_does_not_make_another_wait() -> None:
    services = MotoServices(lambda _name: None, lambda _backends: None)
    known = request(service="ssm", aws_target="AmazonSSM.GetParameter")
    services.find(known, environ_of)
    found = threading.Event()

    def find() -> None:
        services.find(known, environ_of)
        found.set()

    with services._dispatcher.lock:  # as while another service is being loaded
        threading.Thread(target=find, daemon=True).start()
        assert found.wait(10)


def test_answers_are_those_of_motos_applications() -> None:
    application = MotoApplication(1, ACCOUNT)
    bodies: list[tuple[str, str, dict[str, Any]]] = [
        ("dynamodb", "DynamoDB_20120810.ListTables", {}),
        ("dynamodb", "DynamoDB_20120810.DescribeTable", {"TableName": "none"}),
        ("ssm", "AmazonSSM.GetParameter", {"Name": "none"}),
        ("cognito-idp", "AWSCognitoIdentityProviderService.DescribeUserPool", {"UserPoolId": "us-east-1_none"}),
        ("ssm", "AmazonSSM.NoSuchOperation", {}),
    ]
    for service, target, body in bodies:
        asked = request(service=service, aws_target=target, body=json.dumps(body).encode())
        direct = application.respond(asked)
        environ = application._environ(asked)
        found = application._services.find(asked, application._environ)
        assert found.handler is not None
        if target.endswith("NoSuchOperation"):
            assert direct.status == 501
            continue
        by_flask = _call(found.application, environ, request)
        assert (direct.status, direct.body) == (by_flask.status, by_flask.body)


def form(body: str, service: str = "cloudformation") -> Request:
    more = {"content_type": "application/x-www-form-urlencoded; charset=utf-8"}
    return request(service=service, body=body.encode(), **more)


@pytest.mark.parametrize(
    ("service", "body", "code", "words"),
    [
        ("cloudformation", "Action=CreateStack&StackName=a", "ValidationError", "Either Template URL or Template Body"),
        ("cloudformation", "Action=UpdateStack&StackName=a", "ValidationError", "Either Template URL or Template Body"),
        ("cloudformation", "Action=ValidateTemplate", "ValidationError", "Either Template URL or Template Body"),
        (
            "cloudformation",
            "Action=CreateChangeSet&StackName=a&ChangeSetName=b",
            "ValidationError",
            "Either Template URL or Template Body",
        ),
        (
            "cloudformation",
            "Action=CreateStack&StackName=1+x&TemplateBody={}",
            "ValidationError",
            "at 'stackName' failed",
        ),
        ("cloudformation", "Action=CreateStack&TemplateBody={}", "ValidationError", "Value null at 'stackName' failed"),
        (
            "cloudformation",
            "Action=Nope&Version=2010-05-15",
            "InvalidAction",
            "Could not find operation Nope for version",
        ),
        ("sns", "Action=Publish2&Version=2010-03-31", "InvalidAction", "Could not find operation Publish2"),
    ],
)
def test_what_a_query_lacks_is_told_in_the_protocols_own_form(service: str, body: str, code: str, words: str) -> None:
    application = MotoApplication(1, ACCOUNT)
    response = application.respond(form(body, service))
    text = response.body.decode()
    assert (response.status, f"<Code>{code}</Code>" in text) == (400, True), text
    assert words in text
