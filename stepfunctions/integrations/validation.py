"""Refuses parameters that a service would refuse before it looks at anything else.

The emulated services don't check these, and some end in an error of their own instead.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

_PROTOCOLS = frozenset({"json", "rest-json", "smithy-rpc-v2-cbor"})


def null_refusal(service: Any, operation: Any, arguments: Any) -> tuple[str, str, int] | None:
    """Return the refusal of a request that lacks something required, None if nothing is missing.

    Args:
        service: botocore's model of the service.
        operation: botocore's model of the operation.
        arguments: The operation's arguments, as boto3 takes them. A null is left out.

    Returns:
        The error's code, its message and the HTTP status. Services with older protocols word this otherwise, and are
        left alone.
    """
    older = service.metadata.get("protocol") not in _PROTOCOLS or "awsQueryCompatible" in service.metadata
    if older or operation.input_shape is None:
        return None
    missing = list(_missing(operation.input_shape, arguments, ""))
    if not missing:
        return None
    problems = (f"Value null at '{place}' failed to satisfy constraint: Member must not be null" for place in missing)
    count = "1 validation error" if len(missing) == 1 else f"{len(missing)} validation errors"
    return "ValidationException", f"{count} detected: {'; '.join(problems)}", 400


def _missing(shape: Any, value: Any, place: str) -> Iterator[str]:
    """Yield where a required member is missing, at any depth: `item`, `entries.1.member.id`."""
    if shape.type_name == "structure" and isinstance(value, dict):
        start = f"{place}." if place else ""
        for name in shape.required_members:
            if value.get(name) is None:
                yield f"{start}{name[:1].lower()}{name[1:]}"
        for name, item in value.items():
            if name in shape.members:
                yield from _missing(shape.members[name], item, f"{start}{name[:1].lower()}{name[1:]}")
    elif shape.type_name == "list" and isinstance(value, list):
        for number, item in enumerate(value, 1):
            yield from _missing(shape.member, item, f"{place}.{number}.member")
    elif shape.type_name == "map" and isinstance(value, dict):
        for key, item in value.items():
            yield from _missing(shape.value, item, f"{place}.{key}.member")
