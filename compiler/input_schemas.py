"""Input schemas: whether they are JSON Schema, and whether values fit them.

A schema is judged by the kinds of its keywords' values, each at its own pointer. The general meta-schema says the same
in words that name no line, and takes longer for one schema than reading the whole file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from chalicelib.flows.suggestions import suggestion
from compiler.pointers import escape, join

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
_TEXTS = ("title", "description", "format", "$ref", "$id", "$schema", "$anchor", "$comment", "contentEncoding")
_FLAGS = ("uniqueItems", "deprecated", "readOnly", "writeOnly")
_OTHERS = (
    "type", "required", "enum", "const", "default", "examples", "pattern", "dependentRequired", "$dynamicRef",
    "$dynamicAnchor", "$vocabulary", "contentMediaType", "contentSchema",
)  # fmt: skip
_KEYWORDS = frozenset((*_SCHEMA, *_SCHEMA_LISTS, *_SCHEMA_MAPS, *_COUNTS, *_NUMBERS, *_TEXTS, *_FLAGS, *_OTHERS))

Fault = tuple[str, str, str]  # pointer, message, hint


def schema_faults(schema: Any, pointer: str) -> Iterator[Fault]:
    """What is wrong with a schema: (pointer, message, hint)."""
    if isinstance(schema, bool):
        return
    if not isinstance(schema, dict):
        yield pointer, "A schema is an object, or true or false.", ""
        return
    for keyword, value in schema.items():
        at = f"{pointer}/{escape(keyword)}"
        if keyword in _SCHEMA:
            yield from schema_faults(value, at)
        elif keyword in _SCHEMA_LISTS:
            if isinstance(value, list) and value:
                for index, item in enumerate(value):
                    yield from schema_faults(item, f"{at}/{index}")
            else:
                yield at, f"{keyword} takes a list of schemas.", ""
        elif keyword in _SCHEMA_MAPS:
            if isinstance(value, dict):
                for name, item in value.items():
                    yield from schema_faults(item, f"{at}/{escape(name)}")
            else:
                yield at, f"{keyword} takes an object of schemas by name.", ""
        elif keyword in _KEYWORDS:
            yield from _plain_fault(keyword, value, at)
        else:
            hint = suggestion(keyword, _KEYWORDS)
            if hint:  # other unknown keywords are allowed, as notes of their author
                yield at, f"{keyword!r} is no keyword of JSON Schema.", hint


def _plain_fault(keyword: str, value: Any, at: str) -> Iterator[Fault]:
    if keyword == "type":
        names = value if isinstance(value, list) else [value]
        for name in names:
            if name not in TYPES:
                yield at, f"{name!r} is no type of JSON Schema.", suggestion(str(name), TYPES) or ", ".join(TYPES)
    elif keyword == "required":
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            yield at, "required takes a list of names.", "it stands beside `properties`, not in a property"
    elif keyword in ("enum", "examples"):
        if not isinstance(value, list):
            yield at, f"{keyword} takes a list of values.", ""
    elif keyword in _COUNTS:
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            yield at, f"{keyword} takes a whole number from 0.", ""
    elif keyword in _NUMBERS:
        if not isinstance(value, int | float) or isinstance(value, bool):
            yield at, f"{keyword} takes a number.", ""
    elif keyword in _TEXTS:
        if not isinstance(value, str):
            yield at, f"{keyword} takes a text.", ""
    elif keyword in _FLAGS:
        if not isinstance(value, bool):
            yield at, f"{keyword} takes true or false.", ""
    elif keyword == "pattern":
        try:
            re.compile(value)
        except (re.error, TypeError) as error:
            yield at, f"pattern is no regular expression: {error}.", ""


def value_faults(value: Any, schema: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Where a value does not fit a schema that has no faults: (pointer, message)."""
    from jsonschema import Draft202012Validator
    from referencing.exceptions import Unresolvable

    try:
        for error in Draft202012Validator(schema).iter_errors(value):
            yield join(*error.absolute_path), f"{error.message}, says the inputSchema."
    except Unresolvable as error:
        yield "", f"The inputSchema cannot be applied: {error}."
