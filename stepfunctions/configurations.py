"""The configuration of a state machine beyond its definition and role: logging, tracing and encryption.

Source: https://docs.aws.amazon.com/step-functions/latest/apireference/API_CreateStateMachine.html.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from stepfunctions.errors import ServiceError

_NO_LOGGING = {"level": "OFF", "includeExecutionData": False}
_NO_TRACING = {"enabled": False}
_AWS_KEY = {"type": "AWS_OWNED_KEY"}
_LOG_GROUP = re.compile(r"arn:[\w-]+:logs:[\w-]*:\d*:log-group:[^:]+:\*")


@dataclass(frozen=True, slots=True)
class Configuration:
    """The API's objects `loggingConfiguration`, `tracingConfiguration` and `encryptionConfiguration`, complete."""

    logging: dict[str, Any]
    tracing: dict[str, Any]
    encryption: dict[str, Any]

    def render(self) -> dict[str, Any]:
        """Return the three objects by the API's names of them."""
        return {
            "loggingConfiguration": self.logging,
            "tracingConfiguration": self.tracing,
            "encryptionConfiguration": self.encryption,
        }


DEFAULT = Configuration(_NO_LOGGING, _NO_TRACING, _AWS_KEY)


def read_configuration(request: dict[str, Any], default: Configuration = DEFAULT) -> Configuration:
    """Return the configuration that a request asks for.

    Args:
        request: A CreateStateMachine or UpdateStateMachine.
        default: What applies where the request doesn't say anything.

    Raises:
        ServiceError: InvalidLoggingConfiguration or InvalidEncryptionConfiguration.
    """
    logging, tracing, encryption = default.logging, default.tracing, default.encryption
    if request.get("loggingConfiguration") is not None:
        logging = _read_logging(request["loggingConfiguration"])
    if request.get("tracingConfiguration") is not None:
        tracing = _NO_TRACING | request["tracingConfiguration"]
    if request.get("encryptionConfiguration") is not None:
        encryption = read_encryption(request["encryptionConfiguration"])
    return Configuration(logging, tracing, encryption)


def _read_logging(given: dict[str, Any]) -> dict[str, Any]:
    logging = _NO_LOGGING | given
    destinations = given.get("destinations") or []
    if len(destinations) > 1 or (logging["level"] != "OFF" and not destinations):
        raise ServiceError(
            "InvalidLoggingConfiguration", "Invalid Logging Configuration: Must specify exactly one Log Destination."
        )
    for destination in destinations:
        arn = (destination.get("cloudWatchLogsLogGroup") or {}).get("logGroupArn")
        if not isinstance(arn, str) or not _LOG_GROUP.fullmatch(arn):
            raise ServiceError(
                "InvalidLoggingConfiguration",
                "Invalid Logging Configuration: The Log Destination must be the ARN of a log group, ending with :*",
            )
    return logging


def read_encryption(given: dict[str, Any]) -> dict[str, Any]:
    """Return the `encryptionConfiguration` of a request.

    Raises:
        ServiceError: InvalidEncryptionConfiguration: type and key don't fit together.
    """
    if given["type"] == "CUSTOMER_MANAGED_KMS_KEY" and not given.get("kmsKeyId"):
        raise ServiceError(
            "InvalidEncryptionConfiguration",
            "Invalid Encryption Configuration: kmsKeyId is required for the type CUSTOMER_MANAGED_KMS_KEY",
        )
    if given["type"] == "AWS_OWNED_KEY" and given.get("kmsKeyId"):
        raise ServiceError(
            "InvalidEncryptionConfiguration",
            "Invalid Encryption Configuration: kmsKeyId cannot be specified for the type AWS_OWNED_KEY",
        )
    return dict(given)
