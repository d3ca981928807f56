"""botocore's models of APIs, and arguments that fit them."""

from __future__ import annotations

from typing import Any

import botocore.session

from stepfunctions.integrations.names import botocore_name

_SESSION = botocore.session.get_session()
_PLAIN = {"boolean": True, "blob": b"x", "timestamp": 0, "integer": 1, "long": 1, "float": 1.5, "double": 1.5}
_MAX_DEPTH = 4


def model_of(service: str) -> Any:
    """The model of a service by botocore's name of it, or by Step Functions'."""
    return _SESSION.get_service_model(botocore_name(service))


def needed_arguments(operation: Any) -> dict[str, Any]:
    """The arguments that a call of an operation must have; all strings are `x`, unless others are expected."""
    shape = operation.input_shape
    return {} if shape is None else dict(_value(shape, 0))


def _value(shape: Any, depth: int) -> Any:
    kind = shape.type_name
    if kind == "structure":
        needed = shape.required_members if depth < _MAX_DEPTH else ()
        return {name: _value(shape.members[name], depth + 1) for name in needed}
    if kind == "list":
        return [_value(shape.member, depth + 1)] if depth < _MAX_DEPTH else []
    if kind == "map":
        return {}
    return (shape.enum[0] if shape.enum else "x") if kind == "string" else _PLAIN[kind]
