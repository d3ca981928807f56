"""The intrinsic functions."""

from __future__ import annotations

import json
import re
import uuid
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asl.language.errors import ExpressionError, SyntaxProblem
from asl.language.intrinsics import FUNCTIONS, compile_intrinsic
from asl.language.scope import Scope
from asl.language.values import json_equal
from tests.asl.language.strategies import json_values

SCOPE = Scope(
    {
        "name": "Ann",
        "template": "Hi {}, \\{ok\\}",
        "items": [1, 2, 3, 2, 1.0],
        "object": {"Id": "x", "Tags": ["a", {"b": None}], "On": True, "N": 1.5},
        "text": "a,b;;c",
    },
    {"Execution": {"Name": "run-1"}},
    {"n": 4},
)


def call(text: str, scope: Scope = SCOPE) -> Any:
    return compile_intrinsic(text)(scope)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("States.Format('Hello')", "Hello"),
        ("States.Format('{} and {}', $.name, 2)", "Ann and 2"),
        ("States.Format('{}{}', true, null)", "truenull"),
        ("States.Format('{}', $.object)", "{Id=x, Tags=[a, {b=null}], On=true, N=1.5}"),
        ("States.Format('{}', $$.Execution.Name)", "run-1"),
        ("States.Format('{}', $n)", "4"),
        ("States.Format($.template, 'you')", "Hi you, {ok}"),
        (r"States.Format('\{\} \'{}\' \\', 1)", "{} '1' \\"),
        ("States.StringToJson('{\"a\": [1]}')", {"a": [1]}),
        ("States.StringToJson('-0')", 0),
        (r"""States.StringToJson('"a\\ud800b \\ud83d\\ude00"')""", "a\ufffdb \U0001f600"),
        ("States.StringToJson('')", None),
        ("States.JsonToString($.items)", "[1,2,3,2,1.0]"),
        ("States.JsonToString('é')", '"é"'),
        ("States.Array()", []),
        ("States.Array(1, 'a', $.name, null, true, 1.5, -2)", [1, "a", "Ann", None, True, 1.5, -2]),
        ("States.ArrayPartition($.items, 2)", [[1, 2], [3, 2], [1.0]]),
        ("States.ArrayContains($.items, 3)", True),
        ("States.ArrayContains($.items, '3')", False),
        ("States.ArrayContains($.items, true)", False),
        ("States.ArrayRange(1, 9, 2)", [1, 3, 5, 7, 9]),
        ("States.ArrayRange(3, 1, -1)", [3, 2, 1]),
        ("States.ArrayRange(1, 0, 1)", []),
        ("States.ArrayGetItem($.items, 2)", 3),
        ("States.ArrayLength($.items[*])", 5),
        ("States.ArrayUnique($.items)", [1, 2, 3]),
        ("States.ArrayUnique(States.Array(1, true, '1', 1.0, false, 0))", [1, True, "1", False, 0]),
        ("States.Base64Encode('Data to encode')", "RGF0YSB0byBlbmNvZGU="),
        ("States.Base64Decode('RGVjb2RlZCBkYXRh')", "Decoded data"),
        ("States.Hash('input data', 'SHA-1')", "aaff4a450a104cd177d28d18d74485e8cae074b7"),
        ("States.Hash('', 'MD5')", "d41d8cd98f00b204e9800998ecf8427e"),
        (
            'States.JsonMerge(States.StringToJson(\'{"a":{"b":1}}\'), States.StringToJson(\'{"a":{}}\'), false)',
            {"a": {}},
        ),
        ("States.MathAdd(111, -1)", 110),
        ("States.MathAdd(1.5, -1.5)", 1),
        ("States.MathAdd(0.49, -0.5)", 0),
        ("States.StringSplit('1,2,,3', ',')", ["1", "2", "3"]),
        ("States.StringSplit($.text, ',;')", ["a", "b", "c"]),
        ("States.StringSplit('a]b^c-d', ']^-')", ["a", "b", "c", "d"]),
        ("  States.Array( 1 ,  2 )  ", [1, 2]),
        ("States.ArrayLength(States.ArrayPartition(States.ArrayRange(1, 7, 1), 3))", 3),
        ("States.Array($.items[?(@ > 2)], $.items.length())", [[3], 5]),
    ],
)
def test_a_call_answers(text, expected):
    actual = call(text)
    assert actual == expected
    assert json.dumps(actual) == json.dumps(expected)


@pytest.mark.parametrize(
    "text",
    [
        "States.Format('{}')",
        "States.Format('a', 1)",
        "States.Format(1)",
        "States.StringToJson('nope')",
        "States.StringToJson('NaN')",
        "States.StringToJson('1e400')",
        "States.StringToJson(1)",
        "States.ArrayPartition($.items, 0)",
        "States.ArrayPartition($.name, 1)",
        "States.ArrayContains($.name, 'A')",
        "States.ArrayRange(1, 2, 0)",
        "States.ArrayRange(1, 1001, 1)",
        "States.ArrayRange(1, 1e300, 1)",
        "States.ArrayRange(-1, -1e300, -1)",
        "States.ArrayRange('1', 2, 1)",
        "States.ArrayGetItem($.items, 5)",
        "States.ArrayGetItem($.items, -1)",
        "States.ArrayLength($.name)",
        "States.ArrayUnique($.object)",
        "States.Base64Encode(1)",
        "States.Base64Decode('%')",
        "States.Hash('a', 'SHA1')",
        "States.JsonMerge($.object, $.object, true)",
        "States.JsonMerge($.items, $.object, false)",
        "States.MathAdd('1', 2)",
        "States.MathAdd(true, 2)",
        "States.MathAdd(2147483647, 1)",
        "States.MathRandom(2, 2)",
        "States.StringSplit($.items, ',')",
    ],
)
def test_a_call_that_cannot_answer_fails(text):
    with pytest.raises(ExpressionError) as failure:
        call(text)
    assert failure.value.error == "States.IntrinsicFailure"
    assert failure.value.cause.startswith(f"The function '{text}' had the following error: ")


def test_numbers_of_thousands_of_digits_fail_like_others():
    with pytest.raises(ExpressionError) as failure:
        compile_intrinsic("States.MathAdd($.n, $.n)")(Scope({"n": 10**4300 - 1}))
    assert failure.value.error == "States.IntrinsicFailure"


def test_a_path_that_finds_nothing_names_the_whole_call():
    with pytest.raises(ExpressionError) as failure:
        call("States.Array(States.Format('{}',  $.nope))", Scope({"a": 1}))
    assert failure.value.error == "States.Runtime"
    assert failure.value.cause == (
        "The function 'States.Array(States.Format('{}',  $.nope))' had the following error: The JsonPath argument for "
        "the field '$.nope' could not be found in the input '{\"a\":1}'"
    )


NO_CALLS = [
    "States.Nope()",
    "States.Format()",
    "States.Array(",
    "States.Array(1 2)",
    "States.Array(1,)",
    "States.Array('a)",
    "States.Array(a)",
    "States.Array($.)",
    "States.Array(1) x",
    "States.UUID(1)",
    "States.MathAdd(1)",
    "States.MathAdd(1, 2, 3)",
    'States.Format("a")',
    r"States.Format('\"')",
    r"States.Format('\n')",
    "states.UUID()",
    "$.a",
    "",
    "States.Array(" * 11 + ")" * 11,
]


@pytest.mark.parametrize("text", NO_CALLS)
def test_what_is_no_call_is_refused(text):
    with pytest.raises(SyntaxProblem):
        compile_intrinsic(text)


def test_a_value_that_is_too_deep_fails_the_call():
    deep: list[Any] = []
    for _ in range(200_000):
        deep = [deep]
    for text in ("States.JsonToString($)", "States.Format('{}', $)", "States.ArrayUnique($)"):
        with pytest.raises(ExpressionError, match="too deeply nested") as failure:
            call(text, Scope(deep))
        assert failure.value.error == "States.IntrinsicFailure"


def test_ten_calls_fit_within_each_other():
    assert call("States.Array(" * 10 + ")" * 10) == [[[[[[[[[[]]]]]]]]]]


def test_there_are_eighteen_functions():
    assert len(FUNCTIONS) == 18


def test_uuid():
    assert uuid.UUID(call("States.UUID()")).version == 4
    assert call("States.UUID()") != call("States.UUID()")


@given(st.integers(-50, 50), st.integers(1, 50), st.integers(-9, 9))
def test_math_random_is_in_its_range_and_repeats_for_a_seed(start, width, seed):
    text = f"States.MathRandom({start}, {start + width}, {seed})"
    assert start <= call(text) < start + width
    assert call(text) == call(text)


def apply(name: str, *arguments: Any) -> Any:
    names = [f"$.a{index}" for index in range(len(arguments))]
    return call(f"States.{name}({', '.join(names)})", Scope({f"a{i}": value for i, value in enumerate(arguments)}))


@given(json_values)
def test_json_goes_to_a_text_and_back(value):
    text = apply("JsonToString", value)
    if text.strip():
        assert json_equal(apply("StringToJson", text), value)


@given(st.text(max_size=50))
def test_base64_goes_there_and_back(text):
    assert apply("Base64Decode", apply("Base64Encode", text)) == text


@given(st.lists(json_values, max_size=8), st.integers(1, 9))
def test_partitions_join_to_the_whole(items, size):
    chunks = apply("ArrayPartition", items, size)
    assert [item for chunk in chunks for item in chunk] == items
    assert all(len(chunk) == size for chunk in chunks[:-1])


@given(st.lists(json_values, max_size=8))
def test_unique_keeps_each_value_once_in_order(items):
    unique = apply("ArrayUnique", items)
    assert all(apply("ArrayContains", unique, item) for item in items)
    assert not any(json_equal(a, b) for i, a in enumerate(unique) for b in unique[:i])
    remaining = iter(items)
    assert all(any(json_equal(item, other) for other in remaining) for item in unique)


@given(st.text(alphabet="ab,;.[]^-\\", max_size=20), st.text(alphabet=",;.[]^-\\", min_size=1, max_size=3))
def test_split_leaves_no_delimiter(text, delimiters):
    parts = apply("StringSplit", text, delimiters)
    assert all(part and not set(part) & set(delimiters) for part in parts)
    assert "".join(parts) == "".join(character for character in text if character not in delimiters)


@given(st.lists(st.text(alphabet="ab{}'\\ ", max_size=6), min_size=1, max_size=4), st.integers())
def test_format_keeps_escaped_texts(parts, number):
    def escape(text: str) -> str:
        return re.sub(r"([\\'{}])", r"\\\1", text)

    literal = "{}".join(map(escape, parts))
    arguments = "".join(f", {number}" for _ in parts[1:])
    assert call(f"States.Format('{literal}'{arguments})") == str(number).join(parts)


@given(st.text(alphabet="States.ArrayFomt(){}'$.a1,\\ ", max_size=40))
def test_any_text_is_read_or_refused(text):
    try:
        compiled = compile_intrinsic("States." + text)
    except SyntaxProblem:
        return
    try:
        compiled(SCOPE)
    except ExpressionError as failure:
        assert failure.error in ("States.IntrinsicFailure", "States.Runtime")
