"""Puts provisioning behind the operations of moto's CloudFormation: stacks, change sets, events, outputs."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Mapping
from typing import Any, cast
from urllib.parse import unquote, urlsplit

from moto.cloudformation.exceptions import CloudFormationError, MissingParameterError, ValidationError
from moto.cloudformation.models import ChangeSet, CloudFormationBackend, Event, Stack, cloudformation_backends
from moto.cloudformation.parsing import Export, Output
from moto.cloudformation.responses import CloudFormationResponse
from moto.core.responses import ActionResult, EmptyResult

from rehearsal.cloudformation.provider import Aws
from rehearsal.cloudformation.provisioning import DeploymentFailed, Identifiers, OutputValue, Provisioner, Resource
from rehearsal.cloudformation.quotas import QuotaExceeded, check_operation, check_size
from rehearsal.cloudformation.template import Evaluator, Template, TemplateError, parse

_SSM = "AWS::SSM::Parameter::Value<"


def install(endpoint: str) -> None:
    """Replace what moto's stacks do. `endpoint` is the URL of the endpoint where their resources are created."""
    Stack.parse_template = staticmethod(_parsed)  # type: ignore[method-assign,assignment]
    Stack._create_resource_map = lambda stack: Resources(stack, endpoint)  # type: ignore[method-assign,assignment,return-value]
    Stack._create_output_map = _outputs_of  # type: ignore[method-assign,assignment]
    Stack.create_resources = _create  # type: ignore[method-assign,assignment]
    Stack.update = _update  # type: ignore[method-assign,assignment]
    Stack.delete = _delete  # type: ignore[method-assign,assignment]
    Stack.verify_readiness = lambda stack: None  # type: ignore[method-assign,assignment]
    ChangeSet._parse_template = _parse_change_set  # type: ignore[method-assign,assignment]
    CloudFormationBackend.execute_change_set = _execute_change_set  # type: ignore[method-assign,assignment]
    CloudFormationBackend.delete_stack = _delete_stack  # type: ignore[method-assign,assignment]
    CloudFormationResponse._get_stack_from_s3_url = _template_reader(endpoint)  # type: ignore[method-assign,assignment]
    CloudFormationResponse.describe_change_set = _describe_change_set  # type: ignore[method-assign,assignment]
    CloudFormationResponse.delete_change_set = _delete_change_set  # type: ignore[method-assign,assignment]
    CloudFormationResponse.create_change_set = _noting_imports(_create_change_set)  # type: ignore[method-assign]
    CloudFormationResponse.update_termination_protection = _update_termination_protection  # type: ignore[attr-defined]


_create_change_set = CloudFormationResponse.create_change_set
# The attributes of moto's ChangeSet with the parameters ImportExistingResources and ResourcesToImport.
_IMPORTS, _IDENTIFIERS = "_localcloud_imports", "_localcloud_identifiers"


class Resources:
    """The resources of a stack, with the interface of moto's own map of them."""

    def __init__(self, stack: Stack, endpoint: str) -> None:
        self.stack = stack
        self.template: Template = {}
        self.no_echo_parameter_keys: list[str] = []
        self.resolved_parameters: dict[str, Any] = {}
        aws = Aws(endpoint, stack.region_name, stack.account_id, stack.name)
        self._aws = aws
        self.provisioner = Provisioner(aws, self._report)
        self.outputs: list[OutputValue] = []
        if stack.template_dict:
            self._resolve_parameters(stack.template_dict, stack.parameters)

    def values(self) -> list[Resource]:
        """Return the resources that exist."""
        return list(self.provisioner.resources.values())

    def build_change_set_actions(self, template: Template) -> dict[str, dict[str, dict[str, str]]]:
        """Return what a template would add, modify and remove: `{"Add": {logical id: {...}}, ...}`."""
        old, new = self.template.get("Resources", {}), template["Resources"]
        kinds = {
            "Add": {name: new[name] for name in new if name not in old},
            "Modify": {name: new[name] for name in new if name in old and new[name] != old[name]},
            "Remove": {name: old[name] for name in old if name not in new},
        }
        return {
            kind: {
                name: {"LogicalResourceId": name, "ResourceType": described["Type"]}
                for name, described in members.items()
            }
            for kind, members in kinds.items()
        }

    def deploy(
        self,
        template: Template,
        parameters: Mapping[str, Any],
        *,
        imports: bool = False,
        identifiers: Identifiers | None = None,
    ) -> None:
        """Change the resources until they match a template.

        Args:
            template: The template, expanded.
            parameters: The values of its parameters.
            imports: Import existing resources; see `Provisioner.deploy`.
            identifiers: Only import these; see `Provisioner.deploy`.

        Raises:
            DeploymentFailed: Something failed, and the changes were rolled back.
        """
        former = dict(self.resolved_parameters)
        try:
            names = self._resolve_parameters(template, parameters)
            self._check_operation(template, names)
            exported = {name: export.value for name, export in self.stack.cross_stack_resources.items()}
            outputs = self.provisioner.deploy(template, names, exported, imports=imports, identifiers=identifiers)
        except (DeploymentFailed, QuotaExceeded, TemplateError) as error:
            self.resolved_parameters = former
            raise DeploymentFailed(str(error)) from None
        self.template, self.outputs = template, outputs

    def delete(self) -> None:
        """Delete all resources.

        Raises:
            DeploymentFailed: At least one could not be deleted, or they are too many for one operation.
        """
        try:
            self._check_operation({}, {})
        except QuotaExceeded as error:
            raise DeploymentFailed(str(error)) from None
        self.provisioner.delete()

    def _check_operation(self, template: Template, names: Mapping[str, Any]) -> None:
        def nested(name: str, described: Any) -> tuple[Template, Template]:
            new: Template = {}
            if described is not None:
                url = Evaluator(template, names, lambda _: None, {}).value(described["Properties"]["TemplateURL"])
                new = _parsed(_read_template(self._aws, url))
            physical = self.provisioner.find(name)
            stacks = cloudformation_backends[self.stack.account_id][self.stack.region_name].stacks
            deployed = stacks.get(physical[0]) if physical else None
            return new, _resources(deployed).template if deployed else {}

        check_operation(template, self.template, nested)

    def _resolve_parameters(self, template: Template, given: Mapping[str, Any]) -> dict[str, Any]:
        """Keep the parameters as they were given; return their values and the pseudo parameters."""
        names: dict[str, Any] = {
            "AWS::AccountId": self.stack.account_id,
            "AWS::Region": self.stack.region_name,
            "AWS::StackId": self.stack.stack_id,
            "AWS::StackName": self.stack.name,
            "AWS::URLSuffix": "amazonaws.com",
            "AWS::Partition": "aws",
            "AWS::NotificationARNs": list(self.stack.notification_arns),
        }
        taken: dict[str, Any] = {}
        for name, described in (template.get("Parameters") or {}).items():
            value = given.get(name, described.get("Default"))
            if value is None:
                raise MissingParameterError(name)
            taken[name] = value
            kind = described.get("Type", "String")
            if kind.startswith(_SSM):
                value = self._aws.client("ssm").get_parameter(Name=value)["Parameter"]["Value"]
            if kind == "CommaDelimitedList" or kind.startswith(("List<", f"{_SSM}List<")):
                value = [part.strip() for part in str(value).split(",")]
            names[name] = value
        slots = (template.get("Parameters") or {}).items()
        self.no_echo_parameter_keys = [name for name, described in slots if described.get("NoEcho")]
        self.resolved_parameters = taken
        return names

    def _report(self, logical_id: str, physical_id: str, kind: str, status: str, reason: str) -> None:
        self.stack.events.append(
            Event(self.stack.stack_id, self.stack.name, logical_id, physical_id, kind, status, reason or None, None)
        )


class Outputs:
    """The outputs of a stack, with the interface of moto's own map of them."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources

    def values(self) -> list[Output]:
        return [Output(output.key, output.value, output.description) for output in self._resources.outputs]

    @property
    def exports(self) -> list[Export]:
        stack_id = self._resources.stack.stack_id
        return [Export(stack_id, o.export, o.value) for o in self._resources.outputs if o.export is not None]


def _parsed(source: str) -> Template:
    try:
        return parse(source)
    except TemplateError as error:
        raise ValidationError(message=str(error)) from None


def _template_reader(endpoint: str) -> Callable[[CloudFormationResponse, str], str]:
    def template_at(response: CloudFormationResponse, template_url: str) -> str:
        """Return the template at an S3 URL."""
        return _read_template(Aws(endpoint, response.region, response.current_account, ""), template_url)

    return template_at


def _read_template(aws: Aws, template_url: str) -> str:
    """Return the template at an S3 URL. URLs of a local endpoint have the bucket in their path, after the host."""
    url = urlsplit(template_url)
    host = url.hostname or ""
    bucket, key = host.split(".", maxsplit=1)[0], url.path.lstrip("/")
    if host.startswith("s3") or host == "localhost" or host.replace(".", "").isdigit():
        bucket, _, key = key.partition("/")
    content: bytes = aws.client("s3").get_object(Bucket=bucket, Key=unquote(key))["Body"].read()
    try:
        check_size(content)
    except QuotaExceeded as error:
        raise ValidationError(message=str(error)) from None
    return content.decode()


def _parse_change_set(change_set: ChangeSet) -> None:
    change_set.template_dict = _parsed(change_set.template)


def _resources(stack: Stack) -> Resources:
    return cast(Resources, stack.resource_map)


def _outputs_of(stack: Stack) -> Outputs:
    return Outputs(_resources(stack))


def _deploy(stack: Stack, template: str, parameters: Mapping[str, Any], verb: str, **importing: Any) -> bool:
    """Deploy a template and return whether it succeeded. The stack's status and events say the rest."""
    resources = _resources(stack)
    _set_status(stack, f"{verb}_IN_PROGRESS", "User Initiated")
    try:
        resources.deploy(_parsed(template), parameters, **importing)
    except DeploymentFailed as error:
        rollback = "ROLLBACK" if verb == "CREATE" else f"{verb}_ROLLBACK"
        _set_status(stack, f"{rollback}_IN_PROGRESS", str(error))
        _set_status(stack, f"{rollback}_COMPLETE", str(error))
        return False
    stack.template = template
    stack.template_dict = _parsed(template)
    stack.description = stack.template_dict.get("Description")
    stack.parameters = dict(resources.resolved_parameters)
    backend = cloudformation_backends[stack.account_id][stack.region_name]
    for name in [name for name, export in backend.exports.items() if export.exporting_stack_id == stack.stack_id]:
        del backend.exports[name]
    backend.exports.update({export.name: export for export in stack.exports})
    _set_status(stack, f"{verb}_COMPLETE")
    return True


def _set_status(stack: Stack, status: str, reason: str | None = None) -> None:
    stack.status = status
    stack.stack_status_reason = reason  # type: ignore[attr-defined]
    stack._add_stack_event(status, resource_status_reason=reason)


def _create(stack: Stack) -> None:
    _deploy(stack, str(stack.template), stack.parameters, "CREATE")


def _update(
    stack: Stack,
    template: str,
    role_arn: str | None = None,
    parameters: dict[str, Any] | None = None,
    tags: dict[str, str] | None = None,
) -> None:
    if _deploy(stack, template, {**stack.parameters, **(parameters or {})}, "UPDATE"):
        stack.role_arn = role_arn
        stack.tags = tags if tags is not None else stack.tags


def _delete(stack: Stack) -> None:
    _set_status(stack, "DELETE_IN_PROGRESS", "User Initiated")
    try:
        _resources(stack).delete()
    except DeploymentFailed as error:
        _set_status(stack, "DELETE_FAILED", str(error))
    else:
        _set_status(stack, "DELETE_COMPLETE")


class ChangeSetNotFound(CloudFormationError):
    """The change set doesn't exist."""

    code = "ChangeSetNotFound"


def _change_set(backend: CloudFormationBackend, name: str, stack_name: str | None) -> ChangeSet:
    """Return the change set with an ARN, or with a name within a stack. Moto's own lookup ignores the stack."""
    for change_set in backend.change_sets.values():
        if name == change_set.change_set_id:
            return change_set
        if name == change_set.change_set_name and stack_name in (change_set.stack_name, change_set.stack_id):
            return change_set
    raise ChangeSetNotFound(f"ChangeSet [{name}] does not exist")


def _describe_change_set(response: CloudFormationResponse) -> ActionResult:
    backend = response.cloudformation_backend
    return ActionResult(_change_set(backend, response._get_param("ChangeSetName"), response._get_param("StackName")))


def _delete_change_set(response: CloudFormationResponse) -> ActionResult:
    """Delete a change set. Deleting an unknown one succeeds."""
    backend = response.cloudformation_backend
    with contextlib.suppress(ChangeSetNotFound):
        found = _change_set(backend, response._get_param("ChangeSetName"), response._get_param("StackName"))
        del backend.change_sets[found.change_set_id]
    return EmptyResult()


def _execute_change_set(backend: CloudFormationBackend, change_set_name: str, stack_name: str | None = None) -> None:
    change_set = _change_set(backend, change_set_name, stack_name)
    stack = backend.stacks[change_set.stack_id]
    change_set.execution_status = "EXECUTE_IN_PROGRESS"
    verb = change_set.change_set_type
    importing = {
        "imports": getattr(change_set, _IMPORTS, False),
        "identifiers": getattr(change_set, _IDENTIFIERS, {}) if verb == "IMPORT" else None,
    }
    done = _deploy(stack, change_set.template, change_set.parameters, verb, **importing)
    change_set.execution_status = "EXECUTE_COMPLETE" if done else "EXECUTE_FAILED"
    if done and change_set.tags is not None:
        stack.tags = change_set.tags


def _noting_imports(original: Callable[[CloudFormationResponse], ActionResult]) -> Any:
    """Keep CreateChangeSet's parameters `ImportExistingResources` and `ResourcesToImport`, which moto doesn't read."""

    @functools.wraps(original)
    def create_change_set(self: CloudFormationResponse) -> ActionResult:
        name = self._get_param("StackName")
        stacks = self.cloudformation_backend.stacks.values()
        if self._get_param("ChangeSetType") == "IMPORT" and name in [stack.name for stack in stacks]:
            raise ValidationError(message="Importing into a stack that exists is not supported on this machine")
        answer = original(self)
        change_set = self.cloudformation_backend.change_sets[cast(dict[str, str], answer.result)["Id"]]
        setattr(change_set, _IMPORTS, bool(self._get_bool_param("ImportExistingResources")))
        named = self._get_param("ResourcesToImport", [])
        setattr(change_set, _IDENTIFIERS, {one["LogicalResourceId"]: one["ResourceIdentifier"] for one in named})
        return answer

    return create_change_set


def _delete_stack(backend: CloudFormationBackend, name_or_stack_id: str) -> None:
    stack = next((s for s in backend.stacks.values() if name_or_stack_id in (s.name, s.stack_id)), None)
    if stack is None:
        return
    if stack.enable_termination_protection:
        raise ValidationError(message=f"Stack [{stack.name}] cannot be deleted while TerminationProtection is enabled")
    stack.delete()
    if stack.status != "DELETE_COMPLETE":
        return
    del backend.stacks[stack.stack_id]
    for key in [key for key, change_set in backend.change_sets.items() if change_set.stack_id == stack.stack_id]:
        del backend.change_sets[key]
    backend.deleted_stacks[stack.stack_id] = stack
    for name in [name for name, export in backend.exports.items() if export.exporting_stack_id == stack.stack_id]:
        del backend.exports[name]


def _update_termination_protection(response: CloudFormationResponse) -> ActionResult:
    """UpdateTerminationProtection, which moto doesn't have."""
    stack = response.cloudformation_backend.get_stack(response._get_param("StackName"))
    stack.enable_termination_protection = bool(response._get_bool_param("EnableTerminationProtection"))
    return ActionResult({"StackId": stack.stack_id})
