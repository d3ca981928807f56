"""Errors of the Step Functions API, in AWS's codes and words."""

from __future__ import annotations


class ServiceError(Exception):
    """A refusal that the client sees.

    `code` is the error's name in the API model (`InvalidArn`), `http_status` its status: Step Functions answers 400
    to nearly everything that the caller did wrong.
    """

    def __init__(self, code: str, message: str, http_status: int = 400, reason: str | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.http_status = http_status
        self.reason = reason

    def body(self) -> dict[str, str]:
        """The error's JSON body; `__type` is where the protocol AWS JSON 1.0 carries the code."""
        body = {"__type": self.code, "message": self.message}
        if self.reason is not None:
            body["reason"] = self.reason
        return body


def invalid_arn(what: str) -> ServiceError:
    return ServiceError("InvalidArn", f"Invalid Arn: '{what}'")


def wrong_resource_type(resource_type: str) -> ServiceError:
    """An ARN of a resource that the operation does not take, such as DescribeExecution of an EXPRESS execution."""
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


def conflict(message: str) -> ServiceError:
    return ServiceError("ConflictException", message)
