"""The models of services' APIs, as botocore ships them, for checks that need no client."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from localcloud.stepfunctions.integrations.names import botocore_name, operation_name

_INTEGRATION = re.compile(r"arn:[^:]*:states:[^:]*:[^:]*:(?:aws-sdk:)?([a-zA-Z0-9-]+):([a-zA-Z0-9]+)(\..+)?")


@lru_cache(maxsize=16)
def _load(service: str) -> dict[str, Any] | None:
    from botocore.exceptions import UnknownServiceError
    from botocore.loaders import Loader

    try:
        model: dict[str, Any] = Loader().load_service_model(service, "service-2")
    except UnknownServiceError:
        return None
    return model


def output_shape(resource: str) -> tuple[dict[str, Any], str] | None:
    """The model and the name of the shape that a task's resource answers with.

    None for functions, for patterns whose result is not the API's answer, and for APIs that are not known.
    """
    match = _INTEGRATION.fullmatch(resource)
    if match is None or match[3]:
        return None
    model = _load(botocore_name(match[1]))
    operation = model["operations"].get(operation_name(match[2])) if model else None
    if model is None or operation is None or "output" not in operation:
        return None
    return model, operation["output"]["shape"]


def shape_of(model: dict[str, Any], name: str) -> dict[str, Any]:
    """A shape of a model by its name."""
    shape: dict[str, Any] = model["shapes"][name]
    return shape
