"""Who may do what: the user pool with its client and groups, and the role of the functions."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from chalicelib.identity import ADMIN_GROUP
from chalicelib.names import Names
from infrastructure.function_role import function_role_policy
from infrastructure.policies import role_resources
from infrastructure.resources import Resource, assumed_by, attribute, kept, logical_id, ref, tag_list, tags
from infrastructure.stage import StageSettings

TOKEN_MINUTES = 60
REFRESH_DAYS = 30

USER_POOL, USER_POOL_ARN = ref("UserPool"), attribute("UserPool", "Arn")
USER_POOL_CLIENT = ref("UserPoolClient")
FUNCTION_ROLE = attribute("FunctionRole", "Arn")


def user_resources(stage: StageSettings, names: Names, groups: Iterable[str]) -> dict[str, Resource]:
    """Return the user pool, its client and its groups.

    Args:
        stage: The stage's settings.
        names: The stage's names.
        groups: The groups that flows admit; the group of administrators is always added.
    """
    resources = {"UserPool": kept(_user_pool(stage, names), stage), "UserPoolClient": _client(names)}
    for group in sorted({ADMIN_GROUP, *groups}):
        resources[f"Group{logical_id(group)}"] = {
            "Type": "AWS::Cognito::UserPoolGroup",
            "Properties": {"UserPoolId": USER_POOL, "GroupName": group},
        }
    return resources


def _user_pool(stage: StageSettings, names: Names) -> Resource:
    return {
        "Type": "AWS::Cognito::UserPool",
        "Properties": {
            "UserPoolName": names.resource("users"),
            "UsernameAttributes": ["email"],
            "UsernameConfiguration": {"CaseSensitive": False},
            "AutoVerifiedAttributes": ["email"],
            "AdminCreateUserConfig": {"AllowAdminCreateUserOnly": True},
            "AccountRecoverySetting": {"RecoveryMechanisms": [{"Name": "verified_email", "Priority": 1}]},
            "Policies": {
                "PasswordPolicy": {
                    "MinimumLength": 12,
                    "RequireLowercase": True,
                    "RequireUppercase": True,
                    "RequireNumbers": True,
                    "RequireSymbols": True,
                    "TemporaryPasswordValidityDays": 7,
                }
            },
            "DeletionProtection": "ACTIVE" if stage.retain_data else "INACTIVE",
            "UserPoolTags": tags(stage),
        },
    }


def _client(names: Names) -> Resource:
    return {
        "Type": "AWS::Cognito::UserPoolClient",
        "Properties": {
            "ClientName": names.resource("api"),
            "UserPoolId": USER_POOL,
            "ExplicitAuthFlows": [
                "ALLOW_USER_PASSWORD_AUTH",
                "ALLOW_USER_SRP_AUTH",
                "ALLOW_REFRESH_TOKEN_AUTH",
                "ALLOW_ADMIN_USER_PASSWORD_AUTH",  # admin/get_user_token.py
            ],
            "PreventUserExistenceErrors": "ENABLED",
            "EnableTokenRevocation": True,
            "GenerateSecret": False,
            "IdTokenValidity": TOKEN_MINUTES,
            "AccessTokenValidity": TOKEN_MINUTES,
            "RefreshTokenValidity": REFRESH_DAYS,
            "TokenValidityUnits": {"IdToken": "minutes", "AccessToken": "minutes", "RefreshToken": "days"},
        },
    }


def function_role_resources(stage: StageSettings, names: Names, project: Path) -> dict[str, Resource]:
    """Return the role of the API and all functions.

    Args:
        stage: The stage's settings.
        names: The stage's names.
        project: The folder of `lambda-permissions.yml`.

    Raises:
        PermissionsError: `lambda-permissions.yml` is invalid.
        LimitError: It grants more than IAM allows a role.
    """
    return role_resources(
        "FunctionRole",
        "API and the functions",
        assumed_by("lambda.amazonaws.com"),
        function_role_policy(names, USER_POOL_ARN, project, workbench=bool(stage.workbench)),
        policy_name="application",
        tags=tag_list(stage),
        RoleName=names.resource(names.region),  # roles are global, and a stage may be in several regions
        Description="What the API and the functions may do",
    )
