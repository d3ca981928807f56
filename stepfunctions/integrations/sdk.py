"""Calls of AWS APIs: `aws-sdk:SERVICE:ACTION`, and the optimised integrations that are plain calls as well."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from asl.engine.jsontext import dumps
from asl.engine.tasks import TaskRequest
from stepfunctions.integrations.clients import AwsClients
from stepfunctions.integrations.emulation import complete, refusal, reword
from stepfunctions.integrations.names import (
    OPTIMIZED,
    OptimizedService,
    botocore_name,
    exception_name,
    operation_name,
    sdk_name,
)
from stepfunctions.integrations.values import to_arguments, to_json


class TaskError(Exception):
    """A task has failed with an error's name and cause, as Step Functions words them."""

    def __init__(self, error: str, cause: str) -> None:
        super().__init__(f"{error}: {cause}")
        self.error = error
        self.cause = cause


@dataclass(frozen=True, slots=True)
class ServiceFailure:
    """An error that a service answered."""

    code: str
    message: str
    status: int
    request_id: str
    extended_request_id: str | None = None


def sdk_error(failure: ServiceFailure, service: str, shape_name: str | None) -> TaskError:
    """How `aws-sdk:` integrations word an error. `service` is the SDK's name, `shape_name` the error's in the model."""
    name = exception_name(shape_name) if shape_name else f"{service}Exception"
    extended = f", Extended Request ID: {failure.extended_request_id}" if failure.extended_request_id else ""
    return TaskError(
        f"{service}.{name}",
        f"{failure.message} (Service: {service}, Status Code: {failure.status}, "
        f"Request ID: {failure.request_id}{extended}) (SDK Attempt Count: 1)",
    )


def optimized_error(failure: ServiceFailure, service: OptimizedService, shape_name: str | None) -> TaskError:
    """How optimised integrations word an error. `shape_name` is the error's name in the API's model."""
    name = exception_name(shape_name) if shape_name else service.base
    return TaskError(
        f"{service.prefix}.{name}",
        f"{failure.message} (Service: {service.service}; Status Code: {failure.status}; "
        f"Error Code: {failure.code}; Request ID: {failure.request_id}; Proxy: null)",
    )


def sdk_metadata(status: int, headers: dict[str, str], request_id: str) -> dict[str, Any]:
    """What optimised integrations add to a service's answer."""
    return {
        "SdkHttpMetadata": {
            "AllHttpHeaders": {name: [value] for name, value in headers.items()},
            "HttpHeaders": headers,
            "HttpStatusCode": status,
        },
        "SdkResponseMetadata": {"RequestId": request_id},
    }


def call(clients: AwsClients, service: str, action: str, parameters: Any, *, optimized: bool) -> dict[str, Any]:
    """Call an API and wait for its answer.

    Parameters:
        service: as the task names it, without `aws-sdk:`.
        action: `putItem`.
        optimized: answer and errors in the shape of the optimised integrations.

    Raises:
        TaskError: the service refused, or could not be reached.
    """
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.model import OperationNotFoundError

    try:
        client = clients.client(botocore_name(service))
        model = client.meta.service_model
        operation = model.operation_model(operation_name(action))
    except (BotoCoreError, OperationNotFoundError):
        raise TaskError("States.Runtime", f"The resource {service}:{action} is none that AWS has.") from None
    arguments = to_arguments(operation.input_shape, parameters or {})
    refused = refusal(model.service_name, operation.name, arguments)
    if refused is not None:
        raise _task_error(_error_response(*refused), model, service, optimized)
    try:
        answer = client._make_api_call(operation.name, arguments)
    except ClientError as error:
        raise _task_error(error.response, model, service, optimized) from None
    except BotoCoreError as error:
        prefix = OPTIMIZED[service].prefix if optimized else sdk_name(model.service_id)
        raise TaskError(f"{prefix}.SdkClientException", str(error)) from None
    metadata = answer.pop("ResponseMetadata", {})
    complete(model.service_name, operation.name, arguments, answer)
    result: dict[str, Any] = to_json(operation.output_shape, answer)
    if optimized:
        headers, request_id = metadata.get("HTTPHeaders", {}), metadata.get("RequestId", "")
        result |= sdk_metadata(metadata.get("HTTPStatusCode", 200), headers, request_id)
    return result


def _error_response(code: str, message: str, status: int) -> dict[str, Any]:
    metadata = {"HTTPStatusCode": status, "RequestId": str(uuid.uuid4())}
    return {"Error": {"Code": code, "Message": message}, "ResponseMetadata": metadata}


def _task_error(response: Any, model: Any, service: str, optimized: bool) -> TaskError:
    metadata = response.get("ResponseMetadata", {})
    error = response.get("Error", {})
    code = error.get("Code", "Unknown")
    message, status = error.get("Message", ""), metadata.get("HTTPStatusCode", 500)
    message, status = reword(model.service_name, model.metadata.get("protocol", ""), message, status)
    failure = ServiceFailure(
        code=code,
        message=message,
        status=status,
        request_id=metadata.get("RequestId", ""),
        extended_request_id=metadata.get("HostId") or ("null" if model.service_name == "s3" else None),
    )
    # SQS answers the code that it had in its older protocol; the model knows the newer one.
    shape = model.shape_for_error_code(code) or model.shape_for_error_code(error.get("QueryErrorCode"))
    shape_name = shape.name if shape is not None else None
    if optimized:
        return optimized_error(failure, OPTIMIZED[service], shape_name)
    return sdk_error(failure, sdk_name(model.service_id), shape_name)


def put_events_parameters(request: TaskRequest) -> Any:
    """`events:putEvents` names the execution and its machine among each entry's resources
    (https://docs.aws.amazon.com/step-functions/latest/dg/connect-eventbridge.html)."""
    parameters = request.parameters
    if not isinstance(parameters, dict) or not isinstance(parameters.get("Entries"), list):
        return parameters
    origin = [request.execution_arn, request.state_machine_arn]
    entries = [
        entry | {"Resources": [*(entry.get("Resources") or ()), *origin]} if isinstance(entry, dict) else entry
        for entry in parameters["Entries"]
    ]
    return parameters | {"Entries": entries}


def check_put_events(result: dict[str, Any]) -> None:
    """`events:putEvents` fails when any entry does.

    Raises:
        TaskError: EventBridge.FailedEntry.
    """
    if result.get("FailedEntryCount"):
        failed = [entry for entry in result.get("Entries", ()) if "ErrorCode" in entry]
        raise TaskError("EventBridge.FailedEntry", dumps(failed))
