"""Who calls: roles with their policies, and the credentials by which the endpoint recognises them."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass

from localcloud.iam.policies import Policies


@dataclass(frozen=True, slots=True)
class Role:
    """A role. `place` says where statements are written that allow it more."""

    arn: str
    policies: Policies
    place: str


@dataclass(frozen=True, slots=True)
class Principal:
    """A session of a role: `session` is its name in ARNs, `label` says who it is, for people: `function greet`."""

    role_arn: str
    session: str
    label: str

    @property
    def account(self) -> str:
        """The account of the role."""
        return self.role_arn.split(":")[4]

    @property
    def user_id(self) -> str:
        """The id of the session, which begins with that of the role."""
        return f"AROALOCALCLOUD:{self.session}"

    @property
    def arn(self) -> str:
        """The ARN that AWS's messages show."""
        partition, name = self.role_arn.split(":")[1], self.role_arn.rpartition("/")[2]
        return f"arn:{partition}:sts::{self.account}:assumed-role/{name}/{self.session}"


def access_key(session: str) -> str:
    """Return the id of the access key of a session: always the same, as workers are kept and their keys don't end."""
    digest = hashlib.sha256(session.encode()).digest()
    return f"ASIA{base64.b32encode(digest)[:16].decode()}"
