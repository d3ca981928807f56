"""What differs between the JSONata library and JSONata 2.0.6 as AWS evaluates it."""

from __future__ import annotations

from typing import Any

import pytest

from asl.language.errors import ExpressionError
from asl.language.jsonata import check_jsonata, compile_jsonata
from asl.language.scope import Scope


def evaluate(text: str, **variables: Any) -> Any:
    return compile_jsonata(text)(Scope({}, None, variables))


def cause(text: str, **variables: Any) -> str:
    with pytest.raises(ExpressionError) as problem:
        evaluate(text, **variables)
    return problem.value.cause


@pytest.mark.parametrize("text", ["$states.input.a ?? 1", "$a ?: 2", "[1][$ > (2 ?? 1)]", "/a/.b ?? 1"])
def test_operators_of_later_versions_are_refused(text: str) -> None:
    code, message = check_jsonata(text) or ("", "")
    assert code == "INVALID_JSONATA_EXPRESSION"
    assert "newer than JSONata 2.0.6" in message


@pytest.mark.parametrize(
    "text", ['$match("ab", /(?:b)/)', '"?? ?:"', "$a ? 1 : 2", "/* ?? */ 1", '$replace("a", /a??/, "b")']
)
def test_what_only_looks_like_such_an_operator_is_accepted(text: str) -> None:
    assert check_jsonata(text) is None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("$encodeUrl('https://e.example/a b?q=é')", "https://e.example/a%20b?q=%C3%A9"),
        ('$number("1.5e3")', 1500),
        ('$number("007")', 7),
        ('$number("0x1F")', 31),
        ("$number(true)", 1),
        ('["1", "2"].$number()', [1, 2]),
        ('$map(["1", "2"], $number)', [1, 2]),
        ('"$number" & $number("7")', "$number7"),
        ("$fromMillis(1.5)", "1970-01-01T00:00:00.001Z"),
        ("$fromMillis(1000)", "1970-01-01T00:00:01.000Z"),
        ("$random(42)", 0.7275636800328681),
        ("$random(0)", 0.730967787376657),
        ("$formatBase(255, 16)", "ff"),
    ],
)
def test_values(text: str, value: Any) -> None:
    assert evaluate(text) == value


@pytest.mark.parametrize("name", ["string", "number", "trim", "length", "uppercase", "abs", "not", "keys", "encodeUrl"])
def test_a_function_without_arguments_has_no_context_to_take(name: str) -> None:
    assert cause(f"${name}()").endswith("returned nothing (undefined).")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('$number(" 5 ")', 'D3030: Unable to cast value to a number: " 5 "'),
        ('$number(".5")', 'D3030: Unable to cast value to a number: ".5"'),
        ('$number("1.")', 'D3030: Unable to cast value to a number: "1."'),
        ('$replace("a", "", "b")', "D3010: Second argument of replace function cannot be an empty string"),
        ('$formatNumber(1, "0,,0")', 'D3089: The sub-picture must not contain two adjacent instances of the "grouping'),
        ('$formatNumber(1, "0#")', 'D3090: The integer part of the sub-picture must not contain a member of the "deci'),
        ('$fromMillis(0, "[YN]")', 'D3133: The "name" modifier can only be applied to months and days in the date/'),
        ('$fromMillis(0, "[Y")', 'D3135: No matching closing bracket "]" in date/time picture string'),
        ('$toMillis("x", "[Q]")', 'D3132: Unknown component specifier "Q" in date/time picture string'),
        ("$uppercase({})", 'T0410: Argument 1 of function "uppercase" does not match function signature'),
        (
            "$formatBase(255, 37)",
            "D3100: The radix of the formatBase function must be between 2 and 36.  It was given 37",
        ),
    ],
)
def test_errors(text: str, message: str) -> None:
    assert f"threw an error during evaluation. {message}" in cause(text)


@pytest.mark.parametrize("text", ["$join()", "$replace()", "$split()", "$pad()", "$map()", "$reduce()"])
def test_calls_without_what_they_need_fail_as_expressions_do(text: str) -> None:
    assert "T0410" in cause(text)


@pytest.mark.parametrize(
    "text",
    [
        "$range(-9223372036854775808, 9223372036854775807, 1)",
        "$count($distinct($items))",
        "$count($items[$ in $items])",
    ],
)
def test_no_function_keeps_an_expression_longer_than_the_limit(text: str) -> None:
    items = [{"a": number} for number in range(40_000)]
    assert "limit exceeded" in (message := cause(text, items=items)) or "timeout" in message
