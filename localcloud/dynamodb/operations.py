"""Answers requests for items from moto's tables, where both the request and the table are of the common kind."""

from __future__ import annotations

import binascii
import json
import re
import sys
import uuid
from collections.abc import Callable, Collection, Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

from localcloud.aws_errors import JSON_10
from localcloud.dynamodb import expressions
from localcloud.dynamodb.areas import Area, Bounds, Name, text_of
from localcloud.dynamodb.expressions import Attributes, Scope, Unsupported
from localcloud.dynamodb.keys import Keys, Position, keys_of
from localcloud.dynamodb.shelf import Shelf
from localcloud.dynamodb.values import own_copy, sum_of, value_of
from localcloud.http_messages import Request, Response

_TARGET = "DynamoDB_20120810."
_REGION = re.compile(r"AWS4-HMAC-SHA256 Credential=[^/,\s]+/\d+/([a-z0-9-]+)/dynamodb/aws4_request\b")
MAX_ITEM_BYTES = 400_000  # of 409,600, which moto measures more exactly
MAX_PAGE_BYTES = 1_000_000  # of 1,048,576
MAX_KEY_BYTES = 1024
_NO_SCOPE = Scope({}, {})

_CONDITIONAL = {"TableName", "ConditionExpression", "ExpressionAttributeNames", "ExpressionAttributeValues"}
_READ = {"ConsistentRead", "ProjectionExpression", "ExpressionAttributeNames"}
_KNOWN = {
    "PutItem": {*_CONDITIONAL, "Item", "ReturnValues"},
    "UpdateItem": {*_CONDITIONAL, "Key", "UpdateExpression", "ReturnValues"},
    "DeleteItem": {*_CONDITIONAL, "Key", "ReturnValues"},
    "GetItem": {*_READ, "TableName", "Key"},
    "Query": {
        *{*_READ, "TableName", "KeyConditionExpression", "FilterExpression", "ExpressionAttributeValues"},
        *{"ScanIndexForward", "Limit", "ExclusiveStartKey", "IndexName"},
    },
    "BatchGetItem": {"RequestItems"},
    "BatchWriteItem": {"RequestItems"},
    "TransactWriteItems": {"TransactItems", "ClientRequestToken"},
}
_KNOWN_IN_TRANSACTIONS = {
    "Put": {*_CONDITIONAL, "Item"},
    "Update": {*_CONDITIONAL, "Key", "UpdateExpression"},
    "Delete": {*_CONDITIONAL, "Key"},
    "ConditionCheck": {*_CONDITIONAL, "Key"},
}


_ERRORS = "com.amazonaws.dynamodb.v20120810#"
_FAILED = "The conditional request failed"


class _ConditionFailed(Exception):
    """The condition of a write, which is valid otherwise, does not hold."""


class _Cancelled(Exception):
    """Conditions in a transaction do not hold. The argument says of each operation whether its own does."""


@dataclass(frozen=True, slots=True)
class _Table:
    """A table: moto's, and its items."""

    definition: Any
    area: Area


@dataclass(frozen=True, slots=True)
class _Tables:
    """The tables of a region."""

    backend: Any
    shelf: Shelf

    def find(self, name: str) -> _Table:
        """Return a table whose items are on the shelf. Raises Unsupported."""
        table = self.backend.tables.get(name)
        area = None if table is None else self.shelf.area(table)
        if area is None:
            raise Unsupported
        return _Table(table, area)


@dataclass(frozen=True, slots=True)
class _Key:
    """The key of an item: as DynamoDB writes it, and its two values."""

    raw: Mapping[str, Any]
    name: Name


@dataclass(frozen=True, slots=True)
class _Write:
    """A change whose condition holds: the item as it will be, None if it goes."""

    table: _Table
    key: _Key
    old: Attributes | None
    new: Attributes | None

    def apply(self) -> None:
        if self.old is not None or self.new is not None:
            self.table.area.write(self.key.name, self.old, self.new)


class ItemOperations:
    """The operations on items that are answered here. Requests must take turns.

    Args:
        account: The account that requests belong to.
        shelf: The items.
    """

    def __init__(self, account: str, shelf: Shelf) -> None:
        self._account = account
        self._shelf = shelf
        self._operations: dict[str, Callable[[_Tables, dict[str, Any]], dict[str, Any]]] = {
            "PutItem": _put_item,
            "UpdateItem": _update_item,
            "DeleteItem": _delete_item,
            "GetItem": _get_item,
            "Query": _query,
            "BatchGetItem": _batch_get_item,
            "BatchWriteItem": _batch_write_item,
            "TransactWriteItems": _transact_write_items,
        }

    def respond(self, request: Request) -> Response | None:
        """Answer a request; None if moto has to, in which case nothing has changed."""
        target = request.headers.get("x-amz-target", "")
        operation = self._operations.get(target.removeprefix(_TARGET)) if target.startswith(_TARGET) else None
        signature = _REGION.match(request.headers.get("authorization", ""))
        if operation is None or signature is None or request.method != "POST" or request.target != "/":
            return None
        from moto.dynamodb.models import dynamodb_backends

        try:
            body = json.loads(request.body)
            _check_known(body, _KNOWN[target.removeprefix(_TARGET)])
            answer = operation(_Tables(dynamodb_backends[self._account][signature[1]], self._shelf), body)
        except _ConditionFailed:
            return _response(400, {"__type": f"{_ERRORS}ConditionalCheckFailedException", "message": _FAILED})
        except _Cancelled as error:
            return _response(400, _cancellation(*error.args))
        except (Unsupported, ValueError, TypeError, KeyError, AttributeError):  # moto says what is wrong with it
            return None
        return _response(200, answer)


def _put_item(tables: _Tables, body: dict[str, Any]) -> dict[str, Any]:
    return _written(_put(tables, body), body, ("NONE", "ALL_OLD"))


def _update_item(tables: _Tables, body: dict[str, Any]) -> dict[str, Any]:
    return _written(_update(tables, body), body, ("NONE", "ALL_OLD", "ALL_NEW"))


def _delete_item(tables: _Tables, body: dict[str, Any]) -> dict[str, Any]:
    return _written(_delete(tables, body), body, ("NONE", "ALL_OLD"))


def _written(write: _Write, body: dict[str, Any], known: Collection[str]) -> dict[str, Any]:
    wanted = body.get("ReturnValues", "NONE")
    if wanted not in known:
        raise Unsupported
    _apply([write])
    attributes = {"NONE": None, "ALL_OLD": write.old, "ALL_NEW": write.new}[wanted]
    return {"Attributes": attributes} if attributes else {}


def _apply(writes: Iterable[_Write]) -> None:
    for write in writes:
        write.apply()


def _batch_write_item(tables: _Tables, body: dict[str, Any]) -> dict[str, Any]:
    writes: list[_Write] = []
    for name, requests in body["RequestItems"].items():
        for request in requests:
            ((kind, operation),) = request.items()
            if kind == "PutRequest" and operation.keys() == {"Item"}:
                writes.append(_put(tables, {"TableName": name, **operation}))
            elif kind == "DeleteRequest" and operation.keys() == {"Key"}:
                writes.append(_delete(tables, {"TableName": name, **operation}))
            else:
                raise Unsupported
    keys = {(write.table.definition.name, write.key.name) for write in writes}
    if not 0 < len(writes) <= 25 or len(keys) < len(writes):
        raise Unsupported
    _apply(writes)
    return {"UnprocessedItems": {}}


def _query(tables: _Tables, body: dict[str, Any]) -> dict[str, Any]:
    table = tables.find(body["TableName"])
    keys = keys_of(table.definition, body.get("IndexName"))
    if keys.index is not None and (body.get("ConsistentRead") or keys not in table.area.indexes):
        raise Unsupported
    found = expressions.key_condition(body["KeyConditionExpression"])
    chosen = expressions.condition(body["FilterExpression"]) if "FilterExpression" in body else None
    shown = expressions.projection(body["ProjectionExpression"]) if "ProjectionExpression" in body else ()
    scope = _scope(body, found.mentions, chosen.mentions if chosen else (), _placeholders(shown))
    hash_name, hash_value = found.equal
    if scope.attribute(hash_name) != keys.hash or scope.values[hash_value].type != "S":
        raise Unsupported
    if found.tested is not None and scope.attribute(found.tested) != keys.range:
        raise Unsupported
    limit = body.get("Limit")
    forward = body.get("ScanIndexForward", True)
    if not (limit is None or (type(limit) is int and limit > 0)) or not isinstance(forward, bool):
        raise Unsupported
    start = _start(keys, scope.values[hash_value], body["ExclusiveStartKey"]) if "ExclusiveStartKey" in body else None
    low, high = _limits(found.limits, scope)
    candidates = table.area.read(keys, scope.values[hash_value].value, Bounds(low, high, start, forward))
    page, more = _page(candidates, found.test, scope, limit)
    projected = [_projected(item.attrs, keys.shown or ()) for item in page]
    items = [attributes for attributes in projected if chosen is None or chosen.holds(attributes, scope)]
    names = [scope.attribute(name) for name in shown]
    answer = {"Items": [_projected(item, names) for item in items], "Count": len(items), "ScannedCount": len(page)}
    if more:
        answer["LastEvaluatedKey"] = {name: page[-1].attrs[name] for name in keys.attributes}
    return answer


def _transact_write_items(tables: _Tables, body: dict[str, Any]) -> dict[str, Any]:
    planners = {"Put": _put, "Update": _update, "Delete": _delete, "ConditionCheck": _check}
    operations = [next(iter(item.items())) for item in body["TransactItems"] if len(item) == 1]
    if len(operations) < len(body["TransactItems"]) or not 0 < len(operations) <= 100:
        raise Unsupported
    writes: list[_Write] = []
    held: list[bool] = []
    keys: set[tuple[str, Name]] = set()
    for kind, operation in operations:
        _check_known(operation, _KNOWN_IN_TRANSACTIONS[kind])
        table = tables.find(operation["TableName"])
        key = _key_of(table, operation["Item"] if kind == "Put" else operation["Key"])
        keys.add((table.definition.name, key.name))
        try:
            write = planners[kind](tables, operation)
        except _ConditionFailed:
            held.append(False)
            continue
        held.append(True)
        if kind != "ConditionCheck":
            writes.append(write)
    if len(keys) < len(operations):
        raise Unsupported
    if not all(held):
        raise _Cancelled(held)
    _apply(writes)
    return {}


def _response(status: int, answer: dict[str, Any]) -> Response:
    content = text_of(answer).encode()
    headers = [
        ("Content-Type", JSON_10),
        ("x-amzn-RequestId", str(uuid.uuid4())),
        ("x-amz-crc32", str(binascii.crc32(content))),
    ]
    return Response(status, headers, content)


def _cancellation(held: list[bool]) -> dict[str, Any]:
    codes = ["None" if one else "ConditionalCheckFailed" for one in held]
    listed = f"Transaction cancelled, please refer cancellation reasons for specific reasons [{', '.join(codes)}]"
    reasons = [{"Code": code} if code == "None" else {"Code": code, "Message": _FAILED} for code in codes]
    return {
        "__type": f"{_ERRORS}TransactionCanceledException",
        "Message": listed,
        "CancellationReasons": reasons,
    }


def _get_item(tables: _Tables, body: dict[str, Any]) -> dict[str, Any]:
    table = tables.find(body["TableName"])
    shown = _projection(body)
    found = table.area.find(_key(table, body["Key"]).name)
    return {} if found is None else {"Item": _projected(found.attrs, shown)}


def _batch_get_item(tables: _Tables, body: dict[str, Any]) -> dict[str, Any]:
    if sum(len(asked["Keys"]) for asked in body["RequestItems"].values()) > 100:
        raise Unsupported
    responses: dict[str, list[Any]] = {}
    size = 0
    for name, asked in body["RequestItems"].items():
        _check_known(asked, {*_READ, "Keys"})
        table, shown = tables.find(name), _projection(asked)
        keys = [_key(table, key) for key in asked["Keys"]]
        if len({key.name for key in keys}) < len(keys):
            raise Unsupported
        items = [item for key in keys if (item := table.area.find(key.name)) is not None]
        size += sum(item.size() for item in items)
        if size > MAX_PAGE_BYTES:
            raise Unsupported
        responses[name] = [_projected(item.attrs, shown) for item in items]
    return {"Responses": responses, "UnprocessedKeys": {}}


def _start(keys: Keys, hash_value: Any, raw: dict[str, Any]) -> Position:
    """Return the position of an ExclusiveStartKey."""
    if raw.keys() != set(keys.attributes):
        raise Unsupported
    values = {name: value_of(value) for name, value in raw.items()}
    if any(value.type != "S" for value in values.values()) or values[keys.hash].value != hash_value.value:
        raise Unsupported
    return keys.position(values)


def _limits(limits: expressions.Limits, scope: Scope) -> tuple[str | None, str | None]:
    """Return the strings between which all are that may pass a key's test."""
    low, high, prefix = (None if name is None else scope.values[name] for name in limits)
    if any(value is not None and value.type != "S" for value in (low, high, prefix)):
        raise Unsupported
    if prefix is not None:
        return prefix.value, f"{prefix.value}\U0010ffff"  # behind every character that is assigned
    return None if low is None else low.value, None if high is None else high.value


def _page(
    candidates: Iterable[Any], test: expressions.Test | None, scope: Scope, limit: int | None
) -> tuple[list[Any], bool]:
    """Return the first items that pass the test of the range key, and whether there are more.

    All that pass are side by side: such tests name one range.
    """
    page: list[Any] = []
    size = 0
    for item in candidates:
        if test is not None and not test(item.attrs, scope):
            if page:
                break
            continue
        size += item.size()
        if len(page) == limit or (page and size > MAX_PAGE_BYTES):
            return page, True
        page.append(item)
    return page, False


def _put(tables: _Tables, body: dict[str, Any]) -> _Write:
    table = tables.find(body["TableName"])
    item = {sys.intern(name): value_of(value) for name, value in body["Item"].items()}
    key = _key_of(table, body["Item"])
    old = _attributes(table, key)
    write = _Write(table, key, old, _checked(table, item))
    _check_condition(body, old, _scope(body, _mentions(body)))
    return write


def _update(tables: _Tables, body: dict[str, Any]) -> _Write:
    table = tables.find(body["TableName"])
    key = _key(table, body["Key"])
    old = _attributes(table, key)
    change = expressions.update(body["UpdateExpression"])
    scope = _scope(body, change.mentions, _mentions(body))
    pairs = [*change.sets, *change.defaults, *change.adds]
    targets = [scope.attribute(name) for name in (*change.removes, *(name for name, _ in pairs))]
    if len(set(targets)) < len(targets) or not set(targets).isdisjoint(table.definition.table_key_attrs):
        raise Unsupported
    new = dict(old) if old is not None else {name: value_of(value) for name, value in key.raw.items()}
    for name, value in change.sets:
        new[scope.attribute(name)] = own_copy(scope.values[value])
    for name, value in change.defaults:
        new.setdefault(scope.attribute(name), own_copy(scope.values[value]))
    for name, value in change.adds:
        attribute = scope.attribute(name)
        new[attribute] = sum_of(new.get(attribute), scope.values[value])
    for name in change.removes:
        new.pop(scope.attribute(name), None)
    write = _Write(table, key, old, _checked(table, new))
    _check_condition(body, old, scope)
    return write


def _delete(tables: _Tables, body: dict[str, Any]) -> _Write:
    table = tables.find(body["TableName"])
    key = _key(table, body["Key"])
    old = _attributes(table, key)
    _check_condition(body, old, _scope(body, _mentions(body)))
    return _Write(table, key, old, None)


def _check(tables: _Tables, body: dict[str, Any]) -> _Write:
    if "ConditionExpression" not in body:
        raise Unsupported
    return _delete(tables, body)  # which is not applied


def _key(table: _Table, raw: dict[str, Any]) -> _Key:
    if len(raw) != 2:
        raise Unsupported
    return _key_of(table, raw)


def _key_of(table: _Table, raw: dict[str, Any]) -> _Key:
    """Return the key that an item has, or that a request names."""
    hash_value, range_value = (value_of(raw[name]) for name in table.definition.table_key_attrs)
    for value in (hash_value, range_value):
        if value.type != "S" or not 0 < len(value.value.encode()) <= MAX_KEY_BYTES:
            raise Unsupported
    return _Key({name: raw[name] for name in table.definition.table_key_attrs}, (hash_value.value, range_value.value))


def _attributes(table: _Table, key: _Key) -> Attributes | None:
    found = table.area.find(key.name)
    return None if found is None else found.attrs


def _mentions(body: dict[str, Any]) -> frozenset[str]:
    """Return the placeholders that a request's condition mentions."""
    text = body.get("ConditionExpression")
    return frozenset() if text is None else expressions.condition(text).mentions


def _check_condition(body: dict[str, Any], item: Attributes | None, scope: Scope) -> None:
    """Raise _ConditionFailed unless a request's condition holds. Comes last: a request may be wrong otherwise."""
    text = body.get("ConditionExpression")
    if text is not None and not expressions.condition(text).holds(item or {}, scope):
        raise _ConditionFailed


def _scope(body: dict[str, Any], *mentions: Iterable[str]) -> Scope:
    """Return what the placeholders stand for; those that are defined must be those that are mentioned."""
    names, values = body.get("ExpressionAttributeNames"), body.get("ExpressionAttributeValues")
    if names == {} or values == {}:
        raise Unsupported
    names, values = names or {}, values or {}
    mentioned = set().union(*mentions)
    if mentioned != names.keys() | values.keys():
        raise Unsupported
    if not mentioned:
        return _NO_SCOPE
    if any(not isinstance(name, str) or not 0 < len(name) <= 255 for name in names.values()):
        raise Unsupported
    names = {name: sys.intern(attribute) for name, attribute in names.items()}
    return Scope(names, {name: value_of(value) for name, value in values.items()})


def _projection(body: dict[str, Any]) -> list[str]:
    names = expressions.projection(body["ProjectionExpression"]) if "ProjectionExpression" in body else ()
    scope = _scope(body, _placeholders(names))
    return [scope.attribute(name) for name in names]


def _placeholders(names: Iterable[str]) -> set[str]:
    return {name for name in names if name[0] == "#"}


def _projected(attributes: Attributes, names: Collection[str]) -> Attributes:
    if not names:
        return attributes
    return {name: value for name, value in attributes.items() if name in names}


def _checked(table: _Table, attributes: dict[str, Any]) -> dict[str, Any]:
    """Return the attributes if they may become an item. Keys of indexes are of their type, and not empty."""
    if sum(len(name.encode()) + value.size() for name, value in attributes.items()) > MAX_ITEM_BYTES:
        raise Unsupported
    for definition in table.definition.attr:
        value = attributes.get(definition["AttributeName"])
        if value is not None and (value.type != definition["AttributeType"] or value.value == ""):
            raise Unsupported
    return attributes


def _check_known(body: dict[str, Any], known: AbstractSet[str]) -> None:
    if not known >= body.keys():
        raise Unsupported
