"""Rehearses deployments without AWS: what `chalice deploy` and `cdk deploy` need and moto lacks, a module a subject.

- `install_for(service, endpoint)` adds to one of moto's services what deployments need, before moto loads it. Each of
  the modules `api_definitions`, `cloudformation`, `deny_conditions` and `iam_quotas` says what moto does and what AWS
  does, and has moto's classes do the latter. They use as little of this project as they can, so that moto could adopt
  them.
- `deployed_apis(...)` returns the `apigateway.front.Front` that serves deployed REST APIs: `respond(request)` answers a
  request. Each deployment keeps a snapshot of its API (`apigateway.definition.Api`), and functions run from their zip.
- `cloudformation` provisions stacks; a new resource type is a `Provider` in `cloudformation/providers/`.

`localcloud.deployments` imports this package at the first request that belongs to a deployment.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from localcloud.functions import FunctionRegistry
    from localcloud.workers import WorkerPool
    from rehearsal.apigateway.front import Front

ADDITIONS: Mapping[str, tuple[str, ...]] = {
    "apigateway": ("api_definitions",),
    "cloudformation": ("api_definitions", "cloudformation"),
    "iam": ("iam_quotas",),
    "s3": ("deny_conditions",),
}
"""The modules of each of moto's services. CloudFormation calls the other services' back ends directly."""


def install_for(service: str, endpoint: str) -> None:
    """Add what one of moto's services lacks. Call it before moto loads the service; a second call changes nothing.

    Args:
        service: Moto's name of the service.
        endpoint: URL of the endpoint that serves all services.
    """
    for name in ADDITIONS.get(service, ()):
        importlib.import_module(f"{__name__}.{name}").install(endpoint)


def deployed_apis(registry: FunctionRegistry, pool: WorkerPool, account: str, region: str) -> Front:
    """Return what serves the deployed REST APIs of one account and region.

    Args:
        registry: Finds the functions behind integrations.
        pool: Invokes them.
        account: The account whose APIs are served.
        region: The region whose APIs are served.
    """
    from rehearsal.apigateway.front import Front

    return Front(registry, pool, account, region)
