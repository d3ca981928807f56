"""DynamoDB's attribute values, as moto has them."""

from __future__ import annotations

import copy
import functools
import re
from typing import Any

from localcloud.dynamodb.expressions import Unsupported

MAX_DEPTH = 16  # of 32
MAX_SHARED = 64  # characters of a value that items share
_NUMBER = re.compile(r"0|-?[1-9][0-9]{0,37}")


def value_of(raw: Any, depth: int = 0) -> Any:
    """Return moto's value of an attribute value. Raises Unsupported for what DynamoDB might write another way."""
    from moto.dynamodb.models.dynamo_type import DynamoType

    ((kind, value),) = raw.items()
    if kind == "S":
        fits = isinstance(value, str)
    elif kind == "N":
        fits = isinstance(value, str) and _NUMBER.fullmatch(value) is not None
    elif kind == "BOOL":
        fits = isinstance(value, bool)
    elif kind == "NULL":
        fits = value is True
    elif kind == "SS":
        fits = bool(value) and all(isinstance(one, str) for one in value) and len(set(value)) == len(value)
    elif kind in ("M", "L") and depth < MAX_DEPTH:
        for one in value.values() if kind == "M" else value:
            value_of(one, depth + 1)
        fits = isinstance(value, dict if kind == "M" else list)
    else:
        fits = False
    if not fits:
        raise Unsupported
    shared = kind == "BOOL" or (kind in ("S", "N") and len(value) <= MAX_SHARED)
    return _scalar(kind, value) if shared else DynamoType(raw)


def loaded_value(raw: dict[str, Any]) -> Any:
    """Return moto's value of an attribute value that has been checked."""
    from moto.dynamodb.models.dynamo_type import DynamoType

    ((kind, value),) = raw.items()
    shared = kind == "BOOL" or (kind in ("S", "N") and len(value) <= MAX_SHARED)
    return _scalar(kind, value) if shared else DynamoType(raw)


@functools.lru_cache(4096)
def _scalar(kind: str, value: Any) -> Any:
    """Return a value that items share: a table of runs repeats users, flows and statuses thousands of times."""
    from moto.dynamodb.models.dynamo_type import DynamoType

    return DynamoType({kind: value})


def own_copy(value: Any) -> Any:
    """Return a value of an item's own: moto changes maps and lists in place."""
    return copy.deepcopy(value) if value.type in ("M", "L", "SS") else value


def sum_of(found: Any, added: Any) -> Any:
    """Return the sum of two numbers, as ADD makes it. Raises Unsupported for others."""
    if added.type != "N":
        raise Unsupported
    if found is None:
        return added
    if found.type != "N" or not _NUMBER.fullmatch(str(found.value)):
        raise Unsupported
    return value_of({"N": str(int(found.value) + int(added.value))})
