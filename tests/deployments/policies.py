"""Checks that policy.json allows the deployer's calls."""

from __future__ import annotations

from infrastructure.bootstrap.policies import execution_policies, qualifier
from rehearsal.cloudformation.provider import CALLER
from tests.deployments.projects import ACCOUNT, REGION
from tests.deployments.recording import DEPLOYER, Call, RecordedCloud
from tests.infrastructure.iam import allows, deployer_policy


def refused_to_cloudformation(cloud: RecordedCloud, before: set[Call]) -> list[str]:
    """The actions of CloudFormation that no execution policy allows on any resource.

    Requests don't always say which resource they are about.

    Args:
        cloud: The cloud.
        before: The calls with which CloudFormation has created the bootstrap, as the administrator.
    """
    documents = execution_policies(ACCOUNT, REGION, qualifier()).values()
    listed = {
        action.lower()
        for document in documents
        for statement in document["Statement"]
        if statement["Effect"] == "Allow"
        for action in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
    }
    called = {_IAM_ACTIONS.get(call.action, call.action) for call in cloud.calls_of(CALLER) - before}
    return sorted(action for action in called if action.lower() not in listed)


_IAM_ACTIONS = {"s3:GET": "s3:GetObject", "s3:HEAD": "s3:GetObject", "ssm:GetParameter": "ssm:GetParameters"}
"""What CloudFormation on AWS calls instead, by what the local one calls."""


def refused(cloud: RecordedCloud) -> list[Call]:
    """The deployer's calls that no statement allows."""
    policy = deployer_policy(REGION, ACCOUNT)
    calls = cloud.calls_of(DEPLOYER)
    return sorted((call for call in calls if not allows(policy, call.action, call.resource)), key=str)
