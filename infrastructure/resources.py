"""Helpers for CloudFormation resources as plain dictionaries.

CDK's classes for resources take long to load, in Python and in Node, and need a call into CDK for each part of a
resource. Dictionaries are checked by cfn-lint, which the tests run on every template.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any

from chalicelib import APP_NAME
from infrastructure.stage import StageSettings

Resource = dict[str, Any]


def logical_id(name: str) -> str:
    """Return a unique CloudFormation id for a name: letters and digits only."""
    camel = "".join(part[:1].upper() + part[1:] for part in re.split(r"[^A-Za-z0-9]+", name))
    return camel if camel == name else camel + hashlib.sha256(name.encode()).hexdigest()[:6]


def ref(logical_id: str) -> dict[str, Any]:
    """Return `Ref` of a resource, which is usually its name."""
    return {"Ref": logical_id}


def attribute(logical_id: str, name: str) -> dict[str, Any]:
    """Return `Fn::GetAtt` of an attribute of a resource."""
    return {"Fn::GetAtt": [logical_id, name]}


def kept(resource: Resource, stage: StageSettings) -> Resource:
    """Return a resource with the stage's policy for data: keep or delete it with the stack."""
    policy = "Retain" if stage.retain_data else "Delete"
    return {**resource, "DeletionPolicy": policy, "UpdateReplacePolicy": policy}


def deleted(resource: Resource) -> Resource:
    """Return a resource that is deleted with the stack even if data is kept: its name must be free for the next one."""
    return {**resource, "DeletionPolicy": "Delete", "UpdateReplacePolicy": "Delete"}


def log_group(name: str, stage: StageSettings) -> Resource:
    """Return a log group, which keeps events as long as the stage says."""
    properties = {"LogGroupName": name, "RetentionInDays": stage.log_retention_days, "Tags": tag_list(stage)}
    return deleted({"Type": "AWS::Logs::LogGroup", "Properties": properties})


def role(
    assumed_by: Mapping[str, Any], policy: Mapping[str, Any], *, policy_name: str, tags: Any, **properties: Any
) -> Resource:
    """Return a role with one inline policy.

    Args:
        assumed_by: Its trust policy.
        policy: Its permissions.
        policy_name: The name of the inline policy.
        tags: The tags, as CloudFormation expects them.
        properties: Further properties of the role.
    """
    if policy["Statement"]:  # IAM rejects a policy without statements
        properties["Policies"] = [{"PolicyName": policy_name, "PolicyDocument": policy}]
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {**properties, "AssumeRolePolicyDocument": assumed_by, "Tags": tags},
    }


def bounded(resources: Mapping[str, Resource], stage: StageSettings) -> dict[str, Resource]:
    """Return resources whose roles have the stage's permissions boundary, if it has one."""
    if stage.permissions_boundary is None:
        return dict(resources)
    # Not written with `template_names`, so that it can be added to finished resources.
    policy = f":policy/{stage.permissions_boundary}"
    arn = {"Fn::Join": ["", ["arn:", ref("AWS::Partition"), ":iam::", ref("AWS::AccountId"), policy]]}
    return {
        key: {**resource, "Properties": {**resource["Properties"], "PermissionsBoundary": arn}}
        if resource["Type"] == "AWS::IAM::Role"
        else resource
        for key, resource in resources.items()
    }


def assumed_by(service: str, *sources: str) -> dict[str, Any]:
    """Return a trust policy that lets a service assume a role.

    Args:
        service: The service's principal, such as `states.amazonaws.com`.
        sources: Patterns of the ARNs of the only resources for which it may do so; none for any.
    """
    statement: dict[str, Any] = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sts:AssumeRole",
    }
    if sources:
        statement["Condition"] = {"ArnLike": {"aws:SourceArn": sources[0] if len(sources) == 1 else list(sources)}}
    return {"Version": "2012-10-17", "Statement": [statement]}


def assumed_by_tests(trust: Mapping[str, Any], account: Any) -> dict[str, Any]:
    """Return a trust policy of a flow's role that also admits TestState, which acts for no state machine.

    Args:
        trust: The trust policy.
        account: The account, from which alone the test may come.
    """
    statement = {**assumed_by("states.amazonaws.com")["Statement"][0]}
    statement["Condition"] = {"StringEquals": {"aws:SourceAccount": account}}
    return {**trust, "Statement": [*trust["Statement"], statement]}


def tag_list(stage: StageSettings) -> list[dict[str, str]]:
    """Return the tags of every resource, in the form that most resource types expect."""
    return [{"Key": key, "Value": value} for key, value in sorted(tags(stage).items())]


def tags(stage: StageSettings) -> dict[str, str]:
    """Return the tags of every resource, by key."""
    return {"Application": APP_NAME, "Stage": stage.name, **stage.tags}
