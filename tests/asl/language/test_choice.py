"""Choice rules."""

from __future__ import annotations

import operator
import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asl.language.choice import COMPARISONS, OPERATORS, compile_choice_rule
from asl.language.errors import ExpressionError, SyntaxProblem
from asl.language.scope import Scope
from tests.asl.language.strategies import json_values, scalars


def holds(rule: dict[str, Any], data: Any) -> bool:
    return compile_choice_rule(rule, "JSONPath")(Scope(data))


def compares(name: str, value: Any, operand: Any) -> bool:
    return holds({"Variable": "$.x", name: operand}, {"x": value})


@pytest.mark.parametrize(
    ("name", "value", "operand", "expected"),
    [
        ("StringEquals", "a", "a", True),
        ("StringEquals", "a", "A", False),
        ("StringLessThan", "A", "a", True),
        ("StringGreaterThanEquals", "b", "b", True),
        ("NumericEquals", 1, 1.0, True),
        ("NumericEquals", "1", 1, False),
        ("NumericEquals", True, 1, False),
        ("NumericLessThanEquals", 1.5, 2, True),
        ("NumericGreaterThan", 2, 2, False),
        ("BooleanEquals", True, True, True),
        ("BooleanEquals", 1, True, False),
        ("BooleanEquals", None, False, False),
        ("TimestampEquals", "2026-01-01T12:00:00Z", "2026-01-01T13:00:00+01:00", True),
        ("TimestampLessThan", "2026-01-01T12:00:00.1Z", "2026-01-01T12:00:00.2Z", True),
        ("TimestampGreaterThan", "yesterday", "2026-01-01T12:00:00Z", False),
        ("IsNull", None, True, True),
        ("IsNull", 0, False, True),
        ("IsString", "", True, True),
        ("IsString", 1, False, True),
        ("IsNumeric", 1.5, True, True),
        ("IsNumeric", True, True, False),
        ("IsBoolean", False, True, True),
        ("IsTimestamp", "2026-01-01T12:00:00Z", True, True),
        ("IsTimestamp", "2026-01-01T12:00:00", True, False),
        ("IsTimestamp", "2026-01-01", True, False),
        ("IsTimestamp", 7, False, True),
        ("IsPresent", None, True, True),
        ("IsPresent", 1, False, False),
        ("StringMatches", "log-1.txt", "log-*.txt", True),
        ("StringMatches", "log-1.txts", "log-*.txt", False),
        ("StringMatches", "a\nb", "a*", True),
        ("StringMatches", "a*b", r"a\*b", True),
        ("StringMatches", "axb", r"a\*b", False),
        ("StringMatches", "a\\b", r"a\\*", True),
        ("StringMatches", "a.b", "a.b", True),
        ("StringMatches", "axb", "a.b", False),
        ("StringMatches", 5, "*", False),
    ],
)
def test_a_comparison(name, value, operand, expected):
    assert compares(name, value, operand) is expected
    assert holds({"Not": {"Variable": "$.x", name: operand}}, {"x": value}) is not expected


def test_presence():
    assert holds({"Variable": "$.y", "IsPresent": False}, {"x": 1})
    assert not holds({"Variable": "$.y.z", "IsPresent": True}, {"x": 1})
    assert compile_choice_rule({"Variable": "$v", "IsPresent": True}, "JSONPath")(Scope({}, {}, {"v": None}))
    assert compile_choice_rule({"Variable": "$$.A", "StringEquals": "b"}, "JSONPath")(Scope({}, {"A": "b"}))


@pytest.mark.parametrize(
    "rule", [{"StringEquals": "a"}, {"IsNull": True}, {"StringMatches": "*"}, {"IsTimestamp": True}]
)
def test_a_variable_that_finds_nothing_fails(rule):
    with pytest.raises(ExpressionError) as failure:
        holds({"Variable": "$.nope", **rule}, {})
    assert failure.value.error == "States.Runtime"
    assert failure.value.cause == (
        "Invalid path '$.nope': The choice state's condition path references an invalid value."
    )


def test_a_path_to_compare_with_that_finds_nothing_fails():
    with pytest.raises(ExpressionError, match=r"Invalid path '\$\.y'"):
        holds({"Variable": "$.x", "NumericEqualsPath": "$.y"}, {"x": 1})


def test_and_and_or_stop_as_soon_as_they_can():
    absent = {"Variable": "$.nope", "IsNull": True}
    present = {"Variable": "$.nope", "IsPresent": True}
    assert not holds({"And": [present, absent]}, {})
    assert holds({"Or": [{"Not": present}, absent]}, {})
    assert holds({"And": [{"Or": [present, {"Not": present}]}, {"Not": {"And": [present, absent]}}]}, {})


@pytest.mark.parametrize(
    "rule",
    [
        {},
        {"Variable": "$.x"},
        {"StringEquals": "a"},
        {"Variable": "$.x", "StringEquals": 1},
        {"Variable": "$.x", "NumericEquals": True},
        {"Variable": "$.x", "TimestampEquals": "2026"},
        {"Variable": "$.x", "NumericEqualsPath": 5},
        {"Variable": "x", "IsNull": True},
        {"And": []},
        {"Or": {}},
        {"Not": []},
        "rule",
    ],
)
def test_what_is_no_rule_is_refused(rule):
    with pytest.raises(SyntaxProblem):
        compile_choice_rule(rule, "JSONPath")


ORDERS = {
    "Equals": operator.eq,
    "LessThan": operator.lt,
    "LessThanEquals": operator.le,
    "GreaterThan": operator.gt,
    "GreaterThanEquals": operator.ge,
}
texts = st.text(alphabet="abB ", max_size=4)
moments = st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(2100, 1, 1))
offsets = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(st.sampled_from(sorted(ORDERS)), texts, texts, st.integers() | st.floats(allow_nan=False), st.integers())
def test_orders_are_those_of_texts_and_numbers(order, left, right, number, other):
    compare = ORDERS[order]
    assert compares(f"String{order}", left, right) is compare(left, right)
    assert compares(f"Numeric{order}", number, other) is compare(number, other)
    assert holds({"Variable": "$.x", f"Numeric{order}Path": "$.y"}, {"x": number, "y": other}) is compare(number, other)


@given(st.sampled_from(sorted(ORDERS)), moments, moments, offsets, offsets)
def test_timestamps_compare_as_moments(order, left, right, left_zone, right_zone):
    a, b = left.replace(tzinfo=left_zone), right.replace(tzinfo=right_zone)
    texts = [f"{moment:%Y-%m-%dT%H:%M:%S.%f}{moment.isoformat()[-6:]}" for moment in (a, b)]
    assert compares(f"Timestamp{order}", *texts) is ORDERS[order](a.astimezone(UTC), b.astimezone(UTC))


@given(json_values, scalars, st.sampled_from(sorted(OPERATORS)))
def test_a_rule_answers_for_any_value(value, operand, name):
    try:
        rule = compile_choice_rule({"Variable": "$.x", name: operand}, "JSONPath")
    except SyntaxProblem:
        return
    try:
        assert rule(Scope({"x": value})) in (True, False)
    except ExpressionError as failure:
        assert name.endswith("Path") and "invalid value" in failure.cause


@given(json_values)
def test_a_value_has_one_type_at_most(value):
    types = [name for name in ("IsNull", "IsString", "IsNumeric", "IsBoolean") if compares(name, value, True)]
    assert len(types) == (0 if isinstance(value, (list, dict)) else 1)


@given(st.text(alphabet="ab*\\.", max_size=12))
def test_a_pattern_of_escaped_characters_matches_itself_alone(text):
    pattern = "".join("\\" + character if character in "*\\" else character for character in text)
    assert compares("StringMatches", text, pattern)
    assert not compares("StringMatches", text + "x", pattern)


@given(st.text(alphabet="ab", max_size=8), st.text(alphabet="ab*", max_size=5))
def test_a_pattern_matches_as_a_regular_expression_does(text, pattern):
    expected = re.fullmatch(pattern.replace("*", ".*"), text) is not None
    assert compares("StringMatches", text, pattern) is expected


def test_many_wildcards_take_no_time():
    assert not compares("StringMatches", "a" * 100_000, "*a" * 50 + "b")


def test_every_comparison_has_a_path_twin():
    assert {f"{name}Path" for name in COMPARISONS} <= OPERATORS


def test_a_jsonata_condition():
    condition = compile_choice_rule("{% $states.input.n > 1 %}", "JSONata", field="Choices[0]/Condition")
    assert condition(Scope({"n": 2})) is True
    assert condition(Scope({"n": 1})) is False
    assert compile_choice_rule(True, "JSONata")(Scope({})) is True
    assert compile_choice_rule({"Condition": "{% false %}", "Next": "A"}, "JSONata")(Scope({})) is False


def test_a_jsonata_condition_is_a_boolean():
    with pytest.raises(ExpressionError) as failure:
        compile_choice_rule("{% $states.input %}", "JSONata", field="Choices[2]/Condition")(Scope("yes"))
    assert failure.value.location == "Choices[2]/Condition"
    assert failure.value.cause == (
        "The JSONata expression '$states.input' specified for the field 'Choices[2]/Condition' returned an unexpected "
        "result type. Expected 'boolean', but was 'string' for value: \"yes\""
    )
