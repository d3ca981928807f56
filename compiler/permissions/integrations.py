"""The permissions that each optimised integration needs.

Source: "IAM policies for integrated services",
https://docs.aws.amazon.com/step-functions/latest/dg/service-integration-iam-templates.html, and the pages of each
service next to it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from compiler.permissions import resources as r
from compiler.permissions.arguments import Arguments
from compiler.permissions.buckets import objects_of_call
from compiler.permissions.passed_roles import ROLES_OF_THIS_STAGE, computed_roles, passed_roles, role_arguments
from compiler.permissions.resources import ResourceOf, Resources, anything, arn, named
from compiler.permissions.rights_of_caller import with_rights_of_caller
from compiler.permissions.statement import Statement
from compiler.permissions.tagging import tagging

EVENT_ACTIONS = ("events:DescribeRule", "events:PutRule", "events:PutTargets")


@dataclass(frozen=True, slots=True)
class Grant:
    """Actions on one resource."""

    actions: tuple[str, ...]
    resource: ResourceOf = anything


@dataclass(frozen=True, slots=True)
class Integration:
    """What an integration always needs, what `.sync` needs in addition, and the event rule that `.sync` uses.

    `passes_role` is the argument with a role that is always passed (`Outer.RoleArn` for a nested one; empty if
    the roles are those of something that exists), and the service that gets it. `linked_role` is the service whose
    service-linked role the first call in an account creates.
    """

    grants: tuple[Grant, ...]
    sync: tuple[Grant, ...] = ()
    rule: str = ""
    passes_role: tuple[str, str] | None = None
    linked_role: str = ""


def _one(*actions: str, on: ResourceOf = anything) -> tuple[Grant, ...]:
    return (Grant(actions, on),)


_TABLE = named("TableName", "dynamodb", "table/{}")
_JOB = named("JobName", "glue", "job/{}")
_PROJECT = named("ProjectName", "codebuild", "project/{}")
_CLUSTER = named("ClusterId", "elasticmapreduce", "cluster/{}")
_WORK_GROUP = named("WorkGroup", "athena", "workgroup/{}", default="primary")
_VIRTUAL_CLUSTER = named("VirtualClusterId", "emr-containers", "/virtualclusters/{}")
_JOB_RUNS = named("VirtualClusterId", "emr-containers", "/virtualclusters/{}/jobruns/*")
_APPLICATION = named("ApplicationId", "emr-serverless", "/applications/{}")
_APPLICATION_JOBS = named("ApplicationId", "emr-serverless", "/applications/{}/jobruns/*")
_EKS_CLUSTER = named("Name", "eks", "cluster/{}")
_BREW_JOB = named("Name", "databrew", "job/{}")
_SAGEMAKER_RULE = "StepFunctionsGetEventsForSageMaker{}JobsRule"
_CODEBUILD_RULE = "StepFunctionsGetEventForCodeBuild{}Rule"
# Queries that change no table; others are DDL, or write.
_READING = re.compile(r"\s*(?:SELECT|WITH|SHOW|DESCRIBE|DESC|EXPLAIN|VALUES|EXECUTE|\()", re.IGNORECASE)
_READ_TABLES = tuple(
    f"glue:{action}"
    for action in (
        *("BatchGetPartition", "GetDatabase", "GetDatabases", "GetPartition", "GetPartitions"),
        *("GetTable", "GetTables"),
    )
)
_CHANGE_TABLES = tuple(
    f"glue:{action}"
    for action in (
        *("BatchCreatePartition", "BatchDeletePartition", "BatchDeleteTable", "CreateDatabase", "CreatePartition"),
        *("CreateTable", "DeleteDatabase", "DeletePartition", "DeleteTable", "UpdateDatabase", "UpdatePartition"),
        "UpdateTable",
    )
)
_EMR_SERVERLESS = "StepFunctionsGetEventsForEMRServerless{}Rule"


def job_queue_and_definition(arguments: Arguments) -> Resources:
    """Return the job queue and the job definition of `batch:submitJob`."""
    queue = named("JobQueue", "batch", "job-queue/{}")(arguments)
    definition = r.revisions("JobDefinition", "batch", "job-definition/{}")(arguments)
    # IAM judges a definition without a revision as it is written, and as the revision that it means.
    written = tuple(text.removesuffix(":*") for text in definition.arns if text.endswith(":*"))
    return Resources((*written, *definition.arns, *queue.arns), definition.note or queue.note)


def _data_catalogs(arguments: Arguments) -> Resources:
    catalog = arguments.nested("QueryExecutionContext")
    found = named("Catalog", "athena", "datacatalog/{}", default="AwsDataCatalog")(catalog)
    return Resources(found.arns, found.note or "allow what the query reads in S3 in `permissions`")


def _of_glue(arguments: Arguments) -> Resources:
    arns = tuple(arn("glue", pattern) for pattern in ("catalog", "database/*", "table/*"))
    return Resources(arns, "the definition does not show which tables the query names")


def _changed_in_glue(arguments: Arguments) -> Resources:
    query = arguments.literal("QueryString")
    if query is None or _READING.match(query):
        return Resources(())
    return _of_glue(arguments)


def _of_build(arguments: Arguments) -> Resources:
    return Resources((arn("codebuild", "project/*"),), "the definition does not name the project of the build")


def _reports(arguments: Arguments) -> Resources:
    return Resources((arn("codebuild", "report-group/*"),), "the definition does not name the group of the report")


def _roles_of_nodes(arguments: Arguments) -> Resources:
    text = arguments.literal("NodeRole")
    if text is None:
        return Resources(("arn:${AWS::Partition}:iam::${AWS::AccountId}:role/*",), "NodeRole is computed at run time")
    return Resources((r.role(text),))


def _sagemaker(
    kind: str, parameter: str, path: str, *, role: str | None = "RoleArn", events: str | None = None
) -> Integration:
    resource = named(parameter, "sagemaker", path + "/{}")
    return Integration(
        _one("sagemaker:AddTags", f"sagemaker:Create{kind}", "sagemaker:ListTags", on=resource),
        _one(f"sagemaker:Describe{kind}", f"sagemaker:Stop{kind}", on=resource),
        _SAGEMAKER_RULE.format(events or kind.removesuffix("Job")),
        (role, "sagemaker.amazonaws.com") if role else None,
    )


def _emr_serverless(action: str, sync: tuple[str, ...], kind: str, resource: ResourceOf) -> Integration:
    role = ("ExecutionRoleArn", "emr-serverless.amazonaws.com") if action == "StartJobRun" else None
    create = anything if action == "CreateApplication" else _APPLICATION
    return Integration(
        _one(f"emr-serverless:{action}", on=create if action != "CancelJobRun" else _APPLICATION_JOBS),
        _one(*(f"emr-serverless:{name}" for name in sync), on=resource),
        _EMR_SERVERLESS.format(kind),
        role,
        "ops.emr-serverless" if action == "CreateApplication" else "",
    )


INTEGRATIONS: dict[str, Integration] = {
    "lambda:invoke": Integration(_one("lambda:InvokeFunction", on=r.function)),
    "states:startExecution": Integration(
        _one("states:StartExecution", on=r.state_machine),
        _one(
            "states:DescribeExecution", "states:StopExecution", on=lambda args: r.executions_of(r.state_machine(args))
        ),
        "StepFunctionsGetEventsForStepFunctionsExecutionRule",
    ),
    **{
        f"dynamodb:{verb}Item": Integration(_one(f"dynamodb:{verb.capitalize()}Item", on=_TABLE))
        for verb in ("get", "put", "update", "delete")
    },
    "sqs:sendMessage": Integration(_one("sqs:SendMessage", on=r.queue)),
    "sns:publish": Integration(_one("sns:Publish", on=r.topic)),
    "events:putEvents": Integration(_one("events:PutEvents", on=r.event_buses)),
    "batch:submitJob": Integration(
        _one("batch:SubmitJob", on=job_queue_and_definition),
        (
            Grant(("batch:DescribeJobs",)),
            Grant(
                ("batch:TerminateJob",),
                lambda args: Resources((arn("batch", "job/*"),), "job ids are assigned at run time"),
            ),
        ),
        "StepFunctionsGetEventsForBatchJobsRule",
    ),
    "ecs:runTask": Integration(
        _one("ecs:RunTask", on=r.revisions("TaskDefinition", "ecs", "task-definition/{}")),
        _one(
            "ecs:DescribeTasks",
            "ecs:StopTask",
            on=lambda args: Resources((arn("ecs", "task/*"),), "task ids are assigned at run time"),
        ),
        "StepFunctionsGetEventsForECSTaskRule",
        ("", "ecs-tasks.amazonaws.com"),
    ),
    "glue:startJobRun": Integration(
        _one("glue:StartJobRun", on=_JOB), _one("glue:BatchStopJobRun", "glue:GetJobRun", "glue:GetJobRuns", on=_JOB)
    ),
    "databrew:startJobRun": Integration(
        _one("databrew:StartJobRun", on=_BREW_JOB), _one("databrew:ListJobRuns", "databrew:StopJobRun", on=_BREW_JOB)
    ),
    "codebuild:startBuild": Integration(
        _one("codebuild:StartBuild", on=_PROJECT),
        _one("codebuild:BatchGetBuilds", "codebuild:StopBuild", on=_PROJECT),
        _CODEBUILD_RULE.format("StartBuild"),
    ),
    "codebuild:startBuildBatch": Integration(
        _one("codebuild:StartBuildBatch", on=_PROJECT),
        _one("codebuild:BatchGetBuildBatches", "codebuild:StopBuildBatch", on=_PROJECT),
        _CODEBUILD_RULE.format("StartBuildBatch"),
    ),
    "codebuild:retryBuild": Integration(
        _one("codebuild:RetryBuild", on=_of_build),
        _one("codebuild:BatchGetBuilds", "codebuild:StopBuild", on=_of_build),
        _CODEBUILD_RULE.format("RetryBuild"),
    ),
    "codebuild:retryBuildBatch": Integration(
        _one("codebuild:RetryBuildBatch", on=_of_build),
        _one("codebuild:BatchGetBuildBatches", "codebuild:StopBuildBatch", on=_of_build),
        _CODEBUILD_RULE.format("RetryBuildBatch"),
    ),
    **{
        f"codebuild:{action[:1].lower()}{action[1:]}": Integration(_one(f"codebuild:{action}", on=_of_build))
        for action in ("StopBuild", "StopBuildBatch", "BatchGetBuilds", "BatchDeleteBuilds", "DeleteBuildBatch")
    },
    "codebuild:batchGetReports": Integration(_one("codebuild:BatchGetReports", on=_reports)),
    "athena:startQueryExecution": Integration(
        (
            Grant(("athena:StartQueryExecution",), _WORK_GROUP),
            Grant(("athena:GetDataCatalog",), _data_catalogs),
            # Athena looks at tables, and changes them, with the rights of its caller.
            Grant(_READ_TABLES, _of_glue),
            Grant(("lakeformation:GetDataAccess",)),
            Grant(_CHANGE_TABLES, _changed_in_glue),
            Grant(("s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"), r.query_bucket),
            Grant(
                ("s3:AbortMultipartUpload", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject"),
                r.query_results,
            ),
        ),
        _one("athena:GetQueryExecution", "athena:StopQueryExecution", on=_WORK_GROUP),
    ),
    "athena:stopQueryExecution": Integration(_one("athena:StopQueryExecution", on=_WORK_GROUP)),
    "athena:getQueryExecution": Integration(_one("athena:GetQueryExecution", on=_WORK_GROUP)),
    "athena:getQueryResults": Integration(
        (Grant(("athena:GetQueryResults",), _WORK_GROUP), Grant(("s3:GetObject",), r.query_results))
    ),
    "eks:createCluster": Integration(
        _one("eks:CreateCluster"),
        _one("eks:DeleteCluster", "eks:DescribeCluster", on=_EKS_CLUSTER),
        passes_role=("RoleArn", "eks.amazonaws.com"),
    ),
    "eks:deleteCluster": Integration(
        _one("eks:DeleteCluster", on=_EKS_CLUSTER), _one("eks:DescribeCluster", on=_EKS_CLUSTER)
    ),
    "eks:createNodegroup": Integration(
        (
            Grant(("eks:CreateNodegroup",), named("ClusterName", "eks", "cluster/{}")),
            # EKS looks at these with the rights of its caller.
            Grant(("ec2:DescribeSubnets",)),
            Grant(("iam:GetRole", "iam:ListAttachedRolePolicies"), _roles_of_nodes),
        ),
        _one("eks:DeleteNodegroup", "eks:DescribeNodegroup", on=named("ClusterName", "eks", "nodegroup/{}/*")),
        "",
        ("NodeRole", "eks.amazonaws.com"),
    ),
    "eks:deleteNodegroup": Integration(
        _one("eks:DeleteNodegroup", on=named("ClusterName", "eks", "nodegroup/{}/*")),
        _one("eks:DescribeNodegroup", on=named("ClusterName", "eks", "nodegroup/{}/*")),
    ),
    "eks:createFargateProfile": Integration(
        _one("eks:CreateFargateProfile", on=named("ClusterName", "eks", "cluster/{}")),
        _one(
            "eks:DeleteFargateProfile",
            "eks:DescribeFargateProfile",
            on=named("ClusterName", "eks", "fargateprofile/{}/*"),
        ),
        "",
        ("PodExecutionRoleArn", "eks.amazonaws.com"),
    ),
    "eks:deleteFargateProfile": Integration(
        _one("eks:DeleteFargateProfile", on=named("ClusterName", "eks", "fargateprofile/{}/*")),
        _one("eks:DescribeFargateProfile", on=named("ClusterName", "eks", "fargateprofile/{}/*")),
    ),
    "eks:call": Integration(()),  # Kubernetes' own roles decide
    "eks:runJob": Integration(()),
    "elasticmapreduce:createCluster": Integration(
        _one("elasticmapreduce:RunJobFlow"),
        _one("elasticmapreduce:DescribeCluster", "elasticmapreduce:TerminateJobFlows", on=_CLUSTER),
        "StepFunctionsGetEventForEMRRunJobFlowRule",
        ("ServiceRole", "elasticmapreduce.amazonaws.com"),
    ),
    "elasticmapreduce:terminateCluster": Integration(
        _one("elasticmapreduce:TerminateJobFlows", on=_CLUSTER),
        _one("elasticmapreduce:DescribeCluster", on=_CLUSTER),
        "StepFunctionsGetEventForEMRTerminateJobFlowsRule",
    ),
    "elasticmapreduce:addStep": Integration(
        _one("elasticmapreduce:AddJobFlowSteps", on=_CLUSTER),
        _one("elasticmapreduce:CancelSteps", "elasticmapreduce:DescribeStep", on=_CLUSTER),
        "StepFunctionsGetEventForEMRAddJobFlowStepsRule",
    ),
    "elasticmapreduce:cancelStep": Integration(_one("elasticmapreduce:CancelSteps", on=_CLUSTER)),
    "elasticmapreduce:setClusterTerminationProtection": Integration(
        _one("elasticmapreduce:SetTerminationProtection", on=_CLUSTER)
    ),
    "elasticmapreduce:modifyInstanceFleetByName": Integration(
        _one("elasticmapreduce:ListInstanceFleets", "elasticmapreduce:ModifyInstanceFleet", on=_CLUSTER)
    ),
    "elasticmapreduce:modifyInstanceGroupByName": Integration(
        _one("elasticmapreduce:ListInstanceGroups", "elasticmapreduce:ModifyInstanceGroups", on=_CLUSTER)
    ),
    "emr-containers:createVirtualCluster": Integration(
        _one("emr-containers:CreateVirtualCluster"), linked_role="emr-containers"
    ),
    "emr-containers:deleteVirtualCluster": Integration(
        _one("emr-containers:DeleteVirtualCluster", on=named("Id", "emr-containers", "/virtualclusters/{}")),
        _one("emr-containers:DescribeVirtualCluster", on=named("Id", "emr-containers", "/virtualclusters/{}")),
    ),
    "emr-containers:startJobRun": Integration(
        _one("emr-containers:StartJobRun", on=_VIRTUAL_CLUSTER),
        _one("emr-containers:CancelJobRun", "emr-containers:DescribeJobRun", on=_JOB_RUNS),
    ),
    "emr-serverless:createApplication": _emr_serverless(
        "CreateApplication",
        ("DeleteApplication", "GetApplication"),
        "Application",
        lambda args: Resources((arn("emr-serverless", "/applications/*"),), "application ids are assigned at run time"),
    ),
    "emr-serverless:startApplication": _emr_serverless(
        "StartApplication", ("GetApplication", "StopApplication"), "Application", _APPLICATION
    ),
    "emr-serverless:stopApplication": _emr_serverless(
        "StopApplication", ("GetApplication",), "Application", _APPLICATION
    ),
    "emr-serverless:deleteApplication": _emr_serverless(
        "DeleteApplication", ("GetApplication",), "Application", _APPLICATION
    ),
    "emr-serverless:startJobRun": _emr_serverless(
        "StartJobRun", ("CancelJobRun", "GetJobRun"), "Job", _APPLICATION_JOBS
    ),
    "emr-serverless:cancelJobRun": _emr_serverless("CancelJobRun", ("GetJobRun",), "Job", _APPLICATION_JOBS),
    "sagemaker:createTrainingJob": _sagemaker("TrainingJob", "TrainingJobName", "training-job"),
    "sagemaker:createTransformJob": _sagemaker("TransformJob", "TransformJobName", "transform-job", role=None),
    "sagemaker:createProcessingJob": _sagemaker("ProcessingJob", "ProcessingJobName", "processing-job"),
    "sagemaker:createLabelingJob": _sagemaker("LabelingJob", "LabelingJobName", "labeling-job"),
    "sagemaker:createHyperParameterTuningJob": _sagemaker(
        "HyperParameterTuningJob",
        "HyperParameterTuningJobName",
        "hyper-parameter-tuning-job",
        role="TrainingJobDefinition.RoleArn",
        events="Tuning",
    ),
    "sagemaker:createModel": Integration(
        _one("sagemaker:AddTags", "sagemaker:CreateModel", on=named("ModelName", "sagemaker", "model/{}")),
        passes_role=("ExecutionRoleArn", "sagemaker.amazonaws.com"),
    ),
    "sagemaker:createEndpoint": Integration(
        _one("sagemaker:AddTags", "sagemaker:CreateEndpoint", on=named("EndpointName", "sagemaker", "endpoint*/{}"))
    ),
    "sagemaker:createEndpointConfig": Integration(
        _one(
            "sagemaker:AddTags",
            "sagemaker:CreateEndpointConfig",
            on=named("EndpointConfigName", "sagemaker", "endpoint-config/{}"),
        )
    ),
    "sagemaker:updateEndpoint": Integration(
        _one("sagemaker:UpdateEndpoint", on=named("EndpointName", "sagemaker", "endpoint*/{}"))
    ),
    "bedrock:invokeModel": Integration(_one("bedrock:InvokeModel", on=r.model)),
    "bedrock:createModelCustomizationJob": Integration(
        _one("bedrock:CreateModelCustomizationJob"),
        _one(
            "bedrock:GetModelCustomizationJob",
            "bedrock:StopModelCustomizationJob",
            on=lambda args: Resources(
                (arn("bedrock", "model-customization-job/*"),), "job ids are assigned at run time"
            ),
        ),
        "",
        ("RoleArn", "bedrock.amazonaws.com"),
    ),
    "mediaconvert:createJob": Integration(
        _one("mediaconvert:CreateJob"),
        _one(
            "mediaconvert:CancelJob",
            "mediaconvert:GetJob",
            on=lambda args: Resources((arn("mediaconvert", "jobs/*"),), "job ids are assigned at run time"),
        ),
        "StepFunctionsGetEventsForMediaConvertJobRule",
        ("Role", "mediaconvert.amazonaws.com"),
    ),
    "apigateway:invoke": Integration(_one("execute-api:Invoke", on=r.api_endpoint)),
}

# Messages to the clients of a WebSocket API.
_CONNECTIONS = Integration(_one("execute-api:ManageConnections", on=r.api_endpoint))


def optimised(name: str, pattern: str, arguments: Arguments) -> Iterator[Statement]:
    """Yield the statements of an integration.

    Args:
        name: The integration, such as `sqs:sendMessage`; an unknown one has no statements.
        pattern: "", "sync", "sync:2" or "waitForTaskToken".
        arguments: The task's arguments.
    """
    if name == "http:invoke":
        yield from _http(arguments)
        return
    integration = INTEGRATIONS.get(name)
    if integration is None:
        return
    if name == "apigateway:invoke" and (arguments.literal("Path") or "").lstrip("/").startswith("@connections"):
        integration = _CONNECTIONS
    sync = pattern.startswith("sync")
    for grant in (*integration.grants, *(integration.sync if sync else ())):
        found = grant.resource(arguments)
        if found.arns:
            yield Statement("", tuple(sorted(grant.actions)), found.arns, note=found.note)
    if sync and integration.rule:
        yield Statement("", EVENT_ACTIONS, (arn("events", f"rule/{integration.rule}"),))
    if integration.linked_role:
        role = f"{r.PARTITION}:iam::${{AWS::AccountId}}:role/aws-service-role/{integration.linked_role}.amazonaws.com/*"
        yield Statement("", ("iam:CreateServiceLinkedRole",), (role,))
    yield from _roles(name, integration.passes_role, arguments)
    yield from objects_of_call(name.partition(":")[0], arguments)
    yield from with_rights_of_caller(name.partition(":")[0], arguments)
    yield from _tagging(name, integration, arguments)


def _roles(name: str, passes: tuple[str, str] | None, arguments: Arguments) -> Iterator[Statement]:
    """Yield the statements for the roles that a call passes; for one that it must pass, also if it names none."""
    service = name.partition(":")[0]
    parameter, principal = passes or (None, "")
    condition = {"StringEquals": {"iam:PassedToService": principal}}
    if arguments.computed_as_a_whole:
        named = (parameter.rpartition(".")[2],) if parameter else role_arguments(service, name.partition(":")[2])
        yield from computed_roles(named, condition if passes else None)
        return
    found = False
    for passed in passed_roles(service, arguments):
        is_that = parameter == "" or (parameter is not None and passed.argument == parameter.rpartition(".")[2])
        found = found or is_that
        yield passed.statement(condition if is_that else None)
    if passes is None or (parameter and found):
        return
    note = "the definition does not specify the role; only roles of this stage may be passed"
    yield Statement("", ("iam:PassRole",), (ROLES_OF_THIS_STAGE,), condition=condition, note=note)


def _tagging(name: str, integration: Integration, arguments: Arguments) -> Iterator[Statement]:
    service, _, action = name.partition(":")
    granted = {action for grant in integration.grants for action in grant.actions}
    for statement in tagging(service, action[:1].upper() + action[1:], arguments, r.ANY):
        if not granted.issuperset(statement.actions):
            yield statement


def _http(arguments: Arguments) -> Iterator[Statement]:
    """Source: https://docs.aws.amazon.com/step-functions/latest/dg/call-https-apis.html#connect-http-task-permissions."""
    condition = {}
    endpoint, method = arguments.literal("ApiEndpoint"), arguments.literal("Method")
    if endpoint is not None:
        condition["states:HTTPEndpoint"] = endpoint
    if method is not None:
        condition["states:HTTPMethod"] = method
    yield Statement(
        "",
        ("states:InvokeHTTPEndpoint",),
        (arn("states", "stateMachine:${ResourcePrefix}${FlowName}"),),
        condition={"StringEquals": condition} if condition else None,
        note="" if endpoint is not None else "ApiEndpoint is computed at run time",
    )
    found = r.connection(arguments)
    yield Statement("", ("events:RetrieveConnectionCredentials",), found.arns, note=found.note)
    secrets = (arn("secretsmanager", "secret:events!connection/*"),)
    yield Statement(
        "",
        ("secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"),
        secrets,
        note="EventBridge chooses the name of the connection's secret",
    )
