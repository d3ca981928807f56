"""Brings about what a template asks for, and goes back to what there was when something fails.

As CloudFormation does: dependencies first; what is replaced or no longer asked for is deleted at the end, once
everything else has succeeded. https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from rehearsal.cloudformation.provider import Aws, Made, Properties, Provider, is_gone
from rehearsal.cloudformation.providers import providers
from rehearsal.cloudformation.template import Evaluator, Template, TemplateError, in_order

Report = Callable[[str, str, str, str, str], None]
"""Receives what happens to resources: logical id, physical id, type, status, reason."""


@dataclass(frozen=True)
class Resource:
    """A resource of a stack, as it is."""

    logical_id: str
    type: str
    made: Made
    properties: Properties
    keeps_on_deletion: bool
    keeps_on_replacement: bool

    # by these names moto's API asks for it
    @property
    def physical_resource_id(self) -> str:
        return self.made.id

    @property
    def logical_resource_id(self) -> str:
        return self.logical_id

    @property
    def cf_resource_type(self) -> str:
        return self.type


@dataclass(frozen=True)
class OutputValue:
    """An output of a stack; `export` is the name under which other stacks find it, if any."""

    key: str
    value: str
    description: str
    export: str | None


class DeploymentFailed(Exception):
    """A deployment failed and was rolled back; the text says which resource and why."""


class Provisioner:
    """The resources of one stack. `report` is told what happens to each."""

    def __init__(self, aws: Aws, report: Report) -> None:
        self.resources: dict[str, Resource] = {}
        self._aws = aws
        self._report = report

    def deploy(
        self, template: Template, names: Mapping[str, Any], exported: Mapping[str, Any], *, imports: bool = False
    ) -> list[OutputValue]:
        """Bring the stack in line with the template; returns its outputs.

        Args:
            template: The template, expanded.
            names: Parameters and pseudo parameters.
            exported: The values that other stacks export.
            imports: Take in resources that exist by their names, of those that are kept when the stack is deleted.

        Raises:
            DeploymentFailed: Something failed; everything is as it was.
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
                if not (imports and self._take_in(name, described, evaluator)):
                    self._bring_about(name, described, evaluator, undo, replaced)
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
        """The physical id and the attributes of a resource."""
        resource = self.resources.get(logical_id)
        return (resource.made.id, resource.made.attributes) if resource else None

    def delete(self) -> None:
        """Delete all resources, the last that was made first. Raises DeploymentFailed where one cannot be."""
        failures = []
        for name, resource in reversed(list(self.resources.items())):
            if not resource.keeps_on_deletion:
                try:
                    self._delete(resource)
                except Exception as error:
                    self._tell(resource, "DELETE_FAILED", str(error))
                    failures.append(f"{name}: {error}")
                    continue
            del self.resources[name]
        if failures:
            raise DeploymentFailed(f"The following resource(s) failed to delete: {'; '.join(failures)}")

    def _is_wanted(self, described: Mapping[str, Any], evaluator: Evaluator) -> bool:
        condition = described.get("Condition")
        return condition is None or evaluator.condition(condition)

    def _take_in(self, name: str, described: Mapping[str, Any], evaluator: Evaluator) -> bool:
        """Import a resource that is not in the stack yet; whether there is one of its name.

        https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/import-resources-automatically.html
        """
        kept = _kept_on_deletion(described)
        if name in self.resources or not kept:
            return False
        properties = evaluator.value(described.get("Properties", {}))
        found = _provider(described["Type"]).find(self._aws, properties)
        if found is None:
            return False
        imported = Resource(name, described["Type"], found, properties, kept, _kept_on_replacement(described))
        self.resources[name] = imported
        self._tell(imported, "IMPORT_COMPLETE")
        return True

    def _bring_about(
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
            self._report(name, former.made.id if former else "", kind, f"{verb}_IN_PROGRESS", "")
            if former is None or former.type != kind or provider.must_be_replaced(properties, former.properties):
                made = Resource(name, kind, provider.create(self._aws, name, properties), properties, *keeps)
                # A rollback leaves what is to be retained, too, unless the policy makes this one exception.
                stays = described.get("DeletionPolicy") == "Retain"
                undo.append(lambda: self._clean_up(made, stays))
                if former is not None and not former.keeps_on_replacement:
                    replaced.append(former)
            else:
                undo.append(lambda: self._restore(provider, former, properties))
                updated = provider.update(self._aws, former.made, properties, former.properties)
                made = Resource(name, kind, updated, properties, *keeps)
        except Exception as error:
            self._report(name, former.made.id if former else "", kind, f"{verb}_FAILED", str(error))
            raise DeploymentFailed(f"{name}: {error}") from error
        self.resources[name] = made
        self._tell(made, f"{verb}_COMPLETE")

    def _restore(self, provider: Provider, former: Resource, attempted: Properties) -> None:
        """Undo an update, also one that failed half way."""
        try:
            provider.update(self._aws, former.made, former.properties, attempted)
        except Exception as error:
            self._tell(former, "UPDATE_FAILED", str(error))
        else:
            self._tell(former, "UPDATE_COMPLETE", "Rollback requested")

    def _clean_up(self, resource: Resource, keep: bool) -> None:
        """Delete what is no longer used; a failure is reported and no more, as with CloudFormation."""
        if keep:
            return
        try:
            self._delete(resource)
        except Exception as error:
            self._tell(resource, "DELETE_FAILED", str(error))

    def _delete(self, resource: Resource) -> None:
        self._tell(resource, "DELETE_IN_PROGRESS")
        try:
            _provider(resource.type).delete(self._aws, resource.made, resource.properties)
        except Exception as error:
            if not is_gone(error):
                raise
        self._tell(resource, "DELETE_COMPLETE")

    def _tell(self, resource: Resource, status: str, reason: str = "") -> None:
        self._report(resource.logical_id, resource.made.id, resource.type, status, reason)


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
