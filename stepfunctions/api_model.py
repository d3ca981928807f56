"""Validates requests by the API's model, which botocore ships, and words what is wrong as AWS does."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from importlib import resources
from typing import Any

from stepfunctions.errors import ServiceError, validation_exception

# The service lists these values in a different order than the model.
_ENUM_ORDER = {"ExecutionStatus": ["SUCCEEDED", "TIMED_OUT", "PENDING_REDRIVE", "ABORTED", "FAILED", "RUNNING"]}
_JSON_TYPES: dict[str, tuple[type | tuple[type, ...], str]] = {
    "string": (str, "String"),
    "boolean": (bool, "Boolean"),
    "integer": (int, "Integer"),
    "long": (int, "Long"),
    "float": ((int, float), "Float"),
    "list": (list, "List"),
    "structure": (dict, "Structure"),
}


@cache
def _model() -> dict[str, Any]:
    folder = resources.files("botocore") / "data" / "stepfunctions" / "2016-11-23"
    packed = folder / "service-2.json.gz"
    data: bytes = packed.read_bytes() if packed.is_file() else gzip.compress((folder / "service-2.json").read_bytes())
    model: dict[str, Any] = json.loads(gzip.decompress(data))
    return model


@cache
def operations() -> frozenset[str]:
    """Return the names of all operations of the API."""
    return frozenset(_model()["operations"])


def validate_request(operation: str, body: Mapping[str, Any]) -> None:
    """Validate the arguments of an operation.

    Raises:
        ServiceError: SerializationException for a value of the wrong type; ValidationException, with all violations of
            the model's constraints.
    """
    shape = _model()["operations"][operation].get("input", {}).get("shape")
    problems = list(_violations(shape, body, "")) if shape else []
    if problems:
        count = f"{len(problems)} validation error{'s' if len(problems) > 1 else ''} detected: "
        raise validation_exception(count + "; ".join(problems))


def _violations(shape_name: str, value: Any, path: str) -> Iterator[str]:
    shape = _model()["shapes"][shape_name]
    expected = _JSON_TYPES.get(shape["type"])
    if expected and (not isinstance(value, expected[0]) or (isinstance(value, bool) and shape["type"] != "boolean")):
        raise ServiceError(
            "SerializationException", f"The value of '{path or 'the request'}' can not be converted to a {expected[1]}"
        )
    match shape["type"]:
        case "structure":
            yield from _structure_violations(shape, value, path)
        case "list":
            yield from _length_violations(shape, value, path, "[...]")
            for position, item in enumerate(value, 1):
                yield from _violations(shape["member"]["shape"], item, f"{path}.{position}.member")
        case "string":
            yield from _string_violations(shape_name, shape, value, path)
        case "integer" | "long" | "float":
            for bound, words in (("min", "greater"), ("max", "less")):
                limit = shape.get(bound)
                if limit is not None and (value < limit if bound == "min" else value > limit):
                    yield _problem(shape, value, path, f"Member must have value {words} than or equal to {limit}")


def _structure_violations(shape: dict[str, Any], value: Mapping[str, Any], path: str) -> Iterator[str]:
    for member, reference in shape["members"].items():
        inner = f"{path}.{member}" if path else member
        if value.get(member) is not None:
            yield from _violations(reference["shape"], value[member], inner)
        elif member in shape.get("required", ()):
            yield f"Value null at '{inner}' failed to satisfy constraint: Member must not be null"


def _string_violations(name: str, shape: dict[str, Any], value: str, path: str) -> Iterator[str]:
    yield from _length_violations(shape, value, path, value)
    if "enum" in shape and value not in shape["enum"]:
        values = ", ".join(_ENUM_ORDER.get(name, shape["enum"]))
        yield _problem(shape, value, path, f"Member must satisfy enum value set: [{values}]")
    if "pattern" in shape and not re.fullmatch(shape["pattern"].replace(r"\p{ASCII}", r"[\x00-\x7f]"), value):
        yield _problem(shape, value, path, f"Member must satisfy regular expression pattern: {shape['pattern']}")


def _length_violations(shape: dict[str, Any], value: Any, path: str, shown: str) -> Iterator[str]:
    length = len(value.encode()) if isinstance(value, str) and shape.get("sensitive") else len(value)
    if length < shape.get("min", 0):
        yield _problem(shape, shown, path, f"Member must have length greater than or equal to {shape['min']}")
    if "max" in shape and length > shape["max"]:
        yield _problem(shape, shown, path, f"Member must have length less than or equal to {shape['max']}")


def _problem(shape: dict[str, Any], value: Any, path: str, constraint: str) -> str:
    shown = "Value" if shape.get("sensitive") else f"Value '{value}'"
    return f"{shown} at '{path}' failed to satisfy constraint: {constraint}"


def output_dates(operation: str, answer: Mapping[str, Any], convert: Callable[[float], Any]) -> dict[str, Any]:
    """Return the answer of an operation with its dates converted.

    Args:
        operation: The operation that gave the answer.
        answer: The answer, with dates in epoch seconds.
        convert: Returns what a date becomes.
    """
    shape = _model()["operations"][operation].get("output", {}).get("shape")
    return dict(_converted(shape, answer, convert)) if shape else dict(answer)


def _converted(shape_name: str, value: Any, convert: Callable[[float], Any]) -> Any:
    shape = _model()["shapes"][shape_name]
    match shape["type"]:
        case "timestamp":
            return convert(value)
        case "structure":
            members = shape["members"]
            return {
                name: _converted(members[name]["shape"], item, convert) if name in members else item
                for name, item in value.items()
            }
        case "list":
            return [_converted(shape["member"]["shape"], item, convert) for item in value]
    return value
