"""The JSON Schema of a flow's file, generated from the model, and the check of files against it.

Editors complete and check flow files with the schema (`# yaml-language-server: $schema=...` on a file's first line).
The compiler checks with the few keywords that the schema uses itself: a general validator takes longer for a file than
reading it does, and its messages name schemas instead of the way out.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, fields
from functools import cache
from typing import Any

from chalicelib.flows.suggestions import nearest, suggestion
from compiler.model import Access, Flow, FunctionEntry, IamStatement, Permissions, Schedule
from compiler.pointers import escape
from compiler.shortform_schema import SHORT_FORM_DEFINITIONS, SHORT_FORM_PROPERTIES
from compiler.states_schema import STATES_DEFINITIONS

_PARTS = (Access, FunctionEntry, IamStatement, Permissions, Schedule)
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
    "string": "a text",
    "boolean": "true or false",
    "integer": "a whole number",
    "number": "a number",
}


@cache
def flow_schema() -> dict[str, Any]:
    """The schema of a flow's file (JSON Schema 2020-12)."""
    body = _schema_of(Flow)
    body["properties"] |= SHORT_FORM_PROPERTIES
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
    """A value that the schema forbids; `at_key` when the key is wrong and not its value."""

    check: str
    pointer: str
    message: str
    hint: str = ""
    at_key: bool = False


def violations(value: Any) -> Iterator[Violation]:
    """What is wrong with a file's own keys. Definitions are left to `asl.language`."""
    yield from _check(value, flow_schema(), "", "the file")
    if isinstance(value, dict) and ("definition" in value) == ("steps" in value):
        if "steps" in value:
            yield Violation("file-shape", "/steps", "A flow has either a definition or steps, not both.", at_key=True)
        elif not _misspelt(("definition", "steps"), value, flow_schema()["properties"]):
            yield Violation("file-shape", "", "The flow has neither a definition nor steps.", "add one of them")


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
        words = " or ".join(map(str, allowed))
        yield Violation(
            "file-shape", pointer, f"{what} is {_show(value)}, not {words}.", suggestion(str(value), allowed)
        )
        return
    kind = schema.get("type")
    if kind is not None and not _is(value, kind):
        yield Violation("file-shape", pointer, f"{what} is {_show(value)}, not {_WORDS[kind]}.")
    elif kind == "object":
        yield from _check_object(value, schema, pointer, what)
    elif kind == "array":
        if len(value) < schema.get("minItems", 0):
            yield Violation("file-shape", pointer, f"{what} is empty.")
        items = schema.get("items")
        if items is not None:
            for index, item in enumerate(value):
                yield from _check(item, items, f"{pointer}/{index}", f"item {index + 1} of {what}")
    elif kind == "string":
        if len(value) < schema.get("minLength", 0):
            yield Violation("file-shape", pointer, f"{what} is empty.")
        elif "pattern" in schema and not re.search(schema["pattern"], value):
            yield Violation("flow-name", pointer, f"{what} is {value!r}: letters, digits, `_` and `-`, a letter first.")
    elif kind in ("integer", "number"):
        low, high = schema.get("minimum"), schema.get("maximum")
        if (low is not None and value < low) or (high is not None and value > high):
            bounds = f"between {low} and {high}" if high is not None else f"at least {low}"
            yield Violation("file-shape", pointer, f"{what} is {value}; it must be {bounds}.")


def _check_object(value: dict[str, Any], schema: dict[str, Any], pointer: str, what: str) -> Iterator[Violation]:
    properties = schema.get("properties")
    if properties is None:
        return
    for key, item in value.items():
        known = properties.get(key)
        if known is not None:
            yield from _check(item, known, f"{pointer}/{escape(key)}", key)
        elif schema.get("additionalProperties") is False:
            message = f"{what} has the unknown key {key!r}."
            hint = suggestion(key, properties) or "known are " + ", ".join(properties)
            yield Violation("unknown-key", f"{pointer}/{escape(key)}", message, hint, at_key=True)
    for key in schema.get("required", ()):
        if key not in value and not _misspelt((key,), value, properties):
            yield Violation("missing-key", pointer, f"{what} has no {key!r}.", f"add `{key}:`", at_key=True)


def _misspelt(wanted: Collection[str], value: dict[str, Any], known: Collection[str]) -> bool:
    """Whether an unknown key is most likely one of those `wanted`, and has been reported as such."""
    return any(nearest(key, known) in wanted for key in value if key not in known)


def _check_any(value: Any, choices: list[dict[str, Any]], pointer: str, what: str) -> Iterator[Violation]:
    """Report against the choice that has the value's type, so that the message is about what was meant."""
    resolved = [
        flow_schema()["$defs"][choice["$ref"].rpartition("/")[2]] if "$ref" in choice else choice for choice in choices
    ]
    fitting = [choice for choice in resolved if "type" not in choice or _is(value, choice["type"])]
    if not fitting:
        words = " or ".join(_WORDS[choice["type"]] for choice in resolved)
        yield Violation("file-shape", pointer, f"{what} is {_show(value)}, not {words}.")
        return
    best = [(list(_check(value, choice, pointer, what)), _shared(value, choice)) for choice in fitting]
    yield from min(best, key=lambda found: (len(found[0]), -found[1]))[0]


def _shared(value: Any, schema: dict[str, Any]) -> float:
    """How much of what a schema knows is in a value: what was most likely meant."""
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
