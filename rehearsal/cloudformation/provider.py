"""Providers: how a resource type is created, updated and deleted by calls of the AWS APIs."""

from __future__ import annotations

import functools
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

Properties = dict[str, Any]


@dataclass(frozen=True)
class Physical:
    """A resource that exists: its physical id, which `Ref` returns, and its attributes, which `Fn::GetAtt` returns."""

    id: str
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Aws:
    """The AWS APIs, as CloudFormation calls them for one stack."""

    endpoint: str
    region: str
    account: str
    stack: str

    def client(self, service: str) -> Any:
        """Return a boto3 client of a service."""
        return _client(self.endpoint, self.region, service)

    def accepted(self, service: str, operation: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return those of the values that an operation has parameters for."""
        members = self.client(service).meta.service_model.operation_model(operation).input_shape.members
        return {key: value for key, value in values.items() if key in members}

    def generated_name(self, logical_id: str, limit: int = 64) -> str:
        """Return a name for a resource without one in its template: stack, logical id and a random suffix.

        Args:
            logical_id: The resource's logical id.
            limit: The longest name that the service accepts.
        """
        suffix = uuid.uuid4().hex[:12]
        return f"{f'{self.stack}-{logical_id}'[: limit - 13]}-{suffix}"


@functools.cache
def _client(endpoint: str, region: str, service: str) -> Any:
    import boto3
    from botocore.config import Config

    session = boto3.Session(aws_access_key_id=CALLER, aws_secret_access_key=CALLER, region_name=region)
    config = Config(retries={"total_max_attempts": 1}, inject_host_prefix=False, s3={"addressing_style": "path"})
    create: Any = session.client
    return create(service, endpoint_url=endpoint, config=config)


CALLER = "cloudformation"
"""The access key of CloudFormation's own calls, which distinguishes them from those of people."""


class Provider:
    """One resource type. Every method may raise the errors of boto3's clients, which fail the deployment."""

    type: ClassVar[str]
    replaced_by: ClassVar[frozenset[str]] = frozenset()
    """The properties whose change requires replacement."""
    never_updated: ClassVar[bool] = False
    """Whether every change requires replacement."""

    def create(self, aws: Aws, logical_id: str, properties: Properties) -> Physical:
        """Create the resource."""
        raise NotImplementedError

    def find(self, aws: Aws, properties: Properties) -> Physical | None:
        """Return the existing resource with the name in `properties`, if there is one and its type can be imported."""
        return None

    def identified(self, aws: Aws, properties: Properties, identifier: Mapping[str, str]) -> Physical | None:
        """Return the existing resource that an import names, if there is one and its type can be imported.

        Args:
            aws: The AWS APIs.
            properties: The resource's properties in the template.
            identifier: The values of the type's primary identifier, by property.
        """
        return self.find(aws, {**properties, **identifier})

    def update(self, aws: Aws, physical: Physical, properties: Properties, former: Properties) -> Physical:
        """Change the resource from the properties `former` to `properties`."""
        raise NotImplementedError

    def delete(self, aws: Aws, physical: Physical, properties: Properties) -> None:
        """Delete the resource. The caller ignores an error that `is_gone` recognizes."""
        raise NotImplementedError

    def must_be_replaced(self, properties: Properties, former: Properties) -> bool:
        """Return whether the change from the properties `former` requires replacement."""
        return self.never_updated or any(properties.get(key) != former.get(key) for key in self.replaced_by)


def is_gone(error: Exception) -> bool:
    """Return whether an error means that the resource to delete doesn't exist."""
    code = getattr(error, "response", {}).get("Error", {}).get("Code", "")
    message = str(error)
    return (
        "NotFound" in code
        or code.startswith(("NoSuch", "StateMachineDoesNotExist"))
        or "NonExistentQueue" in code
        or (code == "ValidationException" and "does not exist" in message)
    )


def tag_map(properties: Mapping[str, Any]) -> dict[str, str]:
    """Return the property `Tags`, a list or a mapping, as a mapping."""
    tags = properties.get("Tags") or {}
    return dict(tags) if isinstance(tags, dict) else {tag["Key"]: str(tag["Value"]) for tag in tags}


def lower_first(value: Any) -> Any:
    """Return a value with its keys in camelCase, as Step Functions' API spells them."""
    if isinstance(value, dict):
        return {key[:1].lower() + key[1:]: lower_first(item) for key, item in value.items()}
    return [lower_first(item) for item in value] if isinstance(value, list) else value


def without(properties: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """Return the properties except the named ones."""
    return {key: value for key, value in properties.items() if key not in names}


def changed(new: Properties, former: Properties, names: Iterable[str]) -> dict[str, Any]:
    """Return those of the named properties that differ, with their new values."""
    return {name: new[name] for name in names if name in new and new[name] != former.get(name)}
