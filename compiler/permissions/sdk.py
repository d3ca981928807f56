"""The permissions of AWS SDK integrations: `arn:aws:states:::aws-sdk:dynamodb:query` -> `dynamodb:Query` on the table.

A service's IAM prefix and its actions mostly have the names of the API; this module lists where IAM differs. Source:
the Service Authorization Reference,
https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from compiler.permissions import resources as r
from compiler.permissions.arguments import Arguments, is_expression, strings_in
from compiler.permissions.integrations import job_queue_and_definition
from compiler.permissions.resources import ResourceOf, Resources, anything, arn, first_given, named
from compiler.permissions.statement import Statement

# Services whose IAM prefix differs from their signing name, and common ones, so that no API model has to be read.
_PREFIXES = {
    **dict.fromkeys(("athena", "batch", "ecs", "ec2", "ecr", "eks", "iam", "rds", "ses", "sts", "textract"), ""),
    **dict.fromkeys(("comprehend", "rekognition", "polly", "transcribe", "translate", "sagemaker"), ""),
    "bedrockruntime": "bedrock",
    "cloudwatch": "cloudwatch",
    "cloudwatchlogs": "logs",
    "cognitoidentityprovider": "cognito-idp",
    "directoryservice": "ds",
    "emr": "elasticmapreduce",
    "eventbridge": "events",
    "iotdataplane": "iot",
    "iotjobsdataplane": "iotjobsdata",
    "mturk": "mechanicalturk",
    "opensearch": "es",
    "rdsdata": "rds-data",
    "redshiftdata": "redshift-data",
    "resourcegroupstaggingapi": "tag",
    "sagemakerruntime": "sagemaker",
    "sesv2": "ses",
    "sfn": "states",
}

# The IAM actions that an API action needs, where they differ from the action of the same name.
_ACTIONS = {
    "s3:HeadBucket": ("ListBucket",),
    "s3:HeadObject": ("GetObject",),
    "s3:ListObjects": ("ListBucket",),
    "s3:ListObjectsV2": ("ListBucket",),
    "s3:ListObjectVersions": ("ListBucketVersions",),
    "s3:ListMultipartUploads": ("ListBucketMultipartUploads",),
    "s3:ListParts": ("ListMultipartUploadParts",),
    "s3:ListBuckets": ("ListAllMyBuckets",),
    "s3:DeleteObjects": ("DeleteObject",),
    "s3:CopyObject": ("GetObject", "PutObject"),
    "s3:CreateMultipartUpload": ("PutObject",),
    "s3:UploadPart": ("PutObject",),
    "s3:UploadPartCopy": ("GetObject", "PutObject"),
    "s3:CompleteMultipartUpload": ("PutObject",),
    "s3:SelectObjectContent": ("GetObject",),
    "s3:GetBucketCors": ("GetBucketCORS",),
    "s3:PutBucketCors": ("PutBucketCORS",),
    "s3:DeleteBucketCors": ("PutBucketCORS",),
    "s3:GetBucketEncryption": ("GetEncryptionConfiguration",),
    "s3:PutBucketEncryption": ("PutEncryptionConfiguration",),
    "s3:DeleteBucketEncryption": ("PutEncryptionConfiguration",),
    "s3:GetBucketLifecycleConfiguration": ("GetLifecycleConfiguration",),
    "s3:PutBucketLifecycleConfiguration": ("PutLifecycleConfiguration",),
    "s3:GetBucketNotificationConfiguration": ("GetBucketNotification",),
    "s3:PutBucketNotificationConfiguration": ("PutBucketNotification",),
    "s3:DeleteBucketLifecycle": ("PutLifecycleConfiguration",),
    "s3:DeleteBucketReplication": ("PutReplicationConfiguration",),
    "s3:DeleteBucketTagging": ("PutBucketTagging",),
    "s3:DeletePublicAccessBlock": ("PutBucketPublicAccessBlock",),
    "s3:GetBucketAccelerateConfiguration": ("GetAccelerateConfiguration",),
    "s3:GetObjectLockConfiguration": ("GetBucketObjectLockConfiguration",),
    "s3:GetPublicAccessBlock": ("GetBucketPublicAccessBlock",),
    "s3:PutBucketAccelerateConfiguration": ("PutAccelerateConfiguration",),
    "s3:PutObjectLockConfiguration": ("PutBucketObjectLockConfiguration",),
    "s3:PutPublicAccessBlock": ("PutBucketPublicAccessBlock",),
    "s3:GetBucketReplication": ("GetReplicationConfiguration",),
    "s3:PutBucketReplication": ("PutReplicationConfiguration",),
    "lambda:Invoke": ("InvokeFunction",),
    "lambda:InvokeAsync": ("InvokeFunction",),
    "dynamodb:TransactGetItems": ("GetItem",),
    "dynamodb:TransactWriteItems": ("ConditionCheckItem", "DeleteItem", "PutItem", "UpdateItem"),
    "dynamodb:ExecuteStatement": ("PartiQLDelete", "PartiQLInsert", "PartiQLSelect", "PartiQLUpdate"),
    "dynamodb:BatchExecuteStatement": ("PartiQLDelete", "PartiQLInsert", "PartiQLSelect", "PartiQLUpdate"),
    "dynamodb:ExecuteTransaction": ("PartiQLDelete", "PartiQLInsert", "PartiQLSelect", "PartiQLUpdate"),
    "sqs:SendMessageBatch": ("SendMessage",),
    "sqs:DeleteMessageBatch": ("DeleteMessage",),
    "sqs:ChangeMessageVisibilityBatch": ("ChangeMessageVisibility",),
    "sns:PublishBatch": ("Publish",),
    "bedrock:Converse": ("InvokeModel",),
    "bedrock:ConverseStream": ("InvokeModelWithResponseStream",),
    "kms:ReEncrypt": ("ReEncryptFrom", "ReEncryptTo"),
}

_BUCKET_ACTIONS = ("ListBucket", "ListBucketVersions", "ListBucketMultipartUploads")
_OF_THE_BUCKET = (
    "GetPublicAccessBlock",
    "PutPublicAccessBlock",
    "DeletePublicAccessBlock",
    "GetObjectLockConfiguration",
)
# For these IAM has another action if a version of the object is given.
_OF_A_VERSION = (
    "DeleteObject",
    "DeleteObjectTagging",
    "GetObject",
    "GetObjectAcl",
    "GetObjectTagging",
    "PutObjectTagging",
)
# Arguments of PutObject and the like that need an IAM action of their own.
_WITH_OBJECT = {
    "ACL": "PutObjectAcl",
    "GrantRead": "PutObjectAcl",
    "GrantFullControl": "PutObjectAcl",
    "Tagging": "PutObjectTagging",
    "ObjectLockMode": "PutObjectRetention",
    "ObjectLockLegalHoldStatus": "PutObjectLegalHold",
}
_ROLE = re.compile(r"arn:[\w${}:-]*:iam::[^:]*:role/.+")
# Services whose actions are about a role, and do not pass it to a service.
_NOT_PASSED = ("sts", "iam")
# Services that read the secret in a call with the caller's permissions.
_READ_SECRETS = ("rds-data", "redshift-data")
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
        return Resources(tuple(arn("dynamodb", f"table/{name}") for name in requests))
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


def _rule(arguments: Arguments) -> Resources:
    name = "Name" if arguments.given("Name") else "Rule"
    return named(name, "events", "rule/{}")(arguments)


_DYNAMODB = first_given(
    ("RequestItems", _tables_of_requests),
    ("TransactItems", _tables_of_items),
    ("TableName", _table),
    otherwise=_any_table,
)
_STREAM = first_given(
    ("StreamARN", named("StreamARN", "kinesis", "stream/{}")), otherwise=named("StreamName", "kinesis", "stream/{}")
)
_STATES = first_given(
    ("StateMachineArn", r.state_machine),
    ("ExecutionArn", named("ExecutionArn", "states", "execution:{}")),
    ("ActivityArn", named("ActivityArn", "states", "activity:{}")),
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
    "logs": named("LogGroupName", "logs", "log-group:{}:*"),
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


def sdk_call(service: str, action: str, arguments: Arguments) -> Iterator[Statement]:
    """Yield the statements of `aws-sdk:<service>:<action>`."""
    prefix = iam_prefix(service)
    api_name = action[:1].upper() + action[1:]
    names = _ACTIONS.get(f"{prefix}:{api_name}", (api_name,))
    if prefix not in _NOT_PASSED:
        yield from _passed_roles(arguments)
    if prefix in _READ_SECRETS and arguments.given("SecretArn"):
        secret = named("SecretArn", "secretsmanager", "secret:{}")(arguments)
        yield Statement("", ("secretsmanager:GetSecretValue",), secret.arns, note=secret.note)
    if prefix == "s3":
        yield from _s3(api_name, names, arguments)
        return
    if (prefix, api_name) == ("secretsmanager", "BatchGetSecretValue"):
        yield Statement("", ("secretsmanager:BatchGetSecretValue",), r.ANY.arns, note=r.ANY.note)
        names = ("GetSecretValue",)
    found = _resources(prefix, api_name, arguments)
    yield Statement("", tuple(f"{prefix}:{name}" for name in names), found.arns, note=found.note)


def _resources(prefix: str, api_name: str, arguments: Arguments) -> Resources:
    if prefix == "dynamodb" and api_name.startswith(_WITHOUT_TABLE) and not arguments.given("TableName"):
        return r.ANY
    if prefix == "batch" and api_name != "SubmitJob":
        return r.ANY
    return _RESOURCES.get(prefix, anything)(arguments)


def _passed_roles(arguments: Arguments) -> Iterator[Statement]:
    """Yield the statement for the roles that the call passes to a service: the caller needs iam:PassRole."""
    roles = dict.fromkeys(text for text in strings_in(arguments.values) if _ROLE.fullmatch(text))
    if roles:
        yield Statement("", ("iam:PassRole",), tuple(roles))


def _s3(api_name: str, names: tuple[str, ...], arguments: Arguments) -> Iterator[Statement]:
    source = arguments.literal("CopySource")
    if len(names) == 2 and source is not None:  # a copy reads one object and writes another
        found = r.bucket_objects(arguments)
        yield Statement("", ("s3:GetObject",), ("arn:${AWS::Partition}:s3:::" + source.lstrip("/"),))
        yield Statement("", ("s3:PutObject",), found.arns, note=found.note)
        return
    if api_name in _OF_A_VERSION and arguments.given("VersionId") and not arguments.computed_as_a_whole:
        names = tuple(name.replace("Object", "ObjectVersion") for name in names)
    if "PutObject" in names and not arguments.computed_as_a_whole:
        names = (*names, *dict.fromkeys(action for name, action in _WITH_OBJECT.items() if arguments.given(name)))
    if api_name == "ListBuckets":
        found = r.ANY
    elif names[0] in _BUCKET_ACTIONS or "Bucket" in api_name or api_name in _OF_THE_BUCKET:
        found = r.bucket(arguments)
    else:
        found = r.bucket_objects(arguments)
    yield Statement("", tuple(f"s3:{name}" for name in names), found.arns, note=found.note)


def iam_prefix(service: str) -> str:
    """Return the IAM prefix of a service as Step Functions writes it: `cloudwatchlogs` -> `logs`."""
    if service in _PREFIXES:
        return _PREFIXES[service] or service
    if service in _RESOURCES or service == "s3":
        return service
    from compiler.aws_services import services

    known = services().get(service)
    return known.signing_name if known else service
