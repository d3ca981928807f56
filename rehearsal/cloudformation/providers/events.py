"""AWS::Events and AWS::Scheduler."""

from __future__ import annotations

import json

from rehearsal.cloudformation.provider import Aws, Made, Properties, Provider, without


class Rule(Provider):
    type = "AWS::Events::Rule"
    replaced_by = frozenset({"Name", "EventBusName"})

    def create(self, aws: Aws, logical_id: str, properties: Properties) -> Made:
        name = properties.get("Name") or aws.generated_name(logical_id)
        return self.update(aws, Made(name), properties, {})

    def update(self, aws: Aws, made: Made, properties: Properties, former: Properties) -> Made:
        client = aws.client("events")
        parameters = {**without(properties, "Targets", "EventPattern"), "Name": made.id}
        if pattern := properties.get("EventPattern"):
            parameters["EventPattern"] = json.dumps(pattern)
        arn = client.put_rule(**parameters)["RuleArn"]
        targets = properties.get("Targets", [])
        gone = {target["Id"] for target in former.get("Targets", [])} - {target["Id"] for target in targets}
        if gone:
            client.remove_targets(Rule=made.id, Ids=sorted(gone))
        if targets:
            client.put_targets(Rule=made.id, Targets=targets)
        return Made(made.id, {"Arn": arn})

    def delete(self, aws: Aws, made: Made, properties: Properties) -> None:
        client = aws.client("events")
        identifiers = [target["Id"] for target in properties.get("Targets", [])]
        if identifiers:
            client.remove_targets(Rule=made.id, Ids=identifiers)
        client.delete_rule(Name=made.id)


class ScheduleGroup(Provider):
    type = "AWS::Scheduler::ScheduleGroup"
    replaced_by = frozenset({"Name"})

    def create(self, aws: Aws, logical_id: str, properties: Properties) -> Made:
        name = properties.get("Name") or aws.generated_name(logical_id)
        arn = aws.client("scheduler").create_schedule_group(Name=name, Tags=properties.get("Tags", []))
        return Made(name, {"Arn": arn["ScheduleGroupArn"]})

    def update(self, aws: Aws, made: Made, properties: Properties, former: Properties) -> Made:
        return made

    def delete(self, aws: Aws, made: Made, properties: Properties) -> None:
        aws.client("scheduler").delete_schedule_group(Name=made.id)


class Schedule(Provider):
    type = "AWS::Scheduler::Schedule"
    replaced_by = frozenset({"Name", "GroupName"})

    def create(self, aws: Aws, logical_id: str, properties: Properties) -> Made:
        name = properties.get("Name") or aws.generated_name(logical_id)
        made = aws.client("scheduler").create_schedule(**{**properties, "Name": name})
        return Made(name, {"Arn": made["ScheduleArn"]})

    def update(self, aws: Aws, made: Made, properties: Properties, former: Properties) -> Made:
        aws.client("scheduler").update_schedule(**{**properties, "Name": made.id})
        return made

    def delete(self, aws: Aws, made: Made, properties: Properties) -> None:
        group = properties.get("GroupName", "default")
        aws.client("scheduler").delete_schedule(Name=made.id, GroupName=group)
