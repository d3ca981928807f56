"""Tries deployments without AWS: what `chalice deploy` and `cdk deploy` need and moto lacks, a module a subject.

`api_definitions`, `cloudformation` and `deny_conditions` say what moto does, what AWS does, and change moto's classes
to do the latter by `install(endpoint)`; each needs nothing else of this project where it can do without, so that it
could be offered to moto as it is. `apigateway` serves the REST APIs that were deployed. `localcloud.deployments`
imports this package at the first request that belongs to a deployment.
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
    "s3": ("deny_conditions",),
}
"""Which modules belong to which of moto's services. CloudFormation uses the back ends of others without asking them."""


def install_for(service: str, endpoint: str) -> None:
    """Add what moto's `service` lacks, before moto loads it; a second time changes nothing.

    Args:
        service: Moto's name of the service.
        endpoint: URL of the endpoint that has all services.
    """
    for name in ADDITIONS.get(service, ()):
        importlib.import_module(f"{__name__}.{name}").install(endpoint)


def deployed_apis(registry: FunctionRegistry, pool: WorkerPool, account: str, region: str) -> Front:
    """Return what serves the REST APIs of one account and region."""
    from rehearsal.apigateway.front import Front

    return Front(registry, pool, account, region)
