"""Conditions of statements, each for one request."""

from __future__ import annotations

from typing import Any

import pytest

from localcloud.iam.conditions import ConditionError, read_conditions

REQUEST = {
    "aws:currenttime": ("2026-11-27T10:00:00+00:00",),
    "aws:principalarn": ("arn:aws:iam::123456789012:role/app/orders",),
    "aws:securetransport": ("true",),
    "aws:sourceip": ("203.0.113.7",),
    "aws:tagkeys": ("team", "stage"),
    "dynamodb:leadingkeys": ("user-1", "user-2"),
    "empty": (),
    "s3:max-keys": ("10",),
    "s3:prefix": ("in/a",),
    "team": ("blue",),
}
HOLD: list[dict[str, Any]] = [
    {"StringEquals": {"s3:prefix": "in/a"}},
    {"StringEquals": {"S3:Prefix": ["x", "in/a"]}},  # names of keys have no case; one of several values
    {"StringEqualsIgnoreCase": {"s3:prefix": "IN/A"}},
    {"StringNotEquals": {"s3:prefix": ["x", "y"]}},
    {"StringNotEquals": {"absent": "x"}},  # a key that is absent equals nothing
    {"StringNotEqualsIgnoreCase": {"s3:prefix": "IN/B"}},
    {"StringLike": {"s3:prefix": "in/?"}},
    {"StringNotLike": {"s3:prefix": "out/*"}},
    {"StringEquals": {"team": "${team}"}},
    {"StringLike": {"s3:prefix": "in/${absent, 'a'}"}},
    {"StringEqualsIfExists": {"absent": "x"}},
    {"StringLikeIfExists": {"s3:prefix": "in/*"}},
    {"NumericEquals": {"s3:max-keys": 10}},
    {"NumericLessThanEquals": {"s3:max-keys": "10"}},
    {"NumericGreaterThan": {"s3:max-keys": "9.5"}},
    {"NumericNotEquals": {"s3:max-keys": "11"}},
    {"DateGreaterThan": {"aws:CurrentTime": "2026-11-27T09:59:59Z"}},
    {"DateLessThan": {"aws:CurrentTime": "2026-11-28"}},
    {"DateGreaterThanEquals": {"aws:CurrentTime": "1795000000"}},
    {"Bool": {"aws:SecureTransport": True}},
    {"Bool": {"aws:SecureTransport": "true"}},
    {"BoolIfExists": {"aws:MultiFactorAuthPresent": "true"}},
    {"IpAddress": {"aws:SourceIp": ["10.0.0.0/8", "203.0.113.0/24"]}},
    {"NotIpAddress": {"aws:SourceIp": "10.0.0.0/8"}},
    {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/app/*"}},
    {"ArnEquals": {"aws:PrincipalArn": "arn:aws:iam::123456789012:role/*"}},
    {"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/*"}},
    {"Null": {"absent": "true"}},
    {"Null": {"s3:prefix": False}},
    {"Null": {"empty": True}},
    {"ForAllValues:StringEquals": {"aws:TagKeys": ["team", "stage", "cost"]}},
    {"ForAllValues:StringEquals": {"absent": "x"}},  # none of no values is wrong
    {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": "user-*"}},
    {"ForAllValues:StringNotEquals": {"aws:TagKeys": ["secret"]}},
    {"ForAnyValue:StringEquals": {"aws:TagKeys": ["team", "x"]}},
    {"ForAnyValue:StringNotEquals": {"aws:TagKeys": ["team"]}},
    {"BinaryEquals": {"team": "blue"}},
    {"StringEquals": {"team": "blue", "s3:prefix": "in/a"}, "Bool": {"aws:SecureTransport": "true"}},
    {},
]
FAIL: list[dict[str, Any]] = [
    {"StringEquals": {"s3:prefix": "IN/A"}},
    {"StringEquals": {"s3:prefix": "in/*"}},  # no wildcards here
    {"StringEquals": {"absent": "x"}},
    {"StringNotEquals": {"s3:prefix": ["x", "in/a"]}},  # all must differ
    {"StringLike": {"s3:prefix": "in"}},
    {"StringLike": {"s3:prefix": "in/${absent}"}},
    {"StringNotEqualsIfExists": {"team": "blue"}},
    {"NumericEquals": {"s3:prefix": "10"}},
    {"NumericLessThan": {"s3:max-keys": "10"}},
    {"DateLessThan": {"aws:CurrentTime": "2026"}},
    {"Bool": {"aws:SecureTransport": "false"}},
    {"Bool": {"aws:MultiFactorAuthPresent": "true"}},
    {"IpAddress": {"aws:SourceIp": "203.0.112.0/24"}},
    {"NotIpAddress": {"aws:SourceIp": "203.0.113.7"}},
    {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam:*:role/app/orders"}},  # segments are compared one by one
    {"ArnNotEquals": {"aws:PrincipalArn": "arn:aws:iam::*:role/app/orders"}},
    {"Null": {"s3:prefix": "true"}},
    {"Null": {"absent": "false"}},
    {"ForAllValues:StringEquals": {"aws:TagKeys": ["team"]}},
    {"ForAllValues:StringNotEquals": {"aws:TagKeys": ["team"]}},
    {"ForAnyValue:StringEquals": {"aws:TagKeys": ["cost"]}},
    {"ForAnyValue:StringEquals": {"absent": "x"}},
    {"ForAnyValue:StringNotEquals": {"absent": "x"}},
    {"StringEquals": {"team": "blue", "s3:prefix": "x"}},  # every key
    {"StringEquals": {"team": "blue"}, "Bool": {"aws:SecureTransport": "false"}},  # every operator
]


def holds(block: dict[str, Any]) -> bool:
    conditions = read_conditions(block, variables=True)
    return all(condition.holds(lambda key: REQUEST.get(key.lower(), ())) for condition in conditions)


@pytest.mark.parametrize("block", HOLD, ids=str)
def test_holds(block: dict[str, Any]) -> None:
    assert holds(block)


@pytest.mark.parametrize("block", FAIL, ids=str)
def test_does_not_hold(block: dict[str, Any]) -> None:
    assert not holds(block)


def test_without_variables_a_string_is_as_written() -> None:
    (condition,) = read_conditions({"StringEquals": {"x": "${team}"}}, variables=False)
    assert condition.holds(lambda _: ("${team}",))
    assert not condition.holds(lambda _: ("blue",))


@pytest.mark.parametrize("value", ["NaN", "sNaN", "many", ""])
def test_a_value_that_is_no_number_is_not_compared(value: str) -> None:
    (condition,) = read_conditions({"NumericLessThan": {"s3:max-keys": "10"}}, variables=True)
    assert not condition.holds(lambda _: (value,))


def test_binary_values_that_are_not_base64_are_as_written() -> None:
    (condition,) = read_conditions({"BinaryEquals": {"x": "YQ=="}}, variables=True)
    assert [condition.holds(lambda _, text=text: (text,)) for text in ("YQ==", "a", "ü")] == [True, True, False]  # type: ignore[misc]


@pytest.mark.parametrize(
    ("block", "problem"),
    [
        ({"StringMatches": {"x": "y"}}, "unknown condition operator 'StringMatches'"),
        ({"ForSomeValues:StringEquals": {"x": "y"}}, "unknown condition operator"),
        ({"StringEquals": "x"}, "unknown condition operator"),
        ({"NumericEquals": {"x": "many"}}, "'many' is not a number"),
        ({"NumericLessThan": {"x": "NaN"}}, "'NaN' is not a number"),
        ({"Null": {"x": []}}, "Null must be true or false; got nothing"),
        ({"Null": {"x": "no"}}, "Null must be true or false; got 'no'"),
        ({"NullIfExists": {"x": "true"}}, "unknown condition operator 'Null'"),
        ({"DateEquals": {"x": "soon"}}, "'soon' is not a date"),
        ({"IpAddress": {"x": "home"}}, "'home' is not an IP address"),
        ("x", "Condition must be an object"),
    ],
)
def test_what_iam_refuses(block: Any, problem: str) -> None:
    with pytest.raises(ConditionError, match=problem):
        read_conditions(block, variables=True)
