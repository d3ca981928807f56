"""AWS::StepFunctions."""

from __future__ import annotations

import json
import re
from typing import Any

from rehearsal.cloudformation.provider import Aws, Physical, Properties, Provider, lower_first


class StateMachine(Provider):
    type = "AWS::StepFunctions::StateMachine"
    replaced_by = frozenset({"StateMachineName", "StateMachineType"})

    def create(self, aws: Aws, logical_id: str, properties: Properties) -> Physical:
        name = properties.get("StateMachineName") or aws.generated_name(logical_id, 80)
        created = aws.client("stepfunctions").create_state_machine(
            name=name,
            type=properties.get("StateMachineType", "STANDARD"),
            tags=lower_first(properties.get("Tags", [])),
            **self._settings(aws, properties),
        )
        arn = created["stateMachineArn"]
        return Physical(arn, {"Arn": arn, "Name": name, "StateMachineRevisionId": "INITIAL"})

    def update(self, aws: Aws, physical: Physical, properties: Properties, former: Properties) -> Physical:
        client = aws.client("stepfunctions")
        answer = client.update_state_machine(stateMachineArn=physical.id, **self._settings(aws, properties))
        revision = answer.get("revisionId") or physical.attributes["StateMachineRevisionId"]
        return Physical(physical.id, {**physical.attributes, "StateMachineRevisionId": revision})

    def delete(self, aws: Aws, physical: Physical, properties: Properties) -> None:
        aws.client("stepfunctions").delete_state_machine(stateMachineArn=physical.id)

    def _settings(self, aws: Aws, properties: Properties) -> dict[str, Any]:
        settings = {"definition": _definition(aws, properties), "roleArn": properties["RoleArn"]}
        for name in ("LoggingConfiguration", "TracingConfiguration"):
            if name in properties:
                settings[name[:1].lower() + name[1:]] = lower_first(properties[name])
        return settings


class StateMachineVersion(Provider):
    type = "AWS::StepFunctions::StateMachineVersion"
    never_updated = True

    def create(self, aws: Aws, logical_id: str, properties: Properties) -> Physical:
        parameters = {"stateMachineArn": properties["StateMachineArn"]}
        if revision := properties.get("StateMachineRevisionId"):
            parameters["revisionId"] = revision
        arn = aws.client("stepfunctions").publish_state_machine_version(**parameters)["stateMachineVersionArn"]
        return Physical(arn, {"Arn": arn})

    def delete(self, aws: Aws, physical: Physical, properties: Properties) -> None:
        aws.client("stepfunctions").delete_state_machine_version(stateMachineVersionArn=physical.id)


class StateMachineAlias(Provider):
    type = "AWS::StepFunctions::StateMachineAlias"
    replaced_by = frozenset({"Name"})

    def create(self, aws: Aws, logical_id: str, properties: Properties) -> Physical:
        created = aws.client("stepfunctions").create_state_machine_alias(
            name=properties["Name"],
            description=properties.get("Description", ""),
            routingConfiguration=_routing(properties),
        )
        return Physical(created["stateMachineAliasArn"], {"Arn": created["stateMachineAliasArn"]})

    def update(self, aws: Aws, physical: Physical, properties: Properties, former: Properties) -> Physical:
        client = aws.client("stepfunctions")
        client.update_state_machine_alias(stateMachineAliasArn=physical.id, routingConfiguration=_routing(properties))
        return physical

    def delete(self, aws: Aws, physical: Physical, properties: Properties) -> None:
        aws.client("stepfunctions").delete_state_machine_alias(stateMachineAliasArn=physical.id)


def _routing(properties: Properties) -> list[dict[str, Any]]:
    """Return the alias's routes. A gradual deployment preference is completed immediately."""
    if preference := properties.get("DeploymentPreference"):
        return [{"stateMachineVersionArn": preference["StateMachineVersionArn"], "weight": 100}]
    routing: list[dict[str, Any]] = lower_first(properties["RoutingConfiguration"])
    return routing


def _definition(aws: Aws, properties: Properties) -> str:
    if location := properties.get("DefinitionS3Location"):
        stored = aws.client("s3").get_object(Bucket=location["Bucket"], Key=location["Key"])
        definition = stored["Body"].read().decode()
    elif "DefinitionString" in properties:
        definition = properties["DefinitionString"]
    else:
        definition = json.dumps(properties["Definition"])
    values = properties.get("DefinitionSubstitutions", {})
    return re.sub(r"\$\{([A-Za-z0-9_-]+)\}", lambda match: str(values.get(match[1], match[0])), definition)
