"""User names of Cognito's pools, in which case does not matter, as in the pool that is deployed.

Moto compares names as they are written. So the names in a request are replaced with those of the users that they mean,
before moto gets it. A pool created with `UsernameConfiguration: {CaseSensitive: true}` is left alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from localcloud.http_messages import Request

_TARGET = "AWSCognitoIdentityProviderService."
_NAMED_IN = ("AuthParameters", "ChallengeResponses")


def with_known_name(request: Request, account: str) -> Request:
    """Return a request to Cognito with the user's name as the pool has it.

    Args:
        request: The request; one that names no user of a known pool is returned as it is.
        account: The account that the pools belong to.
    """
    if not request.headers.get("x-amz-target", "").startswith(_TARGET):
        return request
    try:
        body = json.loads(request.body)
    except ValueError:
        return request
    if not isinstance(body, dict):
        return request
    pool = _pool(body, account)
    if pool is None or (pool.extended_config.get("UsernameConfiguration") or {}).get("CaseSensitive"):
        return request
    changed = False
    for holder, key in _names(body):
        known = _known(pool, holder[key])
        changed = changed or known != holder[key]
        holder[key] = known
    return replace(request, body=json.dumps(body).encode()) if changed else request


def _names(body: dict[str, Any]) -> Iterator[tuple[dict[str, Any], str]]:
    for holder, key in ((body, "Username"), *((body.get(name), "USERNAME") for name in _NAMED_IN)):
        if isinstance(holder, dict) and isinstance(holder.get(key), str):
            yield holder, key


def _pool(body: dict[str, Any], account: str) -> Any:
    from moto.cognitoidp.models import cognitoidp_backends

    pool_id, client_id = body.get("UserPoolId"), body.get("ClientId")
    for backend in list(cognitoidp_backends[account].values()):
        for pool in list(backend.user_pools.values()):
            if pool.id == pool_id or (client_id is not None and client_id in pool.clients):
                return pool
    return None


def _known(pool: Any, name: str) -> str:
    if name in pool.users:
        return name
    lower = name.lower()
    return next((known for known in list(pool.users) if known.lower() == lower), name)
