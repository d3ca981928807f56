"""Permissions that do not fit into one policy."""

from __future__ import annotations

import json
from typing import Any

import pytest

from infrastructure.errors import LimitError
from infrastructure.policies import MAX_ATTACHED, MAX_INLINE, MAX_MANAGED, distributed, role_resources, size
from infrastructure.resources import assumed_by
from infrastructure.tokens import template_names

NAMES = template_names("prod")


def policy(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def functions(count: int) -> dict[str, Any]:
    arns = [NAMES.function_arn(f"function_{number:03}") for number in range(count)]
    return {"Sid": "Call", "Effect": "Allow", "Action": ["lambda:InvokeFunction"], "Resource": arns}


def allowed(*documents: dict[str, Any]) -> set[tuple[str, str, str]]:
    return {
        (statement["Effect"], action, resource)
        for document in documents
        for statement in document["Statement"]
        for action in statement["Action"]
        for resource in statement["Resource"]
    }


def test_what_fits_stays_one_policy() -> None:
    small = policy(functions(60))
    assert distributed(small, "flow f") == (small, [])


@pytest.mark.parametrize("count", [120, 600])
def test_what_does_not_fit_is_divided_without_a_change(count: int) -> None:
    denied = {"Sid": "Deny", "Effect": "Deny", "Action": ["s3:*"], "Resource": ["*"]}
    reading = {"Sid": "Read", "Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": ["a", "b"]}
    whole = policy(functions(count), reading, denied)
    assert size(whole) > MAX_INLINE
    inline, managed = distributed(whole, "flow f")
    assert size(inline) <= MAX_INLINE
    assert max(map(size, managed)) <= MAX_MANAGED
    assert len(managed) <= MAX_ATTACHED
    assert allowed(inline, *managed) == allowed(whole)
    for document in (inline, *managed):
        sids = [statement["Sid"] for statement in document["Statement"]]
        assert len(sids) == len(set(sids))  # IAM demands it


def test_a_statement_with_many_actions_is_divided_too() -> None:
    actions = [f"service{number:04}:DoSomethingRatherLong" for number in range(400)]
    whole = policy({"Effect": "Allow", "Action": actions, "Resource": ["*"]})
    inline, managed = distributed(whole, "flow f")
    assert allowed(inline, *managed) == allowed(whole)
    assert max(map(size, managed)) <= MAX_MANAGED


def test_a_statement_about_what_is_in_no_list_keeps_its_list() -> None:
    excepted = [f"arn:aws:s3:::bucket-{number}" for number in range(150)]
    whole = policy({"Effect": "Deny", "Action": ["s3:*"], "NotResource": excepted}, functions(100))
    inline, managed = distributed(whole, "flow f")
    kept = [s for document in (inline, *managed) for s in document["Statement"] if "NotResource" in s]
    assert kept == [whole["Statement"][0]]


def test_more_than_iam_allows_names_the_flow_and_the_way_out() -> None:
    with pytest.raises(LimitError, match=r"^flow big: its role would need policies of 1.*71,680 a role; call fewer"):
        distributed(policy(functions(1200)), "flow big")
    with pytest.raises(LimitError, match=r"^flow big: a statement of its role has .* 6,144 a policy; shorten it"):
        distributed(policy({"Action": ["s3:*"], "Resource": ["x" * 11_000]}), "flow big")


def test_a_policy_is_measured_with_the_longest_names_there_are() -> None:
    text = json.dumps(functions(1)["Resource"][0])
    assert size({"Resource": json.loads(text)}) > len("arn:aws:lambda:us-east-1:123456789012:function:") + len("prod")


def test_a_role_attaches_its_managed_policies() -> None:
    made = role_resources("R", "flow f", assumed_by("x"), policy(functions(120)), policy_name="flow", tags=[])
    assert list(made) == ["RPolicy1", "R"]
    assert made["R"]["Properties"]["ManagedPolicyArns"] == [{"Ref": "RPolicy1"}]
    without = role_resources("R", "flow f", assumed_by("x"), policy(), policy_name="flow", tags=[])["R"]
    assert "Policies" not in without["Properties"]
