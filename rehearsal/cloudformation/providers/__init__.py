"""The providers of resource types, a module a service. A new module is listed in `_MODULES`."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Mapping

from rehearsal.cloudformation.provider import Provider

_MODULES = ("apigateway", "cloudwatch", "cognito", "data", "events", "functions", "iam", "stack", "states")


@functools.cache
def providers() -> Mapping[str, Provider]:
    """Return the provider of each resource type: every subclass of `Provider` that has no subclasses."""
    for module in _MODULES:
        importlib.import_module(f"{__name__}.{module}")
    return {provider.type: provider() for provider in _leaves(Provider)}


def _leaves(kind: type[Provider]) -> list[type[Provider]]:
    below = kind.__subclasses__()
    return [leaf for sub in below for leaf in _leaves(sub)] if below else [kind]
