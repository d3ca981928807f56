"""IAM policies, read once and judged often.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from localcloud.iam.conditions import Condition, ConditionError, IsNull, read_conditions
from localcloud.iam.patterns import Pattern, Segments, Values

_WITH_VARIABLES = "2012-10-17"
_MAX_REMEMBERED = 4096


class Decision(Enum):
    """What policies say about an action on a resource."""

    ALLOWED = "allowed"
    NOT_ALLOWED = "no statement allows it"
    DENIED = "a statement denies it"


class PolicyError(ValueError):
    """A policy document that IAM would not accept; the message says why."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of a policy. `except_actions` and `except_resources` turn the meaning of the patterns round."""

    allows: bool
    actions: tuple[Pattern, ...]
    except_actions: bool
    resources: tuple[Pattern, ...]
    except_resources: bool
    conditions: tuple[Condition | IsNull, ...]

    @property
    def asks_about_requests(self) -> bool:
        """Whether the statement has conditions, or variables in its resources."""
        return bool(self.conditions) or any(pattern.has_variables for pattern in self.resources)

    def is_about(self, action: str) -> bool:
        """Return whether the statement says anything about an action."""
        return self.except_actions != any(pattern.matches(action, _no_values) for pattern in self.actions)

    def applies(self, resource: str, values: Values, *, known: bool) -> bool:
        """Return whether the statement applies to a resource, in a request with these values of condition keys.

        Args:
            resource: The ARN.
            values: The request's condition keys.
            known: Whether `resource` is one ARN. If not, it is a pattern of what it may be: a statement allows as soon
                as it may match, and denies only what it is sure to match.
        """
        if known or self.allows == self.except_resources:
            found = any(pattern.matches(resource, values) for pattern in self.resources)
        else:
            found = any(pattern.overlaps(resource, values) for pattern in self.resources)
        matches = self.except_resources != found
        return matches and all(condition.holds(values) for condition in self.conditions)


class Policies:
    """All policies of one role together."""

    def __init__(self, statements: Iterable[Statement]) -> None:
        self._statements = tuple(statements)
        self._by_action: dict[str, tuple[Statement, ...]] = {}

    @classmethod
    def read(cls, documents: Iterable[Mapping[str, Any]]) -> Policies:
        """Read policy documents.

        Raises:
            PolicyError: IAM would not accept one of them.
        """
        return cls(statement for document in documents for statement in _statements(document))

    def ask_about_requests(self, action: str) -> bool:
        """Return whether the decision on an action depends on more of a request than the resource."""
        return any(statement.asks_about_requests for statement in self._about(action))

    def decide(self, action: str, resource: str, values: Values, *, known: bool = True) -> Decision:
        """Return what the policies say: a statement that denies wins over any that allows.

        Args:
            action: The action: `s3:GetObject`.
            resource: The ARN, or `*` for an action without a resource.
            values: The request's condition keys.
            known: Whether `resource` is one ARN, and not a pattern of what it may be.
        """
        decision = Decision.NOT_ALLOWED
        for statement in self._about(action):
            if statement.allows and decision is Decision.ALLOWED:
                continue
            if statement.applies(resource, values, known=known):
                if not statement.allows:
                    return Decision.DENIED
                decision = Decision.ALLOWED
        return decision

    def _about(self, action: str) -> tuple[Statement, ...]:
        found = self._by_action.get(action)
        if found is None:
            found = tuple(statement for statement in self._statements if statement.is_about(action))
            if len(self._by_action) < _MAX_REMEMBERED:
                self._by_action[action] = found
        return found


def _no_values(_: str) -> tuple[str, ...]:
    return ()


def _statements(document: Mapping[str, Any]) -> Iterable[Statement]:
    variables = document.get("Version") == _WITH_VARIABLES
    written = document.get("Statement", [])
    for statement in written if isinstance(written, list) else [written]:
        yield _statement(statement, variables)


def _statement(written: Any, variables: bool) -> Statement:
    if not isinstance(written, Mapping):
        raise PolicyError("a statement must be an object")
    effect = written.get("Effect")
    if effect not in ("Allow", "Deny"):
        raise PolicyError(f"Effect must be Allow or Deny; got {effect!r}")
    actions, except_actions = _listed(written, "Action")
    resources, except_resources = _listed(written, "Resource")
    try:
        conditions = read_conditions(written.get("Condition"), variables=variables)
    except ConditionError as error:
        raise PolicyError(str(error)) from None
    return Statement(
        allows=effect == "Allow",
        actions=tuple(Pattern(text, ignore_case=True, variables=False) for text in actions),
        except_actions=except_actions,
        resources=tuple(Pattern(text, segments=Segments.OPEN, variables=variables) for text in resources),
        except_resources=except_resources,
        conditions=conditions,
    )


def _listed(written: Mapping[str, Any], key: str) -> tuple[list[str], bool]:
    """Return the strings of `Action` or `NotAction`, and whether it is the latter; in the same way of `Resource`."""
    negated = key not in written
    value = written.get(f"Not{key}" if negated else key)
    if value is None:
        raise PolicyError(f"a statement needs {key} or Not{key}")
    items = value if isinstance(value, list) else [value]
    if not all(isinstance(item, str) for item in items):
        raise PolicyError(f"{key} must be a string or a list of strings")
    return items, negated
