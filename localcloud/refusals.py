"""What moto would accept and then not do, or do wrong: a client is told at once, not when nothing happens."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from localcloud.aws_errors import error_response
from localcloud.http_messages import Request, Response
from localcloud.iam.requests import signature_of
from localcloud.query_requests import query_refusal, template_refusal

_FUNCTIONS = re.compile(r"/2015-03-31/functions(/[^/?]+/configuration)?/?(\?.*)?")
# Settings of Lambda functions that change how they run, and that the workers here do not have.
_SETTINGS = {"DurableConfig": "durable functions", "CapacityProviderConfig": "capacity providers"}
_POOLS = ("AWSCognitoIdentityProviderService.CreateUserPool", "AWSCognitoIdentityProviderService.UpdateUserPool")
_TRIGGERS = {"LambdaConfig": "triggers of user pools"}


def refusal(service: str, request: Request) -> Response | None:
    """Return the answer to a request for what the local cloud does not do, or None if it may do it.

    Args:
        service: The package of moto that the request is for.
        request: The request.
    """
    if request.method in ("GET", "HEAD"):
        return None
    if service == "cloudformation":
        return query_refusal(request) or template_refusal(request)
    what = ""
    if service == "pipes":
        what = "EventBridge Pipes: a pipe would pass nothing on"
    elif service == "awslambda" and _FUNCTIONS.fullmatch(request.target):
        what = _setting(request.body, _SETTINGS)
    elif service == "cognitoidp" and request.headers.get("x-amz-target") in _POOLS:
        what = _setting(request.body, _TRIGGERS)
    return error_response(request, 501, "NotImplemented", f"The local cloud has no {what}.") if what else None


def unknown_service(request: Request) -> Response:
    """Return the answer to a request for a service that moto does not know, or that names none."""
    signature = signature_of(request)
    if signature is None or not signature.service:
        return error_response(request, 400, "InvalidRequest", "The request doesn't say which service it is for.")
    return error_response(request, 501, "NotImplemented", f"The local cloud has no service {signature.service!r}.")


def _setting(body: bytes, settings: Mapping[str, str]) -> str:
    try:
        document = json.loads(body or b"{}")
    except (ValueError, RecursionError):
        return ""
    names = (name for name in settings if isinstance(document, dict) and document.get(name))
    return next((f"{settings[name]}: {name} would have no effect" for name in names), "")
