"""Resources whose ARNs can't be built from what a call names: those that exist are looked up."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from localcloud.iam.needs import Need

_SECRETS = "moto.secretsmanager.models"
_RANDOM = "-??????"  # the end of a secret's ARN, which Secrets Manager chooses


def with_existing(needs: Iterable[Need]) -> Iterator[Need]:
    """Yield what a call needs, with the ARNs of the secrets that it names."""
    for need in needs:
        yield replace(need, resource=_secret(need.resource)) if need.resource.endswith(_RANDOM) else need


def _secret(pattern: str) -> str:
    """Return the ARN of the secret that matches; of one that doesn't exist, the pattern."""
    module: Any = sys.modules.get(_SECRETS)
    if module is None:
        return pattern
    _, _, _, region, account, _, name = pattern.split(":", 6)
    try:
        secret = module.secretsmanager_backends[account][region].secrets.get(name.removesuffix(_RANDOM))
    except RuntimeError:  # another request has added one meanwhile
        return pattern
    return pattern if secret is None else str(secret.arn)
