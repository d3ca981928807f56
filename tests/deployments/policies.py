"""Checks that policy.json allows the deployer's calls."""

from __future__ import annotations

from tests.deployments.projects import ACCOUNT, REGION
from tests.deployments.recording import DEPLOYER, Call, RecordedCloud
from tests.infrastructure.iam import allows, deployer_policy


def refused(cloud: RecordedCloud) -> list[Call]:
    """The deployer's calls that no statement allows."""
    policy = deployer_policy(REGION, ACCOUNT)
    calls = cloud.calls_of(DEPLOYER)
    return sorted((call for call in calls if not allows(policy, call.action, call.resource)), key=str)
