"""Equality and texts of JSON values, and timestamps."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given

from asl.engine.jsontext import loads
from asl.language.timestamps import parse_timestamp
from asl.language.values import java_json_text, java_text, json_equal, json_text, read_json
from tests.asl.language.strategies import json_values


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        (1, 1.0, True),
        (1, True, False),
        (0, False, False),
        (True, True, True),
        (None, None, True),
        (None, 0, False),
        ("1", 1, False),
        ([1, [2]], [1.0, [2]], True),
        ([1, 2], [2, 1], False),
        ([1], [1, 2], False),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, True),
        ({"a": 1}, {"a": True}, False),
        ({"a": 1}, {"a": 1, "b": 1}, False),
        ([], {}, False),
    ],
)
def test_equality(left, right, expected):
    assert json_equal(left, right) is expected
    assert json_equal(right, left) is expected


@given(json_values)
def test_a_value_equals_itself(value):
    assert json_equal(value, value)


def test_texts():
    assert json_text({"a": [1, None, "é"]}) == '{"a":[1,null,"é"]}'
    assert java_text({"a": [1, None, True, "x y"], "b": {}}) == "{a=[1, null, true, x y], b={}}"


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (1.0, "1.0"),
        (-0.001, "-0.001"),
        (9999999.5, "9999999.5"),
        (10000000.0, "1.0E7"),
        (1789180622.0, "1.789180622E9"),
        (-12345678.25, "-1.234567825E7"),
        (0.00012, "1.2E-4"),
        (1e300, "1.0E300"),
        (0.0, "0.0"),
        (12345678, "12345678"),
    ],
)
def test_numbers_as_java_writes_them(number: float, expected: str) -> None:
    assert java_text(number) == expected
    assert java_json_text({"a": [number, "é", None]}) == f'{{"a":[{expected},"é",null]}}'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2016-03-14T01:59:00Z", datetime(2016, 3, 14, 1, 59, tzinfo=UTC)),
        ("2016-03-14T01:59:00.5Z", datetime(2016, 3, 14, 1, 59, 0, 500_000, tzinfo=UTC)),
        ("2016-03-14T01:59:00.123456789Z", datetime(2016, 3, 14, 1, 59, 0, 123_456, tzinfo=UTC)),
        ("2016-03-14T03:59:00+02:00", datetime(2016, 3, 14, 1, 59, tzinfo=UTC)),
        ("2016-03-13T20:29:00-05:30", datetime(2016, 3, 14, 1, 59, tzinfo=UTC)),
        *((text, None) for text in ("", "2016-03-14", "2016-03-14T01:59:00", "2016-03-14 01:59:00Z")),
        *((text, None) for text in ("2016-13-14T01:59:00Z", "2016-03-14T25:59:00Z", "14-03-2016T01:59:00Z")),
        *((text, None) for text in ("2016-03-14t01:59:00Z", "2016-03-14T01:59:00z", "2016-03-14T01:59:00+24:00")),
        *((text, None) for text in ("2016-03-14T01:59:00ZZ", "٢٠١٦-03-14T01:59:00Z", "0000-03-14T01:59:00Z")),
    ],
)
def test_timestamps(text, expected):
    assert parse_timestamp(text) == expected


@pytest.mark.parametrize("text", ["NaN", "[-Infinity]", '{"a": 1e999}', "[1,]", ""])
def test_texts_that_are_not_json(text: str) -> None:
    with pytest.raises(json.JSONDecodeError):
        read_json(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"a": 1 , }', "Expecting property name enclosed in double quotes: line 1 column 11 (char 10)"),
        ("[1,\n ]", "Expecting value: line 2 column 2 (char 5)"),
        ("[1 2]", "Expecting ',' delimiter: line 1 column 4 (char 3)"),
    ],
)
def test_the_words_are_those_of_every_python(text: str, message: str) -> None:
    with pytest.raises(json.JSONDecodeError) as raised:
        read_json(text)
    assert str(raised.value) == message


def test_texts_that_are() -> None:
    assert read_json('{"a": [1, 2.5, "NaN"]}') == {"a": [1, 2.5, "NaN"]}
    assert read_json('{"a": 1, "a": 2}', lambda pairs: pairs) == [("a", 1), ("a", 2)]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (r'"\ud800"', "\ufffd"),
        (r'{"\uDC00a": ["\ud83d\ude00", "\ude00\ud83d"]}', {"\ufffda": ["\U0001f600", "\ufffd\ufffd"]}),
        (r'"\\ud800"', r"\ud800"),
    ],
)
def test_unpaired_surrogates_are_replaced(text: str, value: object) -> None:
    assert read_json(text) == loads(text) == value
