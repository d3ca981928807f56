"""Corrects emulated services where they differ from AWS: requests that AWS refuses, and fields that AWS answers.

With AWS itself, nothing here has an effect.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

Arguments = dict[str, Any]
# Error code, message, HTTP status.
Refusal = tuple[str, str, int]

_TABLE_NAME = re.compile(r"[a-zA-Z0-9_.-]+")
_SECRET_NAME = re.compile(r"[a-zA-Z0-9/_+=.@!-]+")


def refusal(service: str, operation: str, arguments: Arguments) -> Refusal | None:
    """Return why AWS would refuse a call that the emulation accepts or refuses differently; None if it would not.

    `service` and `operation` are botocore's names, `arguments` boto3's.
    """
    check = _REFUSALS.get((service, operation)) or _REFUSALS.get((service, ""))
    return check(arguments) if check is not None else None


def complete(service: str, operation: str, arguments: Arguments, answer: dict[str, Any]) -> None:
    """Add the fields to an answer that AWS's has, and remove those that it doesn't have."""
    change = _COMPLETIONS.get((service, operation)) or _COMPLETIONS.get((service, ""))
    if change is not None:
        change(arguments, answer)


def reword(service: str, protocol: str, message: str, status: int) -> tuple[str, int]:
    """Return an error's message and HTTP status as AWS has them. Pure JSON protocols refuse a request with 400."""
    if protocol == "json" and status == 404:
        status = 400
    return _MESSAGES.get((service, message), message), status


def _table_name(arguments: Arguments) -> Refusal | None:
    name = arguments.get("TableName")
    if not isinstance(name, str) or name.startswith("arn:") or _TABLE_NAME.fullmatch(name):
        return None
    message = (
        f"1 validation error detected: Value '{name}' at 'tableName' failed to satisfy constraint: "
        f"Member must satisfy regular expression pattern: {_TABLE_NAME.pattern}"
    )
    return "ValidationException", message, 400


def _secret_name(arguments: Arguments) -> Refusal | None:
    if _SECRET_NAME.fullmatch(str(arguments.get("Name", ""))):
        return None
    message = "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!"
    return "ValidationException", message, 400


def _message_body(arguments: Arguments) -> Refusal | None:
    if arguments.get("MessageBody"):
        return None
    return "MissingParameter", "The request must contain the parameter MessageBody.", 400


def _topic(arguments: Arguments) -> Refusal | None:
    arn = arguments.get("TopicArn")
    if not isinstance(arn, str):
        return _message_group(arguments)
    parts = len(arn.split(":"))
    if parts < 6:
        reason = f"An ARN must have at least 6 elements, not {parts}"
        return "InvalidParameter", f"Invalid parameter: TopicArn Reason: {reason}", 400
    return _message_group(arguments)


def _message_group(arguments: Arguments) -> Refusal | None:
    if not _is_fifo(arguments) or arguments.get("MessageGroupId"):
        return None
    message = "Invalid parameter: The MessageGroupId parameter is required for FIFO topics"
    return "InvalidParameter", message, 400


def _is_fifo(arguments: Arguments) -> bool:
    return str(arguments.get("TopicArn") or "").endswith(".fifo")


def _only_wanted_capacity(arguments: Arguments, answer: dict[str, Any]) -> None:
    if arguments.get("ReturnConsumedCapacity", "NONE") == "NONE":
        answer.pop("ConsumedCapacity", None)


def _stored_object(_: Arguments, answer: dict[str, Any]) -> None:
    # S3 encrypts every object, and the SDKs send a checksum of the whole object with each.
    answer.setdefault("ServerSideEncryption", "AES256")
    if any(name.startswith("ChecksumCRC") for name in answer):
        answer.setdefault("ChecksumType", "FULL_OBJECT")


def _sequence_number(arguments: Arguments, answer: dict[str, Any]) -> None:
    if _is_fifo(arguments):
        answer.setdefault("SequenceNumber", f"{time.time_ns():020d}")


_REFUSALS: dict[tuple[str, str], Callable[[Arguments], Refusal | None]] = {
    ("dynamodb", ""): _table_name,
    ("secretsmanager", "CreateSecret"): _secret_name,
    ("sns", "Publish"): _topic,
    ("sqs", "SendMessage"): _message_body,
}
_COMPLETIONS: dict[tuple[str, str], Callable[[Arguments, dict[str, Any]], None]] = {
    ("dynamodb", ""): _only_wanted_capacity,
    ("s3", "PutObject"): _stored_object,
    ("sns", "Publish"): _sequence_number,
}
_MESSAGES = {("sns", "Endpoint does not exist"): "Topic does not exist"}
