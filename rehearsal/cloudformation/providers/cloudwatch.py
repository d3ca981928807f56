"""AWS::CloudWatch, and what CDK says about itself."""

from __future__ import annotations

from rehearsal.cloudformation.provider import Aws, Made, Properties, Provider


class Alarm(Provider):
    type = "AWS::CloudWatch::Alarm"
    replaced_by = frozenset({"AlarmName"})

    def create(self, aws: Aws, logical_id: str, properties: Properties) -> Made:
        name = properties.get("AlarmName") or aws.generated_name(logical_id, 255)
        made = Made(name, {"Arn": f"arn:aws:cloudwatch:{aws.region}:{aws.account}:alarm:{name}"})
        return self.update(aws, made, properties, {})

    def update(self, aws: Aws, made: Made, properties: Properties, former: Properties) -> Made:
        aws.client("cloudwatch").put_metric_alarm(**{**properties, "AlarmName": made.id})
        return made

    def delete(self, aws: Aws, made: Made, properties: Properties) -> None:
        aws.client("cloudwatch").delete_alarms(AlarmNames=[made.id])


class Dashboard(Provider):
    type = "AWS::CloudWatch::Dashboard"
    replaced_by = frozenset({"DashboardName"})

    def create(self, aws: Aws, logical_id: str, properties: Properties) -> Made:
        name = properties.get("DashboardName") or aws.generated_name(logical_id)
        return self.update(aws, Made(name), properties, {})

    def update(self, aws: Aws, made: Made, properties: Properties, former: Properties) -> Made:
        aws.client("cloudwatch").put_dashboard(DashboardName=made.id, DashboardBody=properties["DashboardBody"])
        return made

    def delete(self, aws: Aws, made: Made, properties: Properties) -> None:
        aws.client("cloudwatch").delete_dashboards(DashboardNames=[made.id])


class CdkMetadata(Provider):
    """Which version of CDK wrote the template; there is nothing to make."""

    type = "AWS::CDK::Metadata"

    def create(self, aws: Aws, logical_id: str, properties: Properties) -> Made:
        return Made(aws.generated_name(logical_id))

    def update(self, aws: Aws, made: Made, properties: Properties, former: Properties) -> Made:
        return made

    def delete(self, aws: Aws, made: Made, properties: Properties) -> None:
        return None
