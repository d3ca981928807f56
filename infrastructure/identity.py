"""Who may do what: users (the pool, the client that they sign in with, the groups), and the role of functions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from aws_cdk import CfnOutput, CfnResource, RemovalPolicy, Stack, aws_iam
from aws_cdk import aws_cognito as cognito
from constructs import Construct

from chalicelib.identity import ADMIN_GROUP
from chalicelib.names import Names
from infrastructure.flow_resources import assumed_by, logical_id
from infrastructure.function_role import function_role_policy
from infrastructure.stages import StageSettings

TOKEN_MINUTES = 60
REFRESH_DAYS = 30


@dataclass(frozen=True)
class Identity:
    """The identifiers of the stage's users; CloudFormation tokens."""

    pool_id: str
    pool_arn: str
    client_id: str


def add_identity(scope: Construct, stage: StageSettings, names: Names, groups: Iterable[str]) -> Identity:
    """Add the stage's users.

    Args:
        scope: The stack.
        stage: The stage's settings.
        names: The stage's names.
        groups: Which groups flows admit; the group of administrators is always there.
    """
    pool = cognito.CfnUserPool(
        scope,
        "UserPool",
        user_pool_name=names.resource("users"),
        username_attributes=["email"],
        username_configuration=cognito.CfnUserPool.UsernameConfigurationProperty(case_sensitive=False),
        auto_verified_attributes=["email"],
        admin_create_user_config=cognito.CfnUserPool.AdminCreateUserConfigProperty(allow_admin_create_user_only=True),
        account_recovery_setting=cognito.CfnUserPool.AccountRecoverySettingProperty(
            recovery_mechanisms=[cognito.CfnUserPool.RecoveryOptionProperty(name="verified_email", priority=1)]
        ),
        policies=cognito.CfnUserPool.PoliciesProperty(
            password_policy=cognito.CfnUserPool.PasswordPolicyProperty(
                minimum_length=12,
                require_lowercase=True,
                require_uppercase=True,
                require_numbers=True,
                require_symbols=True,
                temporary_password_validity_days=7,
            )
        ),
        deletion_protection="ACTIVE" if stage.retain_data else "INACTIVE",
    )
    keep_or_delete(pool, stage)
    client = cognito.CfnUserPoolClient(
        scope,
        "UserPoolClient",
        client_name=names.resource("api"),
        user_pool_id=pool.ref,
        explicit_auth_flows=[
            "ALLOW_USER_PASSWORD_AUTH",
            "ALLOW_USER_SRP_AUTH",
            "ALLOW_REFRESH_TOKEN_AUTH",
            "ALLOW_ADMIN_USER_PASSWORD_AUTH",  # admin/get_user_token.py
        ],
        prevent_user_existence_errors="ENABLED",
        enable_token_revocation=True,
        generate_secret=False,
        id_token_validity=TOKEN_MINUTES,
        access_token_validity=TOKEN_MINUTES,
        refresh_token_validity=REFRESH_DAYS,
        token_validity_units=cognito.CfnUserPoolClient.TokenValidityUnitsProperty(
            id_token="minutes",  # noqa: S106 - a unit
            access_token="minutes",  # noqa: S106
            refresh_token="days",  # noqa: S106
        ),
    )
    for group in sorted({ADMIN_GROUP, *groups}):
        cognito.CfnUserPoolGroup(scope, f"Group{logical_id(group)}", user_pool_id=pool.ref, group_name=group)
    CfnOutput(scope, "UserPoolId", value=pool.ref)
    CfnOutput(scope, "UserPoolClientId", value=client.ref)
    return Identity(pool.ref, pool.attr_arn, client.ref)


def keep_or_delete(resource: CfnResource, stage: StageSettings) -> None:
    """What becomes of a resource with data when the stack is destroyed."""
    resource.apply_removal_policy(RemovalPolicy.RETAIN if stage.retain_data else RemovalPolicy.DESTROY)


def add_function_role(
    stack: Stack, stage: StageSettings, names: Names, identity: Identity, project: Path
) -> aws_iam.CfnRole:
    """Add the role that the API and all functions run with.

    Raises:
        PermissionsError: `lambda-permissions.yml` is broken.
    """
    role = aws_iam.CfnRole(
        stack,
        "FunctionRole",
        role_name=f"{names.app}-{names.stage}-lambda",
        description="What the API and the functions may do",
        assume_role_policy_document=assumed_by("lambda.amazonaws.com"),
        policies=[
            aws_iam.CfnRole.PolicyProperty(
                policy_name="application",
                policy_document=function_role_policy(names, identity.pool_arn, project),
            )
        ],
    )
    CfnOutput(stack, "FunctionRoleArn", value=role.attr_arn)
    return role
