"""What a call needs: which actions on which resources.

The compiler's tables know this for what a definition shows of a task; here they are asked with the arguments that the
call really has. Only where they have to allow more than one call needs, this module looks closer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from chalicelib.names import Names
from compiler.permissions import Statement
from compiler.permissions.arguments import Arguments
from compiler.permissions.authorization import iam_prefix
from compiler.permissions.derive import statements_of_state
from compiler.permissions.names import integration_name
from compiler.permissions.sdk import sdk_call
from compiler.placeholders import PSEUDO_TARGETS, replace

_SELF = "${ResourcePrefix}${FlowName}"

# Actions that IAM can't narrow to a resource: policies allow them only on `*`. Those that people narrow by mistake.
# https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
WITHOUT_RESOURCE = frozenset(
    f"{prefix}:{name}"
    for prefix, names in {
        "athena": "ListDataCatalogs ListWorkGroups",
        "batch": "DescribeComputeEnvironments DescribeJobDefinitions DescribeJobQueues DescribeJobs ListJobs",
        "cloudwatch": "DescribeAlarmsForMetric GetMetricData GetMetricStatistics ListMetrics PutMetricData",
        "codebuild": "ListBuilds ListProjects ListReports",
        "cognito-idp": "CreateUserPool ListUserPools",
        "comprehend": (
            "BatchDetectDominantLanguage BatchDetectEntities BatchDetectKeyPhrases BatchDetectSentiment "
            "BatchDetectSyntax DetectDominantLanguage DetectKeyPhrases DetectPiiEntities DetectSentiment DetectSyntax "
            "DetectToxicContent"
        ),
        "dynamodb": "DescribeEndpoints DescribeLimits ListBackups ListExports ListImports ListStreams ListTables",
        "ec2": (
            "DescribeImages DescribeInstances DescribeSecurityGroups DescribeSnapshots DescribeSubnets DescribeVolumes "
            "DescribeVpcs"
        ),
        "ecr": "GetAuthorizationToken",
        "ecs": "DescribeTaskDefinition ListClusters ListServices ListTaskDefinitions",
        "events": "ListApiDestinations ListConnections ListEventBuses ListRuleNamesByTarget ListRules TestEventPattern",
        "firehose": "ListDeliveryStreams",
        "kinesis": "ListStreams",
        "kms": "CreateKey GenerateRandom ListAliases ListKeys",
        "lambda": "CreateEventSourceMapping GetAccountSettings ListEventSourceMappings ListFunctions ListLayers",
        "polly": "DescribeVoices GetSpeechSynthesisTask ListSpeechSynthesisTasks",
        "rekognition": (
            "CompareFaces DetectFaces DetectLabels DetectProtectiveEquipment DetectText GetFaceDetection "
            "GetLabelDetection GetTextDetection ListCollections RecognizeCelebrities StartFaceDetection "
            "StartLabelDetection StartTextDetection"
        ),
        "s3": "ListAllMyBuckets",
        "scheduler": "ListScheduleGroups ListSchedules",
        "secretsmanager": "BatchGetSecretValue GetRandomPassword ListSecrets",
        "sns": "CheckIfPhoneNumberIsOptedOut GetSMSAttributes ListSubscriptions ListTopics SetSMSAttributes",
        "sqs": "ListQueues",
        "ssm": "DescribeInstanceInformation DescribeParameters",
        "states": "ListActivities ListStateMachines TestState ValidateStateMachineDefinition",
        "textract": (
            "AnalyzeDocument AnalyzeExpense AnalyzeID DetectDocumentText GetDocumentAnalysis GetDocumentTextDetection "
            "GetExpenseAnalysis StartDocumentAnalysis StartDocumentTextDetection StartExpenseAnalysis"
        ),
        "transcribe": "ListTranscriptionJobs ListVocabularies",
        "translate": "ListLanguages ListTerminologies ListTextTranslationJobs",
        "xray": "BatchGetTraces GetTraceSummaries PutTelemetryRecords PutTraceSegments",
    }.items()
    for name in names.split()
)
# Calls that IAM never refuses: https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
_ALWAYS_ALLOWED = frozenset({("sts", "GetCallerIdentity"), ("sts", "GetSessionToken")})
# The principals to which services hand the roles that they are passed, where their names are not the IAM prefix.
_PRINCIPALS = {"ecs": "ecs-tasks", "elasticbeanstalk": "ec2"}
# What roles of flows are given as their calls may need it, by the beginnings of actions: nobody knows whether one does.
_NOT_ALWAYS = {
    "athena": ("glue:", "lakeformation:"),
    "emr-containers": ("iam:CreateServiceLinkedRole",),
    "emr-serverless": ("iam:CreateServiceLinkedRole",),
}
_TRANSACTION = {
    "ConditionCheck": "ConditionCheckItem",
    "Delete": "DeleteItem",
    "Get": "GetItem",
    "Put": "PutItem",
    "Update": "UpdateItem",
}
_PARTIQL = frozenset({"BatchExecuteStatement", "ExecuteStatement", "ExecuteTransaction"})
_PARTIQL_STATEMENT = re.compile(
    r"\s*(?:(?P<exists>EXISTS\s*\(\s*)?(?P<verb>SELECT|INSERT|UPDATE|DELETE)\b)"
    r'(?:.*?\b(?:FROM|INTO)\b)?\s*"?(?P<table>[\w-]+(?:\.[\w-]+)*)"?(?:\s*\.\s*"(?P<index>[\w.-]+)")?',
    re.IGNORECASE | re.DOTALL,
)
# Where a call names a resource by another argument than the compiler's tables look for.
_OTHER_NAMES = {
    ("sqs", "QueueName"): "QueueUrl",
    ("secretsmanager", "Name"): "SecretId",
}


@dataclass(frozen=True, slots=True)
class Need:
    """An action on a resource: an ARN, or a pattern if it is not known which, or `*` if the action has none.

    `passed_to` is the service that a role is passed to, by its principal; empty for other actions.
    """

    action: str
    resource: str
    passed_to: str = ""

    @property
    def known(self) -> bool:
        """Whether it is known which resource the action is for, or that IAM knows no resource for it."""
        return "*" not in self.resource or self.action in WITHOUT_RESOURCE


def needs_of_task(resource: str, parameters: Any, credentials: Any, machine: str, names: Names) -> list[Need]:
    """Return what a task needs of its state machine's role.

    Args:
        resource: The state's Resource.
        parameters: Its parameters, evaluated.
        credentials: Its credentials, evaluated: another role for the call.
        machine: The name of the state machine.
        names: The stage's names, with account and region.
    """
    name = (integration_name(resource) or "").partition(".")[0]
    arguments = parameters if isinstance(parameters, dict) else {}
    if name.startswith("aws-sdk:") and not credentials:
        service, _, action = name.removeprefix("aws-sdk:").partition(":")
        return needs_of_call(service, action[:1].upper() + action[1:], arguments, names)
    state: dict[str, Any] = {"Type": "Task", "Resource": resource, "Parameters": arguments}
    if isinstance(credentials, dict):
        state["Credentials"] = credentials
    return list(_needs(statements_of_state(state, machine), name.partition(":")[0], names, machine))


def needs_of_call(service: str, operation: str, arguments: Mapping[str, Any] | None, names: Names) -> list[Need]:
    """Return what a call of an API needs of its caller.

    Args:
        service: The service as Step Functions writes it: `cloudwatchlogs`.
        operation: The operation: `PutItem`.
        arguments: Its arguments; None if they are not known.
        names: The stage's names, with account and region.
    """
    if (service, operation) in _ALWAYS_ALLOWED:
        return []
    if arguments is not None and service == "dynamodb":
        if operation == "TransactWriteItems":
            return list(_of_transaction(arguments, names))
        if operation in _PARTIQL:
            return list(_of_partiql(arguments, names))
    action = operation[:1].lower() + operation[1:]
    if arguments is not None:
        return list(_needs(sdk_call(service, action, Arguments(_named(service, arguments))), service, names))
    needs = _needs(sdk_call(service, action, Arguments({}, computed_as_a_whole=True)), service, names)
    return [need for need in needs if need.action != "iam:PassRole"]  # nobody knows whether it passes a role


def _needs(statements: Iterable[Statement], service: str, names: Names, machine: str = "") -> Iterator[Need]:
    for statement in statements:
        condition = statement.condition or {}
        passed_to = condition.get("StringEquals", {}).get("iam:PassedToService", "")
        if not passed_to and statement.actions == ("iam:PassRole",):
            passed_to = f"{_PRINCIPALS.get(service, iam_prefix(service))}.amazonaws.com"
        for resource in statement.resources:
            arn = replace(resource.replace(_SELF, machine), PSEUDO_TARGETS, names)
            for action in statement.actions:
                if not action.startswith(_NOT_ALWAYS.get(service, ())):
                    yield Need(action, arn, passed_to)


def _named(service: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
    renamed = {}
    for (of, name), known_as in _OTHER_NAMES.items():
        if of == service and known_as not in arguments and isinstance(arguments.get(name), str):
            renamed[known_as] = arguments[name]
    return {**arguments, **renamed} if renamed else arguments


def _of_transaction(arguments: Mapping[str, Any], names: Names) -> Iterator[Need]:
    for item in arguments.get("TransactItems") or ():
        for kind, operation in item.items() if isinstance(item, Mapping) else ():
            if kind in _TRANSACTION and isinstance(operation, Mapping):
                yield Need(f"dynamodb:{_TRANSACTION[kind]}", _table_arn(str(operation.get("TableName", "*")), names))


def _of_partiql(arguments: Mapping[str, Any], names: Names) -> Iterator[Need]:
    """Yield what the statements of a PartiQL request need; one that can't be read could be about any table."""
    listed = [arguments, *(arguments.get("Statements") or ()), *(arguments.get("TransactStatements") or ())]
    for entry in listed:
        text = entry.get("Statement") if isinstance(entry, Mapping) else None
        match = _PARTIQL_STATEMENT.match(text) if isinstance(text, str) else None
        if match is None:
            continue
        table = _table_arn(match["table"], names)
        index = f"/index/{match['index']}" if match["index"] else ""
        yield Need(f"dynamodb:PartiQL{match['verb'].title()}", table + index)


def _table_arn(table: str, names: Names) -> str:
    if table.startswith("arn:"):
        return table
    return f"arn:{names.partition}:dynamodb:{names.region}:{names.account}:table/{table}"
