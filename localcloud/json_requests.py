"""What is wrong with requests in AWS's JSON protocols, which moto answers by failing."""

from __future__ import annotations

import functools
from typing import Any

from chalicelib import strict_json
from localcloud.aws_errors import error_response
from localcloud.http_messages import Request, Response
from localcloud.signatures import signed_service

TARGET = "x-amz-target"


def document_refusal(request: Request) -> Response | None:
    """Return the answer to a body that Python could not read, or UTF-8 not express, whatever the operation."""
    sent = request.headers
    is_json = TARGET in sent or ("json" in sent.get("content-type", "") and signed_service(request) != "s3")
    if not request.body or not is_json or "content-encoding" in sent:
        return None
    try:
        strict_json.check(request.body)
    except strict_json.UnreadableError as error:
        return _unreadable(request, error)
    return None


def json_refusal(request: Request, service: str = "") -> Response | None:
    """Return the answer to a request with an unknown operation, or with parameters that its operation doesn't take.

    Args:
        request: The request.
        service: The service that it is for, by its name in signatures; by default the one that it is signed for.

    Returns:
        None if nothing is wrong with it, or if it is in another protocol.
    """
    prefix, _, operation = request.headers.get(TARGET, "").rpartition(".")
    model = _model(service or signed_service(request), prefix) if prefix else None
    if model is None:
        return None
    if operation not in model.operation_names:
        return error_response(request, 400, "UnknownOperationException", f"There is no operation {operation!r}.")
    try:
        body = strict_json.loads(request.body or b"{}")
    except strict_json.UnreadableError as error:
        return _unreadable(request, error)
    if not isinstance(body, dict):
        return error_response(request, 400, "SerializationException", "The request body isn't a JSON object.")
    shape = model.operation_model(operation).input_shape
    if shape is None:
        return None
    from botocore.validate import ParamValidator

    try:
        report = ParamValidator().validate(body, shape).generate_report()
    except (ArithmeticError, RuntimeError, TypeError, ValueError) as error:  # a time that isn't one
        report = f"Invalid value: {error}"
    problems = [line for line in report.splitlines() if line and not line.startswith("Unknown parameter")]
    return error_response(request, 400, "ValidationException", "; ".join(problems)) if problems else None


def _unreadable(request: Request, error: strict_json.UnreadableError) -> Response:
    return error_response(request, 400, "SerializationException", f"The request body can't be read: {error}.")


@functools.cache
def _model(service: str, prefix: str) -> Any:
    """Return botocore's model of the service that signs so, None if its operations are not named like this."""
    import botocore.session
    from botocore.exceptions import UnknownServiceError

    if not service:
        return None
    try:
        model = botocore.session.get_session().get_service_model(service)
    except UnknownServiceError:
        return None
    return model if model.metadata.get("targetPrefix") == prefix else None
