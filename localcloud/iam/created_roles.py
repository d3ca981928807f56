"""Roles that were created in the local cloud's IAM, by clients and by deployments."""

from __future__ import annotations

import json
import sys
from typing import Any, Protocol
from urllib.parse import unquote

from localcloud.iam.policies import Policies, PolicyError
from localcloud.iam.roles import Role
from localcloud.notices import notice

_MODULE = "moto.iam.models"
_KIND = f"{_MODULE}:IAMBackend"


class Kept(Protocol):
    """What was kept of moto's services."""

    def has(self, kind: str) -> bool:
        """Return whether something was kept of a class of back ends."""

    def load(self, kind: str) -> None:
        """Restore all back ends of a class."""


class CreatedRoles:
    """Finds roles by their ARN, with the policies that they have now: call it with an ARN; None if there is none.

    Args:
        account: The account of the roles.
        kept: What an earlier cloud has left; None if it kept nothing.
    """

    def __init__(self, account: str, kept: Kept | None) -> None:
        self._account = account
        self._kept = kept if kept is not None and kept.has(_KIND) else None
        self._read: dict[str, tuple[tuple[str, ...], Role | None]] = {}

    def __call__(self, arn: str) -> Role | None:
        """Return a role; None if there is none, or if one of its policies can't be read, which is said once."""
        kept, self._kept = self._kept, None
        if kept is not None:
            kept.load(_KIND)
        if _MODULE not in sys.modules:  # nothing has been created
            return None
        texts = self._policies(arn)
        if texts is None:
            return None
        known = self._read.get(arn)
        if known is None or known[0] != texts:
            known = self._read[arn] = (texts, _role(arn, texts))
        return known[1]

    def _policies(self, arn: str) -> tuple[str, ...] | None:
        from moto.iam.models import iam_backends

        partition, name = arn.split(":")[1], arn.rpartition("/")[2]
        roles: Any = iam_backends[self._account][partition].roles
        role = next((role for role in list(roles.values()) if role.name == name and role.arn == arn), None)
        if role is None:
            return None
        attached = list(role.managed_policies.values())
        managed = (version.document for policy in attached for version in policy.versions if version.is_default)
        return (*list(role.policies.values()), *managed)


def _role(arn: str, texts: tuple[str, ...]) -> Role | None:
    try:
        documents = [json.loads(text if text.lstrip().startswith("{") else unquote(text)) for text in texts]
        policies = Policies.read(documents)
    except (ValueError, PolicyError) as error:
        notice(f"permissions: a policy of the role {arn} can't be read: {error}")
        return None
    return Role(arn, policies, f"a policy of the role {arn.rpartition('/')[2]}")
