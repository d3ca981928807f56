"""Checks mocked results by the model of the API that a task calls.

In the mode STRICT, the default, all required fields must be present and all fields must conform to the model. In the
mode PRESENT, the fields that are present must conform. In the mode NONE, nothing is checked. Fields that the model
doesn't have are ignored.
Source: https://docs.aws.amazon.com/step-functions/latest/apireference/API_MockInput.html.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from stepfunctions.errors import validation_exception
from stepfunctions.integrations.api_models import output_shape, shape_of

_TYPES: dict[str, tuple[Any, str]] = {
    "structure": (dict, "an object"),
    "map": (dict, "an object"),
    "list": (list, "an array"),
    "string": (str, "a string"),
    "boolean": (bool, "a boolean"),
    "integer": (int, "an integer"),
    "long": (int, "an integer"),
    "float": ((int, float), "a number"),
    "double": ((int, float), "a number"),
}
_NUMBERS = frozenset({"integer", "long", "float", "double"})


def check_mocked_result(resource: str, result: Any, mode: str) -> None:
    """Refuse a mocked result that doesn't conform to the API's model.

    Args:
        resource: The ARN of the Task's resource.
        result: The mocked result, a JSON value.
        mode: STRICT, PRESENT or NONE.

    Raises:
        ServiceError: ValidationException.
    """
    if mode == "NONE":
        return
    problem = result_problem(resource, result, strict=mode == "STRICT")
    if problem is not None:
        raise validation_exception(f"Mock result schema validation error: {problem}")


def result_problem(resource: str, result: Any, *, strict: bool = True) -> str | None:
    """Return how a result differs from what the API that a task calls returns, or None if it doesn't.

    Args:
        resource: The ARN of the Task's resource.
        result: The result, a JSON value.
        strict: Whether required fields must be present.
    """
    found = output_shape(resource)
    if found is None:  # a function's result, or an unknown API
        return None
    model, shape = found
    return next(_problems(model, shape, result, "", strict=strict), None)


def _problems(model: dict[str, Any], name: str, value: Any, path: str, *, strict: bool) -> Iterator[str]:
    shape = shape_of(model, name)
    if value is None or shape.get("document"):
        return
    types, words = _TYPES.get(shape["type"], (object, ""))  # timestamps and blobs are not checked
    if not isinstance(value, types) or (isinstance(value, bool) and shape["type"] in _NUMBERS):
        yield f"Field '{path or 'result'}' must be {words}"
        return
    if shape["type"] == "structure":
        yield from _structure_problems(model, shape, value, path, strict=strict)
    elif shape["type"] == "list":
        for index, item in enumerate(value):
            yield from _problems(model, shape["member"]["shape"], item, f"{path}[{index}]", strict=strict)
    elif shape["type"] == "map":
        for key, item in value.items():
            yield from _problems(model, shape["value"]["shape"], item, _inside(path, key), strict=strict)
    elif "enum" in shape and value not in shape["enum"]:
        yield f"Field '{path}' must be one of [{', '.join(shape['enum'])}]"


def _structure_problems(
    model: dict[str, Any], shape: dict[str, Any], value: dict[str, Any], path: str, *, strict: bool
) -> Iterator[str]:
    members = {_pascal_case(member): reference["shape"] for member, reference in shape["members"].items()}
    for member in map(_pascal_case, shape.get("required", ()) if strict else ()):
        if member not in value:
            yield f"Field '{_inside(path, member)}' is required but was missing"
    for member, item in value.items():
        if member in members:
            yield from _problems(model, members[member], item, _inside(path, member), strict=strict)


def _pascal_case(name: str) -> str:
    return name[:1].upper() + name[1:]


def _inside(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
