"""Deployed REST APIs over HTTP: routes, tokens, events, timeouts, gateway responses."""

from __future__ import annotations

import base64
import io
import json
import time
import uuid
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import requests
from botocore.exceptions import ClientError

from localcloud.cloud import Cloud
from tests.end_to_end.conftest import sign_up
from tests.localcloud.conftest import client_of

ACCOUNT = "123456789012"
CODE = """
import time
def handler(event, context):
    mode = (event["queryStringParameters"] or {}).get("mode")
    if mode == "slow":
        time.sleep(15)
    if mode == "fail":
        raise ValueError("secret")
    if mode == "odd":
        return {"unexpected": 1}
    if mode == "binary":
        return {"statusCode": 200, "headers": {"Content-Type": "image/png"}, "body": "iVBORw==",
                "isBase64Encoded": True}
    if mode == "cookies":
        return {"statusCode": 201, "multiValueHeaders": {"Set-Cookie": ["a=1", "b=2"]}, "body": None}
    import json
    return {"statusCode": 200, "body": json.dumps(event)}
"""


@dataclass
class Deployed:
    """An API on its stage `v1`."""

    cloud: Cloud
    id: str
    function: str
    pool: str
    token: str

    def __call__(self, method: str, path: str, **options: Any) -> requests.Response:
        url = f"{self.cloud.endpoint}/_aws/execute-api/{self.id}/v1{path}"
        return requests.request(method, url, timeout=10, **options)

    def definition(self, **changes: Any) -> dict[str, Any]:
        uri = (
            "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/"
            f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:{self.function}/invocations"
        )
        proxy = {"type": "aws_proxy", "httpMethod": "POST", "uri": uri, "timeoutInMillis": 1000}
        call = {"x-amazon-apigateway-integration": proxy, "responses": {}}
        mock = {
            "type": "mock",
            "requestTemplates": {"application/json": '{"statusCode": 204}'},
            "responses": {
                "default": {
                    "statusCode": "204",
                    "responseParameters": {"method.response.header.Access-Control-Allow-Origin": "'https://a.example'"},
                }
            },
        }
        arn = f"arn:aws:cognito-idp:us-east-1:{ACCOUNT}:userpool/{self.pool}"
        return {
            "swagger": "2.0",
            "info": {"title": "tested", "version": "1"},
            "x-amazon-apigateway-binary-media-types": ["image/png"],
            "securityDefinitions": {
                "Users": {
                    "type": "apiKey",
                    "name": "Authorization",
                    "in": "header",
                    "x-amazon-apigateway-authtype": "cognito_user_pools",
                    "x-amazon-apigateway-authorizer": {"type": "cognito_user_pools", "providerARNs": [arn]},
                }
            },
            "paths": {
                "/": {"get": call},
                "/open/{name}": {"get": call, "post": call, "options": {"x-amazon-apigateway-integration": mock}},
                "/open/fixed": {"x-amazon-apigateway-any-method": call},
                "/closed": {"get": {**call, "security": [{"Users": []}]}},
            },
            "x-amazon-apigateway-gateway-responses": {
                "UNAUTHORIZED": {
                    "statusCode": "418",
                    "responseParameters": {"gatewayresponse.header.X-Id": "context.requestId"},
                    "responseTemplates": {"application/json": '{"why": $context.error.messageString}'},
                }
            },
            **changes,
        }


@pytest.fixture(scope="module")
def api(cloud: Cloud) -> Iterator[Deployed]:
    name = f"front-{uuid.uuid4().hex[:8]}"
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    role = client_of(cloud, "iam").create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]["Arn"]
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("code.py", "")
        archive.writestr("main.py", CODE)
    functions = client_of(cloud, "lambda")
    functions.create_function(
        FunctionName=name,
        Runtime="python3.11",
        Handler="main.handler",
        Role=role,
        Timeout=20,
        Code={"ZipFile": content.getvalue()},
    )
    cognito = client_of(cloud, "cognito-idp")
    pool = cognito.create_user_pool(PoolName=name)["UserPool"]["Id"]
    client = cognito.create_user_pool_client(
        UserPoolId=pool, ClientName=name, ExplicitAuthFlows=["ALLOW_ADMIN_USER_PASSWORD_AUTH"]
    )["UserPoolClient"]["ClientId"]
    deployed = Deployed(cloud, "", name, pool, sign_up(cognito, pool, client, "ops", "admin")["IdToken"])
    gateway = client_of(cloud, "apigateway")
    imported = gateway.import_rest_api(
        body=json.dumps(deployed.definition()), parameters={"endpointConfigurationTypes": "REGIONAL"}
    )
    assert imported["endpointConfiguration"]["types"] == ["REGIONAL"]
    deployed.id = imported["id"]
    functions.add_permission(
        FunctionName=name,
        StatementId="gateway",
        Action="lambda:InvokeFunction",
        Principal="apigateway.amazonaws.com",
        SourceArn=f"arn:aws:execute-api:us-east-1:{ACCOUNT}:{deployed.id}/*",
    )
    gateway.create_deployment(restApiId=deployed.id, stageName="v1")
    yield deployed


def test_the_event_of_a_request(api: Deployed) -> None:
    answer = api("POST", "/open/a%2Fb%20c?x=1&x=2&y=", data="text", headers={"X-Own": "1"})
    event = answer.json()
    assert answer.headers["Content-Type"] == "application/json"
    assert event["resource"] == "/open/{name}"
    assert event["pathParameters"] == {"name": "a%2Fb%20c"}
    assert event["queryStringParameters"] == {"x": "2", "y": ""}
    assert event["multiValueQueryStringParameters"] == {"x": ["1", "2"], "y": [""]}
    assert event["headers"]["X-Own"] == "1"
    assert (event["body"], event["isBase64Encoded"]) == ("text", False)
    context = event["requestContext"]
    assert (context["stage"], context["path"], context["apiId"]) == ("v1", "/v1/open/a%2Fb%20c", api.id)
    assert "authorizer" not in context
    assert context["requestId"] == answer.headers["x-amzn-RequestId"]


def test_literal_paths_come_before_parameters_and_any_method_is_taken(api: Deployed) -> None:
    assert api("PATCH", "/open/fixed").json()["resource"] == "/open/fixed"
    assert api("GET", "/").json()["resource"] == "/"
    assert api("GET", "/open/x").json()["resource"] == "/open/{name}"


def test_the_host_names_the_api_as_on_aws(api: Deployed) -> None:
    headers = {"Host": f"{api.id}.execute-api.localhost"}
    assert requests.get(f"{api.cloud.endpoint}/v1/open/x", headers=headers, timeout=10).status_code == 200


@pytest.mark.parametrize(("method", "path"), [("GET", "/nothing"), ("DELETE", "/open/x"), ("GET", "/open")])
def test_what_the_api_does_not_have(api: Deployed, method: str, path: str) -> None:
    answer = api(method, path)
    assert (answer.status_code, answer.json()) == (403, {"message": "Missing Authentication Token"})
    assert answer.headers["x-amzn-ErrorType"] == "MissingAuthenticationTokenException"


def test_an_unknown_api_or_stage(api: Deployed) -> None:
    for path in (f"{api.id}/v2/open/x", "abcdefghij/v1/", ""):
        answer = requests.get(f"{api.cloud.endpoint}/_aws/execute-api/{path}", timeout=10)
        assert (answer.status_code, answer.json()) == (403, {"message": "Forbidden"})


def test_an_id_token_is_accepted_and_its_claims_are_passed_on(api: Deployed) -> None:
    for header in (api.token, f"Bearer {api.token}"):
        claims = api("GET", "/closed", headers={"Authorization": header}).json()["requestContext"]["authorizer"][
            "claims"
        ]
        assert claims["token_use"] == "id"
        assert set(claims["cognito:groups"].split(",")) == {"ops", "admin"}
        assert claims["exp"].endswith(time.strftime(" UTC %Y", time.gmtime(time.time() + 3600)))


def tokens_that_are_refused(token: str) -> dict[str, str]:
    """Return tokens with one defect each, by the defect."""
    from jose import jwt

    claims = jwt.get_unverified_claims(token)
    forged = jwt.encode(claims, "guess", algorithm="HS256", headers={"kid": "dummy"})
    header, payload, signature = token.split(".")
    none = base64.urlsafe_b64encode(b'{"alg":"none","kid":"dummy"}').rstrip(b"=").decode()
    other = base64.urlsafe_b64encode(json.dumps({**claims, "sub": "another"}).encode()).rstrip(b"=").decode()
    return {
        "missing": "",
        "no token": "Bearer",
        "garbage": "a.b.c",
        "unsigned": f"{none}.{payload}.",
        "signed by another": forged,
        "changed": f"{header}.{other}.{signature}",
    }


def test_any_other_token_is_refused_in_the_apis_words(api: Deployed) -> None:
    for wrong, token in tokens_that_are_refused(api.token).items():
        answer = api("GET", "/closed", headers={"Authorization": token} if token else {})
        assert (answer.status_code, answer.json()) == (418, {"why": "Unauthorized"}), wrong
        assert answer.headers["X-Id"] == answer.headers["x-amzn-RequestId"]


def test_a_token_of_another_pool_is_refused(api: Deployed) -> None:
    cognito = client_of(api.cloud, "cognito-idp")
    pool = cognito.create_user_pool(PoolName="other")["UserPool"]["Id"]
    client = cognito.create_user_pool_client(
        UserPoolId=pool, ClientName="other", ExplicitAuthFlows=["ALLOW_ADMIN_USER_PASSWORD_AUTH"]
    )["UserPoolClient"]["ClientId"]
    tokens = sign_up(cognito, pool, client)
    assert api("GET", "/closed", headers={"Authorization": tokens["IdToken"]}).status_code == 418
    assert api("GET", "/closed", headers={"Authorization": tokens["AccessToken"]}).status_code == 418


def test_a_mock_integration_answers_without_a_function(api: Deployed) -> None:
    answer = api("OPTIONS", "/open/x")
    assert answer.status_code == 204
    assert answer.headers["Access-Control-Allow-Origin"] == "https://a.example"


def test_a_function_that_takes_too_long(api: Deployed) -> None:
    began = time.monotonic()
    answer = api("GET", "/open/x?mode=slow")
    assert (answer.status_code, answer.json()) == (504, {"message": "Endpoint request timed out"})
    assert time.monotonic() - began < 8


@pytest.mark.parametrize("mode", ["fail", "odd"])
def test_a_function_that_fails_reveals_nothing(api: Deployed, mode: str) -> None:
    answer = api("GET", f"/open/x?mode={mode}")
    assert (answer.status_code, answer.json()) == (502, {"message": "Internal server error"})


def test_binary_answers_and_repeated_headers(api: Deployed) -> None:
    assert api("GET", "/open/x?mode=binary", headers={"Accept": "image/png"}).content == base64.b64decode("iVBORw==")
    assert api("GET", "/open/x?mode=binary", headers={"Accept": "text/plain"}).text == "iVBORw=="
    sent = api("POST", "/open/x", data=b"\x00\xff", headers={"Content-Type": "image/png"}).json()
    assert (sent["isBase64Encoded"], base64.b64decode(sent["body"])) == (True, b"\x00\xff")
    cookies = api("GET", "/open/x?mode=cookies")
    assert cookies.status_code == 201
    assert cookies.raw.headers.getlist("Set-Cookie") == ["a=1", "b=2"]


def test_nothing_changes_before_the_next_deployment(api: Deployed) -> None:
    gateway = client_of(api.cloud, "apigateway")
    changed = api.definition(paths={"/later": api.definition()["paths"]["/"]})
    gateway.put_rest_api(restApiId=api.id, mode="overwrite", body=json.dumps(changed))
    assert api("GET", "/later").status_code == 403
    assert api("GET", "/open/x").status_code == 200
    gateway.create_deployment(restApiId=api.id, stageName="v1")
    assert api("GET", "/later").status_code == 200
    assert api("GET", "/open/x").status_code == 403
    gateway.put_rest_api(restApiId=api.id, mode="overwrite", body=json.dumps(api.definition()))
    gateway.create_deployment(restApiId=api.id, stageName="v1")
    assert len(gateway.get_resources(restApiId=api.id)["items"]) == 5
    assert len(gateway.get_authorizers(restApiId=api.id)["items"]) == 1


def test_a_function_that_does_not_permit_api_gateway(api: Deployed) -> None:
    functions = client_of(api.cloud, "lambda")
    functions.remove_permission(FunctionName=api.function, StatementId="gateway")
    try:
        answer = api("GET", "/open/x")
        assert (answer.status_code, answer.json()) == (500, {"message": "Internal server error"})
    finally:
        functions.add_permission(
            FunctionName=api.function,
            StatementId="gateway",
            Action="lambda:InvokeFunction",
            Principal="apigateway.amazonaws.com",
            SourceArn=f"arn:aws:execute-api:us-east-1:{ACCOUNT}:{api.id}/*",
        )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"swagger": None}, "Invalid OpenAPI input"),
        ({"info": {"version": "1"}}, "info.title"),
        ({"paths": None}, "paths"),
        ({"paths": {"no-slash": {}}}, "no-slash"),
        ({"securityDefinitions": {}}, "Users"),
    ],
)
def test_an_invalid_definition_changes_nothing(api: Deployed, change: dict[str, Any], message: str) -> None:
    gateway = client_of(api.cloud, "apigateway")
    before = len(gateway.get_resources(restApiId=api.id)["items"])
    with pytest.raises(ClientError, match=message):
        gateway.put_rest_api(restApiId=api.id, mode="overwrite", body=json.dumps(api.definition(**change)))
    assert len(gateway.get_resources(restApiId=api.id)["items"]) == before
