"""The way to `rehearsal`, which deployments need and nothing else does.

It builds on the local cloud, so nothing here imports it before the first request that belongs to a deployment:
whoever deploys nothing pays for nothing.
"""

from __future__ import annotations

import functools
import importlib
from typing import Protocol, cast

from localcloud.functions import FunctionRegistry
from localcloud.http_messages import Request, Response
from localcloud.workers import WorkerPool

PATH_PREFIX = "/_aws/execute-api/"
"""Begins the path of a request to a deployed REST API, for clients that cannot choose the host."""
EXTENDED_SERVICES = frozenset({"apigateway", "cloudformation", "iam", "s3"})
"""The services of moto that `rehearsal` extends."""


class DeployedApis(Protocol):
    """Serves the REST APIs that were deployed to this cloud."""

    def respond(self, request: Request) -> Response:
        """Answer one request."""


class _Rehearsal(Protocol):
    """What the package `rehearsal` offers."""

    def install_for(self, service: str, endpoint: str) -> None: ...

    def deployed_apis(
        self, registry: FunctionRegistry, pool: WorkerPool, account: str, region: str
    ) -> DeployedApis: ...


class Deployments:
    """What a cloud does for deployments. Safe to use from many threads."""

    def __init__(self, registry: FunctionRegistry, pool: WorkerPool, account: str, region: str) -> None:
        self._apis = functools.cache(lambda: _rehearsal().deployed_apis(registry, pool, account, region))

    def respond(self, request: Request) -> Response:
        """Answer a request to a deployed REST API."""
        return self._apis().respond(request)


def names_an_api(request: Request) -> bool:
    """Return whether a request is for a deployed REST API, by its host on AWS or by its path."""
    return request.target.startswith(PATH_PREFIX) or ".execute-api." in request.headers.get("host", "")


def extend(service: str, endpoint: str) -> None:
    """Add to moto's `service` what deployments need and it lacks, before moto loads it; a second time does nothing."""
    if service in EXTENDED_SERVICES:
        _rehearsal().install_for(service, endpoint)


@functools.cache
def _rehearsal() -> _Rehearsal:
    return cast(_Rehearsal, importlib.import_module("rehearsal"))
