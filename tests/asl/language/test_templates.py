"""Payload templates."""

from __future__ import annotations

import copy

import pytest
from hypothesis import given

from asl.language.errors import ExpressionError, SyntaxProblem
from asl.language.scope import Scope
from asl.language.templates import compile_payload_template
from tests.asl.language.strategies import json_values

SCOPE = Scope({"a": {"b": [1, 2]}}, {"Execution": {"Id": "e"}}, {"v": 3})


def test_members_that_end_with_dollar_are_filled_in():
    template = {
        "x.$": "$.a.b",
        "constant": {"deep": [1, {"y.$": "$$.Execution.Id"}, "$.a"]},
        "z": {"n.$": "States.MathAdd($v, 1)"},
    }
    before = copy.deepcopy(template)
    result = compile_payload_template(template)(SCOPE)
    assert result == {"x": [1, 2], "constant": {"deep": [1, {"y": "e"}, "$.a"]}, "z": {"n": 4}}
    assert list(result) == ["x", "constant", "z"]
    assert template == before


@given(json_values)
def test_a_template_without_expressions_is_its_own_result(value):
    assert compile_payload_template(value)(SCOPE) == value


def test_a_path_that_finds_nothing_names_its_member():
    with pytest.raises(ExpressionError, match=r"The JSONPath '\$\.nope' specified for the field 'y\.\$'"):
        compile_payload_template({"x": {"y.$": "$.nope"}})(SCOPE)


@pytest.mark.parametrize("path", ["$.a[2]", "$.a[-3]", "$['a'][9]", "$$.a[2]", "$list[2]"])
def test_an_index_past_the_end_is_null(path):
    scope = Scope({"a": [1, 2]}, {"a": [1]}, {"list": []})
    assert compile_payload_template({"v.$": path})(scope) == {"v": None}


@pytest.mark.parametrize("path", ["$.a[2].b", "$.b[0]", "$.o[0]", "$.a.b"])
def test_only_the_last_index_may_be_past_the_end(path):
    with pytest.raises(ExpressionError, match="could not be found"):
        compile_payload_template({"v.$": path})(Scope({"a": [1, 2], "o": {}}))


@pytest.mark.parametrize("value", ["text", "", 1, None, {}, "$.", "States.Nope()", "States"])
def test_what_is_no_expression_is_refused(value):
    with pytest.raises(SyntaxProblem):
        compile_payload_template({"x.$": value})
