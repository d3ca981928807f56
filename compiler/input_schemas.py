"""Input schemas: whether they are valid JSON Schema, and whether values match them.

A schema is checked keyword by keyword, each value at its own pointer. Validating it against the meta-schema would say
the same without a line number, and would take longer for one schema than reading the whole file.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from chalicelib.flows.suggestions import suggestion
from chalicelib.pointers import escape, join

TYPES = ("object", "array", "string", "number", "integer", "boolean", "null")
_SCHEMA = (
    "items", "additionalProperties", "contains", "propertyNames", "not", "if", "then", "else",
    "unevaluatedItems", "unevaluatedProperties",
)  # fmt: skip
_SCHEMA_LISTS = ("allOf", "anyOf", "oneOf", "prefixItems")
_SCHEMA_MAPS = ("properties", "patternProperties", "$defs", "definitions", "dependentSchemas")
_COUNTS = (
    "minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties", "minContains", "maxContains",
)  # fmt: skip
_NUMBERS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")
_STRINGS = ("title", "description", "format", "$ref", "$id", "$schema", "$anchor", "$comment", "contentEncoding")
_FLAGS = ("uniqueItems", "deprecated", "readOnly", "writeOnly")
_OTHERS = (
    "type", "required", "enum", "const", "default", "examples", "pattern", "dependentRequired", "$dynamicRef",
    "$dynamicAnchor", "$vocabulary", "contentMediaType", "contentSchema",
)  # fmt: skip
_KEYWORDS = frozenset((*_SCHEMA, *_SCHEMA_LISTS, *_SCHEMA_MAPS, *_COUNTS, *_NUMBERS, *_STRINGS, *_FLAGS, *_OTHERS))

Fault = tuple[str, str, str]  # pointer, message, hint


def schema_faults(schema: Any, pointer: str) -> Iterator[Fault]:
    """Yield what is wrong with a schema.

    Args:
        schema: What is written as `inputSchema`, or a part of it.
        pointer: The JSON pointer of `schema` in the flow's file.
    """
    if isinstance(schema, bool):
        return
    if not isinstance(schema, dict):
        yield pointer, "A schema must be an object, true or false.", ""
        return
    for keyword, value in schema.items():
        at = f"{pointer}/{escape(keyword)}"
        if keyword in _SCHEMA:
            yield from schema_faults(value, at)
        elif keyword in _SCHEMA_LISTS:
            yield from _list_faults(keyword, value, at)
        elif keyword in _SCHEMA_MAPS:
            yield from _map_faults(keyword, value, at)
        elif keyword in _KEYWORDS:
            yield from _value_faults(keyword, value, at)
        else:
            hint = suggestion(keyword, _KEYWORDS)
            if hint:  # other unknown keywords are allowed, as their author's notes
                yield at, f"Unknown JSON Schema keyword {keyword!r}.", hint


def _list_faults(keyword: str, value: Any, at: str) -> Iterator[Fault]:
    if not isinstance(value, list) or not value:
        yield at, f"{keyword} must be a list of at least one schema.", ""
        return
    for index, item in enumerate(value):
        yield from schema_faults(item, f"{at}/{index}")


def _map_faults(keyword: str, value: Any, at: str) -> Iterator[Fault]:
    if not isinstance(value, dict):
        yield at, f"{keyword} must be an object whose values are schemas.", ""
        return
    for name, item in value.items():
        yield from schema_faults(item, f"{at}/{escape(name)}")


def _is_string(value: Any) -> bool:
    return isinstance(value, str)


def _is_list(value: Any) -> bool:
    return isinstance(value, list)


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_list_of_names(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


@dataclass(frozen=True, slots=True)
class _Kind:
    """The values that a keyword takes: a test, what they must be, and a hint for others."""

    accepts: Callable[[Any], bool]
    words: str
    hint: str = ""


_LIST = _Kind(_is_list, "a list of values")
_KINDS: dict[str, _Kind] = {
    "required": _Kind(_is_list_of_names, "a list of names", "put it next to `properties`, not inside a property"),
    "enum": _LIST,
    "examples": _LIST,
    **dict.fromkeys(_COUNTS, _Kind(_is_count, "an integer of at least 0")),
    **dict.fromkeys(_NUMBERS, _Kind(_is_number, "a number")),
    **dict.fromkeys(_STRINGS, _Kind(_is_string, "a string")),
    **dict.fromkeys(_FLAGS, _Kind(_is_flag, "true or false")),
}


def _value_faults(keyword: str, value: Any, at: str) -> Iterator[Fault]:
    """Yield what is wrong with the value of a keyword that contains no schemas."""
    if keyword == "type":
        yield from _type_faults(value, at)
    elif keyword == "pattern":
        try:
            re.compile(value)
        except (re.error, TypeError) as error:
            yield at, f"pattern is not a valid regular expression: {error}.", ""
    else:
        kind = _KINDS.get(keyword)
        if kind is not None and not kind.accepts(value):
            yield at, f"{keyword} must be {kind.words}.", kind.hint


def _type_faults(value: Any, at: str) -> Iterator[Fault]:
    for name in value if isinstance(value, list) else [value]:
        if name not in TYPES:
            hint = suggestion(str(name), TYPES) or f"use one of {', '.join(TYPES)}"
            yield at, f"Unknown JSON Schema type {name!r}.", hint


def value_faults(value: Any, schema: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield where a value does not match a schema that has no faults: (pointer, message)."""
    from jsonschema import Draft202012Validator
    from referencing.exceptions import Unresolvable

    try:
        for error in Draft202012Validator(schema).iter_errors(value):
            yield join(*error.absolute_path), f"Does not match the inputSchema: {error.message}."
    except Unresolvable as error:
        yield "", f"Can't apply the inputSchema: {error}."
