"""`Deny` statements whose conditions are not met.

In IAM such a statement has no effect. Moto denies the request, so that every bucket whose policy requires TLS, such as
the bucket of CDK's bootstrap, refuses every request.
Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition.html.
"""

from __future__ import annotations

from typing import Any

from moto.iam.access_control import IAMPolicyStatement, PermissionResult

_is_action_permitted = IAMPolicyStatement.is_action_permitted


def install(_endpoint: str) -> None:
    """Have a `Deny` apply only where its conditions are met."""
    IAMPolicyStatement.is_action_permitted = is_action_permitted  # type: ignore[method-assign,assignment]


def is_action_permitted(
    statement: IAMPolicyStatement,
    action: str,
    resource: str = "*",
    principal: str | None = None,
    incoming_condition_values: dict[str, str] | None = None,
) -> PermissionResult:
    """Return whether a statement allows or denies an action, or does neither. Local requests count as sent over TLS.

    Args:
        statement: Moto's statement.
        action: The action: `s3:GetObject`.
        resource: The ARN of the resource.
        principal: The ARN of the caller.
        incoming_condition_values: The values of condition keys.
    """
    described: dict[str, Any] = statement._statement
    if described.get("Effect") == "Deny" and described.get("Condition"):
        values = {"aws:SecureTransport": "true", **(incoming_condition_values or {})}
        if not _met(described["Condition"], values):
            return PermissionResult.NEUTRAL
    return _is_action_permitted(statement, action, resource, principal, incoming_condition_values)


def _met(conditions: dict[str, dict[str, Any]], values: dict[str, str]) -> bool:
    """Return whether all conditions are met. Only `Bool` and `StringEquals` are supported; others never are."""
    for operator, expected in conditions.items():
        for key, value in expected.items():
            allowed = [str(item).lower() for item in (value if isinstance(value, list) else [value])]
            if operator not in ("Bool", "StringEquals") or values.get(key, "").lower() not in allowed:
                return False
    return True
