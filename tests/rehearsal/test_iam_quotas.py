"""IAM refuses what exceeds its quotas."""

from __future__ import annotations

import json
import uuid

import pytest
from botocore.exceptions import ClientError

from localcloud.cloud import Cloud
from tests.localcloud.conftest import client_of


def policy(characters: int) -> str:
    """A policy of so many characters that count, with white space, which does not."""
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::"}
    document = {"Version": "2012-10-17", "Statement": [statement]}
    statement["Resource"] += "x" * (characters - len(json.dumps(document, separators=(",", ":"))))
    return json.dumps(document, indent=8)


def test_the_policies_of_a_role_have_quotas(cloud: Cloud) -> None:
    iam, name = client_of(cloud, "iam"), f"role-{uuid.uuid4().hex[:8]}"
    iam.create_role(RoleName=name, AssumeRolePolicyDocument="{}")
    iam.put_role_policy(RoleName=name, PolicyName="a", PolicyDocument=policy(10_000))
    iam.put_role_policy(RoleName=name, PolicyName="a", PolicyDocument=policy(10_240))  # replaces the other
    with pytest.raises(ClientError, match=f"Maximum policy size of 10240 bytes exceeded for role {name}"):
        iam.put_role_policy(RoleName=name, PolicyName="b", PolicyDocument=policy(200))
    with pytest.raises(ClientError, match="Cannot exceed quota for PolicySize: 6144"):
        iam.create_policy(PolicyName=f"{name}-large", PolicyDocument=policy(6_145))
    for number in range(11):
        arn = iam.create_policy(PolicyName=f"{name}-{number}", PolicyDocument=policy(6_144))["Policy"]["Arn"]
        if number < 10:
            iam.attach_role_policy(RoleName=name, PolicyArn=arn)
    with pytest.raises(ClientError, match="Cannot exceed quota for PoliciesPerRole: 10"):
        iam.attach_role_policy(RoleName=name, PolicyArn=arn)
    with pytest.raises(ClientError, match="Cannot exceed quota for PolicySize"):
        iam.create_policy_version(PolicyArn=arn, PolicyDocument=policy(6_145))
