"""What exists in the cloud from the start: user pool, tables, the rule for run records, a demo user."""

from __future__ import annotations

import json
import secrets
import string
from dataclasses import dataclass

from chalicelib.names import Names
from chalicelib.tables import RUNS, TTL, USAGE
from localcloud.client import InProcessClient

ADMIN_GROUP = "admin"
DEMO_EMAIL = "demo@example.com"
STATUS_FUNCTION = "run-status"
PASSWORD_LENGTH = 24


@dataclass(frozen=True, slots=True)
class UserPool:
    """The stage's Cognito user pool and its client."""

    id: str
    client_id: str


def seed_user_pool(client: InProcessClient, names: Names) -> UserPool:
    """Create the user pool, its client and the group of administrators."""
    pool = client.call(
        "cognito-idp",
        "CreateUserPool",
        {
            "PoolName": names.resource("users"),
            "AutoVerifiedAttributes": ["email"],
            "Policies": {
                "PasswordPolicy": {
                    "MinimumLength": 12,
                    "RequireUppercase": True,
                    "RequireLowercase": True,
                    "RequireNumbers": True,
                    "RequireSymbols": True,
                }
            },
        },
    )["UserPool"]
    user_pool_client = client.call(
        "cognito-idp",
        "CreateUserPoolClient",
        {
            "UserPoolId": pool["Id"],
            "ClientName": names.resource("client"),
            "ExplicitAuthFlows": [
                "ALLOW_ADMIN_USER_PASSWORD_AUTH",
                "ALLOW_USER_PASSWORD_AUTH",
                "ALLOW_USER_SRP_AUTH",
                "ALLOW_REFRESH_TOKEN_AUTH",
            ],
            "ReadAttributes": ["email"],  # puts the claim `email` into id tokens, as Cognito does
        },
    )["UserPoolClient"]
    client.call("cognito-idp", "CreateGroup", {"UserPoolId": pool["Id"], "GroupName": ADMIN_GROUP})
    return UserPool(pool["Id"], user_pool_client["ClientId"])


def seed_tables(client: InProcessClient, names: Names) -> None:
    """Create the tables of usage and of run records; rows end by their `ttl`."""
    for name, table in ((names.usage_table, USAGE), (names.runs_table, RUNS)):
        client.call(
            "dynamodb",
            "CreateTable",
            {"TableName": name, "BillingMode": "PAY_PER_REQUEST", **table.schema()},
        )
        client.call(
            "dynamodb",
            "UpdateTimeToLive",
            {"TableName": name, "TimeToLiveSpecification": {"AttributeName": TTL, "Enabled": True}},
        )


def seed_status_rule(client: InProcessClient, names: Names) -> None:
    """Let status changes of the project's executions reach the function that updates the run records."""

    rule = names.resource(STATUS_FUNCTION)
    pattern = {
        "source": ["aws.states"],
        "detail-type": ["Step Functions Execution Status Change"],
        "detail": {"stateMachineArn": [{"prefix": names.state_machine_arn("")}]},
    }
    client.call("events", "PutRule", {"Name": rule, "EventPattern": json.dumps(pattern), "State": "ENABLED"})
    target = {"Id": STATUS_FUNCTION, "Arn": names.function_arn(STATUS_FUNCTION)}
    client.call("events", "PutTargets", {"Rule": rule, "Targets": [target]})


@dataclass(frozen=True, slots=True)
class DemoUser:
    """A user to try the API with. The password is made anew each time."""

    email: str
    password: str


def seed_demo_user(client: InProcessClient, pool: UserPool) -> DemoUser:
    """Create the demo user, an ordinary one: in no group."""
    user = DemoUser(DEMO_EMAIL, strong_password())
    client.call(
        "cognito-idp",
        "AdminCreateUser",
        {
            "UserPoolId": pool.id,
            "Username": user.email,
            "MessageAction": "SUPPRESS",
            "UserAttributes": [
                {"Name": "email", "Value": user.email},
                {"Name": "email_verified", "Value": "true"},
            ],
        },
    )
    password = {"UserPoolId": pool.id, "Username": user.email, "Password": user.password, "Permanent": True}
    client.call("cognito-idp", "AdminSetUserPassword", password)
    return user


@dataclass(frozen=True, slots=True)
class Token:
    """An id token and for how many seconds it is good."""

    id_token: str
    expires_in: int


def sign_in(client: InProcessClient, pool: UserPool, user: DemoUser) -> Token:
    """Sign the user in."""
    result = client.call(
        "cognito-idp",
        "AdminInitiateAuth",
        {
            "UserPoolId": pool.id,
            "ClientId": pool.client_id,
            "AuthFlow": "ADMIN_USER_PASSWORD_AUTH",
            "AuthParameters": {"USERNAME": user.email, "PASSWORD": user.password},
        },
    )["AuthenticationResult"]
    return Token(result["IdToken"], int(result["ExpiresIn"]))


def strong_password() -> str:
    """A random password with characters of all four kinds that the user pool asks for."""
    kinds = (string.ascii_uppercase, string.ascii_lowercase, string.digits, "-_.!+")
    characters = [secrets.choice(kind) for kind in kinds]
    characters += [secrets.choice("".join(kinds)) for _ in range(PASSWORD_LENGTH - len(kinds))]
    secrets.SystemRandom().shuffle(characters)
    return "".join(characters)
