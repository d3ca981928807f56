"""Distributes the permissions of a role over as many policies as IAM's quotas require.

IAM allows 10,240 characters in all inline policies of a role together, 6,144 in a managed policy, and 10 managed
policies attached to a role: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from infrastructure.errors import LimitError
from infrastructure.resources import Resource, ref, role
from infrastructure.tokens import longest

MAX_INLINE = 10_240
MAX_MANAGED = 6_144
MAX_ATTACHED = 10
MAX_IN_TOTAL = MAX_INLINE + MAX_ATTACHED * MAX_MANAGED

_EXPRESSION = "x" * 128
"""As long as any ARN that an expression such as `Fn::GetAtt` stands for in the project's policies."""

Document = dict[str, Any]


def role_resources(
    logical_id: str, owner: str, assumed_by: Mapping[str, Any], policy: Document, **properties: Any
) -> dict[str, Resource]:
    """Return a role and the managed policies for what does not fit into its inline policy.

    Args:
        logical_id: The logical id of the role.
        owner: Whose role it is, as messages name it: `flow orderFlow`.
        assumed_by: The trust policy.
        policy: The permissions.
        properties: Further arguments of `resources.role`.

    Raises:
        LimitError: IAM does not allow a role this many permissions.
    """
    inline, managed = distributed(policy, owner)
    policies: dict[str, Resource] = {
        f"{logical_id}Policy{number}": {
            "Type": "AWS::IAM::ManagedPolicy",
            "Properties": {"Description": f"Part {number} of what the {owner} may do", "PolicyDocument": document},
        }
        for number, document in enumerate(managed, 1)
    }
    if policies:
        properties["ManagedPolicyArns"] = [ref(name) for name in policies]
    return {**policies, logical_id: role(assumed_by, inline, **properties)}


def distributed(policy: Document, owner: str) -> tuple[Document, list[Document]]:
    """Distribute the statements of a policy. Together the parts allow and deny exactly the same.

    Args:
        policy: The policy document, with placeholders of `template_names` or without.
        owner: Whose role it is, as messages name it.

    Returns:
        The inline policy, and the managed policies.

    Raises:
        LimitError: IAM does not allow a role this many permissions.
    """
    if size(policy) <= MAX_INLINE:
        return policy, []
    parts = [_Part(MAX_INLINE)]
    for statement in policy["Statement"]:
        for piece in _pieces(statement, MAX_MANAGED - size(_document([])), owner):
            if not parts[-1].add(statement, piece):
                parts.append(_Part(MAX_MANAGED))
                parts[-1].add(statement, piece)
    if len(parts) > 1 + MAX_ATTACHED:
        raise LimitError(
            f"{owner}: its role would need policies of {size(policy):,} characters, but IAM allows {MAX_IN_TOTAL:,} "
            "a role; call fewer functions and services, or name several resources by one pattern (`prefix-*`)"
        )
    inline, *managed = [part.document for part in parts]
    return inline, managed


def size(document: Mapping[str, Any]) -> int:
    """Return how many characters IAM counts, at most: not white space, and the longest value of each placeholder."""
    return len(longest(_dump(_without_expressions(document))))


class _Part:
    """A policy that is filled with statements. A statement that does not fit continues in the next part."""

    def __init__(self, limit: int) -> None:
        self._left = limit - size(_document([]))
        self._last: Document | None = None
        self.document = _document([])

    def add(self, statement: Document, piece: Document) -> bool:
        """Add a piece of a statement if it fits, to its previous piece if that is here."""
        if self._last is statement:
            joined = _joined(self.document["Statement"][-1], piece)
            more = size(joined) - size(self.document["Statement"][-1])
            if more > self._left:
                return False
            self.document["Statement"][-1] = joined
        else:
            more = size(piece) + 1  # the comma
            if more > self._left:
                return False
            self.document["Statement"].append(piece)
        self._last = statement
        self._left -= more
        return True


def _pieces(statement: Document, limit: int, owner: str) -> Iterator[Document]:
    """Yield the statement for each of its resources, and for each of its actions where that is still too long."""
    for resource in _divided(statement, "Resource"):
        for piece in [resource] if size(resource) <= limit else _divided(resource, "Action"):
            if size(piece) > limit:
                raise LimitError(
                    f"{owner}: a statement of its role has {size(piece):,} characters and cannot be divided, but IAM "
                    f"allows {MAX_MANAGED:,} a policy; shorten it"
                )
            yield piece


def _divided(statement: Document, key: str) -> list[Document]:
    return [{**statement, key: [item]} for item in _listed(statement, key)] or [statement]


def _joined(statement: Document, piece: Document) -> Document:
    """Join two pieces of one statement. The result allows nothing that the whole statement does not."""
    lists = {key: _listed(statement, key) for key in ("Action", "Resource") if key in statement}
    return {
        **statement,
        **{key: [*have, *(i for i in _listed(piece, key) if i not in have)] for key, have in lists.items()},
    }


def _listed(statement: Document, key: str) -> Sequence[Any]:
    value = statement.get(key, [])
    return value if isinstance(value, list) else [value]


def _document(statements: list[Document]) -> Document:
    return {"Version": "2012-10-17", "Statement": statements}


def _without_expressions(value: Any) -> Any:
    if isinstance(value, dict):
        if len(value) == 1 and next(iter(value)).startswith(("Ref", "Fn::")):
            return _EXPRESSION
        return {key: _without_expressions(item) for key, item in value.items()}
    return [_without_expressions(item) for item in value] if isinstance(value, list) else value


def _dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
