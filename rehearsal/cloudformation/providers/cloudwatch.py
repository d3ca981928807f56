"""AWS::CloudWatch, and CDK's metadata."""

from __future__ import annotations

from rehearsal.cloudformation.provider import Aws, Physical, Properties, Provider


class Alarm(Provider):
    type = "AWS::CloudWatch::Alarm"
    replaced_by = frozenset({"AlarmName"})

    def create(self, aws: Aws, logical_id: str, properties: Properties) -> Physical:
        name = properties.get("AlarmName") or aws.generated_name(logical_id, 255)
        physical = Physical(name, {"Arn": f"arn:aws:cloudwatch:{aws.region}:{aws.account}:alarm:{name}"})
        return self.update(aws, physical, properties, {})

    def update(self, aws: Aws, physical: Physical, properties: Properties, former: Properties) -> Physical:
        aws.client("cloudwatch").put_metric_alarm(**{**properties, "AlarmName": physical.id})
        return physical

    def delete(self, aws: Aws, physical: Physical, properties: Properties) -> None:
        aws.client("cloudwatch").delete_alarms(AlarmNames=[physical.id])


class Dashboard(Provider):
    type = "AWS::CloudWatch::Dashboard"
    replaced_by = frozenset({"DashboardName"})

    def create(self, aws: Aws, logical_id: str, properties: Properties) -> Physical:
        name = properties.get("DashboardName") or aws.generated_name(logical_id)
        return self.update(aws, Physical(name), properties, {})

    def update(self, aws: Aws, physical: Physical, properties: Properties, former: Properties) -> Physical:
        aws.client("cloudwatch").put_dashboard(DashboardName=physical.id, DashboardBody=properties["DashboardBody"])
        return physical

    def delete(self, aws: Aws, physical: Physical, properties: Properties) -> None:
        aws.client("cloudwatch").delete_dashboards(DashboardNames=[physical.id])


class CdkMetadata(Provider):
    """The version of CDK that wrote the template. Nothing is created for it."""

    type = "AWS::CDK::Metadata"

    def create(self, aws: Aws, logical_id: str, properties: Properties) -> Physical:
        return Physical(aws.generated_name(logical_id))

    def update(self, aws: Aws, physical: Physical, properties: Properties, former: Properties) -> Physical:
        return physical

    def delete(self, aws: Aws, physical: Physical, properties: Properties) -> None:
        return None
