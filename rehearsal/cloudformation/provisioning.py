"""Provisions the resources of a template, and rolls back when something fails.

As with CloudFormation, dependencies come first. Resources that are replaced or no longer in the template are deleted at
the end, once everything else has succeeded.
Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks.html.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from rehearsal.cloudformation.provider import Aws, Physical, Properties, Provider, is_gone
from rehearsal.cloudformation.providers import providers
from rehearsal.cloudformation.template import Evaluator, Template, TemplateError, in_order

Identifiers = Mapping[str, Mapping[str, str]]
"""The existing resources of an import, by logical id: the values of their primary identifiers, by property."""
Report = Callable[[str, str, str, str, str], None]
"""Receives the events of resources: logical id, physical id, type, status, reason."""


@dataclass(frozen=True)
class Resource:
    """A resource of a stack as it was deployed."""

    logical_id: str
    type: str
    physical: Physical
    properties: Properties
    keeps_on_deletion: bool
    keeps_on_replacement: bool

    # moto's names of these attributes
    @property
    def physical_resource_id(self) -> str:
        return self.physical.id

    @property
    def logical_resource_id(self) -> str:
        return self.logical_id

    @property
    def cf_resource_type(self) -> str:
        return self.type


@dataclass(frozen=True)
class OutputValue:
    """An output of a stack. `export` is the name by which other stacks import it, if any."""

    key: str
    value: str
    description: str
    export: str | None


class DeploymentFailed(Exception):
    """A deployment failed and was rolled back. The message names the resource and the reason."""


class Provisioner:
    """The resources of one stack. `report` receives the events of each."""

    def __init__(self, aws: Aws, report: Report) -> None:
        self.resources: dict[str, Resource] = {}
        self._aws = aws
        self._report = report

    def deploy(
        self,
        template: Template,
        names: Mapping[str, Any],
        exported: Mapping[str, Any],
        *,
        imports: bool = False,
        identifiers: Identifiers | None = None,
    ) -> list[OutputValue]:
        """Create, update, replace and delete resources until the stack matches the template.

        Args:
            template: The template, expanded.
            names: The values of parameters and pseudo parameters.
            exported: The values that other stacks export, by their names.
            imports: Import existing resources by their names, if the template retains them on deletion.
            identifiers: Only import these existing resources; None deploys.

        Returns:
            The stack's outputs.

        Raises:
            DeploymentFailed: Something failed, and the changes were rolled back.
        """
        before = dict(self.resources)
        evaluator = Evaluator(template, names, self.find, exported)
        undo: list[Callable[[], None]] = []
        replaced: list[Resource] = []
        try:
            order = in_order(template)
            wanted = [name for name in order if self._is_wanted(template["Resources"][name], evaluator)]
            for name in wanted:
                described = template["Resources"][name]
                if identifiers is not None:
                    self._import_identified(name, described, evaluator, identifiers)
                elif not (imports and self._import(name, described, evaluator)):
                    self._provision(name, described, evaluator, undo, replaced)
            outputs = _outputs(template, evaluator)
        except Exception as error:
            for step in reversed(undo):
                step()
            self.resources = before
            raise DeploymentFailed(str(error)) from error
        unwanted = [resource for name, resource in self.resources.items() if name not in wanted]
        self.resources = {name: self.resources[name] for name in wanted}
        for resource in (*reversed(unwanted), *reversed(replaced)):
            self._clean_up(resource, resource.keeps_on_deletion if resource in unwanted else False)
        return outputs

    def find(self, logical_id: str) -> tuple[str, Mapping[str, Any]] | None:
        """Return the physical id and the attributes of a resource by its logical id, if it exists."""
        resource = self.resources.get(logical_id)
        return (resource.physical.id, resource.physical.attributes) if resource else None

    def delete(self) -> None:
        """Delete all resources, the newest first.

        Raises:
            DeploymentFailed: At least one could not be deleted. The others have been.
        """
        failures = []
        for name, resource in reversed(list(self.resources.items())):
            if not resource.keeps_on_deletion:
                try:
                    self._delete(resource)
                except Exception as error:
                    self._event(resource, "DELETE_FAILED", str(error))
                    failures.append(f"{name}: {error}")
                    continue
            del self.resources[name]
        if failures:
            raise DeploymentFailed(f"The following resource(s) failed to delete: {'; '.join(failures)}")

    def _is_wanted(self, described: Mapping[str, Any], evaluator: Evaluator) -> bool:
        condition = described.get("Condition")
        return condition is None or evaluator.condition(condition)

    def _import(self, name: str, described: Mapping[str, Any], evaluator: Evaluator) -> bool:
        """Import a resource that the stack doesn't have yet; return whether a resource with its name exists.

        Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/import-resources-automatically.html.
        """
        kept = _kept_on_deletion(described)
        if name in self.resources or not kept:
            return False
        properties = evaluator.value(described.get("Properties", {}))
        found = _provider(described["Type"]).find(self._aws, properties)
        if found is None:
            return False
        self._imported(name, described, found, properties)
        return True

    def _import_identified(
        self, name: str, described: Mapping[str, Any], evaluator: Evaluator, identifiers: Identifiers
    ) -> None:
        """Import a resource that an import operation names.

        Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/import-resources-manually.html.
        """
        if name in self.resources:
            return
        if name not in identifiers:
            raise DeploymentFailed(f"{name}: an import operation cannot create resources")
        if "DeletionPolicy" not in described:
            raise DeploymentFailed(f"{name}: resources to import must have a DeletionPolicy")
        properties = evaluator.value(described.get("Properties", {}))
        found = _provider(described["Type"]).identified(self._aws, properties, identifiers[name])
        if found is None:
            raise DeploymentFailed(f"{name}: {described['Type']} {dict(identifiers[name])} does not exist")
        self._imported(name, described, found, properties)

    def _imported(self, name: str, described: Mapping[str, Any], found: Physical, properties: Properties) -> None:
        keeps = (_kept_on_deletion(described), _kept_on_replacement(described))
        imported = Resource(name, described["Type"], found, properties, *keeps)
        self.resources[name] = imported
        self._event(imported, "IMPORT_COMPLETE")

    def _provision(
        self,
        name: str,
        described: Mapping[str, Any],
        evaluator: Evaluator,
        undo: list[Callable[[], None]],
        replaced: list[Resource],
    ) -> None:
        former = self.resources.get(name)
        verb = "CREATE" if former is None else "UPDATE"
        kind = described["Type"]
        try:
            provider = _provider(kind)
            properties = evaluator.value(described.get("Properties", {}))
            keeps = (_kept_on_deletion(described), _kept_on_replacement(described))
            if former is not None and former.type == kind and former.properties == properties:
                self.resources[name] = replace(former, keeps_on_deletion=keeps[0], keeps_on_replacement=keeps[1])
                return
            self._report(name, former.physical.id if former else "", kind, f"{verb}_IN_PROGRESS", "")
            if former is None or former.type != kind or provider.must_be_replaced(properties, former.properties):
                deployed = Resource(name, kind, provider.create(self._aws, name, properties), properties, *keeps)
                # A rollback keeps retained resources too, except with RetainExceptOnCreate.
                stays = described.get("DeletionPolicy") == "Retain"
                undo.append(lambda: self._clean_up(deployed, stays))
                if former is not None and not former.keeps_on_replacement:
                    replaced.append(former)
            else:
                undo.append(lambda: self._restore(provider, former, properties))
                updated = provider.update(self._aws, former.physical, properties, former.properties)
                deployed = Resource(name, kind, updated, properties, *keeps)
        except Exception as error:
            self._report(name, former.physical.id if former else "", kind, f"{verb}_FAILED", str(error))
            raise DeploymentFailed(f"{name}: {error}") from error
        self.resources[name] = deployed
        self._event(deployed, f"{verb}_COMPLETE")

    def _restore(self, provider: Provider, former: Resource, attempted: Properties) -> None:
        """Undo an update, even one that failed half way."""
        try:
            provider.update(self._aws, former.physical, former.properties, attempted)
        except Exception as error:
            self._event(former, "UPDATE_FAILED", str(error))
        else:
            self._event(former, "UPDATE_COMPLETE", "Rollback requested")

    def _clean_up(self, resource: Resource, keep: bool) -> None:
        """Delete what is no longer used. As with CloudFormation, a failure is only reported."""
        if keep:
            return
        try:
            self._delete(resource)
        except Exception as error:
            self._event(resource, "DELETE_FAILED", str(error))

    def _delete(self, resource: Resource) -> None:
        self._event(resource, "DELETE_IN_PROGRESS")
        try:
            _provider(resource.type).delete(self._aws, resource.physical, resource.properties)
        except Exception as error:
            if not is_gone(error):
                raise
        self._event(resource, "DELETE_COMPLETE")

    def _event(self, resource: Resource, status: str, reason: str = "") -> None:
        self._report(resource.logical_id, resource.physical.id, resource.type, status, reason)


def _outputs(template: Template, evaluator: Evaluator) -> list[OutputValue]:
    outputs = []
    for key, described in (template.get("Outputs") or {}).items():
        if "Condition" in described and not evaluator.condition(described["Condition"]):
            continue
        export = evaluator.value(described["Export"]["Name"]) if described.get("Export") else None
        value = str(evaluator.value(described["Value"]))
        outputs.append(OutputValue(key, value, described.get("Description", ""), export))
    return outputs


def _kept_on_deletion(described: Mapping[str, Any]) -> bool:
    return described.get("DeletionPolicy") in ("Retain", "RetainExceptOnCreate")


def _kept_on_replacement(described: Mapping[str, Any]) -> bool:
    return described.get("UpdateReplacePolicy") == "Retain"


def _provider(kind: str) -> Provider:
    try:
        return providers()[kind]
    except KeyError:
        raise TemplateError(f"The resource type {kind} is not supported on this machine") from None
