"""What one function is on AWS, as CloudFormation: the Lambda function and its log.

The logs are the stack's whoever deploys the functions: Lambda would make them without a retention, and neither it nor
Chalice would ever delete them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from infrastructure.nested_stacks import NestedTemplate, stack_index, template
from infrastructure.resources import Resource, logical_id, tag_list
from infrastructure.stages import StageSettings
from infrastructure.tokens import LIVE, template_names, with_pseudo_parameters

PARAMETERS: Mapping[str, str] = {
    "CodeBucket": "Where the package is.",
    "CodeKey": "The package's key in the bucket.",
    "RoleArn": "What the functions may do.",
    "UserPoolId": "The stage's users.",
    "UserPoolClientId": "How they sign in.",
}
"""What the resources of functions need of the stack around them."""

RUN_STATUS = "run-status"
"""The function that keeps the records of runs (`app.run_status`); no flow says how large it is."""
RUN_STATUS_TIMEOUT, RUN_STATUS_MEMORY = 30, 256  # seconds, MB
API_STAGE = "api"
"""The name of the API's stage on API Gateway, the first part of its paths."""


@dataclass(frozen=True, slots=True)
class FunctionSettings:
    """A function as it is deployed: `timeout` in seconds, `memory` in MB, `handler` as `app.<python name>`.

    `properties` are further ones of the Lambda function, `variables` further environment variables: what the project
    has in `.chalice/config.json` beyond the settings of the stage, such as a VPC.
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
    """The templates of the nested stacks that hold the functions.

    Args:
        functions: All of the stage's, without the API's own.
        stage: The stage's settings.
        runtime: Lambda's name of Python's version, such as `python3.11`.

    Raises:
        StackFullError: The stage's `function_stacks` is too small.
    """
    by_name = {function.name: function for function in functions}
    return _templates(by_name, stage, lambda name: function_resources(by_name[name], stage, runtime))


def log_templates(functions: Iterable[str], stage: StageSettings) -> list[NestedTemplate]:
    """The templates of the same nested stacks where Chalice deploys the functions: their logs alone.

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
    """The log of one function."""
    return {
        logical_id(function) + "Log": {
            "Type": "AWS::Logs::LogGroup",
            "Properties": {
                "LogGroupName": f"/aws/lambda/{template_names(stage.name).resource(function)}",
                "RetentionInDays": stage.log_retention_days,
                "Tags": tag_list(stage),
            },
        }
    }


def function_resources(function: FunctionSettings, stage: StageSettings, runtime: str) -> dict[str, Resource]:
    """The resources of one function."""
    names = template_names(stage.name)
    prefix = logical_id(function.name)
    made: dict[str, Resource] = {
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
                "TracingConfig": {"Mode": "Active" if stage.tracing else "PassThrough"},
                "Environment": {
                    "Variables": {
                        **function.variables,
                        **environment(stage, names.account, {"Ref": "UserPoolId"}, {"Ref": "UserPoolClientId"}),
                    }
                },
                **function.properties,
                "Tags": tag_list(stage),
            },
        },
    }
    resources: dict[str, Resource] = with_pseudo_parameters(made)
    return resources


def environment(stage: StageSettings, account: Any, user_pool_id: Any, user_pool_client_id: Any) -> dict[str, Any]:
    """The environment variables of every function (`chalicelib.settings` reads them). Values may be expressions."""
    return {
        "STAGE": stage.name,
        "ACCOUNT_ID": account,
        "USER_POOL_ID": user_pool_id,
        "USER_POOL_CLIENT_ID": user_pool_client_id,
        "CORS_ORIGINS": ",".join(stage.cors_origins),
        "FLOW_ALIAS": LIVE,
        "LOG_LEVEL": stage.log_level,
    }
