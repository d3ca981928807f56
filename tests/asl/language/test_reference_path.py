"""Reference paths: where ResultPath puts a value."""

from __future__ import annotations

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asl.language.errors import ExpressionError, SyntaxProblem
from asl.language.jsonpath import compile_lookup, compile_reference_path
from asl.language.scope import Scope
from tests.asl.language.strategies import documents, json_values, names


@pytest.mark.parametrize(
    ("path", "document", "expected"),
    [
        ("$", {"a": 1}, 7),
        ("$.b", {"a": 1}, {"a": 1, "b": 7}),
        ("$.a", {"a": 1}, {"a": 7}),
        ("$.a.b", {"a": {"c": 1}}, {"a": {"c": 1, "b": 7}}),
        ("$.x.y.z", {}, {"x": {"y": {"z": 7}}}),
        ("$['a b'].c", {}, {"a b": {"c": 7}}),
        ("$.a[1]", {"a": [1, 2, 3]}, {"a": [1, 7, 3]}),
        ("$.a[0].b", {"a": [{"c": 1}]}, {"a": [{"c": 1, "b": 7}]}),
        ("$[0]", [1, 2], [7, 2]),
    ],
)
def test_put(path, document, expected):
    before = copy.deepcopy(document)
    assert compile_reference_path(path).put(document, 7) == expected
    assert document == before


@pytest.mark.parametrize(
    ("path", "document"),
    [
        ("$.a", "text"),
        ("$.a", [1]),
        ("$.a", None),
        ("$.a.b", {"a": 1}),
        ("$.a[2]", {"a": [1]}),
        ("$.x[0]", {}),
        ("$[0]", {}),
    ],
)
def test_a_place_that_is_not_there(path, document):
    with pytest.raises(ExpressionError) as failure:
        compile_reference_path(path).put(document, 7)
    assert failure.value.error == "States.ResultPathMatchFailure"
    assert f"Unable to apply ReferencePath {path} to input" in failure.value.cause


@pytest.mark.parametrize(
    "path", ["$.a[*]", "$..a", "$.a[1:]", "$.a[?(@.b)]", "$['a','b']", "$$.a", "$v.a", "a", "$.a.length()"]
)
def test_what_is_no_place_is_refused(path):
    with pytest.raises(SyntaxProblem):
        compile_reference_path(path)


@given(documents, st.lists(names, min_size=1, max_size=3), json_values)
def test_what_is_put_is_found_and_nothing_else_changes(document, keys, value):
    path = "$." + ".".join(keys)
    before = copy.deepcopy(document)
    try:
        changed = compile_reference_path(path).put(document, value)
    except ExpressionError:
        return
    assert document == before
    assert compile_lookup(path)(Scope(changed)) == value
    assert {k: v for k, v in changed.items() if k != keys[0]} == {k: v for k, v in before.items() if k != keys[0]}
