"""Checks by the models of services' APIs, which botocore ships. They need no client."""

from __future__ import annotations

from collections.abc import Set
from functools import lru_cache
from typing import Any

from stepfunctions.integrations.names import botocore_name, operation_name
from stepfunctions.integrations.resources import parse_resource


@lru_cache(maxsize=16)
def _load(service: str) -> dict[str, Any] | None:
    from botocore.exceptions import UnknownServiceError
    from botocore.loaders import Loader

    try:
        model: dict[str, Any] = Loader().load_service_model(service, "service-2")
    except UnknownServiceError:
        return None
    return model


_POLLED = {("states", "startExecution", "sync"): "describeExecution"}


def output_shape(arn: str) -> tuple[dict[str, Any], str] | None:
    """Return the model and the name of the shape that a task's resource answers with.

    None for functions, for patterns whose result is not the API's answer, and for unknown APIs.
    """
    resource = parse_resource(arn)
    if resource is None:
        return None
    action = resource.action
    if resource.pattern:
        # The result of a job is the last answer of the API that polls it.
        action = _POLLED.get((resource.service, action, resource.pattern), "")
    model = _load(botocore_name(resource.service))
    operation = model["operations"].get(operation_name(action)) if model and action else None
    if model is None or operation is None or "output" not in operation:
        return None
    return model, operation["output"]["shape"]


def shape_of(model: dict[str, Any], name: str) -> dict[str, Any]:
    """Return a shape of a model by its name."""
    shape: dict[str, Any] = model["shapes"][name]
    return shape


def parameter_problems(service: str, action: str, parameters: dict[str, Any]) -> list[str]:
    """Return what is wrong with the names of an API's parameters, as Step Functions words it before it calls the API.

    The result is empty for a service or an action without a model.
    """
    model = _load(botocore_name(service))
    operation = model["operations"].get(operation_name(action)) if model else None
    if model is None or operation is None:
        return []
    shape = model["shapes"][operation["input"]["shape"]] if "input" in operation else {"type": "structure"}
    given = {_plain(name) for name in parameters}
    missing = [name for name in shape.get("required", ()) if _plain(name) not in given]
    return _problems([name[:1].upper() + name[1:] for name in missing], _unknown(model, shape, parameters))


def field_problems(parameters: dict[str, Any], *, required: Set[str], known: Set[str]) -> list[str]:
    """Return what is wrong with the names of the parameters of an integration that has fields of its own."""
    given = set(parameters)
    return _problems(sorted(required - given), sorted(given - known))


def _problems(missing: list[str], unknown: list[str]) -> list[str]:
    return [
        *(f"The field '{name}' is required but was missing" for name in missing),
        *(f"The field '{name}' is not supported by Step Functions" for name in unknown),
    ]


def _unknown(model: dict[str, Any], shape: dict[str, Any], value: Any) -> list[str]:
    """Return the names in a value, at any depth, that the shape does not have."""
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
    """Return a field's name in camelCase. Tasks write PascalCase, and so do some APIs."""
    return name[:1].lower() + name[1:]


def protocol_of(service: str) -> str:
    """Return the protocol of a service's API, such as `rest-json`; empty for a service without a model."""
    model = _load(botocore_name(service))
    return str(model["metadata"].get("protocol", "")) if model else ""


def service_id(service: str) -> str:
    """Return the id of a service in its model, `DynamoDB`; of a service without a model, the name as given."""
    model = _load(botocore_name(service))
    return str(model["metadata"]["serviceId"]) if model else service


def error_shape(service: str, action: str, code: str) -> str | None:
    """Return the name that a service's model has for an error of an action; None if it doesn't list the error there."""
    model = _load(botocore_name(service))
    if model is None:
        return None
    for error in model["operations"].get(operation_name(action), {}).get("errors", ()):
        name = str(error["shape"])
        if code in (name, model["shapes"][name].get("error", {}).get("code")):
            return name
    return None
