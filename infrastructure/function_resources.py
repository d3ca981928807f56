"""The CloudFormation resources of one function: the Lambda function and its log.

The logs belong to the stack even if Chalice deploys the functions: Lambda would create them without a retention period,
and nothing would delete them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from chalicelib.names import LIVE
from infrastructure.nested_stacks import NestedTemplate, stack_index, template
from infrastructure.resources import Resource, log_group, logical_id, tag_list
from infrastructure.stage import StageSettings
from infrastructure.tokens import template_names, with_pseudo_parameters

PARAMETERS: Mapping[str, str] = {
    "CodeBucket": "The bucket of the package.",
    "CodeKey": "The package's key in the bucket.",
    "RoleArn": "The role of the functions.",
    "UserPoolId": "The user pool of the stage.",
    "UserPoolClientId": "The client with which users sign in.",
    "ApiUrl": "The address of the API.",
    "DeadLetterQueueArn": "The queue for changes of runs that could not be recorded.",
}
"""The parameters of the nested stacks of functions: what they need from the stage's stack."""

RUN_STATUS = "run-status"
"""The function that updates the records of runs (`app.run_status`). No flow declares its settings."""
RUN_SWEEP = "run-sweep"
"""The function that corrects the records of runs every night (`app.run_sweep`)."""
APPROVALS = "approvals"
"""The function that opens approvals (`app.approvals`)."""
WEBHOOKS = "webhooks"
"""The function that sends a webhook (`app.webhooks`)."""
OWN_FUNCTIONS = {RUN_STATUS: (30, 256), RUN_SWEEP: (900, 256), APPROVALS: (60, 256), WEBHOOKS: (45, 256)}
"""The framework's own functions, with timeout in seconds and memory in MB."""
API_STAGE = "api"
"""The name of the API's stage in API Gateway, the first segment of its paths."""


@dataclass(frozen=True, slots=True)
class FunctionSettings:
    """A function as it is deployed: `timeout` in seconds, `memory` in MB, `handler` as `app.<python name>`.

    `properties` are further properties of the Lambda function (such as a VPC) and `variables` further environment
    variables, both from the project's `.chalice/config.json`.
    """

    name: str
    handler: str
    timeout: int
    memory: int
    properties: Mapping[str, Any] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)


def function_templates(
    functions: Sequence[FunctionSettings], stage: StageSettings, runtime: str
) -> list[NestedTemplate]:
    """Write the templates of the nested stacks of functions.

    Args:
        functions: All functions of the stage, except the API's own.
        stage: The stage's settings.
        runtime: Lambda's name for the version of Python, such as `python3.11`.

    Raises:
        StackFullError: The stage's `function_stacks` is too small.
    """
    by_name = {function.name: function for function in functions}
    return _templates(by_name, stage, lambda name: function_resources(by_name[name], stage, runtime))


def log_templates(functions: Iterable[str], stage: StageSettings) -> list[NestedTemplate]:
    """Write the templates of the same nested stacks if Chalice deploys the functions: they have only the logs.

    Args:
        functions: The names of the functions.
        stage: The stage's settings.

    Raises:
        StackFullError: The stage's `function_stacks` is too small.
    """
    return _templates(functions, stage, lambda name: log_resources(name, stage))


def _templates(
    names: Iterable[str], stage: StageSettings, resources: Callable[[str], dict[str, Resource]]
) -> list[NestedTemplate]:
    members: dict[int, dict[str, Resource]] = {}
    for name in sorted(names):
        members.setdefault(stack_index(name, stage.function_stacks), {}).update(resources(name))
    return [
        template(f"Functions{index}", "Functions that flows call", members[index], PARAMETERS)
        for index in sorted(members)
    ]


def log_resources(function: str, stage: StageSettings) -> dict[str, Resource]:
    """Return the log group of one function."""
    name = f"/aws/lambda/{template_names(stage.name).resource(function)}"
    return {logical_id(function) + "Log": log_group(name, stage)}


def function_resources(function: FunctionSettings, stage: StageSettings, runtime: str) -> dict[str, Resource]:
    """Return the resources of one function.

    Args:
        function: The function.
        stage: The stage's settings.
        runtime: Lambda's name for the version of Python, such as `python3.11`.
    """
    names = template_names(stage.name)
    prefix = logical_id(function.name)
    described: dict[str, Resource] = {
        **log_resources(function.name, stage),
        prefix + "Function": {
            "Type": "AWS::Lambda::Function",
            "DependsOn": [prefix + "Log"],
            "Properties": {
                "FunctionName": names.resource(function.name),
                "Runtime": runtime,
                "Handler": function.handler,
                "Code": {"S3Bucket": {"Ref": "CodeBucket"}, "S3Key": {"Ref": "CodeKey"}},
                "Role": {"Ref": "RoleArn"},
                "Timeout": function.timeout,
                "MemorySize": function.memory,
                "Architectures": [stage.architecture],
                "LoggingConfig": logging_config(stage),
                "TracingConfig": {"Mode": "Active" if stage.tracing else "PassThrough"},
                "Environment": {
                    "Variables": {
                        "API_URL": {"Ref": "ApiUrl"},
                        **function.variables,  # an API_URL of its own names the API's own domain
                        **environment(stage, names.account, {"Ref": "UserPoolId"}, {"Ref": "UserPoolClientId"}),
                    }
                },
                **function.properties,
                "Tags": tag_list(stage),
            },
        },
    }
    if function.name in (RUN_STATUS, RUN_SWEEP):
        described[prefix + "Events"] = {
            "Type": "AWS::Lambda::EventInvokeConfig",
            "Properties": {
                "FunctionName": {"Ref": prefix + "Function"},
                "Qualifier": "$LATEST",
                "DestinationConfig": {"OnFailure": {"Destination": {"Ref": "DeadLetterQueueArn"}}},
            },
        }
    resources: dict[str, Resource] = with_pseudo_parameters(described)
    return resources


def logging_config(stage: StageSettings) -> dict[str, str]:
    """Return how every function logs: JSON, with the ids of request, trace and run (`chalicelib.logs`).

    https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-advanced.html
    """
    level = "WARN" if stage.log_level == "WARNING" else stage.log_level
    return {"LogFormat": "JSON", "ApplicationLogLevel": level, "SystemLogLevel": "INFO"}


OPTIONAL_VARIABLES = ("ADMIN_MFA", "WEBHOOK_NETWORKS")
"""Variables that `environment` has only if the stage's settings say so."""


def environment(stage: StageSettings, account: Any, user_pool_id: Any, user_pool_client_id: Any) -> dict[str, Any]:
    """Return the environment variables of every function, which `chalicelib.settings` reads.

    Args:
        stage: The stage's settings.
        account: The id of the account, or an expression for it.
        user_pool_id: The id of the user pool, or an expression for it.
        user_pool_client_id: The id of the pool's client, or an expression for it.
    """
    mfa = {"ADMIN_MFA": "required"} if stage.mfa == "admins" else {}
    networks = {"WEBHOOK_NETWORKS": ",".join(stage.webhook_networks)} if stage.webhook_networks else {}
    return {
        **mfa,
        **networks,
        "WAITING_PER_USER": str(stage.waiting_per_user),
        "STAGE": stage.name,
        "ACCOUNT_ID": account,
        "USER_POOL_ID": user_pool_id,
        "USER_POOL_CLIENT_ID": user_pool_client_id,
        "CORS_ORIGINS": ",".join(stage.cors_origins),
        "FLOW_ALIAS": LIVE,
        "LOG_LEVEL": stage.log_level,
        "TRACING": "on" if stage.tracing else "off",
        "WORKBENCH_GROUPS": ",".join(stage.workbench),
    }
