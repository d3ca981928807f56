"""AWS::CloudFormation::Stack: nested stacks."""

from __future__ import annotations

from typing import Any

from rehearsal.cloudformation.provider import Aws, Physical, Properties, Provider
from rehearsal.cloudformation.template import TemplateError

_DONE = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE"})


class NestedStack(Provider):
    type = "AWS::CloudFormation::Stack"

    def create(self, aws: Aws, logical_id: str, properties: Properties) -> Physical:
        name = aws.generated_name(logical_id, 128)
        client = aws.client("cloudformation")
        created = client.create_stack(StackName=name, Tags=properties.get("Tags", []), **_source(properties))
        try:
            return _described(client, created["StackId"])
        except TemplateError:
            client.delete_stack(StackName=created["StackId"])
            raise

    def update(self, aws: Aws, physical: Physical, properties: Properties, former: Properties) -> Physical:
        client = aws.client("cloudformation")
        try:
            client.update_stack(StackName=physical.id, **_source(properties))
        except client.exceptions.ClientError as error:
            if "No updates are to be performed" not in str(error):  # the case after its own rollback
                raise
        return _described(client, physical.id)

    def delete(self, aws: Aws, physical: Physical, properties: Properties) -> None:
        aws.client("cloudformation").delete_stack(StackName=physical.id)


def _source(properties: Properties) -> dict[str, Any]:
    parameters = properties.get("Parameters", {})
    values = [{"ParameterKey": key, "ParameterValue": str(value)} for key, value in parameters.items()]
    return {"TemplateURL": properties["TemplateURL"], "Parameters": values}


def _described(client: Any, stack_id: str) -> Physical:
    stack = client.describe_stacks(StackName=stack_id)["Stacks"][0]
    if stack["StackStatus"] not in _DONE:
        raise TemplateError(f"Embedded stack {stack_id} was not successful: {stack.get('StackStatusReason', '')}")
    outputs = {f"Outputs.{output['OutputKey']}": output["OutputValue"] for output in stack.get("Outputs", [])}
    return Physical(stack_id, outputs)
