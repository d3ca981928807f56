"""What exists in the cloud from the start: user pool, tables, the rules for run records, a demo user."""

from __future__ import annotations

import json
import secrets
import string
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from chalicelib.aws_json import AwsError
from chalicelib.names import Names
from chalicelib.runs.status_pattern import status_pattern
from chalicelib.runs.sweeping import SCHEDULE
from chalicelib.tables import RUNS, TTL, USAGE, Table
from localcloud.client import InProcessClient
from localcloud.state.facts import Facts

ADMIN_GROUP = "admin"
DEMO_EMAIL = "demo@example.com"
STATUS_FUNCTION = "run-status"
SWEEP_FUNCTION = "run-sweep"
DEMO_PASSWORD = "demo-password"  # noqa: S105 - the fact's name
PASSWORD_LENGTH = 24
CLAIMS = ["email", "email_verified"]
"""The attributes of users that id tokens have as claims, as Cognito's have."""


@dataclass(frozen=True, slots=True)
class UserPool:
    """The stage's Cognito user pool and its client."""

    id: str
    client_id: str


def seed_user_pool(client: InProcessClient, names: Names) -> UserPool:
    """Create the user pool, its client and the group of administrators, or find those that were kept."""
    pools = client.call("cognito-idp", "ListUserPools", {"MaxResults": 60})["UserPools"]
    kept = [pool["Id"] for pool in pools if pool["Name"] == names.resource("users")]
    pool_id = kept[0] if kept else _create_user_pool(client, names.resource("users"))
    clients = client.call("cognito-idp", "ListUserPoolClients", {"UserPoolId": pool_id, "MaxResults": 60})
    found = [one for one in clients["UserPoolClients"] if one["ClientName"] == names.resource("client")]
    client_id = found[0]["ClientId"] if found else _create_user_pool_client(client, pool_id, names.resource("client"))
    if found:
        _update_claims(client, pool_id, client_id)
    with _existing("GroupExistsException"):
        client.call("cognito-idp", "CreateGroup", {"UserPoolId": pool_id, "GroupName": ADMIN_GROUP})
    return UserPool(pool_id, client_id)


def _create_user_pool(client: InProcessClient, name: str) -> str:
    request = {
        "PoolName": name,
        "AutoVerifiedAttributes": ["email"],
        "UsernameConfiguration": {"CaseSensitive": False},
        "Policies": {
            "PasswordPolicy": {
                "MinimumLength": 12,
                "RequireUppercase": True,
                "RequireLowercase": True,
                "RequireNumbers": True,
                "RequireSymbols": True,
            }
        },
    }
    return str(client.call("cognito-idp", "CreateUserPool", request)["UserPool"]["Id"])


def _create_user_pool_client(client: InProcessClient, pool_id: str, name: str) -> str:
    request = {
        "UserPoolId": pool_id,
        "ClientName": name,
        "ExplicitAuthFlows": [
            "ALLOW_ADMIN_USER_PASSWORD_AUTH",
            "ALLOW_USER_PASSWORD_AUTH",
            "ALLOW_USER_SRP_AUTH",
            "ALLOW_REFRESH_TOKEN_AUTH",
        ],
        "ReadAttributes": CLAIMS,
    }
    return str(client.call("cognito-idp", "CreateUserPoolClient", request)["UserPoolClient"]["ClientId"])


def _update_claims(client: InProcessClient, pool_id: str, client_id: str) -> None:
    """Give a client that was kept the claims that id tokens have by now."""
    named = {"UserPoolId": pool_id, "ClientId": client_id}
    kept = client.call("cognito-idp", "DescribeUserPoolClient", named)["UserPoolClient"]
    if kept.get("ReadAttributes") != CLAIMS:
        client.call("cognito-idp", "UpdateUserPoolClient", {**named, "ReadAttributes": CLAIMS})


def seed_tables(client: InProcessClient, names: Names) -> None:
    """Create the tables of usage and of run records, unless they were kept; rows end by their `ttl`."""
    for name, table in ((names.usage_table, USAGE), (names.runs_table, RUNS)):
        with _existing("ResourceInUseException"):
            request = {"TableName": name, "BillingMode": "PAY_PER_REQUEST", **table.schema()}
            client.call("dynamodb", "CreateTable", request)
        _add_index(client, name, table)
        expiry = client.call("dynamodb", "DescribeTimeToLive", {"TableName": name})["TimeToLiveDescription"]
        if expiry["TimeToLiveStatus"] != "ENABLED":  # new, or the cloud was killed between the two requests
            specification = {"AttributeName": TTL, "Enabled": True}
            client.call("dynamodb", "UpdateTimeToLive", {"TableName": name, "TimeToLiveSpecification": specification})


def _add_index(client: InProcessClient, name: str, table: Table) -> None:
    """Add the index to a table that was kept from a release without it, and bring its records up to date."""
    present = client.call("dynamodb", "DescribeTable", {"TableName": name})["Table"].get("GlobalSecondaryIndexes", [])
    if table.secondary is None or table.secondary.name in [index["IndexName"] for index in present]:
        return
    request = {
        "TableName": name,
        "AttributeDefinitions": table.attributes(),
        "GlobalSecondaryIndexUpdates": [{"Create": table.secondary.schema()}],
    }
    client.call("dynamodb", "UpdateTable", request)
    from chalicelib.runs.migration import migrate

    migrate(lambda operation, body: client.call("dynamodb", operation, body), name)


@contextmanager
def _existing(code: str) -> Iterator[None]:
    """Leave what exists as it is: `code` is the error that says so."""
    try:
        yield
    except AwsError as error:
        if error.code != code:
            raise


def seed_status_rule(client: InProcessClient, names: Names) -> None:
    """Let status changes of the project's executions reach the function that updates the run records."""

    rule = names.resource(STATUS_FUNCTION)
    pattern = status_pattern(names.state_machine_arn(""))
    client.call("events", "PutRule", {"Name": rule, "EventPattern": json.dumps(pattern), "State": "ENABLED"})
    target = {"Id": STATUS_FUNCTION, "Arn": names.function_arn(STATUS_FUNCTION)}
    client.call("events", "PutTargets", {"Rule": rule, "Targets": [target]})


def seed_sweep_rule(client: InProcessClient, names: Names) -> None:
    """Let the records of runs be swept every night."""
    rule = names.resource(SWEEP_FUNCTION)
    client.call("events", "PutRule", {"Name": rule, "ScheduleExpression": SCHEDULE, "State": "ENABLED"})
    target = {"Id": SWEEP_FUNCTION, "Arn": names.function_arn(SWEEP_FUNCTION)}
    client.call("events", "PutTargets", {"Rule": rule, "Targets": [target]})


@dataclass(frozen=True, slots=True)
class DemoUser:
    """A user to try the API with."""

    email: str
    password: str


def seed_demo_user(client: InProcessClient, pool: UserPool, facts: Facts) -> DemoUser:
    """Create the demo user, an ordinary one: in no group. One that was kept has the same password as before."""
    password = facts.get(DEMO_PASSWORD) or strong_password()
    facts.put(DEMO_PASSWORD, password)
    user = DemoUser(DEMO_EMAIL, password)
    named = {"UserPoolId": pool.id, "Username": user.email}
    attributes = [{"Name": "email", "Value": user.email}, {"Name": "email_verified", "Value": "true"}]
    with _existing("UsernameExistsException"):
        request = {**named, "MessageAction": "SUPPRESS", "UserAttributes": attributes}
        client.call("cognito-idp", "AdminCreateUser", request)
    client.call("cognito-idp", "AdminEnableUser", named)
    client.call("cognito-idp", "AdminSetUserPassword", {**named, "Password": user.password, "Permanent": True})
    return user


@dataclass(frozen=True, slots=True)
class Token:
    """An id token and for how many seconds it is good."""

    id_token: str
    expires_in: int


def find_demo_user(facts: Facts) -> DemoUser | None:
    """Return the demo user, None if it has not been created."""
    password = facts.get(DEMO_PASSWORD)
    return DemoUser(DEMO_EMAIL, password) if password else None


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
