from __future__ import annotations

import json
import time

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from compiler.source import Source
from compiler.yaml_nodes import MAX_DEPTH


def json_values(texts: st.SearchStrategy[str]) -> st.SearchStrategy[object]:
    return st.recursive(
        st.none() | st.booleans() | st.integers(-(10**12), 10**12) | st.floats(-1e6, 1e6) | texts,
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(st.text("abcxyz./~ -", min_size=1, max_size=6), inner, max_size=4)
        ),
        max_leaves=20,
    )


JSON = json_values(st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=12))
# PyYAML writes by YAML 1.1, in which 0E0 is a string: words are strings in both.
WORDS = json_values(st.text("abcxyz: #-", max_size=12))


def problems(text: str) -> list[tuple[str, int, int]]:
    return [(item.check, item.line, item.column) for item in Source("flow.yml", text).problems]


@given(JSON)
def test_json_is_read_as_it_is(value: object) -> None:
    source = Source("flow.yml", json.dumps(value, ensure_ascii=False))
    assert source.problems == []
    assert source.value == value


@given(st.dictionaries(st.text("abc", min_size=1), WORDS, min_size=1))
def test_what_yaml_writes_is_read_back(value: dict[str, object]) -> None:
    source = Source("flow.yml", yaml.safe_dump(value, allow_unicode=True))
    assert source.problems == []
    assert source.value == value


@given(st.text())
def test_no_text_raises(text: str) -> None:
    source = Source("flow.yml", text)
    assert source.value is not None or source.problems or text.strip("﻿")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("yes", "yes"),
        ("on", "on"),
        ("12:30", "12:30"),
        ("2024-01-01", "2024-01-01"),
        ("true", True),
        ("~", None),
        ("null", None),
        ("0x1f", 31),
        ("0o17", 15),
        ("017", 17),
        ("-3", -3),
        ("1e3", 1000.0),
        ("1_000", "1_000"),
        ("'1'", "1"),
        ("=", "="),
    ],
)
def test_plain_scalars_follow_the_core_schema(text: str, value: object) -> None:
    read = Source("flow.yml", f"key: {text}").value["key"]
    assert read == value
    assert type(read) is type(value)


def test_keys_are_strings() -> None:
    assert Source("flow.yml", "yes: 1\n2: 3\nnull: 4").value == {"yes": 1, "2": 3, "null": 4}


def test_every_duplicate_key_is_found() -> None:
    text = "a: 1\na: 2\nb: {c: 1, c: 2}\na: 3\n"
    assert sorted(problems(text)) == [
        ("yaml-duplicate-key", 2, 1),
        ("yaml-duplicate-key", 3, 11),
        ("yaml-duplicate-key", 4, 1),
    ]


def test_every_tab_is_found() -> None:
    assert problems("a:\n\tb: 1\n  \tc: 2\n") == [("yaml-tab", 2, 1), ("yaml-tab", 3, 3)]


def test_a_tab_inside_a_string_is_fine() -> None:
    assert Source("flow.yml", "a: |\n  x\n  \ty\n").value == {"a": "x\n\ty\n"}


def test_merge_keys_and_anchors() -> None:
    source = Source("flow.yml", "base: &b {x: 1, y: 2}\nmore: &m {z: 4, x: 9}\nuse:\n  <<: [*b, *m]\n  y: 3\n")
    assert source.value["use"] == {"x": 1, "y": 3, "z": 4}
    assert source.position("/use/x").line == 1
    assert source.position("/use/y").line == 5


def test_an_alias_shares_its_value() -> None:
    value = Source("flow.yml", "a: &a [1, 2]\nb: *a\n").value
    assert value["a"] is value["b"]


def test_alias_bombs_are_refused_quickly() -> None:
    lines = ["a: &a [x, x, x, x, x, x, x, x, x, x]"]
    for before, name in zip("abcdefghi", "bcdefghij", strict=True):
        lines.append(f"{name}: &{name} [{', '.join(['*' + before] * 10)}]")
    began = time.perf_counter()
    found = problems("\n".join(lines))
    assert [check for check, _, _ in found] == ["yaml-alias"]
    assert time.perf_counter() - began < 20  # written out it would be days


def test_recursive_aliases_are_refused() -> None:
    assert problems("a: 1\nb: &b\n  c: *b\n") == [("yaml-alias", 2, 4)]


@pytest.mark.parametrize("text", ["[" * 100_000, "{a: " * 50_000, "- " * 50_000, "a:\n" + " - " * 5_000])
def test_deep_nesting_is_refused(text: str) -> None:
    assert [check for check, _, _ in problems(text)] == ["yaml-syntax"]


def test_nesting_up_to_the_limit_is_read() -> None:
    depth = MAX_DEPTH - 1
    assert Source("flow.yml", "[" * depth + "]" * depth).problems == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a: b: c\n", ("yaml-syntax", 1, 5)),
        ("a: .inf\n", ("yaml-value", 1, 4)),
        ("a: !Ref b\n", ("yaml-value", 1, 4)),
        ("? [a]\n: b\n", ("yaml-value", 1, 3)),
        ("a: {<<: 1}\n", ("yaml-value", 1, 9)),
        ("", ("yaml-syntax", 1, 1)),
        ("a: 1\n---\nb: 2\n", ("yaml-syntax", 2, 1)),
        ("a: *b\n", ("yaml-syntax", 1, 4)),
    ],
)
def test_other_problems_have_their_place(text: str, found: tuple[str, int, int]) -> None:
    assert problems(text) == [found]


TEXT = """\
name: x
list:
  - one
  - {two: 2, "t/w~o": 3}
block:
  inner:
    deep: "a ${Name} b"
"""


@pytest.mark.parametrize(
    ("pointer", "place"),
    [
        ("", (1, 1)),
        ("/name", (1, 7)),
        ("/list/0", (3, 5)),
        ("/list/1", (4, 5)),
        ("/list/1/two", (4, 11)),
        ("/list/1/t~1w~0o", (4, 23)),
        ("/block/inner/deep", (7, 11)),
        ("/block/inner", (6, 3)),
        ("/block/missing/more", (5, 1)),
        ("/name/expression", (1, 7)),
    ],
)
def test_positions(pointer: str, place: tuple[int, int]) -> None:
    position = Source("flow.yml", TEXT).position(pointer)
    assert (position.line, position.column) == place


def test_positions_of_keys_and_of_characters_in_strings() -> None:
    source = Source("flow.yml", TEXT)
    assert source.position("/block/inner/deep", key=True).column == 5
    offset = source.value["block"]["inner"]["deep"].index("${")
    assert source.line(7)[source.scalar_offset("/block/inner/deep", offset).column - 1 :].startswith("${Name}")


@given(st.dictionaries(st.text("abc/~", min_size=1), JSON, min_size=1))
def test_every_value_has_a_position_that_points_at_it(value: dict[str, object]) -> None:
    source = Source("flow.yml", yaml.safe_dump(value, allow_unicode=True))
    for key in value:
        pointer = "/" + key.replace("~", "~0").replace("/", "~1")
        line = source.line(source.position(pointer, key=True).line)
        assert line.lstrip("'\"? ").startswith(key.split("\n")[0][:1])


def test_a_control_character_has_its_place() -> None:
    assert problems("name: f\ndescription: a\x07b\n") == [("yaml-syntax", 2, 15)]
    (problem,) = Source("flow.yml", "a: \x00").problems
    assert "U+0000" in problem.message
