"""AWS::IAM."""

from __future__ import annotations

import json
from typing import Any

from rehearsal.cloudformation.provider import Aws, Physical, Properties, Provider, without

_AWS_OWN = ":iam::aws:policy/"
_MAX_VERSIONS = 5
"""A managed policy has at most this many; CloudFormation deletes the oldest."""


class Role(Provider):
    type = "AWS::IAM::Role"
    replaced_by = frozenset({"RoleName", "Path"})

    def create(self, aws: Aws, logical_id: str, properties: Properties) -> Physical:
        name = properties.get("RoleName") or aws.generated_name(logical_id)
        parameters = without(properties, "Policies", "ManagedPolicyArns")
        parameters |= {"RoleName": name, "AssumeRolePolicyDocument": _json(properties["AssumeRolePolicyDocument"])}
        created = aws.client("iam").create_role(**parameters)["Role"]
        self._set_policies(aws, name, properties, {})
        return Physical(name, {"Arn": created["Arn"], "RoleId": created["RoleId"]})

    def update(self, aws: Aws, physical: Physical, properties: Properties, former: Properties) -> Physical:
        iam = aws.client("iam")
        document = _json(properties["AssumeRolePolicyDocument"])
        iam.update_assume_role_policy(RoleName=physical.id, PolicyDocument=document)
        iam.update_role(RoleName=physical.id, Description=properties.get("Description", ""))
        self._set_policies(aws, physical.id, properties, former)
        return physical

    def delete(self, aws: Aws, physical: Physical, properties: Properties) -> None:
        iam = aws.client("iam")
        for name in iam.list_role_policies(RoleName=physical.id)["PolicyNames"]:
            iam.delete_role_policy(RoleName=physical.id, PolicyName=name)
        for attached in iam.list_attached_role_policies(RoleName=physical.id)["AttachedPolicies"]:
            iam.detach_role_policy(RoleName=physical.id, PolicyArn=attached["PolicyArn"])
        iam.delete_role(RoleName=physical.id)

    def _set_policies(self, aws: Aws, name: str, properties: Properties, former: Properties) -> None:
        iam = aws.client("iam")
        policies = {policy["PolicyName"]: policy for policy in properties.get("Policies", [])}
        for policy in policies.values():
            document = _json(policy["PolicyDocument"])
            iam.put_role_policy(RoleName=name, PolicyName=policy["PolicyName"], PolicyDocument=document)
        for policy in former.get("Policies", []):
            if policy["PolicyName"] not in policies:
                iam.delete_role_policy(RoleName=name, PolicyName=policy["PolicyName"])
        attached, before = properties.get("ManagedPolicyArns", []), former.get("ManagedPolicyArns", [])
        for arn in attached:
            if arn not in before:
                _attach(iam, name, arn)
        for arn in before:
            if arn not in attached and _AWS_OWN not in arn:
                iam.detach_role_policy(RoleName=name, PolicyArn=arn)


class Policy(Provider):
    type = "AWS::IAM::Policy"
    replaced_by = frozenset({"PolicyName", "Roles"})

    def create(self, aws: Aws, logical_id: str, properties: Properties) -> Physical:
        self._put(aws, properties)
        return Physical(properties["PolicyName"])

    def update(self, aws: Aws, physical: Physical, properties: Properties, former: Properties) -> Physical:
        self._put(aws, properties)
        return physical

    def delete(self, aws: Aws, physical: Physical, properties: Properties) -> None:
        for role in properties.get("Roles", []):
            aws.client("iam").delete_role_policy(RoleName=role, PolicyName=physical.id)

    def _put(self, aws: Aws, properties: Properties) -> None:
        document = _json(properties["PolicyDocument"])
        for role in properties.get("Roles", []):
            aws.client("iam").put_role_policy(
                RoleName=role, PolicyName=properties["PolicyName"], PolicyDocument=document
            )


class ManagedPolicy(Provider):
    type = "AWS::IAM::ManagedPolicy"
    replaced_by = frozenset({"ManagedPolicyName", "Path", "Description"})

    def create(self, aws: Aws, logical_id: str, properties: Properties) -> Physical:
        created = aws.client("iam").create_policy(
            PolicyName=properties.get("ManagedPolicyName") or aws.generated_name(logical_id),
            PolicyDocument=_json(properties["PolicyDocument"]),
            Path=properties.get("Path", "/"),
            Description=properties.get("Description", ""),
        )["Policy"]
        for role in properties.get("Roles", []):
            aws.client("iam").attach_role_policy(RoleName=role, PolicyArn=created["Arn"])
        return Physical(created["Arn"], {"PolicyArn": created["Arn"]})

    def update(self, aws: Aws, physical: Physical, properties: Properties, former: Properties) -> Physical:
        iam, document = aws.client("iam"), _json(properties["PolicyDocument"])
        versions = iam.list_policy_versions(PolicyArn=physical.id)["Versions"]
        if len(versions) >= _MAX_VERSIONS:
            oldest = min((v for v in versions if not v["IsDefaultVersion"]), key=lambda v: v["CreateDate"])
            iam.delete_policy_version(PolicyArn=physical.id, VersionId=oldest["VersionId"])
        iam.create_policy_version(PolicyArn=physical.id, PolicyDocument=document, SetAsDefault=True)
        return physical

    def delete(self, aws: Aws, physical: Physical, properties: Properties) -> None:
        iam = aws.client("iam")
        for role in iam.list_entities_for_policy(PolicyArn=physical.id)["PolicyRoles"]:
            iam.detach_role_policy(RoleName=role["RoleName"], PolicyArn=physical.id)
        iam.delete_policy(PolicyArn=physical.id)


def _attach(iam: Any, role: str, arn: str) -> None:
    """Attach a policy. AWS's managed policies may be missing, since moto only loads them on request, which is slow."""
    try:
        iam.attach_role_policy(RoleName=role, PolicyArn=arn)
    except iam.exceptions.NoSuchEntityException:
        if _AWS_OWN not in arn:
            raise


def _json(document: Any) -> str:
    return document if isinstance(document, str) else json.dumps(document)
