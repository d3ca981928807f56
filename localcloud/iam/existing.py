"""What a call does not say about the resources that it names: it is looked up in those that exist."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from localcloud.iam.needs import Need

_SECRETS = "moto.secretsmanager.models"
_TABLES = "moto.dynamodb.models"
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


def partition_key(table: str, index: str, region: str, account: str) -> str | None:
    """Return the name of the partition key of a table, or of its index; None if there is no such table.

    Args:
        table: Its name or ARN.
        index: The name of the index, empty for the table itself.
        region: Its region.
        account: Its account.
    """
    module: Any = sys.modules.get(_TABLES)
    if module is None:
        return None
    found = module.dynamodb_backends[account][region].tables.get(table.rpartition("/")[2])
    if found is None or not index:
        return None if found is None else str(found.hash_key_attr)
    for known in (*found.global_indexes, *found.indexes):
        if known.name == index:
            return next((str(key["AttributeName"]) for key in known.schema if key["KeyType"] == "HASH"), None)
    return None
