"""Resources as CloudFormation has them: plain dictionaries.

CDK's own classes for them take long to load, in Python and in Node, and a call of CDK for each part of a resource. A
dictionary is checked by cfn-lint, which the tests run on every template.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any

from chalicelib import APP_NAME
from infrastructure.stages import StageSettings

Resource = dict[str, Any]


def logical_id(name: str) -> str:
    """A CloudFormation id, which has letters and digits alone, that no other name shares."""
    camel = "".join(part[:1].upper() + part[1:] for part in re.split(r"[^A-Za-z0-9]+", name))
    return camel if camel == name else camel + hashlib.sha256(name.encode()).hexdigest()[:6]


def ref(logical_id: str) -> dict[str, Any]:
    """What `Ref` gives for a resource: its name, mostly."""
    return {"Ref": logical_id}


def attribute(logical_id: str, name: str) -> dict[str, Any]:
    """An attribute of a resource."""
    return {"Fn::GetAtt": [logical_id, name]}


def kept(resource: Resource, stage: StageSettings) -> Resource:
    """A resource with data; the stage says what becomes of it when the stack is destroyed."""
    policy = "Retain" if stage.retain_data else "Delete"
    return {**resource, "DeletionPolicy": policy, "UpdateReplacePolicy": policy}


def role(
    assumed_by: Mapping[str, Any], policy: Mapping[str, Any], *, policy_name: str, tags: Any, **properties: Any
) -> Resource:
    """A role with one policy of its own."""
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            **properties,
            "AssumeRolePolicyDocument": assumed_by,
            "Policies": [{"PolicyName": policy_name, "PolicyDocument": policy}],
            "Tags": tags,
        },
    }


def assumed_by(service: str, source: str | None = None) -> dict[str, Any]:
    """Who may take on a role: a service, for one resource of this account."""
    statement: dict[str, Any] = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sts:AssumeRole",
    }
    if source is not None:
        statement["Condition"] = {"ArnLike": {"aws:SourceArn": source}}
    return {"Version": "2012-10-17", "Statement": [statement]}


def tag_list(stage: StageSettings) -> list[dict[str, str]]:
    """The tags of every resource, as most resource types want them."""
    return [{"Key": key, "Value": value} for key, value in sorted(tags(stage).items())]


def tags(stage: StageSettings) -> dict[str, str]:
    """The tags of every resource."""
    return {"Application": APP_NAME, "Stage": stage.name, **stage.tags}
