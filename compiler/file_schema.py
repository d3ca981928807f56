"""The JSON Schema of a flow's file, generated from the model, and the check of files against it.

Editors complete and check flow files with the schema (`# yaml-language-server: $schema=...` on a file's first line).
The compiler implements only the keywords that this schema uses: a general validator takes longer than reading the file,
and its messages are about schemas, not about how to fix the file.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, fields
from functools import cache
from typing import Any

from chalicelib.flows.suggestions import nearest, suggestion
from chalicelib.pointers import escape
from compiler.model import (
    ALIAS_NAME,
    FLOW_NAME,
    OWN_KEY,
    VARIABLE_NAME,
    Access,
    Flow,
    FunctionEntry,
    IamStatement,
    Notify,
    Permissions,
    Schedule,
)
from compiler.shortform_schema import SHORT_FORM_DEFINITIONS, SHORT_FORM_PROPERTIES
from compiler.states_schema import STATES_DEFINITIONS

_PARTS = (Access, FunctionEntry, IamStatement, Notify, Permissions, Schedule)
_KINDS: dict[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "integer": int,
    "number": (int, float),
}
_WORDS = {
    "object": "an object",
    "array": "a list",
    "string": "a string",
    "boolean": "true or false",
    "integer": "an integer",
    "number": "a number",
}
_NAME_HINTS = {
    FLOW_NAME: "use letters, digits, `_` and `-`, starting with a letter",
    ALIAS_NAME: "use letters, digits and `_`, starting with a letter",
    VARIABLE_NAME: "use capital letters, digits and `_`, starting with a letter",
}


@cache
def flow_schema() -> dict[str, Any]:
    """Return the schema of a flow's file (JSON Schema 2020-12)."""
    body = _schema_of(Flow)
    body["properties"] |= SHORT_FORM_PROPERTIES
    body["patternProperties"] = {OWN_KEY: {"description": "Your own: anchors and notes. The compiler ignores it."}}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A flow of Serverless Dynamic Workflows",
        **body,
        "oneOf": [{"required": ["definition"]}, {"required": ["steps"]}],
        "$defs": {part.__name__: _schema_of(part) for part in _PARTS} | SHORT_FORM_DEFINITIONS | STATES_DEFINITIONS,
    }


def _schema_of(model: type) -> dict[str, Any]:
    described = [item.metadata for item in fields(model) if item.metadata]
    return {
        "description": (model.__doc__ or "").split("\n")[0],
        "type": "object",
        "properties": {item["key"]: item["schema"] | {"description": item["doc"]} for item in described},
        "required": [item["key"] for item in described if item["required"]],
        "additionalProperties": False,
    }


@dataclass(frozen=True, slots=True)
class Violation:
    """Something that the schema forbids; `at_key` if it is the key, not its value."""

    check: str
    pointer: str
    message: str
    hint: str = ""
    at_key: bool = False


def violations(value: Any) -> Iterator[Violation]:
    """Yield what is wrong with a file's own keys. Definitions are left to `asl.language`."""
    yield from _check(value, flow_schema(), "", "the file")
    if isinstance(value, dict) and ("definition" in value) == ("steps" in value):
        if "steps" in value:
            yield Violation("file-shape", "/steps", "A flow can't have both a definition and steps.", at_key=True)
        elif not _misspelled(("definition", "steps"), value, flow_schema()):
            yield Violation("file-shape", "", "The flow has no definition.", "add `definition:` or `steps:`")


def _check(value: Any, schema: dict[str, Any], pointer: str, what: str) -> Iterator[Violation]:
    reference = schema.get("$ref")
    if reference is not None:
        name = reference.rpartition("/")[2]
        schema = {"type": "object"} if name in STATES_DEFINITIONS else flow_schema()["$defs"][name]
    choices = schema.get("anyOf")
    if choices is not None:
        yield from _check_any(value, choices, pointer, what)
        return
    allowed = schema.get("enum")
    if allowed is not None and value not in allowed:
        message = f"{what} must be {' or '.join(map(str, allowed))}, not {_show(value)}."
        yield Violation("file-shape", pointer, message, suggestion(str(value), allowed))
        return
    kind = schema.get("type")
    if kind is None:
        return
    if not _is(value, kind):
        yield Violation("file-shape", pointer, f"{what} must be {_WORDS[kind]}, not {_show(value)}.")
        return
    check_kind = _CHECKS.get(kind)
    if check_kind is not None:
        yield from check_kind(value, schema, pointer, what)


def _check_array(value: list[Any], schema: dict[str, Any], pointer: str, what: str) -> Iterator[Violation]:
    if len(value) < schema.get("minItems", 0):
        yield Violation("file-shape", pointer, f"{what} must not be empty.")
    items = schema.get("items")
    if items is not None:
        for index, item in enumerate(value):
            yield from _check(item, items, f"{pointer}/{index}", f"item {index + 1} of {what}")


def _check_string(value: str, schema: dict[str, Any], pointer: str, what: str) -> Iterator[Violation]:
    if len(value) < schema.get("minLength", 0):
        yield Violation("file-shape", pointer, f"{what} must not be empty.")
    elif "pattern" in schema and not re.search(schema["pattern"], value):
        message = f"{what} {value!r} is not a valid name."
        yield Violation("flow-name", pointer, message, _NAME_HINTS[schema["pattern"]])


def _check_number(value: float, schema: dict[str, Any], pointer: str, what: str) -> Iterator[Violation]:
    low, high = schema.get("minimum"), schema.get("maximum")
    if (low is not None and value < low) or (high is not None and value > high):
        bounds = f"between {low} and {high}" if high is not None else f"at least {low}"
        yield Violation("file-shape", pointer, f"{what} must be {bounds}, not {value}.")


def _check_object(value: dict[str, Any], schema: dict[str, Any], pointer: str, what: str) -> Iterator[Violation]:
    properties, others = schema.get("properties", {}), schema.get("additionalProperties")
    for key, item in value.items():
        known = properties.get(key)
        if known is not None:
            yield from _check(item, known, f"{pointer}/{escape(key)}", key)
        elif isinstance(others, dict):
            yield from _check(item, others, f"{pointer}/{escape(key)}", f"the value of {key!r} in {what}")
        elif others is False and not _is_own(key, schema):
            message = f"Unknown key {key!r} in {what}."
            hint = suggestion(key, properties) or "use one of " + ", ".join(properties)
            yield Violation("unknown-key", f"{pointer}/{escape(key)}", message, hint, at_key=True)
    for key in schema.get("required", ()):
        if key not in value and not _misspelled((key,), value, schema):
            yield Violation(
                "missing-key", pointer, f"{what} lacks the required key {key!r}.", f"add `{key}:`", at_key=True
            )


_CHECKS: dict[str, Callable[[Any, dict[str, Any], str, str], Iterator[Violation]]] = {
    "object": _check_object,
    "array": _check_array,
    "string": _check_string,
    "integer": _check_number,
    "number": _check_number,
}


def _is_own(key: str, schema: dict[str, Any]) -> bool:
    return any(re.search(pattern, key) for pattern in schema.get("patternProperties", ()))


def _misspelled(wanted: Collection[str], value: dict[str, Any], schema: dict[str, Any]) -> bool:
    """Return whether an unknown key, which is reported anyway, is most likely one of those `wanted`."""
    known = schema["properties"]
    return any(nearest(key, known) in wanted for key in value if key not in known and not _is_own(key, schema))


def _check_any(value: Any, choices: list[dict[str, Any]], pointer: str, what: str) -> Iterator[Violation]:
    """Report against the choice that the value resembles most, so that the message is about what was meant."""
    resolved = [
        flow_schema()["$defs"][choice["$ref"].rpartition("/")[2]] if "$ref" in choice else choice for choice in choices
    ]
    fitting = [choice for choice in resolved if "type" not in choice or _is(value, choice["type"])]
    if not fitting:
        words = " or ".join(_WORDS[choice["type"]] for choice in resolved)
        yield Violation("file-shape", pointer, f"{what} must be {words}, not {_show(value)}.")
        return
    best = [(list(_check(value, choice, pointer, what)), _shared(value, choice)) for choice in fitting]
    yield from min(best, key=lambda found: (len(found[0]), -found[1]))[0]


def _shared(value: Any, schema: dict[str, Any]) -> float:
    """Return which share of a schema's properties a value has: the largest share was most likely meant."""
    if "$ref" in schema:
        schema = flow_schema()["$defs"][schema["$ref"].rpartition("/")[2]]
    if "anyOf" in schema:
        return max(_shared(value, choice) for choice in schema["anyOf"])
    if isinstance(value, list):
        return sum(_shared(item, schema.get("items", {})) for item in value)
    properties = schema.get("properties", ())
    return sum(key in properties for key in value) / len(properties) if isinstance(value, dict) and properties else 0


def _is(value: Any, kind: str) -> bool:
    return isinstance(value, _KINDS[kind]) and not (kind in ("integer", "number") and isinstance(value, bool))


def _show(value: Any) -> str:
    if isinstance(value, str):
        return repr(value if len(value) <= 40 else value[:37] + "...")
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "a list"
    return "null" if value is None else str(value).lower()
