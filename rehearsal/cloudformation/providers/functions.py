"""AWS::Lambda and AWS::Logs."""

from __future__ import annotations

from rehearsal.cloudformation.provider import Aws, Physical, Properties, Provider, changed, tag_map, without

RESERVED = "ReservedConcurrentExecutions"
_NOT_CONFIGURATION = ("Code", "Tags", "FunctionName", "PackageType", "Architectures", RESERVED)
"""Properties that UpdateFunctionConfiguration doesn't take."""


class Function(Provider):
    type = "AWS::Lambda::Function"
    replaced_by = frozenset({"FunctionName", "PackageType"})

    def create(self, aws: Aws, logical_id: str, properties: Properties) -> Physical:
        name = properties.get("FunctionName") or aws.generated_name(logical_id)
        parameters = {**without(properties, RESERVED), "FunctionName": name, "Tags": tag_map(properties)}
        created = aws.client("lambda").create_function(**parameters)
        _reserve(aws, name, properties, {})
        return Physical(name, {"Arn": created["FunctionArn"]})

    def update(self, aws: Aws, physical: Physical, properties: Properties, former: Properties) -> Physical:
        client = aws.client("lambda")
        settings = without(properties, *_NOT_CONFIGURATION)
        if settings != without(former, *_NOT_CONFIGURATION):
            reset: Properties = {"Environment": {"Variables": {}}} if "Environment" in former else {}
            client.update_function_configuration(FunctionName=physical.id, **{**reset, **settings})
        if changed(properties, former, ("Code", "Architectures")):
            architectures = {"Architectures": properties["Architectures"]} if "Architectures" in properties else {}
            client.update_function_code(FunctionName=physical.id, **properties["Code"], **architectures)
        _reserve(aws, physical.id, properties, former)
        if tag_map(properties) != tag_map(former):
            client.tag_resource(Resource=physical.attributes["Arn"], Tags=tag_map(properties))
        return physical

    def delete(self, aws: Aws, physical: Physical, properties: Properties) -> None:
        aws.client("lambda").delete_function(FunctionName=physical.id)


def _reserve(aws: Aws, name: str, properties: Properties, former: Properties) -> None:
    """Reserve concurrent executions for a function, or no longer, which has operations of its own."""
    wanted = properties.get(RESERVED)
    if wanted is not None and wanted != former.get(RESERVED):
        aws.client("lambda").put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=wanted)
    elif wanted is None and RESERVED in former:
        aws.client("lambda").delete_function_concurrency(FunctionName=name)


class Permission(Provider):
    type = "AWS::Lambda::Permission"
    never_updated = True

    def create(self, aws: Aws, logical_id: str, properties: Properties) -> Physical:
        statement = aws.generated_name(logical_id, 100)
        aws.client("lambda").add_permission(StatementId=statement, **properties)
        return Physical(statement)

    def delete(self, aws: Aws, physical: Physical, properties: Properties) -> None:
        client = aws.client("lambda")
        client.remove_permission(FunctionName=properties["FunctionName"], StatementId=physical.id)


class EventInvokeConfig(Provider):
    type = "AWS::Lambda::EventInvokeConfig"
    replaced_by = frozenset({"FunctionName", "Qualifier"})

    def create(self, aws: Aws, logical_id: str, properties: Properties) -> Physical:
        aws.client("lambda").put_function_event_invoke_config(**properties)
        return Physical(f"{properties['FunctionName']}:{properties['Qualifier']}")

    def update(self, aws: Aws, physical: Physical, properties: Properties, former: Properties) -> Physical:
        aws.client("lambda").put_function_event_invoke_config(**properties)
        return physical

    def delete(self, aws: Aws, physical: Physical, properties: Properties) -> None:
        aws.client("lambda").delete_function_event_invoke_config(
            FunctionName=properties["FunctionName"], Qualifier=properties["Qualifier"]
        )


class LogGroup(Provider):
    type = "AWS::Logs::LogGroup"
    replaced_by = frozenset({"LogGroupName"})

    def create(self, aws: Aws, logical_id: str, properties: Properties) -> Physical:
        name = properties.get("LogGroupName") or aws.generated_name(logical_id, 512)
        aws.client("logs").create_log_group(logGroupName=name, tags=tag_map(properties))
        physical = Physical(name, {"Arn": f"arn:aws:logs:{aws.region}:{aws.account}:log-group:{name}:*"})
        return self.update(aws, physical, properties, {})

    def update(self, aws: Aws, physical: Physical, properties: Properties, former: Properties) -> Physical:
        if days := changed(properties, former, ("RetentionInDays",)):
            aws.client("logs").put_retention_policy(logGroupName=physical.id, retentionInDays=days["RetentionInDays"])
        return physical

    def delete(self, aws: Aws, physical: Physical, properties: Properties) -> None:
        aws.client("logs").delete_log_group(logGroupName=physical.id)
