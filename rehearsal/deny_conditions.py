"""`Deny` statements of policies whose conditions are not met.

Moto takes a statement whose conditions are not met for a refusal, whatever its effect. With IAM such a statement says
nothing (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition.html). So the policy of
every bucket that asks for TLS, that of CDK's bootstrap among them, refuses every request.
"""

from __future__ import annotations

from typing import Any

from moto.iam.access_control import IAMPolicyStatement, PermissionResult

_is_action_permitted = IAMPolicyStatement.is_action_permitted


def install(_endpoint: str) -> None:
    """Let a `Deny` apply only where its conditions are met."""
    IAMPolicyStatement.is_action_permitted = is_action_permitted  # type: ignore[method-assign,assignment]


def is_action_permitted(
    statement: IAMPolicyStatement,
    action: str,
    resource: str = "*",
    principal: str | None = None,
    incoming_condition_values: dict[str, str] | None = None,
) -> PermissionResult:
    """What a statement says of an action. A request on this machine counts as one by TLS."""
    described: dict[str, Any] = statement._statement
    if described.get("Effect") == "Deny" and described.get("Condition"):
        values = {"aws:SecureTransport": "true", **(incoming_condition_values or {})}
        if not _met(described["Condition"], values):
            return PermissionResult.NEUTRAL
    return _is_action_permitted(statement, action, resource, principal, incoming_condition_values)


def _met(conditions: dict[str, dict[str, Any]], values: dict[str, str]) -> bool:
    """Whether the conditions are met, of which those by `Bool` and `StringEquals` are understood; others never are."""
    for operator, expected in conditions.items():
        for key, value in expected.items():
            allowed = [str(item).lower() for item in (value if isinstance(value, list) else [value])]
            if operator not in ("Bool", "StringEquals") or values.get(key, "").lower() not in allowed:
                return False
    return True
