"""What an IAM policy allows: as much of IAM's evaluation as the project's own policies need."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from chalicelib.settings import PROJECT


def deployer_policy(region: str = "us-east-1", account: str = "123456789012") -> dict[str, Any]:
    """`policy.json` with its placeholders filled in."""
    text = (PROJECT / "policy.json").read_text()
    policy: dict[str, Any] = json.loads(text.replace("${region}", region).replace("${account-id}", account))
    return policy


def allows(policy: Mapping[str, Any], action: str, resource: str = "*") -> bool:
    """Whether a policy allows an action on a resource; conditions count as met.

    Actions are compared without regard to case, `*` and `?` are wildcards:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
    """
    matching = [
        statement["Effect"]
        for statement in policy["Statement"]
        if any(_matches(pattern, action, ignore_case=True) for pattern in _listed(statement["Action"]))
        and any(_matches(pattern, resource) for pattern in _listed(statement["Resource"]))
    ]
    return "Allow" in matching and "Deny" not in matching


def _listed(value: str | Sequence[str]) -> Sequence[str]:
    return [value] if isinstance(value, str) else value


def _matches(pattern: str, text: str, *, ignore_case: bool = False) -> bool:
    return _compiled(pattern, ignore_case).fullmatch(text) is not None


@cache
def _compiled(pattern: str, ignore_case: bool) -> re.Pattern[str]:
    escaped = "".join({"*": ".*", "?": "."}.get(character, re.escape(character)) for character in pattern)
    return re.compile(escaped, re.IGNORECASE if ignore_case else 0)
