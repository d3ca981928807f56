"""Tasks that the state machine's role does not allow: who decides, and how Step Functions words the refusal.

The service itself knows no policies. Whoever runs it may hand it an `Authorize`.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass

from asl.engine.tasks import TaskRequest
from stepfunctions.integrations.api_models import error_shape, protocol_of, service_id
from stepfunctions.integrations.names import OPTIMIZED, sdk_name
from stepfunctions.integrations.resources import parse_resource
from stepfunctions.integrations.service_errors import ServiceFailure, TaskError, optimized_error, sdk_error

# Services with another error than their protocol's: the code, and the status.
_OWN_ERRORS = {
    "ec2": ("UnauthorizedOperation", 403),
    "sns": ("AuthorizationError", 403),
    "sqs": ("AccessDenied", 403),
}


@dataclass(frozen=True, slots=True)
class Denial:
    """Why a call is refused: the `message` of the service that would have been called."""

    message: str


Authorize = Callable[[TaskRequest], Denial | None]
"""Returns why a task may not make its call, None if it may. Called on the engine's thread, so it must be quick."""


def denial_error(service: str, protocol: str) -> tuple[str, int]:
    """Return the code and the HTTP status with which a service refuses a call for lack of permission.

    Args:
        service: The service as Step Functions writes it.
        protocol: The protocol of its API: `json`, `rest-json`, `rest-xml`, `query` or `ec2`.
    """
    own = _OWN_ERRORS.get(service)
    if own is not None:
        return own
    if protocol in ("json", "smithy-rpc-v2-cbor"):
        return "AccessDeniedException", 400
    return ("AccessDeniedException", 403) if protocol == "rest-json" else ("AccessDenied", 403)


def denied(resource: str, denial: Denial) -> TaskError:
    """Return the error of a task whose call is refused.

    Args:
        resource: The state's Resource.
        denial: Why.
    """
    parsed = parse_resource(resource)
    service, action = ("lambda", "invoke") if parsed is None else (parsed.service, parsed.action)
    code, status = denial_error(service, protocol_of(service))
    extended = "null" if service == "s3" else None
    failure = ServiceFailure(code, denial.message, status, str(uuid.uuid4()), extended)
    shape = error_shape(service, action, code)
    if parsed is not None and parsed.is_sdk:
        return sdk_error(failure, sdk_name(service_id(service)), shape)
    known = OPTIMIZED.get(service)
    if known is None:
        return TaskError("States.Runtime", denial.message)
    return optimized_error(failure, known, shape)
