"""What is wrong with requests in AWS's query protocol, which moto answers by failing."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from localcloud.aws_errors import error_response
from localcloud.http_messages import Request, Response
from localcloud.signatures import signed_service

_WITH_TEMPLATE = frozenset({"CreateStack", "UpdateStack", "CreateChangeSet", "ValidateTemplate", "GetTemplateSummary"})
_STACK_NAME = re.compile(r"[a-zA-Z][-a-zA-Z0-9]*")
_STACK_NAME_OR_ID = re.compile(r"[a-zA-Z][-a-zA-Z0-9]*|arn:[-a-zA-Z0-9:/._+]*")


def template_refusal(request: Request) -> Response | None:
    """Return the answer to a CloudFormation request without a template or with an impossible name of a stack.

    Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html
    """
    given = _parameters(request)
    action = given.get("Action", "")
    if action not in _WITH_TEMPLATE:
        return None
    sources = (
        "TemplateBody",
        "TemplateURL",
        "UsePreviousTemplate",
        "StackName" if action == "GetTemplateSummary" else "",
    )
    if not any(given.get(source) for source in sources):
        return error_response(
            request, 400, "ValidationError", "Either Template URL or Template Body must be specified."
        )
    name = given.get("StackName")
    pattern = _STACK_NAME if action == "CreateStack" else _STACK_NAME_OR_ID
    if name is None or pattern.fullmatch(name):
        return None
    what = (
        f"Value '{name}' at 'stackName' failed to satisfy constraint: Member must satisfy regular expression pattern: "
    )
    return error_response(request, 400, "ValidationError", f"1 validation error detected: {what}{pattern.pattern}")


def query_refusal(request: Request) -> Response | None:
    """Return the answer to a request with an unknown action, or without a parameter that its action needs.

    None is returned if nothing is wrong with it, or if it is in another protocol.
    """
    given = _parameters(request)
    action = given.get("Action")
    model = _model(signed_service(request)) if action else None
    if action is None or model is None:
        return None
    if action not in model.operation_names:
        message = f"Could not find operation {action} for version {given.get('Version')}"
        return error_response(request, 400, "InvalidAction", message)
    shape = model.operation_model(action).input_shape
    missing = [name for name in (shape.required_members if shape else ()) if not _has(given, name)]
    if not missing:
        return None
    places = (f"{name[:1].lower()}{name[1:]}" for name in missing)
    problems = "; ".join(
        f"Value null at '{place}' failed to satisfy constraint: Member must not be null" for place in places
    )
    count = "1 validation error" if len(missing) == 1 else f"{len(missing)} validation errors"
    return error_response(request, 400, "ValidationError", f"{count} detected: {problems}")


def _parameters(request: Request) -> dict[str, str]:
    if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return {}
    return dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))


def _has(given: Mapping[str, str], name: str) -> bool:
    """Whether a parameter is given: `Name`, or the parts of a list or structure, `Name.member.1`."""
    return name in given or any(key.startswith(f"{name}.") for key in given)


@functools.cache
def _model(service: str) -> Any:
    """Return botocore's model of the service that signs so, None if it has no query protocol."""
    import botocore.session
    from botocore.exceptions import UnknownServiceError

    if not service:
        return None
    try:
        model = botocore.session.get_session().get_service_model(service)
    except UnknownServiceError:
        return None
    return model if model.metadata.get("protocol") in ("query", "ec2") else None
