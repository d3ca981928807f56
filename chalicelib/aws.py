"""boto3 clients: made at their first use, kept for each endpoint and region, and impatient.

boto3 itself reads `AWS_ENDPOINT_URL`, region and credentials. Importing it takes a fifth of a second, so nothing here
does before a client is asked for.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from chalicelib.settings import settings

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_ssm import SSMClient
    from mypy_boto3_stepfunctions import SFNClient

CONNECT_TIMEOUT = 1.0  # seconds
READ_TIMEOUT = 3.0  # seconds
SYNC_EXECUTION_TIMEOUT = 25.0  # seconds; API Gateway gives up after 29

_clients: dict[tuple[object, ...], Any] = {}
_lock = threading.Lock()


def dynamodb() -> DynamoDBClient:
    """Where run records live."""
    client: DynamoDBClient = _client("dynamodb", READ_TIMEOUT, 3)
    return client


def dynamodb_for_usage() -> DynamoDBClient:
    """Where usage is counted: one try, as no call may wait for its own bookkeeping."""
    client: DynamoDBClient = _client("dynamodb", 0.8, 1)
    return client


def stepfunctions() -> SFNClient:
    """Starts, stops, describes executions."""
    client: SFNClient = _client("stepfunctions", READ_TIMEOUT, 2)
    return client


def stepfunctions_sync() -> SFNClient:
    """Runs EXPRESS executions to their end: one try, as a second would run the flow twice."""
    client: SFNClient = _client("stepfunctions", SYNC_EXECUTION_TIMEOUT, 1)
    return client


def ssm() -> SSMClient:
    """Parameter Store, where secrets live."""
    client: SSMClient = _client("ssm", 1.5, 2)
    return client


def cognito() -> CognitoIdentityProviderClient:
    """The user pool."""
    client: CognitoIdentityProviderClient = _client("cognito-idp", 1.5, 2)
    return client


def _client(service: str, read_timeout: float, attempts: int) -> Any:
    key = (service, read_timeout, attempts, settings.aws_endpoint, settings.region)
    found = _clients.get(key)
    if found is None:
        with _lock:  # making a client is not safe in threads, using one is
            found = _clients.get(key)
            if found is None:
                found = _clients[key] = _make(service, read_timeout, attempts)
    return found


def _make(service: str, read_timeout: float, attempts: int) -> Any:
    import boto3
    from botocore.config import Config

    config = Config(
        connect_timeout=CONNECT_TIMEOUT if attempts > 1 else 0.5,
        read_timeout=read_timeout,
        retries={"total_max_attempts": attempts, "mode": "standard"},
        max_pool_connections=50,
        # StartSyncExecution is sent to the host sync-states.<region>, which no other endpoint has
        inject_host_prefix=settings.aws_endpoint is None,
        region_name=settings.region,
    )
    return boto3.client(service, config=config)  # type: ignore[call-overload]
