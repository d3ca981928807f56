"""What differs between the JSONata library and JSONata 2.0.6 as AWS evaluates it."""

from __future__ import annotations

import re
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
        ("$encodeUrlComponent('a-b_c.d!e~f*(g) /?')", "a-b_c.d!e~f*(g)%20%2F%3F"),
        ('$toMillis("2020-01-01T10:00:00.1239+02:00")', 1577865600123),
        ('$toMillis("2020-01-01")', 1577836800000),
        ("$formatBase(255, 16)", "ff"),
        ("$string(123456789012345678)", "123456789012346000"),
        ('$string({"a": [12345678901234567, 0.1], "b": null})', '{"a":[12345678901234600,0.1],"b":null}'),
        ('"" & 12345678901234567', "12345678901234600"),
        ('{"a": $reduce([], function($a, $b) { $a }), "b": null}', {"b": None}),
        ("$reduce([null, 1], function($a, $b) { $a })", None),
        ("[$number(), $string(), $not(), $boolean(), 1]", [1]),
        ("[1, 0].$string()", ["1", "0"]),
        ('$base64decode("YQ")', "a"),
        ('$base64decode("/w==")', "\ufffd"),
        ("[2.5, 3.5, -2.5, -0.5].$formatBase($)", ["2", "4", "-2", "0"]),
        ("$formatBase(9.5, 2)", "1010"),
    ],
)
def test_values(text: str, value: Any) -> None:
    assert evaluate(text) == value


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1 + !", 'Unknown operator: "!"'),
        ('"\\x"', 'Unsupported escape sequence: \\"x"'),
        ("1e999", 'Number out of range: "1e999"'),
        ("1 /* a", "Comment has no closing tag"),
        ("1 //", "No terminating / in regular expression"),
        ("(/", 'The symbol "/" cannot be used as a unary operator'),
        ("[1 /", 'Expected "]" before end of expression'),
        ('"s" { < 1', 'The symbol "<" cannot be used as a unary operator'),
        ("[1]^($)/a/i", "Syntax error: {}"),
    ],
)
def test_syntax_errors(text: str, message: str) -> None:
    assert check_jsonata(text) == ("INVALID_JSONATA_EXPRESSION", message)


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
        ('$formatNumber(1, "0,,0")', "D3089: The sub-picture must not contain two adjacent instances of the 'grouping"),
        ('$formatNumber(1, "0#")', "D3090: The integer part of the sub-picture must not contain a member of the 'deci"),
        ('$fromMillis(0, "[YN]")', "D3133: The 'name' modifier can only be applied to months and days in the date/"),
        ('$fromMillis(0, "[Y")', "D3135: No matching closing bracket ']' in date/time picture string"),
        (
            '$formatInteger(1, "#")',
            'D3130: Formatting or parsing an integer as a sequence starting with "#" is not supp',
        ),
        ("$sum([1], 2)", 'T0410: Argument 2 of function "sum" does not match function signature'),
        ("$map(1)", 'T0410: Argument 2 of function "map" does not match function signature'),
        ("$uppercase(null)", 'T0410: Argument 1 of function "uppercase" does not match function signature'),
        ("$now(1)", 'T0410: Argument 1 of function "now" does not match function signature'),
        ("$millis(1)", 'T0410: Argument 1 of function "millis" does not match function signature'),
        ('$sum([1, "a"])', 'T0412: Argument 1 of function "sum" must be an array of "numbers"'),
        ("$merge([1])", 'T0412: Argument 1 of function "merge" must be an array of "objects"'),
        ("[1].$uppercase()", 'T0411: Context value is not a compatible type with argument 1 of function "uppercase"'),
        ("-null", "D1002: Cannot negate a non-numeric value: null"),
        ('1 / "a"', 'T2002: The right side of the "/" operator must evaluate to a number'),
        ('"a" - 1 = /b/', 'T2001: The left side of the "-" operator must evaluate to a number'),
        ('[3, "a"]^($)', 'T2007: Type mismatch when comparing values 3 and "a" in order-by clause'),
        ("{1: 2}", "T1003: Key in object structure must evaluate to a string; got: 1"),
        ('$toMillis("x", "[Q]")', 'D3132: Unknown component specifier "Q" in date/time picture string'),
        (
            '$toMillis("2020-01-01T10:00")',
            "D3110: The argument of the toMillis function must be an ISO 8601 formatted timestamp. "
            'Given "2020-01-01T10:00"',
        ),
        ('1 + "a" /* a sum */', 'T2002: The right side of the "+" operator must evaluate to a number'),
        ("{[null]: 2}", "T1003: Key in object structure must evaluate to a string; got: [null]"),
        ('(function($x)<n:n>{$x})("a")', "T0410: Argument 1 of function undefined does not match function signature"),
        ('"a" ~> |$|{"b": 1}|', "T0410: Argument 1 of function undefined does not match function signature"),
        ("$uppercase({})", 'T0410: Argument 1 of function "uppercase" does not match function signature'),
        (
            "$formatBase(255, 37)",
            "D3100: The radix of the formatBase function must be between 2 and 36.  It was given 37",
        ),
    ],
)
def test_errors(text: str, message: str) -> None:
    assert f"threw an error during evaluation. {message}" in cause(text)


def test_what_is_no_base64_fails_without_a_reason() -> None:
    assert re.search(r" threw an internal error during evaluation\. [0-9a-f-]{36}$", cause('$base64decode("!!!")'))


@pytest.mark.parametrize("text", ["$join()", "$replace()", "$split()", "$pad()", "$map()", "$reduce()"])
def test_calls_without_what_they_need_fail_as_expressions_do(text: str) -> None:
    assert "T0410" in cause(text)


@pytest.mark.parametrize(
    "text",
    [
        "$range(-9223372036854775808, 9223372036854775807, 1)",
        "$count($distinct($items))",
        "$count($items[$ in $items])",
        '$count($items ~> |$|{"b": 1}|)',
        '[1..40000] ~> |$|{"b": 1}|',
    ],
)
def test_no_function_keeps_an_expression_longer_than_the_limit(text: str) -> None:
    items = [{"a": number} for number in range(40_000)]
    assert "limit exceeded" in (message := cause(text, items=items)) or "timeout" in message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("$sum(1..3)", 'Expected ")", got ".."'),
        ("[/a/]", 'The symbol "/" cannot be used as a unary operator'),
        ("$states.input.a[1] := 2", "The left side of := must be a variable name (start with $)"),
    ],
)
def test_syntax_that_only_the_library_takes_is_refused(text: str, message: str) -> None:
    assert check_jsonata(text) == ("INVALID_JSONATA_EXPRESSION", message)


@pytest.mark.parametrize("text", ["[1..3]", "6 / 2", "$match('a', /a/)", "$a ~> /b/", "($x := 1; $x)", "$b[[0..1]]"])
def test_syntax_that_looks_like_it_is_accepted(text: str) -> None:
    assert check_jsonata(text) is None
