"""Fields from schemas, and data from entries."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.approvals.form import Field, data_of, fields_of

SCHEMA = {
    "type": "object",
    "properties": {
        "limit": {"type": "integer", "title": "Limit", "description": "In euros"},
        "share": {"type": "number"},
        "reason": {"type": "string", "maxLength": 2_000},
        "name": {"type": "string"},
        "mail": {"type": "string", "format": "email"},
        "day": {"type": "string", "format": "date"},
        "urgent": {"type": "boolean"},
        "size": {"enum": ["S", "M", 3, None]},
        "tags": {"type": "array", "items": {"type": "string"}},
        "either": {"type": ["string", "number"]},
    },
    "required": ["limit", "size"],
}


def field(name: str) -> Field:
    return next(each for each in fields_of(SCHEMA) if each.name == name)


def test_fields() -> None:
    kinds = {each.name: (each.kind, each.input_type) for each in fields_of(SCHEMA)}
    assert kinds == {
        "limit": ("number", "number"),
        "share": ("number", "number"),
        "reason": ("long", "long"),
        "name": ("text", "text"),
        "mail": ("text", "email"),
        "day": ("text", "date"),
        "urgent": ("boolean", "boolean"),
        "size": ("choice", "choice"),
        "tags": ("json", "json"),
        "either": ("json", "json"),
    }
    limit = field("limit")
    assert (limit.label, limit.help, limit.required, limit.path) == ("Limit", "In euros", True, "data.limit")
    assert not field("share").required


@pytest.mark.parametrize("schema", [None, True])
def test_no_fields_where_any_data_will_do(schema: Any) -> None:
    assert fields_of(schema) == []


@pytest.mark.parametrize("schema", [False, {"type": "object"}, {"allOf": []}, {"properties": {"a": True}}])
def test_json_where_a_form_cannot_express_the_schema(schema: Any) -> None:
    (only,) = fields_of(schema)
    assert (only.kind, only.path) == ("json", "data")
    assert data_of([only], {"data": '{"a": 1}'}, with_unchecked=True) == {"a": 1}
    assert data_of([only], {"data": " "}, with_unchecked=True) == {}
    assert data_of([only], {"data": "[1]"}, with_unchecked=True) == {"JSON": [1]}


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("limit", " 5 ", 5),
        ("limit", "5.5", 5.5),
        ("limit", "much", "much"),
        ("limit", "NaN", "NaN"),
        ("share", "1e3", 1000.0),
        ("reason", " two\r\nlines", " two\r\nlines"),
        ("name", " Ann ", "Ann"),
        ("name", "5", "5"),
        ("urgent", "true", True),
        ("size", '"M"', "M"),
        ("size", "3", 3),
        ("size", "null", None),
        ("tags", '["a"]', ["a"]),
        ("tags", "a, b", "a, b"),
    ],
)
def test_entries(name: str, text: str, value: Any) -> None:
    assert data_of([field(name)], {f"data.{name}": text}, with_unchecked=True) == {name: value}


def test_what_is_empty_is_left_out() -> None:
    entries = {f"data.{each.name}": "" for each in fields_of(SCHEMA)}
    assert data_of(fields_of(SCHEMA), entries, with_unchecked=True) == {"urgent": False}
    assert data_of(fields_of(SCHEMA), {}, with_unchecked=False) == {}


def test_defaults_as_they_are_entered() -> None:
    assert field("size").text_of("M") == '"M"'
    assert field("name").text_of("M") == "M"
    assert field("limit").text_of(5) == "5"
    assert (field("urgent").text_of(True), field("urgent").text_of(False)) == ("true", "")
    assert field("name").text_of(None) == ""
