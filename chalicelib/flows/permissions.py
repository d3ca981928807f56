"""Least privilege of a state machine's role."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chalicelib.flows.placeholders import Target, replace
from chalicelib.names import Names


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of an IAM policy; resources still hold `${...}`. `note` says why it is wider than one resource."""

    sid: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    effect: str = "Allow"
    condition: Mapping[str, Any] | None = None
    note: str = ""

    def render(self, targets: Mapping[str, Target], names: Names) -> dict[str, Any]:
        """The statement as IAM reads it."""
        statement: dict[str, Any] = {"Sid": self.sid} if self.sid else {}
        statement |= {
            "Effect": self.effect,
            "Action": list(self.actions),
            "Resource": [replace(resource, targets, names) for resource in self.resources],
        }
        if self.condition is not None:
            statement["Condition"] = self.condition
        return statement


def policy_document(statements: Sequence[Statement], targets: Mapping[str, Target], names: Names) -> dict[str, Any]:
    """The policy of these statements."""
    return {"Version": "2012-10-17", "Statement": [statement.render(targets, names) for statement in statements]}
