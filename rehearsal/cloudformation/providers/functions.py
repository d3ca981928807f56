"""AWS::Lambda and AWS::Logs."""

from __future__ import annotations

from rehearsal.cloudformation.provider import Aws, Made, Properties, Provider, changed, tag_map, without


class Function(Provider):
    type = "AWS::Lambda::Function"
    replaced_by = frozenset({"FunctionName", "PackageType"})

    def create(self, aws: Aws, logical_id: str, properties: Properties) -> Made:
        name = properties.get("FunctionName") or aws.generated_name(logical_id)
        parameters = {**properties, "FunctionName": name, "Tags": tag_map(properties)}
        made = aws.client("lambda").create_function(**parameters)
        return Made(name, {"Arn": made["FunctionArn"]})

    def update(self, aws: Aws, made: Made, properties: Properties, former: Properties) -> Made:
        client = aws.client("lambda")
        settings = without(properties, "Code", "Tags", "FunctionName", "PackageType", "Architectures")
        if settings != without(former, "Code", "Tags", "FunctionName", "PackageType", "Architectures"):
            reset: Properties = {"Environment": {"Variables": {}}} if "Environment" in former else {}
            client.update_function_configuration(FunctionName=made.id, **{**reset, **settings})
        if changed(properties, former, ("Code", "Architectures")):
            architectures = {"Architectures": properties["Architectures"]} if "Architectures" in properties else {}
            client.update_function_code(FunctionName=made.id, **properties["Code"], **architectures)
        if tag_map(properties) != tag_map(former):
            client.tag_resource(Resource=made.attributes["Arn"], Tags=tag_map(properties))
        return made

    def delete(self, aws: Aws, made: Made, properties: Properties) -> None:
        aws.client("lambda").delete_function(FunctionName=made.id)


class Permission(Provider):
    type = "AWS::Lambda::Permission"
    never_updated = True

    def create(self, aws: Aws, logical_id: str, properties: Properties) -> Made:
        statement = aws.generated_name(logical_id, 100)
        aws.client("lambda").add_permission(StatementId=statement, **properties)
        return Made(statement)

    def delete(self, aws: Aws, made: Made, properties: Properties) -> None:
        client = aws.client("lambda")
        client.remove_permission(FunctionName=properties["FunctionName"], StatementId=made.id)


class LogGroup(Provider):
    type = "AWS::Logs::LogGroup"
    replaced_by = frozenset({"LogGroupName"})

    def create(self, aws: Aws, logical_id: str, properties: Properties) -> Made:
        name = properties.get("LogGroupName") or aws.generated_name(logical_id, 512)
        aws.client("logs").create_log_group(logGroupName=name, tags=tag_map(properties))
        made = Made(name, {"Arn": f"arn:aws:logs:{aws.region}:{aws.account}:log-group:{name}:*"})
        return self.update(aws, made, properties, {})

    def update(self, aws: Aws, made: Made, properties: Properties, former: Properties) -> Made:
        if days := changed(properties, former, ("RetentionInDays",)):
            aws.client("logs").put_retention_policy(logGroupName=made.id, retentionInDays=days["RetentionInDays"])
        return made

    def delete(self, aws: Aws, made: Made, properties: Properties) -> None:
        aws.client("logs").delete_log_group(logGroupName=made.id)
