"""The permissions of AWS SDK integrations: `arn:aws:states:::aws-sdk:dynamodb:query` -> `dynamodb:Query` on the table.

This module knows the resources of the common services; for the others, all resources are allowed. Source: the Service
Authorization Reference,
https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase

from compiler.permissions import resources as r
from compiler.permissions.api_gateway import api_resource
from compiler.permissions.arguments import Arguments, is_expression
from compiler.permissions.authorization import iam_actions, iam_prefix
from compiler.permissions.buckets import objects_of_call
from compiler.permissions.integrations import Grant, job_queue_and_definition, optimised
from compiler.permissions.passed_roles import computed_roles, passed_roles, role_arguments
from compiler.permissions.resources import ResourceOf, Resources, anything, arn, first_given, named
from compiler.permissions.rights_of_caller import with_rights_of_caller
from compiler.permissions.s3 import s3_call
from compiler.permissions.statement import Statement
from compiler.permissions.tagging import tagging

# DynamoDB actions that do not concern a table.
_WITHOUT_TABLE = ("List", "DescribeLimits", "DescribeEndpoints")


def _table(arguments: Arguments) -> Resources:
    """Return a table, or its index if the query specifies one."""
    of = named("TableName", "dynamodb", "table/{}")(arguments)
    index = arguments.literal("IndexName")
    if index is None and not arguments.given("IndexName"):
        return of
    return Resources((f"{of.arns[0]}/index/{index or '*'}",), of.note)


def _tables_of_requests(arguments: Arguments) -> Resources:
    requests = arguments.nested("RequestItems").values
    if requests and not any(name.endswith(".$") for name in requests):
        return Resources(tuple(name if r.is_arn(name) else arn("dynamodb", f"table/{name}") for name in requests))
    return Resources((arn("dynamodb", "table/*"),), "the tables are known only at run time")


def _tables_of_items(arguments: Arguments) -> Resources:
    """Return the tables of a transaction: each item has one operation with a TableName."""
    names = [
        operation.get("TableName")
        for item in arguments.items("TransactItems")
        for operation in item.values.values()
        if isinstance(operation, dict)
    ]
    known = [name for name in names if isinstance(name, str) and not is_expression(name)]
    if not known or len(known) < len(arguments.items("TransactItems")):
        return _any_table(arguments)
    table = named("TableName", "dynamodb", "table/{}")
    arns = dict.fromkeys(text for name in known for text in table(Arguments({"TableName": name})).arns)
    return Resources(tuple(arns))


def _any_table(arguments: Arguments) -> Resources:
    return Resources((arn("dynamodb", "table/*"),), "the tables are known only at run time")


def _schedule(arguments: Arguments) -> Resources:
    group = arguments.literal("GroupName") or ("*" if arguments.given("GroupName") else "default")
    return named("Name", "scheduler", f"schedule/{group}/{{}}")(arguments)


def _role_to_assume(arguments: Arguments) -> Resources:
    role = arguments.literal("RoleArn")
    if role is None:
        return Resources(("arn:${AWS::Partition}:iam::*:role/*",), "RoleArn is computed at run time")
    return Resources((role,))


def _event_source(arguments: Arguments) -> Resources:
    """Return the source of a partner's events, which belongs to no account."""
    name = arguments.literal("Name")
    note = "" if name else "Name is computed at run time"
    return Resources((f"{r.PARTITION}:events:${{AWS::Region}}::event-source/{name or '*'}",), note)


def _rule(arguments: Arguments) -> Resources:
    name = "Name" if arguments.given("Name") else "Rule"
    return named(name, "events", "rule/{}")(arguments)


_DYNAMODB = first_given(
    ("RequestItems", _tables_of_requests),
    ("TransactItems", _tables_of_items),
    ("TableName", _table),
    ("TableArn", named("TableArn", "dynamodb", "table/{}")),
    (
        "TableCreationParameters",
        lambda arguments: named("TableName", "dynamodb", "table/{}")(arguments.nested("TableCreationParameters")),
    ),
    ("StreamArn", named("StreamArn", "dynamodb", "table/*/stream/{}")),
    ("BackupArn", named("BackupArn", "dynamodb", "table/*/backup/{}")),
    ("ExportArn", named("ExportArn", "dynamodb", "table/*/export/{}")),
    ("ResourceArn", named("ResourceArn", "dynamodb", "table/{}")),
    otherwise=_any_table,
)
_STREAM = first_given(
    ("StreamARN", named("StreamARN", "kinesis", "stream/{}")), otherwise=named("StreamName", "kinesis", "stream/{}")
)
_STATES = first_given(
    ("StateMachineArn", r.state_machine),
    ("ExecutionArn", named("ExecutionArn", "states", "execution:{}")),
    ("ActivityArn", named("ActivityArn", "states", "activity:{}")),
    ("MapRunArn", named("MapRunArn", "states", "mapRun:{}")),
    otherwise=anything,
)

_RESOURCES: dict[str, ResourceOf] = {
    "athena": first_given(("WorkGroup", named("WorkGroup", "athena", "workgroup/{}")), otherwise=anything),
    "batch": first_given(("JobDefinition", job_queue_and_definition), otherwise=anything),
    "bedrock": first_given(("ModelId", r.model), otherwise=anything),
    "cloudformation": first_given(
        ("StackName", named("StackName", "cloudformation", "stack/{}/*")), otherwise=anything
    ),
    "codebuild": first_given(("ProjectName", named("ProjectName", "codebuild", "project/{}")), otherwise=anything),
    "codepipeline": first_given(("Name", named("Name", "codepipeline", "{}")), otherwise=anything),
    "cognito-idp": first_given(("UserPoolId", named("UserPoolId", "cognito-idp", "userpool/{}")), otherwise=anything),
    "dynamodb": _DYNAMODB,
    "ecr": first_given(("RepositoryName", named("RepositoryName", "ecr", "repository/{}")), otherwise=anything),
    "ecs": first_given(
        ("TaskDefinition", r.revisions("TaskDefinition", "ecs", "task-definition/{}")), otherwise=anything
    ),
    "events": first_given(("Entries", r.event_buses), ("Name", _rule), ("Rule", _rule), otherwise=anything),
    "firehose": first_given(
        ("DeliveryStreamName", named("DeliveryStreamName", "firehose", "deliverystream/{}")), otherwise=anything
    ),
    "glue": first_given(("JobName", named("JobName", "glue", "job/{}")), otherwise=anything),
    "kinesis": _STREAM,
    "kms": r.key,
    "lambda": first_given(("FunctionName", r.function), otherwise=anything),
    "logs": r.log_groups,
    "rds-data": first_given(("ResourceArn", named("ResourceArn", "rds", "cluster:{}")), otherwise=anything),
    "redshift-data": first_given(
        ("ClusterIdentifier", named("ClusterIdentifier", "redshift", "cluster:{}")),
        ("WorkgroupName", named("WorkgroupName", "redshift-serverless", "workgroup/*")),
        otherwise=anything,
    ),
    "scheduler": first_given(("Name", _schedule), otherwise=anything),
    "secretsmanager": first_given(("SecretId", r.secret), ("SecretIdList", r.secrets), otherwise=anything),
    "sns": first_given(("TopicArn", r.topic), ("TargetArn", r.topic), ("PhoneNumber", r.topic), otherwise=anything),
    "sqs": first_given(("QueueUrl", r.queue), otherwise=anything),
    "ssm": first_given(("Name", r.parameter), ("Names", r.parameter), ("Path", r.parameter), otherwise=anything),
    "states": _STATES,
    "sts": first_given(("RoleArn", _role_to_assume), otherwise=anything),
}

# Operations whose argument names a resource of another kind than above, or whose action has no resource, by patterns.
_OTHER_KINDS: dict[str, dict[str, ResourceOf]] = {
    "bedrock": {"*FoundationModelA*": anything},
    "codepipeline": {
        "*Webhook*": first_given(("Name", named("Name", "codepipeline", "webhook:{}")), otherwise=anything)
    },
    "events": {
        "*ApiDestination": named("Name", "events", "api-destination/{}/*"),
        "*Connection": named("Name", "events", "connection/{}/*"),
        "*Endpoint": named("Name", "events", "endpoint/{}"),
        "*EventBus": named("Name", "events", "event-bus/{}", default="default"),
        "*EventSource": _event_source,
        "PutPartnerEvents": anything,
    },
    "glue": {"*JobBookmark": anything},
    "kinesis": {"UpdateStreamMode": anything},
    "ecs": {"De*TaskDefinition*": anything},
    "kms": dict.fromkeys(
        ("Create*Key*", "*CustomKeyStore*", "GenerateRandom", "ListAliases", "ListKeys", "ListRetirableGrants"),
        anything,
    ),
    "lambda": {"CreateEventSourceMapping": anything},
    "logs": {"*IndexPolic*": anything, "DescribeFieldIndexes": anything},
    "scheduler": {"*ScheduleGroup": named("Name", "scheduler", "schedule-group/{}")},
    "ssm": {
        "*Document*": first_given(("Name", named("Name", "ssm", "document/{}")), otherwise=anything),
        "*Parameter*": _RESOURCES["ssm"],
        "*": anything,
    },
}


def _new(service: str, pattern: str) -> ResourceOf:
    """Return a function from arguments to what a call creates, whose id is not known before."""
    return lambda arguments: Resources((arn(service, pattern),), "ids are assigned at run time")


_MANAGED_PASSWORD = Grant(
    ("secretsmanager:CreateSecret", "secretsmanager:TagResource"),
    _new("secretsmanager", "secret:rds!*"),
)
_RESTORED = Grant(
    tuple(
        f"dynamodb:{action}"
        for action in ("BatchWriteItem", "DeleteItem", "GetItem", "PutItem", "Query", "Scan", "UpdateItem")
    ),
    named("TargetTableName", "dynamodb", "table/{}"),
)
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/S3DataImport.Requesting.html
_IMPORT_LOGS = tuple(
    f"logs:{action}"
    for action in ("CreateLogGroup", "CreateLogStream", "DescribeLogStreams", "PutLogEvents", "PutRetentionPolicy")
)


def _imported(arguments: Arguments) -> Resources:
    name = arguments.nested("S3BucketSource").literal("S3Bucket")
    return r.bucket(Arguments({"Bucket": name} if name else {}))


_SNAPSHOT = Grant(("rds:CreateDBSnapshot",))

# By service and operation, what else it needs if it has an argument, or always (""): "Dependent actions" in the Service
# Authorization Reference.
_FURTHER: dict[tuple[str, str], dict[str, Grant]] = {
    ("dynamodb", "ImportTable"): {
        "S3BucketSource": Grant(("s3:ListBucket",), _imported),
        "TableCreationParameters": Grant(("logs:DescribeLogGroups",)),
        "": Grant(_IMPORT_LOGS, _new("logs", "log-group:/aws-dynamodb/*")),
    },
    ("bedrock", "CreateModelInvocationJob"): {
        "": Grant(("bedrock:CreateModelInvocationJob",), _new("bedrock", "model-invocation-job/*"))
    },
    ("bedrockruntime", "StartAsyncInvoke"): {"": Grant(("bedrock:InvokeModel",), _new("bedrock", "async-invoke/*"))},
    ("dynamodb", "RestoreTableFromBackup"): {"": _RESTORED},
    ("dynamodb", "RestoreTableToPointInTime"): {"": _RESTORED},
    ("kms", "CreateKey"): {"Policy": Grant(("kms:PutKeyPolicy",))},
    ("kms", "ReplicateKey"): {"Policy": Grant(("kms:PutKeyPolicy",)), "": Grant(("kms:CreateKey",))},
    **{
        ("rds", f"{verb}DB{kind}"): {"ManageMasterUserPassword": _MANAGED_PASSWORD}
        for verb in ("Create", "Modify")
        for kind in ("Cluster", "Instance")
    },
    ("rds", "DeleteDBCluster"): {"FinalDBSnapshotIdentifier": Grant(("rds:CreateDBClusterSnapshot",))},
    ("rds", "DeleteDBInstance"): {"FinalDBSnapshotIdentifier": _SNAPSHOT},
    ("rds", "StopDBInstance"): {"DBSnapshotIdentifier": _SNAPSHOT},
    ("scheduler", "DeleteScheduleGroup"): {
        "": Grant(("scheduler:DeleteSchedule",), named("Name", "scheduler", "schedule/{}/*"))
    },
    **{
        ("sfn", operation): {"Publish": Grant(("states:PublishStateMachineVersion",), _STATES)}
        for operation in ("CreateStateMachine", "UpdateStateMachine")
    },
    ("sfn", "TestState"): {"RevealSecrets": Grant(("states:RevealSecrets",))},
}

# Athena reads and writes S3 with the rights of its caller, as its optimised integrations do.
_AS_OPTIMISED = {("athena", "StartQueryExecution"), ("athena", "GetQueryResults")}


def sdk_call(service: str, action: str, arguments: Arguments) -> Iterator[Statement]:
    """Yield the statements of `aws-sdk:<service>:<action>`."""
    prefix = iam_prefix(service)
    operation = action[:1].upper() + action[1:]
    yield from (passed.statement() for passed in passed_roles(service, arguments))
    if arguments.computed_as_a_whole:
        yield from computed_roles(role_arguments(service, action))
    yield from objects_of_call(service, arguments)
    yield from with_rights_of_caller(service, arguments)
    if (service, operation) in _AS_OPTIMISED:
        yield from optimised(f"{service}:{action}", "", arguments)
        return
    actions = iam_actions(service, operation)
    if not actions:
        return
    if service == "s3" and all(name.startswith("s3:") for name in actions):
        yield from s3_call(operation, actions, arguments)
        return
    if (service, operation) == ("secretsmanager", "BatchGetSecretValue"):
        yield Statement("", ("secretsmanager:BatchGetSecretValue",), r.ANY.arns, note=r.ANY.note)
        actions = ("secretsmanager:GetSecretValue",)
    found = _resources(service, prefix, operation, arguments)
    yield Statement("", actions, found.arns, note=found.note)
    yield from _further(service, operation, arguments)
    yield from tagging(prefix, operation, arguments, found)


def _further(service: str, operation: str, arguments: Arguments) -> Iterator[Statement]:
    for argument, grant in _FURTHER.get((service, operation), {}).items():
        if argument and (arguments.computed_as_a_whole or arguments.value(argument) in (False, "false")):
            continue
        if not argument or arguments.given(argument):
            found = grant.resource(arguments)
            yield Statement("", grant.actions, found.arns, note=found.note)


def _resources(service: str, prefix: str, operation: str, arguments: Arguments) -> Resources:
    if prefix in ("apigateway", "execute-api"):
        return api_resource(service, operation, arguments)
    if prefix == "dynamodb" and operation.startswith(_WITHOUT_TABLE) and not arguments.given("TableName"):
        return r.ANY
    if prefix == "batch" and operation != "SubmitJob":
        return r.ANY
    for pattern, resource in _OTHER_KINDS.get(prefix, {}).items():
        if fnmatchcase(operation, pattern):
            return resource(arguments)
    return _RESOURCES.get(prefix, anything)(arguments)
