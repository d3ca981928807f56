"""IAM's quotas for the policies of roles.

Moto accepts policies of any size, and any number of policies a role.
Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html. They do not count white space.
"""

from __future__ import annotations

from moto.iam.exceptions import LimitExceededException
from moto.iam.models import IAMBackend, ManagedPolicy, PolicyVersion

INLINE_SIZE = 10_240
"""Characters of all inline policies of a role together."""
MANAGED_SIZE = 6_144
ATTACHED = 10
"""Managed policies attached to a role."""

_put_role_policy = IAMBackend.put_role_policy
_create_policy = IAMBackend.create_policy
_create_policy_version = IAMBackend.create_policy_version
_attach_role_policy = IAMBackend.attach_role_policy


def install(_endpoint: str) -> None:
    """Have IAM refuse what exceeds its quotas."""
    IAMBackend.put_role_policy = put_role_policy  # type: ignore[method-assign,assignment]
    IAMBackend.create_policy = create_policy  # type: ignore[method-assign,assignment]
    IAMBackend.create_policy_version = create_policy_version  # type: ignore[method-assign,assignment]
    IAMBackend.attach_role_policy = attach_role_policy  # type: ignore[method-assign,assignment]


def put_role_policy(backend: IAMBackend, role_name: str, policy_name: str, policy_json: str) -> None:
    """Add or replace an inline policy of a role, as IAM's PutRolePolicy does.

    Raises:
        LimitExceededException: The role's inline policies would be too large.
    """
    others = {name: text for name, text in backend.get_role(role_name).policies.items() if name != policy_name}
    if sum(map(_size, (*others.values(), policy_json))) > INLINE_SIZE:
        raise LimitExceededException(f"Maximum policy size of {INLINE_SIZE} bytes exceeded for role {role_name}")
    _put_role_policy(backend, role_name, policy_name, policy_json)


def create_policy(  # noqa: PLR0913, PLR0917 - moto's
    backend: IAMBackend,
    description: str,
    path: str,
    policy_document: str,
    policy_name: str,
    tags: list[dict[str, str]],
) -> ManagedPolicy:
    """Create a managed policy, as IAM's CreatePolicy does.

    Raises:
        LimitExceededException: It is too large.
    """
    _check_managed(policy_document)
    return _create_policy(backend, description, path, policy_document, policy_name, tags)


def create_policy_version(
    backend: IAMBackend, policy_arn: str, policy_document: str, set_as_default: bool
) -> PolicyVersion:
    """Create a version of a managed policy, as IAM's CreatePolicyVersion does.

    Raises:
        LimitExceededException: It is too large.
    """
    _check_managed(policy_document)
    return _create_policy_version(backend, policy_arn, policy_document, set_as_default)


def attach_role_policy(backend: IAMBackend, policy_arn: str, role_name: str) -> None:
    """Attach a managed policy to a role, as IAM's AttachRolePolicy does.

    Raises:
        LimitExceededException: The role has as many as it may have.
    """
    attached = backend.get_role(role_name).managed_policies
    if policy_arn not in attached and len(attached) >= ATTACHED:
        raise LimitExceededException(f"Cannot exceed quota for PoliciesPerRole: {ATTACHED}")
    _attach_role_policy(backend, policy_arn, role_name)


def _check_managed(document: str) -> None:
    if _size(document) > MANAGED_SIZE:
        raise LimitExceededException(f"Cannot exceed quota for PolicySize: {MANAGED_SIZE}")


def _size(document: str) -> int:
    return len("".join(document.split()))
