"""Handwritten IAM statements for the role of all functions: validated, and with a stage's names filled in."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from chalicelib.names import Names

_KEYS = frozenset({"Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition"})
_PLACEHOLDER = re.compile(r"\$\{([^}!]*)\}")


class PermissionsError(ValueError):
    """A statement is invalid; the message says which one and why."""


def checked_statements(statements: Sequence[Any], origin: str, names: Names) -> list[dict[str, Any]]:
    """Validate IAM statements and fill in `${AWS::Region}` and the like.

    Args:
        statements: The statements as written.
        origin: Where they are written, for messages.
        names: The names of the stage.

    Raises:
        PermissionsError: One of them is not a valid IAM statement.
    """
    return [_checked(statement, index, origin, names) for index, statement in enumerate(statements, 1)]


def _checked(statement: Any, index: int, origin: str, names: Names) -> dict[str, Any]:
    where = f"{origin}, statement {index}"
    if not isinstance(statement, dict):
        raise PermissionsError(f"{where}: expected Effect, Action and Resource")
    unknown = sorted(set(statement) - _KEYS)
    if unknown:
        raise PermissionsError(f"{where}: unknown key {', '.join(map(repr, unknown))}")
    if statement.get("Effect", "Allow") not in ("Allow", "Deny"):
        raise PermissionsError(f"{where}: Effect must be Allow or Deny, not {statement['Effect']!r}")
    for choice in (("Action", "NotAction"), ("Resource", "NotResource")):
        found = [key for key in choice if key in statement]
        if len(found) != 1:
            raise PermissionsError(f"{where}: exactly one of {' and '.join(choice)} is required")
        values = statement[found[0]]
        listed = values if isinstance(values, list) else [values]
        if not listed or not all(isinstance(value, str) and value for value in listed):
            raise PermissionsError(f"{where}: {found[0]} must be a string or a list of strings")
    filled: dict[str, Any] = _fill({"Effect": "Allow", **statement}, names, where)
    return filled


def _fill(value: Any, names: Names, where: str) -> Any:
    if isinstance(value, dict):
        return {key: _fill(item, names, where) for key, item in value.items()}
    if isinstance(value, list):
        return [_fill(item, names, where) for item in value]
    if not isinstance(value, str):
        return value
    known = {
        "AWS::AccountId": names.account,
        "AWS::Partition": names.partition,
        "AWS::Region": names.region,
        "Stage": names.stage,
    }

    def fill(match: re.Match[str]) -> str:
        if match[1].startswith("aws:"):  # IAM's own policy variables stay
            return match[0]
        if match[1] not in known:
            raise PermissionsError(
                f"{where}: unknown {match[0]}; use one of {', '.join('${' + k + '}' for k in known)}"
            )
        return known[match[1]]

    return _PLACEHOLDER.sub(fill, value)
