"""AWS's JSON APIs without boto3: signatures, retries, errors, and when boto3 is used after all."""

from __future__ import annotations

import http.server
import json
import os
import selectors
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from botocore import credentials as botocore_credentials
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest

from chalicelib import aws, aws_json, secrets, usage
from chalicelib.aws_json import SSM, AwsError, Client, Credentials, Patience, Scope, sign
from chalicelib.settings import PROJECT, settings

from .conftest import LocalCloud

KEYS = Credentials("AKIDEXAMPLE", "secret+/=", "token+/=")


class Service:
    """Answers what a test has put into `answers`, the last one again and again, and keeps the requests."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, Any]] = [(200, {})]
        self.requests: list[tuple[dict[str, str], Any]] = []
        self.connections: set[Any] = set()
        self.hangs_up = False
        service = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                service.connections.add(self.client_address)
                service.requests.append((dict(self.headers), json.loads(body)))
                status, answer = service.answers[0] if len(service.answers) == 1 else service.answers.pop(0)
                text = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)
                self.close_connection = service.hangs_up

            def log_message(self, *_: object) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()


@pytest.fixture
def service() -> Iterator[Service]:
    service = Service()
    yield service
    service.server.shutdown()
    service.server.server_close()


def client(service: Service, attempts: int = 2, read_timeout: float = 10) -> Client:
    return Client(SSM, service.url, "eu-west-1", KEYS, Patience(5, read_timeout, attempts))


@pytest.fixture
def on_lambda(clean: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The environment of a Lambda function, as far as it matters to clients."""
    clean.setenv("AWS_LAMBDA_FUNCTION_NAME", "function")
    for name in ("AWS_PROFILE", "HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "http_proxy", "AWS_CA_BUNDLE"):
        clean.delenv(name, raising=False)
    return clean


@pytest.mark.parametrize("token", [None, "session/token=="])
def test_the_signature_is_botocore_s(token: str | None) -> None:
    headers = {
        "Content-Type": "application/x-amz-json-1.1",
        "Host": "ssm.eu-west-1.amazonaws.com",
        "X-Amz-Target": "AmazonSSM.GetParametersByPath",
    }
    body = b'{"Path":"/a/"}'
    now = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    keys = Credentials("AKIDEXAMPLE", "secret+/=", token)
    signed = sign(headers, body, keys, Scope(now, "eu-west-1", "ssm"), path="/")
    request = AWSRequest("POST", "https://ssm.eu-west-1.amazonaws.com/", headers=headers, data=body)
    theirs = SigV4Auth(botocore_credentials.Credentials(keys.access_key, keys.secret_key, token), "ssm", "eu-west-1")
    request.context["timestamp"] = now
    if token:
        request.headers["X-Amz-Security-Token"] = token
    request.headers["X-Amz-Date"] = now
    assert signed["Authorization"].endswith(
        f"Signature={theirs.signature(theirs.string_to_sign(request, theirs.canonical_request(request)), request)}"
    )
    assert "X-Amz-Security-Token" in signed if token else "X-Amz-Security-Token" not in signed


def test_a_call_and_the_next_on_the_same_connection(service: Service) -> None:
    service.answers = [(200, {"Parameters": [{"Name": "ä"}]})]
    calls = client(service)
    for _ in range(3):
        assert calls.get_parameters_by_path(Path="/a/", WithDecryption=True) == {"Parameters": [{"Name": "ä"}]}
    headers, body = service.requests[0]
    assert body == {"Path": "/a/", "WithDecryption": True}
    assert headers["X-Amz-Target"] == "AmazonSSM.GetParametersByPath"
    assert headers["Content-Type"] == "application/x-amz-json-1.1"
    assert headers["X-Amz-Security-Token"] == KEYS.token
    assert "/eu-west-1/ssm/aws4_request" in headers["Authorization"]
    assert len(service.connections) == 1


def test_an_idle_connection_is_not_trusted(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = client(service)
    calls.get_parameter(Name="a")
    now = time.monotonic() + aws_json.MAX_IDLE_SECONDS + 1
    monkeypatch.setattr(aws_json.time, "monotonic", lambda: now)
    calls.get_parameter(Name="a")
    assert len(service.connections) == 2


def test_a_connection_that_was_closed_meanwhile_costs_no_attempt(service: Service) -> None:
    calls = client(service, attempts=1)
    service.hangs_up = True
    calls.get_parameter(Name="a")
    (_, connection) = calls._idle[-1]
    with selectors.DefaultSelector() as selector:  # select() takes no more than 1,024 files
        selector.register(connection.sock, selectors.EVENT_READ)
        assert selector.select(10)
    calls.get_parameter(Name="a")
    assert len(service.connections) == 2


@pytest.mark.parametrize(
    ("status", "document"),
    [
        (400, {"__type": "ThrottlingException", "message": "slow down"}),
        (500, {"__type": "InternalServerError"}),
        (503, b"<html>busy</html>"),
    ],
)
def test_what_may_pass_is_tried_again(service: Service, status: int, document: Any) -> None:
    service.answers = [(status, document), (200, {"ok": True})]
    assert client(service).get_parameter(Name="a") == {"ok": True}
    service.answers = [(status, document), (200, {"ok": True})]
    with pytest.raises(AwsError):
        client(service, attempts=1).get_parameter(Name="a")


def test_an_error_says_what_the_service_said(service: Service) -> None:
    service.answers = [(400, {"__type": "com.amazonaws.ssm#AccessDeniedException", "Message": "not you"})]
    with pytest.raises(AwsError, match=r"GetParameter: AccessDeniedException \(400\): not you") as failure:
        client(service).get_parameter(Name="a")
    assert failure.value.response == {
        "Error": {"Code": "AccessDeniedException", "Message": "not you"},
        "ResponseMetadata": {"HTTPStatusCode": 400},
    }
    assert aws.error_name(failure.value) == "AccessDeniedException"
    assert len(service.requests) == 1


def test_a_silent_or_absent_service_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=8) as server:
        silent = f"http://127.0.0.1:{server.getsockname()[1]}"
        calls = Client(SSM, silent, "eu-west-1", KEYS, Patience(5, 0.1, 2))
        with pytest.raises(OSError, match="timed out"):
            calls.get_parameter(Name="a")
    absent = Client(SSM, "http://127.0.0.1:9", "eu-west-1", KEYS, Patience(5, 5, 1))
    with pytest.raises(OSError):
        absent.get_parameter(Name="a")


def test_secrets_and_usage_on_lambda(cloud: LocalCloud, on_lambda: pytest.MonkeyPatch) -> None:
    stage = settings.stage
    on_lambda.setenv("STAGE", "lightly")
    for number in range(23):  # a page has 10
        name = f"{settings.names.secrets_prefix}LIGHT_{number}"
        aws._client("ssm", 5, 1).put_parameter(Name=name, Value=f"value {number}", Type="SecureString")
    secrets.load()
    for number in range(23):
        assert os.environ[f"LIGHT_{number}"] == f"value {number}"
    assert isinstance(aws.ssm(), Client) and isinstance(aws.dynamodb_for_usage(), Client)
    on_lambda.setenv("STAGE", stage)
    with usage.call("light-user") as call:
        call.count()
    assert [month.api_calls for month in usage.monthly("light-user")] == [1]


def test_each_service_may_have_an_endpoint(service: Service, on_lambda: pytest.MonkeyPatch) -> None:
    on_lambda.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    on_lambda.setenv("AWS_ENDPOINT_URL_SSM", service.url)
    aws.ssm().get_parameter(Name="a")
    assert len(service.requests) == 1
    on_lambda.setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")
    assert settings.aws_endpoint_of("SSM") is None


def test_the_region_makes_the_address(on_lambda: pytest.MonkeyPatch) -> None:
    for region in ("eu-central-1", "us-gov-west-1", "ap-southeast-4"):
        on_lambda.setenv("AWS_REGION", region)
        found: Any = aws.ssm()
        assert isinstance(found, Client) and found._url.geturl() == f"https://ssm.{region}.amazonaws.com"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AWS_LAMBDA_FUNCTION_NAME", None),
        ("AWS_SECRET_ACCESS_KEY", None),
        ("HTTPS_PROXY", "http://proxy:3128"),
        ("AWS_PROFILE", "ops"),
        ("AWS_USE_FIPS_ENDPOINT", "true"),
        ("AWS_REGION", "cn-north-1"),
        ("AWS_REGION", "us-iso-east-1"),
        ("AWS_REGION", "eusc-de-east-1"),
    ],
)
def test_boto3_knows_the_rest(on_lambda: pytest.MonkeyPatch, name: str, value: str | None) -> None:
    assert aws._light_client("ssm", 1.5, 2) is not None
    if value is None:
        on_lambda.delenv(name)
    else:
        on_lambda.setenv(name, value)
    assert aws._light_client("ssm", 1.5, 2) is None


def test_secrets_need_no_boto3(service: Service) -> None:
    service.answers = [(200, {"Parameters": []})]
    code = (
        "import sys\n"
        "from chalicelib import secrets, usage\n"
        "secrets.load()\n"
        "with usage.call('ada') as call:\n"
        "    call.count()\n"
        "assert not {'boto3', 'botocore'} & sys.modules.keys()\n"
    )
    environment = {
        "AWS_LAMBDA_FUNCTION_NAME": "function",
        "AWS_ENDPOINT_URL": service.url,
        "AWS_ACCESS_KEY_ID": "a",
        "AWS_SECRET_ACCESS_KEY": "b",
        "STAGE": "test",
    }
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120, cwd=PROJECT, env=environment)
    assert [headers["X-Amz-Target"] for headers, _ in service.requests] == [
        "AmazonSSM.GetParametersByPath",
        "DynamoDB_20120810.UpdateItem",
    ]
