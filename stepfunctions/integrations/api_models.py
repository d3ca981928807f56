"""The models of services' APIs, as botocore ships them, for checks that need no client."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from stepfunctions.integrations.names import botocore_name, operation_name

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


_POLLED = {("states", "startExecution", ".sync"): "describeExecution"}


def output_shape(resource: str) -> tuple[dict[str, Any], str] | None:
    """The model and the name of the shape that a task's resource answers with.

    None for functions, for patterns whose result is not the API's answer, and for APIs that are not known.
    """
    match = _INTEGRATION.fullmatch(resource)
    if match is None:
        return None
    service, action, pattern = match.groups()
    if pattern:
        # Where Step Functions polls, the result is what the polled API answers last.
        action = _POLLED.get((service, action, pattern), "")
    model = _load(botocore_name(service))
    operation = model["operations"].get(operation_name(action)) if model and action else None
    if model is None or operation is None or "output" not in operation:
        return None
    return model, operation["output"]["shape"]


def shape_of(model: dict[str, Any], name: str) -> dict[str, Any]:
    """A shape of a model by its name."""
    shape: dict[str, Any] = model["shapes"][name]
    return shape


def parameter_problems(service: str, action: str, parameters: dict[str, Any]) -> list[str]:
    """What is wrong with an API's parameters by their names, as Step Functions words it before it calls the API.

    Nothing is wrong with what is not known: a service or an action without a model.
    """
    model = _load(botocore_name(service))
    operation = model["operations"].get(operation_name(action)) if model else None
    if model is None or operation is None:
        return []
    shape = model["shapes"][operation["input"]["shape"]] if "input" in operation else {"type": "structure"}
    given = {_plain(name) for name in parameters}
    missing = [name for name in shape.get("required", ()) if _plain(name) not in given]
    return [
        *(f"The field '{name[:1].upper()}{name[1:]}' is required but was missing" for name in missing),
        *(f"The field '{name}' is not supported by Step Functions" for name in _unknown(model, shape, parameters)),
    ]


def _unknown(model: dict[str, Any], shape: dict[str, Any], value: Any) -> list[str]:
    """The names in a value, however deep, that the shape does not have."""
    if shape["type"] == "list" and isinstance(value, list):
        inner = model["shapes"][shape["member"]["shape"]]
        return [name for item in value for name in _unknown(model, inner, item)]
    if shape["type"] == "map" and isinstance(value, dict):
        inner = model["shapes"][shape["value"]["shape"]]
        return [name for item in value.values() for name in _unknown(model, inner, item)]
    if shape["type"] != "structure" or shape.get("document") or not isinstance(value, dict):
        return []
    members = {_plain(name): model["shapes"][member["shape"]] for name, member in shape.get("members", {}).items()}
    found: list[str] = []
    for name, item in value.items():
        inner = members.get(_plain(name))
        found += [name] if inner is None else _unknown(model, inner, item)
    return found


def _plain(name: str) -> str:
    """A field's name whatever the case of its first letter: tasks write PascalCase, some APIs camelCase."""
    return name[:1].lower() + name[1:]
