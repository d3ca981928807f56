"""Wildcards, policy variables and the segments of ARNs."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localcloud.iam.patterns import Pattern, Segments

ACCOUNT = "123456789012"
LETTERS = "ab:"
PATTERNS = st.text(alphabet=f"{LETTERS}*?", max_size=6)
SHORT = ["".join(letters) for length in range(6) for letters in itertools.product(LETTERS, repeat=length)]


def nothing(_: str) -> tuple[str, ...]:
    return ()


def fits(pattern: str, value: str) -> bool:
    """The meaning of wildcards, as a recursion over both strings."""
    if not pattern:
        return not value
    if pattern[0] == "*":
        return fits(pattern[1:], value) or (bool(value) and fits(pattern, value[1:]))
    return bool(value) and pattern[0] in ("?", value[0]) and fits(pattern[1:], value[1:])


@given(PATTERNS, st.text(alphabet=LETTERS, max_size=8))
def test_wildcards(pattern: str, value: str) -> None:
    assert Pattern(pattern).matches(value, nothing) == fits(pattern, value)


@given(st.text(), st.text())
def test_other_characters_are_themselves(text: str, other: str) -> None:
    pattern = Pattern(text, variables=False, wildcards=False)
    assert pattern.matches(text, nothing)
    assert pattern.matches(other, nothing) == (text == other)


@given(PATTERNS, PATTERNS)
def test_overlap_is_a_string_that_matches_both(one: str, other: str) -> None:
    found = any(fits(one, value) and fits(other, value) for value in SHORT)
    overlap = Pattern(one).overlaps(other, nothing)
    if found:
        assert overlap
    if overlap and len(one) + len(other) <= 5:  # then the shortest such string is among the short ones
        assert found


@pytest.mark.parametrize(
    ("pattern", "value", "matches"),
    [
        ("*", "arn:aws:s3:::b/k", True),
        ("arn:aws:s3:::b/*", "arn:aws:s3:::b/a/b:c", True),
        ("arn:aws:s3:::b/*", "arn:aws:s3:::b", False),
        ("arn:aws:lambda:*:*:function:f", f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:f", True),
        # A wildcard before the last segment stays in its own.
        ("arn:aws:lambda:*:function:f", f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:f", False),
        ("arn:aws:lambda:*:*:*:f", f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:f", True),
        (f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:*", f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:f:live", True),
        ("arn:aws:dynamodb:us-????-1:*:table/t", f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/t", True),
        ("arn:aws:dynamodb:us-???-1:*:table/t", f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/t", False),
        ("arn:aws:s3:::B/*", "arn:aws:s3:::b/k", False),  # case matters
    ],
)
def test_arns(pattern: str, value: str, matches: bool) -> None:
    assert Pattern(pattern, segments=Segments.STRICT).matches(value, nothing) == matches


@pytest.mark.parametrize(
    ("pattern", "value", "matches"),
    [
        # The resource of a statement: a `*` that ends a segment goes beyond its colon, others don't.
        ("arn:aws:lambda:*:function:f", f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:f", True),
        ("arn:aws:lambda:us-*:*:f:live", f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:f:live", True),
        ("arn:aws:lambda:us-*-1:function:f:live", f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:f:live", False),
        ("arn:aws:lambda:us-east-?:*:function:f", f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:f", True),
        ("arn:aws:lambda:us-east-??*:function:f", f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:f", False),
    ],
)
def test_resources_of_statements(pattern: str, value: str, matches: bool) -> None:
    assert Pattern(pattern, segments=Segments.OPEN).matches(value, nothing) == matches


@pytest.mark.parametrize(
    ("pattern", "value", "matches"),
    [
        ("home/${aws:username}/*", "home/ann/a", True),
        ("home/${aws:username}/*", "home/bob/a", False),
        ("home/${aws:Username}/*", "home/ann/a", True),
        ("home/${aws:PrincipalTag/team}/*", "home//a", False),  # without a value nothing matches
        ("home/${aws:PrincipalTag/team, 'all'}/*", "home/all/a", True),
        ("${x}", "a*", True),
        ("${x}", "ab", False),  # a value has no wildcards
        ("a${*}", "a*", True),
        ("a${*}", "ab", False),
        ("a${?}b", "a?b", True),
        ("${$}{x}", "${x}", True),
    ],
)
def test_variables(pattern: str, value: str, matches: bool) -> None:
    known = {"aws:username": ("ann",), "x": ("a*",)}
    assert Pattern(pattern).matches(value, lambda key: known.get(key.lower(), ())) == matches
    assert Pattern(pattern).overlaps(value.replace("*", "?"), lambda key: known.get(key.lower(), ())) or not matches
