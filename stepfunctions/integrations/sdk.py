"""AWS SDK integrations, `aws-sdk:SERVICE:ACTION`, and the optimized integrations that are plain API calls as well."""

from __future__ import annotations

import uuid
from typing import Any
from urllib.parse import unquote

from typing_extensions import override

from asl.engine.jsontext import dumps
from asl.engine.tasks import Cancel, Completion, TaskRequest
from stepfunctions.integrations.calls import Calls
from stepfunctions.integrations.clients import AwsClients
from stepfunctions.integrations.emulation import complete, refusal, reword
from stepfunctions.integrations.integration import ServiceIntegration
from stepfunctions.integrations.names import OPTIMIZED, botocore_name, operation_name, sdk_name
from stepfunctions.integrations.resources import parse_resource
from stepfunctions.integrations.service_errors import (
    ServiceFailure,
    TaskError,
    optimized_error,
    sdk_error,
    sdk_metadata,
)
from stepfunctions.integrations.validation import null_refusal
from stepfunctions.integrations.values import to_arguments, to_json


class SdkIntegration(ServiceIntegration):
    """Any action of any service by `aws-sdk:SERVICE:ACTION`."""

    optimized = False

    def __init__(self, clients: AwsClients, calls: Calls) -> None:
        self._clients = clients
        self._calls = calls

    @override
    def start(self, request: TaskRequest, completion: Completion) -> Cancel | None:
        return self._calls.start(request, completion, lambda: self._call(request))

    def _call(self, request: TaskRequest) -> dict[str, Any]:
        resource = parse_resource(request.resource)
        assert resource is not None
        parameters = self.arguments(request)
        return call(self._clients, resource.service, resource.action, parameters, optimized=self.optimized)

    def arguments(self, request: TaskRequest) -> Any:
        """Return the parameters to call the API with."""
        return request.parameters


class OptimizedIntegration(SdkIntegration):
    """The actions of a service with an optimized integration, in the pattern Request Response or Wait for Callback."""

    optimized = True


class PutEvents(OptimizedIntegration):
    """`events:putEvents`.

    Each entry's resources name the execution and its state machine, and the task fails when any entry does.
    Source: https://docs.aws.amazon.com/step-functions/latest/dg/connect-eventbridge.html.
    """

    @override
    def arguments(self, request: TaskRequest) -> Any:
        parameters = request.parameters
        if not isinstance(parameters, dict) or not isinstance(parameters.get("Entries"), list):
            return parameters
        origin = [request.execution_arn, request.state_machine_arn]
        entries = [
            entry | {"Resources": [*(entry.get("Resources") or ()), *origin]} if isinstance(entry, dict) else entry
            for entry in parameters["Entries"]
        ]
        return parameters | {"Entries": entries}

    @override
    def _call(self, request: TaskRequest) -> dict[str, Any]:
        result = super()._call(request)
        if result.get("FailedEntryCount"):
            failed = [entry for entry in result.get("Entries", ()) if "ErrorCode" in entry]
            raise TaskError("EventBridge.FailedEntry", dumps(failed))
        return result


def call(clients: AwsClients, service: str, action: str, parameters: Any, *, optimized: bool) -> dict[str, Any]:
    """Call an API and wait for its answer.

    Args:
        clients: The clients to call it with.
        service: The service as the task names it, without `aws-sdk:`.
        action: The action as the task names it: `putItem`.
        parameters: The task's parameters, a JSON object in PascalCase.
        optimized: Return answer and errors in the shape of optimized integrations, not of AWS SDK integrations.

    Returns:
        The answer as a JSON object in PascalCase.

    Raises:
        TaskError: The service returned an error or could not be reached, or there is no such action.
    """
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.model import OperationNotFoundError

    try:
        client = clients.client(botocore_name(service))
        model = client.meta.service_model
        operation = model.operation_model(operation_name(action))
    except (BotoCoreError, OperationNotFoundError):
        raise TaskError("States.Runtime", f"Unknown AWS API {service}:{action}.") from None
    arguments = to_arguments(operation.input_shape, parameters or {})
    if service == "s3" and isinstance(arguments, dict) and isinstance(arguments.get("CopySource"), str):
        arguments["CopySource"] = unquote(arguments["CopySource"])  # boto3 encodes what callers of S3 have encoded
    refused = null_refusal(model, operation, arguments) or refusal(model.service_name, operation.name, arguments)
    if refused is not None:
        raise _task_error(_error_response(*refused), model, service, optimized)
    try:
        answer = client._make_api_call(operation.name, arguments)
    except ClientError as error:
        head = operation.http.get("method") == "HEAD"
        response = _without_body(operation.name, error.response) if head else error.response
        raise _task_error(response, model, service, optimized) from None
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


_NOT_FOUND = {"HeadBucket": "NoSuchBucket", "HeadObject": "NoSuchKey"}


def _without_body(operation: str, response: Any) -> dict[str, Any]:
    """Return the error of a HEAD request as the AWS SDK for Java has it: the answer has no code and no message."""
    code = _NOT_FOUND.get(operation) if response.get("Error", {}).get("Code") == "404" else None
    return {**response, "Error": {"Code": code or "Unknown", "Message": "null"}}


def _error_response(code: str, message: str, status: int) -> dict[str, Any]:
    metadata = {"HTTPStatusCode": status, "RequestId": str(uuid.uuid4())}
    return {"Error": {"Code": code, "Message": message}, "ResponseMetadata": metadata}


def _task_error(response: Any, model: Any, service: str, optimized: bool) -> TaskError:
    metadata = response.get("ResponseMetadata", {})
    error = response.get("Error", {})
    code = error.get("Code", "Unknown")
    message, status = error.get("Message", ""), metadata.get("HTTPStatusCode", 500)
    if code.isdecimal() or "<html" in message.lower():
        # The emulated service has no better answer than a web server's page.
        code, message = "InternalFailure", "The service could not process the request: check its parameters."
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
