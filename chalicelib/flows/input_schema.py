"""Validates a flow's input against its `inputSchema` (JSON Schema)."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from chalicelib.errors import FieldError, Invalid
from chalicelib.names import USER_KEY

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

    from chalicelib.flows.catalog import CatalogFlow

MAX_ERRORS = 100


def check_input(flow: CatalogFlow, body: dict[str, Any]) -> None:
    """Validate the body of a request against the flow's schema.

    Raises:
        Invalid: The body does not match; names each field.
    """
    if flow.input_schema is None:
        return
    body = {key: value for key, value in body.items() if key != USER_KEY}
    validator = _validator(_Schema(flow.input_schema))
    _check(validator, body, f"The body doesn't match the inputSchema of the flow {flow.name!r}")


def check_value(schema: Any, value: Any, problem: str, *, below: str) -> None:
    """Validate a value against a schema.

    Args:
        schema: The schema.
        value: The value.
        problem: What is wrong if it does not match, as the beginning of a sentence.
        below: The field that has the value: the names of fields begin with it.

    Raises:
        Invalid: The value does not match; names each field.
    """
    _check(_new_validator(schema), value, problem, below)


def _check(validator: Validator, value: Any, problem: str, below: str = "") -> None:
    found: list[FieldError] = []
    for error in validator.iter_errors(value):
        found.extend(_field_errors(error, below))
        if len(found) >= MAX_ERRORS:
            break
    if found:
        found.sort(key=lambda item: item.field)
        summary = "; ".join(f"{item.field}: {item.message}" if item.field else item.message for item in found[:3])
        more = f" (and {len(found) - 3} more)" if len(found) > 3 else ""
        raise Invalid(f"{problem}: {summary}{more}.", errors=found)


class _Schema:
    """A schema as a cache key, by identity: a catalog is replaced as a whole when flows change."""

    def __init__(self, value: Any):
        self.value = value

    def __hash__(self) -> int:
        return id(self.value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Schema) and self.value is other.value


@lru_cache(maxsize=256)
def _validator(schema: _Schema) -> Validator:
    return _new_validator(schema.value)


def _new_validator(schema: Any) -> Validator:
    from jsonschema import Draft202012Validator
    from jsonschema.validators import validator_for

    validator: Validator = validator_for(schema, default=Draft202012Validator)(schema)
    return validator


def _field_errors(error: Any, below: str) -> list[FieldError]:
    from chalicelib.functions.signature import field_path

    path = [*([below] if below else []), *error.absolute_path]
    if error.validator == "required":
        # There is an error for each missing name, which only the message contains.
        missing = next((name for name in error.validator_value if error.message.startswith(repr(name))), "")
        return [FieldError(field_path([*path, missing]), "is required")]
    if error.validator == "additionalProperties" and isinstance(error.instance, dict):
        known, patterns = error.schema.get("properties", {}), error.schema.get("patternProperties", {})
        extra = [n for n in error.instance if n not in known and not any(re.search(p, n) for p in patterns)]
        return [FieldError(field_path([*path, name]), "is not expected") for name in extra]
    return [FieldError(field_path(path), _short(error.message))]


def _short(message: str, limit: int = 300) -> str:
    """Shorten a message of the validator, which repeats the value."""
    return message if len(message) <= limit else f"{message[: limit // 2]} ... {message[-limit // 2 :]}"
