"""Which call a request is: for requests as botocore, which knows every API, writes them."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import boto3
import pytest
from botocore.awsrequest import AWSPreparedRequest
from botocore.config import Config
from botocore.serialize import create_serializer

from compiler.aws_services import service_name
from localcloud.http_messages import Request
from localcloud.iam.requests import call_of, nested, signature_of
from tests.api_models import model_of, needed_arguments

# All protocols, and pairs of services that sign with the same name.
SERVICES = (
    *("apigateway", "apigatewayv2", "cloudformation", "cloudwatch", "cognito-idp", "dynamodb", "dynamodbstreams"),
    *("ec2", "elb", "elbv2", "events", "iam", "lambda", "logs", "route53", "s3", "scheduler", "secretsmanager", "ses"),
    *("sesv2", "sns", "sqs", "ssm", "stepfunctions", "sts"),
)
# Requests of these are the same as another operation's.
SAME_REQUESTS = {
    "GetBucketLifecycle": "GetBucketLifecycleConfiguration",
    "GetBucketNotification": "GetBucketNotificationConfiguration",
    "PutBucketLifecycle": "PutBucketLifecycleConfiguration",
    "PutBucketNotification": "PutBucketNotificationConfiguration",
    "ListDirectoryBuckets": "ListBuckets",
}


def sent(model: Any, operation: Any, arguments: dict[str, Any]) -> Request:
    """The request of an operation, as it would arrive."""
    serializer = create_serializer(model.resolved_protocol, include_validation=False)
    written = serializer.serialize_to_request(arguments, operation)
    headers = {str(name).lower(): str(text) for name, text in written["headers"].items()}
    body, query = written["body"], written["query_string"]
    if isinstance(body, dict):  # a form
        body = urlencode(body)
        headers["content-type"] = "application/x-www-form-urlencoded; charset=utf-8"
    path = written["url_path"]
    if query:
        pairs = query if isinstance(query, dict) else dict(query)
        path += ("&" if "?" in path else "?") + urlencode(pairs, doseq=True)
    content = body.encode() if isinstance(body, str) else body
    return Request(written["method"], path, "HTTP/1.1", headers, list(headers.items()), content or b"")


def location_of(shape: Any) -> tuple[str, bool]:
    """The name of an argument in requests, and whether it is in the body."""
    return shape.serialization.get("name", ""), "location" not in shape.serialization


@pytest.mark.parametrize("service", SERVICES)
def test_every_operation_is_recognised(service: str) -> None:
    model = model_of(service)
    for name in model.operation_names:
        operation = model.operation_model(name)
        shape = operation.input_shape
        arguments = needed_arguments(operation)
        call = call_of(sent(model, operation, arguments), model.signing_name)
        assert call is not None, name
        assert call.service == service_name(model.service_id), name
        assert SAME_REQUESTS.get(call.operation, call.operation) == SAME_REQUESTS.get(name, name)
        if model.resolved_protocol == "smithy-rpc-v2-cbor":
            continue
        assert call.arguments is not None
        given = {key.lower(): item for key, item in call.arguments.items()}
        for member, text in arguments.items():
            place, in_body = location_of(shape.members[member])
            if isinstance(text, str) and not (in_body and model.protocol == "rest-xml"):  # which needs no name in XML
                assert given.get(member.lower(), given.get(place.lower())) == text, (name, member)


def test_s3_over_boto3() -> None:
    """Bodies, encoded keys and copies, as the client really sends them."""
    found: list[Any] = []
    client = boto3.client(
        "s3",
        endpoint_url="http://127.0.0.1:1",
        aws_access_key_id="KEY",
        aws_secret_access_key="s",
        region_name="eu-west-1",
        config=Config(s3={"addressing_style": "path"}),
    )

    class Stop(Exception):
        pass

    def keep(request: AWSPreparedRequest, **_: Any) -> None:
        headers = {
            name.lower(): text.decode() if isinstance(text, bytes) else text for name, text in request.headers.items()
        }
        target = "/" + request.url.split("/", 3)[3]
        received = Request(request.method, target, "HTTP/1.1", headers, list(headers.items()), b"")
        signature = signature_of(received)
        assert signature is not None
        assert (signature.access_key, signature.region, signature.service) == ("KEY", "eu-west-1", "s3")
        call = call_of(received, "s3")
        assert call is not None
        found.append((call.operation, dict(call.arguments or {})))
        raise Stop

    client.meta.events.register("before-send.s3", keep)
    for call in (
        lambda: client.put_object(Bucket="b", Key="a b/ü+?.txt", Body=b"x", Tagging="k=v"),
        lambda: client.copy_object(Bucket="b", Key="k", CopySource={"Bucket": "c", "Key": "ö/x", "VersionId": "1"}),
        lambda: client.list_objects_v2(Bucket="b", Prefix="in/"),
        lambda: client.head_bucket(Bucket="b"),
    ):
        with pytest.raises(Stop):
            call()
    put, copy, listed, head = found
    assert put[0] == "PutObject"
    assert (put[1]["Bucket"], put[1]["Key"], put[1]["Tagging"]) == ("b", "a b/ü+?.txt", "k=v")
    assert copy[0] == "CopyObject"
    assert copy[1]["CopySource"] == "c/%C3%B6/x?versionId=1"
    assert (listed[0], listed[1]["Prefix"]) == ("ListObjectsV2", "in/")
    assert head[0] == "HeadBucket"


def test_a_presigned_url_names_its_sender() -> None:
    client = boto3.client("s3", aws_access_key_id="KEY", aws_secret_access_key="s", region_name="eu-west-1",
                          endpoint_url="http://127.0.0.1:1", config=Config(signature_version="s3v4"))  # fmt: skip
    url = client.generate_presigned_url("get_object", Params={"Bucket": "b", "Key": "k"})
    request = Request("GET", "/" + url.split("/", 3)[3], "HTTP/1.1", {}, [], b"")
    signature = signature_of(request)
    assert signature is not None
    assert (signature.access_key, signature.region, signature.service) == ("KEY", "eu-west-1", "s3")
    call = call_of(request, "s3")
    assert call is not None
    assert (call.operation, (call.arguments or {})["Key"]) == ("GetObject", "k")


@pytest.mark.parametrize("authorization", ["", "Bearer x", "AWS4-HMAC-SHA256 Credential=x", "AWS key:signature"])
def test_what_is_not_signed_has_no_sender(authorization: str) -> None:
    assert signature_of(Request("GET", "/", "HTTP/1.1", {"authorization": authorization}, [], b"")) is None


def test_forms_are_nested() -> None:
    form = {
        "Tags.member.2.Key": "b",
        "Tags.member.1.Key": "a",
        "Tags.member.1.Value": "1",
        "IamInstanceProfile.Arn": "arn",
        "InstanceId.1": "i",
        "Name": "n",
        "Name.x": "odd",
    }
    assert nested(form) == {
        "Tags": [{"Key": "a", "Value": "1"}, {"Key": "b"}],
        "IamInstanceProfile": {"Arn": "arn"},
        "InstanceId": ["i"],
        "Name": "n",
    }


@pytest.mark.parametrize("body", [b"", b"{", b"[1]", b"\xff", b"[" * 100_000])
def test_arguments_that_cannot_be_read_are_not_known(body: bytes) -> None:
    request = Request("POST", "/", "HTTP/1.1", {"x-amz-target": "DynamoDB_20120810.PutItem"}, [], body)
    call = call_of(request, "dynamodb")
    assert call is not None
    assert call.arguments == (None if body else {})
