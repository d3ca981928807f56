"""The evaluation of policies: what allows, what denies, and what wins."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto.iam.access_control import IAMPolicy, PermissionResult

from localcloud.iam.policies import Decision, Policies, PolicyError

TABLE = "arn:aws:dynamodb:us-east-1:123456789012:table/orders"
OTHER = "arn:aws:dynamodb:us-east-1:123456789012:table/others"
ALLOWED, NOT_ALLOWED, DENIED = Decision.ALLOWED, Decision.NOT_ALLOWED, Decision.DENIED


def nothing(_: str) -> tuple[str, ...]:
    return ()


def policies(*statements: dict[str, Any], version: str = "2012-10-17") -> Policies:
    filled = [{"Effect": "Allow", **statement} for statement in statements]
    return Policies.read([{"Version": version, "Statement": filled}])


READ = {"Action": "dynamodb:GetItem", "Resource": TABLE}
ALL = {"Action": "*", "Resource": "*"}


@pytest.mark.parametrize(
    ("statements", "decision"),
    [
        ([], NOT_ALLOWED),
        ([READ], ALLOWED),
        ([{**READ, "Action": ["dynamodb:PutItem", "DynamoDB:getitem"]}], ALLOWED),  # actions have no case
        ([{**READ, "Action": "dynamodb:Get*"}], ALLOWED),
        ([{**READ, "Action": "dynamodb:?etItem"}], ALLOWED),
        ([{**READ, "Action": "dynamodb:PutItem"}], NOT_ALLOWED),
        ([{**READ, "Resource": OTHER}], NOT_ALLOWED),
        ([{**READ, "Resource": [OTHER, "arn:aws:dynamodb:*:*:table/o*s"]}], ALLOWED),
        ([ALL], ALLOWED),
        ([ALL, {**READ, "Effect": "Deny"}], DENIED),
        ([{**READ, "Effect": "Deny"}, ALL], DENIED),  # in any order
        ([ALL, {**READ, "Effect": "Deny", "Resource": OTHER}], ALLOWED),
        ([{**READ, "Effect": "Deny"}], DENIED),  # without any permission, too
        ([{"NotAction": "s3:*", "Resource": "*"}], ALLOWED),
        ([{"NotAction": "dynamodb:*", "Resource": "*"}], NOT_ALLOWED),
        ([{"Action": "dynamodb:*", "NotResource": OTHER}], ALLOWED),
        ([{"Action": "dynamodb:*", "NotResource": [OTHER, "*/orders"]}], NOT_ALLOWED),
        (
            [{**READ, "Resource": "arn:aws:dynamodb:*:table/orders"}],
            ALLOWED,
        ),  # a `*` that ends a segment goes beyond it
        ([ALL, {"Effect": "Deny", "NotAction": "dynamodb:*", "Resource": "*"}], ALLOWED),
        ([ALL, {"Effect": "Deny", "Action": "*", "NotResource": OTHER}], DENIED),
        ([{**READ, "Condition": {"Bool": {"aws:SecureTransport": "true"}}}], NOT_ALLOWED),
        ([ALL, {**READ, "Effect": "Deny", "Condition": {"Bool": {"aws:SecureTransport": "true"}}}], ALLOWED),
        ([ALL, {**READ, "Effect": "Deny", "Condition": {"BoolIfExists": {"aws:SecureTransport": "true"}}}], DENIED),
    ],
)
def test_decisions(statements: list[dict[str, Any]], decision: Decision) -> None:
    assert policies(*statements).decide("dynamodb:GetItem", TABLE, nothing) is decision


def test_an_action_without_a_resource_is_allowed_on_all_resources_only() -> None:
    for resource, decision in ((TABLE, NOT_ALLOWED), ("arn:aws:dynamodb:*:*:table/*", NOT_ALLOWED), ("*", ALLOWED)):
        found = policies({"Action": "dynamodb:ListTables", "Resource": resource})
        assert found.decide("dynamodb:ListTables", "*", nothing) is decision


def test_a_resource_that_is_not_known_is_given_the_benefit_of_the_doubt() -> None:
    """A pattern stands for what a call may be about: it is denied only where nothing can be right."""
    tables = "arn:aws:dynamodb:us-east-1:123456789012:table/*"

    def decide(*statements: dict[str, Any], resource: str = tables) -> Decision:
        return policies(*statements).decide("dynamodb:GetItem", resource, nothing, known=False)

    assert decide(READ) is ALLOWED
    assert decide(READ, resource="*") is ALLOWED
    assert decide({**READ, "Resource": "arn:aws:dynamodb:eu-west-1:*:table/*"}) is NOT_ALLOWED
    assert decide(ALL, {**READ, "Effect": "Deny"}) is ALLOWED
    assert decide(ALL, {**READ, "Effect": "Deny", "Resource": "*"}) is DENIED
    other: dict[str, Any] = {"Effect": "Deny", "Action": "*"}
    assert decide(ALL, {**other, "NotResource": TABLE}) is ALLOWED
    assert decide(ALL, {**other, "NotResource": "arn:aws:s3:::b"}) is DENIED
    assert decide({"Action": "*", "NotResource": TABLE}) is ALLOWED
    assert decide({"Action": "*", "NotResource": "arn:aws:dynamodb:*:*:table/*"}) is NOT_ALLOWED


def test_variables_are_those_of_the_newer_version() -> None:
    own = {**READ, "Resource": "arn:aws:dynamodb:us-east-1:123456789012:table/${aws:username}"}

    def values(key: str) -> tuple[str, ...]:
        return ("orders",) if key == "aws:username" else ()

    assert policies(own).decide("dynamodb:GetItem", TABLE, values) is ALLOWED
    assert policies(own).decide("dynamodb:GetItem", OTHER, values) is NOT_ALLOWED
    assert policies(own, version="2008-10-17").decide("dynamodb:GetItem", TABLE, values) is NOT_ALLOWED


def test_several_policies_are_one() -> None:
    documents = [
        {"Version": "2012-10-17", "Statement": {"Effect": effect, "Action": action, "Resource": "*"}}
        for effect, action in (("Allow", "dynamodb:*"), ("Deny", "dynamodb:Delete*"))
    ]
    found = Policies.read(documents)
    assert found.decide("dynamodb:GetItem", TABLE, nothing) is ALLOWED
    assert found.decide("dynamodb:DeleteItem", TABLE, nothing) is DENIED


ACTIONS = st.sampled_from(["s3:GetObject", "s3:PutObject", "s3:Get*", "sqs:SendMessage", "*"])
RESOURCES = st.sampled_from(["arn:aws:s3:::b/k", "arn:aws:s3:::b/*", "arn:aws:s3:::c/?", "*"])
STATEMENTS = st.lists(
    st.builds(
        lambda effect, action, resource: {"Effect": effect, "Action": action, "Resource": resource},
        st.sampled_from(["Allow", "Deny"]),
        ACTIONS,
        RESOURCES,
    ),
    max_size=5,
)


@given(STATEMENTS, STATEMENTS)
def test_what_is_denied_stays_denied(some: list[dict[str, Any]], more: list[dict[str, Any]]) -> None:
    """Further statements never lift a Deny, and a statement that allows never makes anything less allowed."""
    for action, resource in (("s3:GetObject", "arn:aws:s3:::b/k"), ("sqs:SendMessage", "arn:aws:sqs:r:a:q")):
        before = policies(*some).decide(action, resource, nothing)
        after = policies(*some, *more).decide(action, resource, nothing)
        if before is DENIED:
            assert after is DENIED
        if before is ALLOWED and not any(statement["Effect"] == "Deny" for statement in more):
            assert after is ALLOWED
        assert policies(*more, *some).decide(action, resource, nothing) is after


@given(STATEMENTS, st.booleans(), st.sampled_from(["s3:GetObject", "s3:PutObject", "sqs:SendMessage"]))
def test_moto_decides_likewise(statements: list[dict[str, Any]], turned: bool, action: str) -> None:
    """An engine by others, which knows actions, `NotAction`, resources and `*`, but no `?` and no variables."""
    known = [statement for statement in statements if "?" not in statement["Resource"]]
    if turned:
        known = [{"NotAction" if key == "Action" else key: text for key, text in item.items()} for item in known]
    theirs = {
        PermissionResult.PERMITTED: ALLOWED,
        PermissionResult.NEUTRAL: NOT_ALLOWED,
        PermissionResult.DENIED: DENIED,
    }
    for resource in ("arn:aws:s3:::b/k", "arn:aws:s3:::c/long", "*"):
        expected = IAMPolicy(json.dumps({"Statement": known})).is_action_permitted(action, resource)
        assert policies(*known).decide(action, resource, nothing) is theirs[expected]


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ({"Effect": "Permit", **READ}, "Effect must be Allow or Deny; got 'Permit'"),
        ({"Resource": "*"}, "needs Action or NotAction"),
        ({"Action": "*"}, "needs Resource or NotResource"),
        ({"Action": [1], "Resource": "*"}, "Action must be a string"),
        ({**READ, "Condition": {"Like": {"x": "y"}}}, "unknown condition operator 'Like'"),
    ],
)
def test_what_iam_refuses(statement: dict[str, Any], problem: str) -> None:
    with pytest.raises(PolicyError, match=problem):
        policies(statement)
    with pytest.raises(PolicyError, match="must be an object"):
        Policies.read([{"Statement": ["x"]}])
