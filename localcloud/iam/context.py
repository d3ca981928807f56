"""What conditions and policy variables can ask about a request. Other keys count as absent.

Sources: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html and the condition keys
of each service in the Service Authorization Reference.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from chalicelib.names import Names
from localcloud.iam.needs import Need
from localcloud.iam.roles import Principal

_TAG_LISTS = ("Tags", "TagList", "tags")
# Condition keys whose value is an argument of the call.
_ARGUMENTS = {
    "dynamodb:returnconsumedcapacity": "ReturnConsumedCapacity",
    "dynamodb:returnvalues": "ReturnValues",
    "dynamodb:select": "Select",
    "lambda:functionarn": "FunctionArn",
    "s3:delimiter": "Delimiter",
    "s3:max-keys": "MaxKeys",
    "s3:prefix": "Prefix",
    "s3:versionid": "VersionId",
    "s3:x-amz-acl": "ACL",
    "s3:x-amz-server-side-encryption": "ServerSideEncryption",
    "s3:x-amz-storage-class": "StorageClass",
    "secretsmanager:name": "Name",
    "secretsmanager:secretid": "SecretId",
    "secretsmanager:versionid": "VersionId",
    "secretsmanager:versionstage": "VersionStage",
    "sns:endpoint": "Endpoint",
    "sns:protocol": "Protocol",
    "states:httpendpoint": "ApiEndpoint",
    "states:httpmethod": "Method",
    "ssm:overwrite": "Overwrite",
    "sts:externalid": "ExternalId",
    "sts:rolesessionname": "RoleSessionName",
}


class RequestContext:
    """The condition keys of one request: call it with a key for its values, none if the key is absent.

    Args:
        principal: Who calls.
        arguments: The arguments of the call.
        names: The stage's names, with the account, and the region that is called.
    """

    def __init__(self, principal: Principal, arguments: Mapping[str, Any] | None, names: Names) -> None:
        self._principal = principal
        self._arguments = arguments or {}
        self._names = names
        self._need: Need | None = None

    def about(self, need: Need) -> RequestContext:
        """Turn to one of the actions that the call needs, and return the context."""
        self._need = need
        return self

    def __call__(self, key: str) -> tuple[str, ...]:
        """Return the values of a condition key; the case of its letters does not matter."""
        lower = key.lower()
        known = _GLOBAL.get(lower)
        if known is not None:
            return known(self._principal, self._names)
        if lower == "iam:passedtoservice":
            return (self._need.passed_to,) if self._need is not None and self._need.passed_to else ()
        if lower in _ARGUMENTS:
            return _texts(self._arguments.get(_ARGUMENTS[lower]))
        if lower.startswith("aws:requesttag/"):
            tags = self._tags()
            return tuple(value for name, value in tags.items() if name.lower() == lower.removeprefix("aws:requesttag/"))
        if lower == "aws:tagkeys":
            return tuple(self._tags())
        if lower.startswith("dynamodb:"):
            return _of_items(lower, self._arguments)
        if lower in ("events:source", "events:detail-type"):
            name = "Source" if lower.endswith("source") else "DetailType"
            entries = self._arguments.get("Entries") or ()
            return tuple(str(entry[name]) for entry in entries if isinstance(entry, Mapping) and name in entry)
        return ()

    def _tags(self) -> dict[str, str]:
        for name in _TAG_LISTS:
            given = self._arguments.get(name)
            if isinstance(given, Mapping):
                return {str(key): str(value) for key, value in given.items()}
            if isinstance(given, list):
                pairs = [{key.lower(): text for key, text in item.items()} for item in given if isinstance(item, dict)]
                return {str(pair["key"]): str(pair.get("value", "")) for pair in pairs if "key" in pair}
        return {}


def _texts(value: Any) -> tuple[str, ...]:
    if isinstance(value, bool):
        return (str(value).lower(),)
    return (str(value),) if isinstance(value, (str, int, float)) else ()


def _of_items(key: str, arguments: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the partition keys, or the attributes, that a request to DynamoDB names.

    The name of the table's key is not part of a request. What is known: the first attribute of `Key` in requests with
    one, and the only value of a query's key condition on one attribute.
    """
    if key == "dynamodb:leadingkeys":
        found = arguments.get("Key")
        if isinstance(found, Mapping) and found:
            return _attribute(next(iter(found.values())))
        values = arguments.get("ExpressionAttributeValues")
        condition = str(arguments.get("KeyConditionExpression", ""))
        first = condition.partition("=")[2].split()[:1]
        if isinstance(values, Mapping) and first and first[0] in values:
            return _attribute(values[first[0]])
    if key == "dynamodb:attributes":
        listed = arguments.get("AttributesToGet")
        projected = str(arguments.get("ProjectionExpression", ""))
        names = listed if isinstance(listed, list) else [part.strip() for part in projected.split(",") if part.strip()]
        aliases = arguments.get("ExpressionAttributeNames") or {}
        item = arguments.get("Item")
        return tuple(str(aliases.get(name, name)) for name in (item if isinstance(item, Mapping) else names))
    return ()


def _attribute(value: Any) -> tuple[str, ...]:
    return tuple(str(text) for text in value.values()) if isinstance(value, Mapping) else ()


def _now() -> datetime:
    return datetime.now(UTC)


# AWS's clients speak TLS; that this machine's don't is no reason to refuse them.
_GLOBAL: dict[str, Callable[[Principal, Names], tuple[str, ...]]] = {
    "aws:currenttime": lambda _, __: (_now().isoformat(),),
    "aws:epochtime": lambda _, __: (str(int(time.time())),),
    "aws:principalaccount": lambda _, names: (names.account,),
    "aws:principalarn": lambda principal, _: (principal.role_arn,),
    "aws:principalisawsservice": lambda _, __: ("false",),
    "aws:principaltype": lambda _, __: ("AssumedRole",),
    "aws:requestedregion": lambda _, names: (names.region,),
    "aws:resourceaccount": lambda _, names: (names.account,),
    "aws:securetransport": lambda _, __: ("true",),
    "aws:sourceip": lambda _, __: ("127.0.0.1",),
    "aws:userid": lambda principal, _: (f"AROALOCALCLOUD:{principal.session}",),
    "aws:viaawsservice": lambda _, __: ("false",),
}
