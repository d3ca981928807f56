"""The names that Step Functions uses for services, operations and errors.

Task states name services and errors as the AWS SDK for Java 2 does (`cognitoidentityprovider`,
`DynamoDb.ResourceNotFoundException`). The older optimized integrations name errors as the SDK for Java 1 did
(`DynamoDB.AmazonDynamoDBException`). Sources: the naming rules of both SDKs, and
https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

# Services whose name in botocore is not that in Step Functions with hyphens: `bedrock-runtime` for `bedrockruntime`.
_BOTOCORE_NAMES = {
    "applicationdiscovery": "discovery",
    "cloudwatchlogs": "logs",
    "cognitoidentityprovider": "cognito-idp",
    "costandusagereport": "cur",
    "costexplorer": "ce",
    "databasemigration": "dms",
    "directory": "ds",
    "directoryservicedata": "ds-data",
    "elasticloadbalancing": "elb",
    "elasticloadbalancingv2": "elbv2",
    "elasticmapreduce": "emr",
    "elasticsearch": "es",
    "eventbridge": "events",
    "iotdataplane": "iot-data",
    "iotjobsdataplane": "iot-jobs-data",
    "lexmodelbuilding": "lex-models",
    "lexmodelsv2": "lexv2-models",
    "lexruntimev2": "lexv2-runtime",
    "marketplacemetering": "meteringmarketplace",
    "migrationhub": "mgh",
    "pinpointsmsvoice": "sms-voice",
    "serverlessapplicationrepository": "serverlessrepo",
    "sfn": "stepfunctions",
    "simpledb": "sdb",
    "states": "stepfunctions",
}


@dataclass(frozen=True, slots=True)
class OptimizedService:
    """The names in an optimized integration's errors: `<prefix>.<name>`, or `<prefix>.<base>` for unmodelled errors."""

    prefix: str
    base: str
    service: str


OPTIMIZED = {
    "apigateway": OptimizedService("ApiGateway", "AmazonApiGatewayException", "AmazonApiGateway"),
    "athena": OptimizedService("Athena", "AmazonAthenaException", "AmazonAthena"),
    "batch": OptimizedService("Batch", "AWSBatchException", "AWSBatch"),
    "codebuild": OptimizedService("CodeBuild", "AWSCodeBuildException", "AWSCodeBuild"),
    "databrew": OptimizedService("DataBrew", "AWSGlueDataBrewException", "AWSGlueDataBrew"),
    "dynamodb": OptimizedService("DynamoDB", "AmazonDynamoDBException", "AmazonDynamoDBv2"),
    "ecs": OptimizedService("ECS", "AmazonECSException", "AmazonECS"),
    "eks": OptimizedService("EKS", "AmazonEKSException", "AmazonEKS"),
    "elasticmapreduce": OptimizedService("EMR", "AmazonElasticMapReduceException", "AmazonElasticMapReduce"),
    "emr-containers": OptimizedService("EMRContainers", "AmazonEMRContainersException", "AmazonEMRContainers"),
    "events": OptimizedService("EventBridge", "AmazonEventBridgeException", "AmazonEventBridge"),
    "glue": OptimizedService("Glue", "AWSGlueException", "AWSGlue"),
    "lambda": OptimizedService("Lambda", "AWSLambdaException", "AWSLambda"),
    "mediaconvert": OptimizedService("MediaConvert", "AWSMediaConvertException", "AWSMediaConvert"),
    "s3": OptimizedService("S3", "AmazonS3Exception", "Amazon S3"),
    "sagemaker": OptimizedService("SageMaker", "AmazonSageMakerException", "AmazonSageMaker"),
    "sns": OptimizedService("SNS", "AmazonSNSException", "AmazonSNS"),
    "sqs": OptimizedService("SQS", "AmazonSQSException", "AmazonSQS"),
    "states": OptimizedService("StepFunctions", "AWSStepFunctionsException", "AWSStepFunctions"),
}


def botocore_name(service: str) -> str:
    """Return botocore's name of a service that a task names as the Java SDK does; other names are returned as given."""
    known = _BOTOCORE_NAMES.get(service)
    return known if known is not None else _hyphenated().get(service, service)


@cache
def _hyphenated() -> dict[str, str]:
    """Return botocore's names of services by the same names without hyphens."""
    from botocore.loaders import Loader

    return {name.replace("-", ""): name for name in Loader().list_available_services("service-2") if "-" in name}


def operation_name(action: str) -> str:
    """Return the API's name of an action: PutItem for `putItem`."""
    return action[:1].upper() + action[1:]


def sdk_name(service_id: str) -> str:
    """Return the Java SDK 2's name of a service by its id in the model: DynamoDb for `DynamoDB`, Sfn for `SFN`.

    It has no trailing `Service`: Config for `Config Service`.
    """
    words = re.sub(r"[^A-Za-z0-9]+", " ", service_id)
    words = re.sub(r"(?<=[a-z])(?=[A-Z][a-zA-Z0-9])", " ", words)
    words = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1 \2", words)
    words = re.sub(r"(?<=[0-9])(?=[a-zA-Z])", " ", words)
    return "".join(word.capitalize() for word in words.split()).removesuffix("Service")


def exception_name(shape_name: str) -> str:
    """Return the SDKs' name of a modelled error, which always ends with `Exception`."""
    name = shape_name[:1].upper() + shape_name[1:]
    if name.endswith("Exception"):
        return name
    return (name[: -len("Fault")] if name.endswith("Fault") else name) + "Exception"
