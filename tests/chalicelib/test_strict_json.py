"""JSON from outside: what is refused, and in which words."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.strict_json import UnreadableError, check, loads


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (b"", "it is not JSON (line 1, column 1)"),
        (b"{", "it is not JSON (line 1, column 2)"),
        (b'{"a": 1,\n "b": nope}', "it is not JSON (line 2, column 7)"),
        (b'{"a": 1, }', "it is not JSON (line 1, column 10)"),
        (b"[1,]", "it is not JSON (line 1, column 4)"),
        (b"[,1]", "it is not JSON (line 1, column 2)"),
        (b'"a\nb"', "it is not JSON (line 1, column 3)"),
        (b"\xff", "it is not UTF-8"),
        (b'"\xed\xa0\x80"', "it is not UTF-8"),
        (b'{"a": NaN}', "JSON does not have NaN"),
        (b"[-Infinity]", "JSON does not have -Infinity"),
        (b"1e400", "it has a number that is too large (at most about 1.8e308)"),
        (b"-1e400", "it has a number that is too large (at most about 1.8e308)"),
        (b"9" * 309, "it has a number that is too large (at most about 1.8e308)"),
        (b"-" + b"9" * 5_000, "it has a number that is too large (at most about 1.8e308)"),
        (b'"\\ud800"', "it has a string with an unpaired surrogate, which is not valid Unicode"),
        (b'{"\\udc00": 1}', "it has a string with an unpaired surrogate, which is not valid Unicode"),
        (b"[" * 100_000, "it is nested too deeply"),
        (b'{"[":' * 501 + b"1" + b"}" * 501, "it is nested too deeply"),
    ],
    ids=lambda value: value[:24] if isinstance(value, bytes) else "",
)
def test_what_is_refused(document: bytes, reason: str) -> None:
    with pytest.raises(UnreadableError) as refused:
        loads(document)
    assert str(refused.value) == reason


@pytest.mark.parametrize(
    ("document", "value"),
    [
        (b"-" + b"9" * 308, 1 - 10**308),
        (b"1.7e308", 1.7e308),
        (b"1e-400", 0.0),
        (b'"\\ud83d\\ude00 \\\\ud800"', "\U0001f600 \\ud800"),
        (b'\xef\xbb\xbf{"a": null}', {"a": None}),
        (b'["' + b"[" * 1_000 + b'\\"", ' + b"[]," * 1_000 + b"1]", ["[" * 1_000 + '"', *[[]] * 1_000, 1]),
    ],
    ids=lambda value: str(value)[:24],
)
def test_what_is_read(document: bytes, value: Any) -> None:
    assert loads(document) == value


@given(st.binary() | st.text().map(str.encode))
def test_anything_is_read_or_refused(document: bytes) -> None:
    try:
        value = loads(document)
    except UnreadableError:
        return
    json.dumps(value, ensure_ascii=False, allow_nan=False).encode()


@pytest.mark.parametrize("document", [b"[" * 501, b'{"a": "\\uD800"}', b'["\\udfff"]'])
def test_a_document_is_checked_for_what_parsers_fail_at(document: bytes) -> None:
    with pytest.raises(UnreadableError):
        check(document)


@pytest.mark.parametrize("document", [b"", b"no JSON", b"[[1]", b'"\\ud83d\\ude00"', b'"' + b"[" * 600 + b'"'])
def test_and_otherwise_left_to_whoever_reads_it(document: bytes) -> None:
    check(document)
