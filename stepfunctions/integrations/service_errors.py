"""Errors of services, as Step Functions words them, and the metadata that it adds to their answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from stepfunctions.integrations.names import OptimizedService, exception_name


class TaskError(Exception):
    """A task failed. `error` and `cause` are as Step Functions words them."""

    def __init__(self, error: str, cause: str) -> None:
        super().__init__(f"{error}: {cause}")
        self.error = error
        self.cause = cause


@dataclass(frozen=True, slots=True)
class ServiceFailure:
    """An error that a service returned: its code, message, HTTP status and request id."""

    code: str
    message: str
    status: int
    request_id: str
    extended_request_id: str | None = None


def sdk_error(failure: ServiceFailure, service: str, shape_name: str | None) -> TaskError:
    """Return a service's error as AWS SDK integrations word it.

    Args:
        failure: The error that the service returned.
        service: The AWS SDK for Java's name of the service: `DynamoDb`.
        shape_name: The error's name in the API's model; None if the model doesn't have it.
    """
    name = exception_name(shape_name) if shape_name else f"{service}Exception"
    extended = f", Extended Request ID: {failure.extended_request_id}" if failure.extended_request_id else ""
    return TaskError(
        f"{service}.{name}",
        f"{failure.message} (Service: {service}, Status Code: {failure.status}, "
        f"Request ID: {failure.request_id}{extended}) (SDK Attempt Count: 1)",
    )


def optimized_error(failure: ServiceFailure, service: OptimizedService, shape_name: str | None) -> TaskError:
    """Return a service's error as optimized integrations word it.

    Args:
        failure: The error that the service returned.
        service: The names that the integration uses.
        shape_name: The error's name in the API's model; None if the model doesn't have it.
    """
    name = exception_name(shape_name) if shape_name else service.base
    return TaskError(
        f"{service.prefix}.{name}",
        f"{failure.message} (Service: {service.service}; Status Code: {failure.status}; "
        f"Error Code: {failure.code}; Request ID: {failure.request_id}; Proxy: null)",
    )


def sdk_metadata(status: int, headers: dict[str, str], request_id: str) -> dict[str, Any]:
    """Return what optimized integrations add to a service's answer: its HTTP status, headers and request id."""
    return {
        "SdkHttpMetadata": {
            "AllHttpHeaders": {name: [value] for name, value in headers.items()},
            "HttpHeaders": headers,
            "HttpStatusCode": status,
        },
        "SdkResponseMetadata": {"RequestId": request_id},
    }
