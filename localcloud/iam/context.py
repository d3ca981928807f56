"""What conditions and policy variables can ask about a request. Other keys count as absent.

Sources: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html and the condition keys
of each service in the Service Authorization Reference.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from chalicelib.names import Names
from localcloud.iam.existing import partition_key
from localcloud.iam.needs import Need
from localcloud.iam.roles import Principal

_EQUATION = re.compile(r"(#?\w+)\s*=\s*(:\w+)")
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
        if lower == "dynamodb:leadingkeys":
            return _leading_keys(self._arguments, self._names)
        if lower == "dynamodb:attributes":
            return _attributes(self._arguments)
        if lower in ("events:source", "events:detail-type"):
            name = "Source" if lower.endswith("source") else "DetailType"
            entries = self._arguments.get("Entries")
            listed = entries if isinstance(entries, list) else []
            return tuple(str(entry[name]) for entry in listed if isinstance(entry, Mapping) and name in entry)
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


def _leading_keys(arguments: Mapping[str, Any], names: Names) -> tuple[str, ...]:
    """Return the values of the partition key in a request about items, or the one in the condition of a query."""
    found = [
        value
        for table, item in _items(arguments)
        for value in _plain(item.get(str(partition_key(table, "", names.region, names.account))))
    ]
    if found:
        return tuple(dict.fromkeys(found))
    table, index = str(arguments.get("TableName", "")), str(arguments.get("IndexName") or "")
    name = partition_key(table, index, names.region, names.account)
    aliases, values = _mapping(arguments, "ExpressionAttributeNames"), _mapping(arguments, "ExpressionAttributeValues")
    for left, right in _EQUATION.findall(str(arguments.get("KeyConditionExpression", ""))):
        if aliases.get(left, left) == name and right in values:
            return _plain(values[right])
    return ()


def _items(arguments: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the tables and the keys or items of a request: one, those of a batch, or those of a transaction."""
    operations: list[tuple[Any, Any]] = [(arguments.get("TableName", ""), arguments)]
    for table, requests in _mapping(arguments, "RequestItems").items():
        listed = requests.get("Keys") if isinstance(requests, Mapping) else requests
        for request in listed if isinstance(listed, list) else ():
            written = request.values() if isinstance(requests, list) and isinstance(request, Mapping) else ()
            operations.extend((table, operation) for operation in (*written, {"Key": request}))
    items = arguments.get("TransactItems")
    for item in items if isinstance(items, list) else ():
        for operation in item.values() if isinstance(item, Mapping) else ():
            operations.append((_mapping({"of": operation}, "of").get("TableName", ""), operation))
    for table, operation in operations:
        for place in ("Key", "Item"):
            found = operation.get(place) if isinstance(operation, Mapping) else None
            if isinstance(found, Mapping):
                yield str(table), found


def _attributes(arguments: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the attributes that a request names: to read or, with the item, to write."""
    item, listed = arguments.get("Item"), arguments.get("AttributesToGet")
    if isinstance(item, Mapping):
        return tuple(map(str, item))
    if isinstance(listed, list):
        return tuple(map(str, listed))
    aliases = _mapping(arguments, "ExpressionAttributeNames")
    projected = [part.strip() for part in str(arguments.get("ProjectionExpression", "")).split(",")]
    return tuple(str(aliases.get(name, name)) for name in projected if name)


def _mapping(arguments: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = arguments.get(name)
    return found if isinstance(found, Mapping) else {}


def _plain(value: Any) -> tuple[str, ...]:
    """Return the value of an attribute without its type: of `{"S": "x"}`, `x`."""
    return tuple(map(str, value.values())) if isinstance(value, Mapping) else ()


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
    "aws:userid": lambda principal, _: (principal.user_id,),
    "aws:viaawsservice": lambda _, __: ("false",),
}
