"""AWS::Events and AWS::Scheduler."""

from __future__ import annotations

import json

from rehearsal.cloudformation.provider import Aws, Physical, Properties, Provider, without


class Rule(Provider):
    type = "AWS::Events::Rule"
    replaced_by = frozenset({"Name", "EventBusName"})

    def create(self, aws: Aws, logical_id: str, properties: Properties) -> Physical:
        name = properties.get("Name") or aws.generated_name(logical_id)
        return self.update(aws, Physical(name), properties, {})

    def update(self, aws: Aws, physical: Physical, properties: Properties, former: Properties) -> Physical:
        client = aws.client("events")
        parameters = {**without(properties, "Targets", "EventPattern"), "Name": physical.id}
        if pattern := properties.get("EventPattern"):
            parameters["EventPattern"] = json.dumps(pattern)
        arn = client.put_rule(**parameters)["RuleArn"]
        targets = properties.get("Targets", [])
        gone = {target["Id"] for target in former.get("Targets", [])} - {target["Id"] for target in targets}
        if gone:
            client.remove_targets(Rule=physical.id, Ids=sorted(gone))
        if targets:
            client.put_targets(Rule=physical.id, Targets=targets)
        return Physical(physical.id, {"Arn": arn})

    def delete(self, aws: Aws, physical: Physical, properties: Properties) -> None:
        client = aws.client("events")
        identifiers = [target["Id"] for target in properties.get("Targets", [])]
        if identifiers:
            client.remove_targets(Rule=physical.id, Ids=identifiers)
        client.delete_rule(Name=physical.id)


class ScheduleGroup(Provider):
    type = "AWS::Scheduler::ScheduleGroup"
    replaced_by = frozenset({"Name"})

    def create(self, aws: Aws, logical_id: str, properties: Properties) -> Physical:
        name = properties.get("Name") or aws.generated_name(logical_id)
        arn = aws.client("scheduler").create_schedule_group(Name=name, Tags=properties.get("Tags", []))
        return Physical(name, {"Arn": arn["ScheduleGroupArn"]})

    def update(self, aws: Aws, physical: Physical, properties: Properties, former: Properties) -> Physical:
        return physical

    def delete(self, aws: Aws, physical: Physical, properties: Properties) -> None:
        aws.client("scheduler").delete_schedule_group(Name=physical.id)


class Schedule(Provider):
    type = "AWS::Scheduler::Schedule"
    replaced_by = frozenset({"Name", "GroupName"})

    def create(self, aws: Aws, logical_id: str, properties: Properties) -> Physical:
        name = properties.get("Name") or aws.generated_name(logical_id)
        created = aws.client("scheduler").create_schedule(**{**properties, "Name": name})
        return Physical(name, {"Arn": created["ScheduleArn"]})

    def update(self, aws: Aws, physical: Physical, properties: Properties, former: Properties) -> Physical:
        aws.client("scheduler").update_schedule(**{**properties, "Name": physical.id})
        return physical

    def delete(self, aws: Aws, physical: Physical, properties: Properties) -> None:
        group = properties.get("GroupName", "default")
        aws.client("scheduler").delete_schedule(Name=physical.id, GroupName=group)
