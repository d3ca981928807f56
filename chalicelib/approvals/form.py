"""The fields of a form for people, from the JSON Schema of an approval, and the data that its entries mean."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

from chalicelib import strict_json

Kind = Literal["text", "long", "number", "boolean", "choice", "json"]

LONG_TEXT = 200
"""From this `maxLength` on, a text has several lines."""
_TYPES: dict[str, Kind] = {"string": "text", "number": "number", "integer": "number", "boolean": "boolean"}
_FORMATS = {"date": "date", "time": "time", "email": "email", "uri": "url", "date-time": "text"}


class Field(NamedTuple):
    """A field: `name` is the property, empty if the one field is the whole data as JSON."""

    name: str
    kind: Kind
    label: str
    help: str
    required: bool
    input_type: str
    choices: Sequence[Any]
    schema: Mapping[str, Any]

    @property
    def path(self) -> str:
        """The name of the field in the problem document of an answer that doesn't match the form."""
        return f"data.{self.name}" if self.name else "data"

    def text_of(self, value: Any) -> str:
        """Return what stands in the field for a value."""
        if value is None:
            return ""
        if self.kind == "boolean":
            return "true" if value is True else ""
        return value if isinstance(value, str) and self.kind in ("text", "long") else json.dumps(value)


def fields_of(schema: Any) -> list[Field]:
    """Return the fields for data that a schema describes; none if any data will do.

    What a form can't express is entered as JSON.
    """
    if schema is None or schema is True:
        return []
    properties = schema.get("properties") if isinstance(schema, dict) else None
    if not isinstance(properties, dict) or not all(isinstance(each, dict) for each in properties.values()):
        return [Field("", "json", "Data (JSON)", "", False, "", (), {})]
    required = schema.get("required", [])
    return [_field(name, part, name in required) for name, part in properties.items()]


def data_of(fields: Sequence[Field], entries: Mapping[str, str], *, with_unchecked: bool) -> dict[str, Any]:
    """Return the data that entries mean. What was left empty is left out, and what can't be read stays a string.

    Args:
        fields: The fields of the form.
        entries: What was entered, by the fields' paths.
        with_unchecked: Whether a box that was not checked means false, or nothing.
    """
    data: dict[str, Any] = {}
    for field in fields:
        text = entries.get(field.path, "").strip() if field.kind != "long" else entries.get(field.path, "")
        if field.kind == "boolean":
            if text or with_unchecked:
                data[field.name] = bool(text)
        elif text:
            value = text if field.kind in ("text", "long") else _read(text)
            if field.name:
                data[field.name] = value
            elif isinstance(value, dict):
                data = value
            else:
                data["JSON"] = value  # the schema says what is wrong with it
    return data


def _field(name: str, schema: dict[str, Any], required: bool) -> Field:
    kind = _TYPES.get(schema.get("type", ""), "json") if isinstance(schema.get("type", ""), str) else "json"
    choices = schema.get("enum", ())
    if isinstance(choices, list) and choices:
        kind = "choice"
    elif kind == "text" and isinstance(schema.get("maxLength"), int) and schema["maxLength"] >= LONG_TEXT:
        kind = "long"
    input_type = _FORMATS.get(str(schema.get("format")), "text") if kind == "text" else kind
    label, note = str(schema.get("title") or name), str(schema.get("description") or "")
    if kind == "json":
        label += " (JSON)"
    return Field(name, kind, label, note, required, input_type, choices, schema)


def _read(text: str) -> Any:
    try:
        return strict_json.loads(text.encode())
    except strict_json.UnreadableError:
        return text
