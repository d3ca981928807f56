"""How AWS says that a call is not allowed: the message, and the answer in the protocol of the request."""

from __future__ import annotations

import json
import uuid
from xml.sax.saxutils import escape

from localcloud.aws_errors import JSON_10, error_response
from localcloud.http_messages import Request, Response
from localcloud.iam.models import apis
from localcloud.iam.needs import Need
from localcloud.iam.policies import Decision
from localcloud.iam.requests import ApiCall
from localcloud.iam.roles import Principal
from stepfunctions.integrations.authorization import denial_error


def message(principal: Principal, need: Need, decision: Decision) -> str:
    """Return the words in which AWS's services refuse a call.

    Args:
        principal: Who calls.
        need: The action that is not allowed, and its resource.
        decision: Why it is not allowed.
    """
    prefix, _, name = need.action.partition(":")
    action = _SPELLED[prefix](name) if prefix in _SPELLED else need.action
    resource = f' on resource: "{need.resource}"' if prefix == "s3" else f" on resource: {need.resource}"
    if need.resource == "*":
        resource = ""
    reason = (
        "with an explicit deny in an identity-based policy"
        if decision is Decision.DENIED
        else f"because no identity-based policy allows the {action} action"
    )
    text = f"User: {principal.arn} is not authorized to perform: {action}{resource} {reason}"
    return f"You are not authorized to perform this operation. {text}" if prefix == "ec2" else text


# Services that spell their actions otherwise than policies do.
_SPELLED = {"sns": lambda name: f"SNS:{name}", "sqs": lambda name: f"sqs:{name.lower()}"}


def refusal(request: Request, call: ApiCall, signing_name: str, text: str) -> Response:
    """Return the answer to a request that is not allowed.

    Args:
        request: The request.
        call: The call that it makes.
        signing_name: The service that its signature names.
        text: The message.
    """
    protocol = _protocol(request, call, signing_name)
    code, status = denial_error(call.service, protocol)
    if protocol == "smithy-rpc-v2-cbor":
        return _cbor(status, code, text)
    if protocol == "rest-xml" and call.service != "s3":
        inner = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>{escape(text)}</Message></Error>"
        document = f"<ErrorResponse>{inner}<RequestId>{uuid.uuid4()}</RequestId></ErrorResponse>"
        return Response(status, [("Content-Type", "text/xml")], document.encode())
    if protocol in ("json", "rest-json"):
        body = json.dumps({"__type": code, "message": text, "Message": text}).encode()
        headers = [("Content-Type", JSON_10), ("x-amzn-ErrorType", code), ("x-amzn-RequestId", str(uuid.uuid4()))]
        if call.service == "sqs":  # its clients know the codes of the older protocol
            headers.append(("x-amzn-query-error", f"{code};Sender"))
        return Response(status, headers, body)
    return error_response(request, status, code, text)


def identity(principal: Principal) -> Response:
    """Return the answer to GetCallerIdentity.

    https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
    """
    result = f"<Arn>{escape(principal.arn)}</Arn><UserId>{escape(principal.user_id)}</UserId>"
    document = (
        '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">'
        f"<GetCallerIdentityResult>{result}<Account>{principal.account}</Account></GetCallerIdentityResult>"
        f"<ResponseMetadata><RequestId>{uuid.uuid4()}</RequestId></ResponseMetadata></GetCallerIdentityResponse>"
    )
    return Response(200, [("Content-Type", "text/xml")], document.encode())


def _protocol(request: Request, call: ApiCall, signing_name: str) -> str:
    """Return the protocol of a request: some services speak several."""
    if request.headers.get("smithy-protocol") == "rpc-v2-cbor":
        return "smithy-rpc-v2-cbor"
    if "x-amz-target" in request.headers:
        return "json"
    if request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return "ec2" if call.service == "ec2" else "query"
    return next((api.protocol for api in apis(signing_name) if api.name == call.service), "")


def _cbor(status: int, code: str, text: str) -> Response:
    body = b"\xbf" + b"".join(_cbor_text(item) for item in ("__type", code, "message", text)) + b"\xff"
    headers = [("Content-Type", "application/cbor"), ("smithy-protocol", "rpc-v2-cbor")]
    return Response(status, headers, body)


def _cbor_text(text: str) -> bytes:
    """Return a string in CBOR: its major type 3, with a length of four bytes (RFC 8949, 3.1)."""
    encoded = text.encode()
    return b"\x7a" + len(encoded).to_bytes(4, "big") + encoded
