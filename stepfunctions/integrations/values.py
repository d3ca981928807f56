"""Converts between the JSON of tasks and the arguments and answers of boto3.

Tasks write parameters in PascalCase whatever the API's own case is, and get answers in PascalCase. Where the API
expects a string, an object or array is passed as a JSON string.
"""

from __future__ import annotations

import base64
from datetime import datetime
from typing import TYPE_CHECKING, Any

from asl.engine.jsontext import dumps
from asl.language.timestamps import iso_8601

if TYPE_CHECKING:
    from botocore.model import Shape


def to_arguments(shape: Shape | None, value: Any) -> Any:
    """Return boto3's arguments for a task's parameters, by the shape of the operation's input."""
    if shape is None or value is None:
        return value
    convert = _TO_ARGUMENT.get(shape.type_name)
    return convert(shape, value) if convert else value


def _structure(shape: Any, value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if getattr(shape, "is_document_type", False):
        return value
    members = {name[:1].lower() + name[1:]: name for name in shape.members}
    arguments = {}
    for key, item in value.items():
        name = key if key in shape.members else members.get(key[:1].lower() + key[1:], key)
        if item is not None:
            arguments[name] = to_arguments(shape.members.get(name), item)
    return arguments


def _list(shape: Any, value: Any) -> Any:
    return [to_arguments(shape.member, item) for item in value] if isinstance(value, list) else value


def _map(shape: Any, value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {key: to_arguments(shape.value, item) for key, item in value.items()}


def _string(_: Any, value: Any) -> str:
    return value if isinstance(value, str) else dumps(value)


def _blob(_: Any, value: Any) -> bytes:
    # A string is sent as JSON, in quotes: this is what Step Functions stores by `s3:putObject`.
    return value if isinstance(value, bytes) else dumps(value).encode()


def _integer(_: Any, value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    try:
        return int(value) if isinstance(value, str) else value
    except ValueError:
        return value


def _number(_: Any, value: Any) -> Any:
    try:
        return float(value) if isinstance(value, str) else value
    except ValueError:
        return value


def _boolean(_: Any, value: Any) -> Any:
    return {"true": True, "false": False}.get(value.lower(), value) if isinstance(value, str) else value


_TO_ARGUMENT = {
    "structure": _structure,
    "list": _list,
    "map": _map,
    "string": _string,
    "blob": _blob,
    "integer": _integer,
    "long": _integer,
    "float": _number,
    "double": _number,
    "boolean": _boolean,
}


def to_json(shape: Shape | None, value: Any) -> Any:
    """Return a task's result for boto3's answer, by the shape of the operation's output."""
    match value:
        case dict() if shape is not None and shape.type_name == "structure":
            members = shape.members  # type: ignore[attr-defined]
            return {
                name[:1].upper() + name[1:]: to_json(members.get(name), item)
                for name, item in value.items()
                if item is not None
            }
        case dict():
            inner = getattr(shape, "value", None)
            return {key: to_json(inner, item) for key, item in value.items()}
        case list():
            inner = getattr(shape, "member", None)
            return [to_json(inner, item) for item in value]
        case datetime():
            return iso_8601(value)
        case bytes() | bytearray():
            return _decoded(bytes(value))
        case _ if hasattr(value, "read"):
            return _decoded(value.read())
        case _:
            return value


def _decoded(data: bytes) -> str:
    """Return bytes as a string where they are UTF-8, else in base64."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return base64.b64encode(data).decode()
