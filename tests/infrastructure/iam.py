"""What an IAM policy allows: as much of IAM's evaluation as the project's own policies need."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from chalicelib.settings import PROJECT
from infrastructure.bootstrap.policies import filled_in, qualifier


def deployer_policy(region: str = "us-east-1", account: str = "123456789012") -> dict[str, Any]:
    """`policy.json` with its placeholders filled in."""
    return filled_in(PROJECT / "policy.json", account, region, qualifier())


def allows(
    policy: Mapping[str, Any], action: str, resource: str = "*", context: Mapping[str, str] | None = None
) -> bool:
    """Whether a policy allows an action on a resource.

    Actions are compared without regard to case, `*` and `?` are wildcards:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html

    Args:
        policy: The policy.
        action: The action.
        resource: The resource's ARN.
        context: The values of condition keys; None if all conditions count as met.
    """
    matching = [
        statement["Effect"]
        for statement in policy["Statement"]
        if _is_for(statement, action)
        and any(_matches(pattern, resource) for pattern in _listed(statement["Resource"]))
        and (context is None or _holds(statement.get("Condition", {}), context))
    ]
    return "Allow" in matching and "Deny" not in matching


def _is_for(statement: Mapping[str, Any], action: str) -> bool:
    listed = _listed(statement.get("Action", statement.get("NotAction", [])))
    return any(_matches(pattern, action, ignore_case=True) for pattern in listed) == ("Action" in statement)


def _holds(condition: Mapping[str, Any], context: Mapping[str, str]) -> bool:
    assert set(condition) <= {"StringEquals"}
    wanted = condition.get("StringEquals", {})
    return all(context.get(key) in _listed(values) for key, values in wanted.items())


def _listed(value: str | Sequence[str]) -> Sequence[str]:
    return [value] if isinstance(value, str) else value


def _matches(pattern: str, text: str, *, ignore_case: bool = False) -> bool:
    return _compiled(pattern, ignore_case).fullmatch(text) is not None


@cache
def _compiled(pattern: str, ignore_case: bool) -> re.Pattern[str]:
    escaped = "".join({"*": ".*", "?": "."}.get(character, re.escape(character)) for character in pattern)
    return re.compile(escaped, re.IGNORECASE if ignore_case else 0)
