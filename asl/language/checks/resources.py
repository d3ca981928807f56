"""The resources of Task states."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from asl.language.checks.base import DEVELOPER_GUIDE, Check, Report, Rules, StateView

if TYPE_CHECKING:
    from asl.language.checks.examples import Example

_PAGE = DEVELOPER_GUIDE + "integrate-optimized.html"
ARN = Check("resource-arn", "The resource of a Task must be an ARN.", source=_PAGE)
PATTERN = Check("resource-pattern", "A Task must use an action and a pattern that its service has.", source=_PAGE)
CREDENTIALS = Check("activity-credentials", "An activity can't have Credentials.", source=_PAGE)

ACTIVITY = re.compile(r"arn:[\w-]+:states:[\w-]*:\d*:activity:.+")
_INTEGRATION = re.compile(r"arn:[\w-]+:states:[\w-]*:\d*:([\w-]+):(.+)")
_NO_SYNC = frozenset({"lambda", "sns", "sqs", "dynamodb", "events", "apigateway", "aws-sdk"})
ACTIONS = {
    "apigateway": {"invoke"},
    "athena": {"startQueryExecution", "stopQueryExecution", "getQueryExecution", "getQueryResults"},
    "batch": {"submitJob"},
    "bedrock": {"invokeModel", "createModelCustomizationJob"},
    "codebuild": {
        *("startBuild", "stopBuild", "retryBuild", "batchDeleteBuilds", "batchGetBuilds", "batchGetReports"),
        *("startBuildBatch", "stopBuildBatch", "retryBuildBatch", "deleteBuildBatch"),
    },
    "databrew": {"startJobRun"},
    "dynamodb": {"getItem", "putItem", "updateItem", "deleteItem"},
    "ecs": {"runTask"},
    "eks": {
        *("createCluster", "deleteCluster", "createNodegroup", "deleteNodegroup"),
        *("createFargateProfile", "deleteFargateProfile", "runJob", "call"),
    },
    "elasticmapreduce": {
        *("createCluster", "terminateCluster", "setClusterTerminationProtection", "addStep", "cancelStep"),
        *("modifyInstanceFleetByName", "modifyInstanceGroupByName"),
    },
    "emr-containers": {"createVirtualCluster", "deleteVirtualCluster", "startJobRun"},
    "emr-serverless": {
        *("createApplication", "startApplication", "stopApplication", "deleteApplication"),
        *("startJobRun", "cancelJobRun"),
    },
    "events": {"putEvents"},
    "glue": {"startJobRun"},
    "http": {"invoke"},
    "lambda": {"invoke"},
    "mediaconvert": {"createJob"},
    "sagemaker": {
        *("createEndpoint", "createEndpointConfig", "createHyperParameterTuningJob", "createLabelingJob"),
        *("createModel", "createProcessingJob", "createTrainingJob", "createTransformJob", "updateEndpoint"),
    },
    "sns": {"publish"},
    "sqs": {"sendMessage"},
    "states": {"startExecution"},
}
"""The actions of the optimized integrations. Another action of these services needs `aws-sdk:`."""
_NO_TOKEN = frozenset(
    {"athena", "batch", "codebuild", "elasticmapreduce", "emr-containers", "emr-serverless", "glue", "databrew"}
    | {"mediaconvert", "sagemaker", "dynamodb"}
)


def check_state(state: StateView, report: Report) -> None:
    """Check the resource of one Task."""
    resource = state.fields.get("Resource")
    if state.type != "Task" or not isinstance(resource, str):
        return
    pointer = state.at("Resource")
    if not resource.startswith("arn:"):
        report.add(ARN, "Value is not a valid resource ARN", pointer)
        return
    if ACTIVITY.fullmatch(resource):
        if "Credentials" in state.fields:
            message = "The field 'Credentials' is not supported for activities"
            report.add(CREDENTIALS, message, state.at("Credentials"))
        return
    match = _INTEGRATION.fullmatch(resource)
    if match is None:
        return
    service, action = match.groups()
    unknown = service not in ACTIONS and service != "aws-sdk" and ":::" in resource
    second = action.endswith(".sync:2")
    if (
        unknown
        or ((second or action.endswith(".sync")) and service in _NO_SYNC)
        or (second and service != "states")
        or (action.endswith(".waitForTaskToken") and service in _NO_TOKEN)
        or action.partition(".")[0] not in ACTIONS.get(service, (action.partition(".")[0],))
    ):
        report.add(
            PATTERN,
            f"The resource provided {resource} is not recognized. The value is not a valid resource ARN, or the "
            "resource is not available in this region.",
            pointer,
        )


def _examples() -> dict[str, Example]:
    from asl.language.checks.examples import ACTIVITY_ARN, LAMBDA, Example, task

    return {
        "resource-arn": Example(task(Resource="my-function"), "/States/A/Resource", "/States/A/Resource", task()),
        "resource-pattern": Example(
            task(Resource=LAMBDA + ".sync"),
            "/States/A/Resource",
            "/States/A/Resource",
            task(Resource=LAMBDA + ".waitForTaskToken"),
        ),
        "activity-credentials": Example(
            task(Resource=ACTIVITY_ARN, Credentials={"RoleArn": "arn:aws:iam::123456789012:role/worker"}),
            "/States/A/Credentials",
            "/States/A/Credentials",
            task(Resource=ACTIVITY_ARN),
        ),
    }


RULES = Rules(
    order=120,
    checks=(ARN, PATTERN, CREDENTIALS),
    state=check_state,
    examples=_examples,
)
