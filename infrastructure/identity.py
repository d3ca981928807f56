"""Who may do what: the user pool with its client, and the role of the functions. `groups` creates the groups."""

from __future__ import annotations

from pathlib import Path

from chalicelib.names import Names
from compiler.permissions.function_role import function_role_policy
from infrastructure.policies import role_resources
from infrastructure.resources import Resource, assumed_by, attribute, kept, ref, tag_list, tags
from infrastructure.stage import StageSettings

TOKEN_MINUTES = 60
REFRESH_DAYS = 30
MFA = {"off": "OFF", "optional": "OPTIONAL", "admins": "OPTIONAL", "required": "ON"}
"""What a user pool asks of all users, by the stage's setting. For `admins`, the application asks for more."""

USER_POOL, USER_POOL_ARN = ref("UserPool"), attribute("UserPool", "Arn")
USER_POOL_CLIENT = ref("UserPoolClient")
FUNCTION_ROLE = attribute("FunctionRole", "Arn")


def user_resources(stage: StageSettings, names: Names) -> dict[str, Resource]:
    """Return the user pool and its client.

    Args:
        stage: The stage's settings.
        names: The stage's names.
    """
    return {"UserPool": kept(_user_pool(stage, names), stage), "UserPoolClient": kept(_client(names), stage)}


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
            "MfaConfiguration": MFA[stage.mfa],
            **({} if stage.mfa == "off" else {"EnabledMfas": ["SOFTWARE_TOKEN_MFA"]}),
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
                "ALLOW_USER_PASSWORD_AUTH",  # the console and the Python client
                "ALLOW_USER_SRP_AUTH",
                "ALLOW_REFRESH_TOKEN_AUTH",
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
