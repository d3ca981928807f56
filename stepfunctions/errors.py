"""Errors of the Step Functions API, in AWS's codes and words."""

from __future__ import annotations


class ServiceError(Exception):
    """An error that the client receives.

    Args:
        code: The error's name in the API's model: `InvalidArn`.
        message: The error's message.
        http_status: Its HTTP status. Step Functions answers nearly every error of the caller with 400.
        reason: The field `reason` that ValidationException has.
    """

    def __init__(self, code: str, message: str, http_status: int = 400, reason: str | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.http_status = http_status
        self.reason = reason

    def body(self) -> dict[str, str]:
        """Return the error's JSON body. The protocol AWS JSON 1.0 has the code in `__type`."""
        body = {"__type": self.code, "message": self.message}
        if self.reason is not None:
            body["reason"] = self.reason
        return body


def invalid_arn(what: str) -> ServiceError:
    return ServiceError("InvalidArn", f"Invalid Arn: '{what}'")


def wrong_resource_type(resource_type: str) -> ServiceError:
    """Return the error of an ARN of another resource, such as an EXPRESS execution's in a DescribeExecution."""
    return invalid_arn(f"Resource type not valid in this context: {resource_type}")


def invalid_name(name: str) -> ServiceError:
    return ServiceError("InvalidName", f"Invalid Name: '{name}'")


def invalid_token() -> ServiceError:
    return ServiceError("InvalidToken", "Invalid Token: 'Invalid token'")


def state_machine_does_not_exist(arn: str) -> ServiceError:
    return ServiceError("StateMachineDoesNotExist", f"State Machine Does Not Exist: '{arn}'")


def state_machine_type_not_supported() -> ServiceError:
    return ServiceError("StateMachineTypeNotSupported", "This operation is not supported by this type of state machine")


def execution_does_not_exist(arn: str) -> ServiceError:
    return ServiceError("ExecutionDoesNotExist", f"Execution Does Not Exist: '{arn}'")


def activity_does_not_exist(arn: str) -> ServiceError:
    return ServiceError("ActivityDoesNotExist", f"Activity Does Not Exist: '{arn}'")


def resource_not_found(arn: str) -> ServiceError:
    return ServiceError("ResourceNotFound", f"Resource not found: '{arn}'")


def validation_exception(message: str, reason: str | None = None) -> ServiceError:
    return ServiceError("ValidationException", message, reason=reason)


def internal_failure(message: str) -> ServiceError:
    """Return the error of a request that this side could not serve. Clients repeat it."""
    return ServiceError("InternalFailure", message, http_status=500)


def conflict(message: str) -> ServiceError:
    return ServiceError("ConflictException", message)
