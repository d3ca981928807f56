"""Clients of AWS: created at their first use, kept for each endpoint and region, with short timeouts.

boto3 itself reads `AWS_ENDPOINT_URL`, region and credentials. Importing it takes a fifth of a second, so it is imported
only when a client needs it. On Lambda and in the local cloud, what nearly every call needs (secrets, usage, records,
starts) does without it, and takes a third of boto3's processor time.
"""

from __future__ import annotations

import re
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
USAGE_TIMEOUT = 2.0  # seconds
LOGS_TIMEOUT = 8.0  # seconds; CloudWatch Logs searches while the caller waits
SYNC_EXECUTION_TIMEOUT = 25.0  # seconds; API Gateway gives up after 29
TEST_TIMEOUT = 25.0  # seconds; for the same reason

# The regions of the partitions aws and aws-us-gov, whose host names end in amazonaws.com.
_REGIONS = re.compile(r"(?!cn-|us-iso|eu-iso|eusc-)[a-z]{2,3}(-gov)?-[a-z]+-\d")

_clients: dict[tuple[object, ...], Any] = {}
_lock = threading.Lock()


def dynamodb() -> DynamoDBClient:
    """Return the client for run records. On Lambda it is not boto3's, and has no paginators."""
    client: DynamoDBClient = _light_client("dynamodb", READ_TIMEOUT, 3) or _client("dynamodb", READ_TIMEOUT, 3)
    return client


def dynamodb_for_usage() -> DynamoDBClient:
    """Return the client that counts usage: one try, which the caller repeats. On Lambda without boto3."""
    client: DynamoDBClient = _light_client("dynamodb", USAGE_TIMEOUT, 1) or _client("dynamodb", USAGE_TIMEOUT, 1)
    return client


def stepfunctions(*, attempts: int = 2, read_timeout: float | None = None) -> SFNClient:
    """Return the client that starts, stops, redrives and describes executions.

    Args:
        attempts: How often a call is tried; once for callers that must know what became of each try.
        read_timeout: How many seconds to wait for an answer; None for `READ_TIMEOUT`.
    """
    client: SFNClient = _client("stepfunctions", READ_TIMEOUT if read_timeout is None else read_timeout, attempts)
    return client


def stepfunctions_history() -> SFNClient:
    """Return the client that reads histories: without boto3 where it can, which parses 25,000 events in a second."""
    client: SFNClient = _light_client("stepfunctions", READ_TIMEOUT, 2) or stepfunctions()
    return client


def logs() -> Any:
    """Return the client that reads the logs of functions, boto3's `logs`."""
    return _client("logs", LOGS_TIMEOUT, 2)


def stepfunctions_starting() -> SFNClient:
    """Return the client that starts STANDARD executions: one try. On Lambda without boto3."""
    client: SFNClient = _light_client("stepfunctions", READ_TIMEOUT, 1) or _client("stepfunctions", READ_TIMEOUT, 1)
    return client


def stepfunctions_sync() -> SFNClient:
    """Return the client that runs EXPRESS executions: one try, as a second would run the flow twice."""
    client: SFNClient = _client("stepfunctions", SYNC_EXECUTION_TIMEOUT, 1)
    return client


def stepfunctions_testing() -> SFNClient:
    """Return the client that tests states: one try, as a second would do the state's work twice.

    On Lambda it is not boto3's, which may be too old there to know all parameters.
    """
    client: SFNClient = _light_client("stepfunctions", TEST_TIMEOUT, 1, host="sync-states") or _client(
        "stepfunctions", TEST_TIMEOUT, 1
    )
    return client


def ssm() -> SSMClient:
    """Return the client for Parameter Store. On Lambda it is not boto3's, and has no paginators."""
    client: SSMClient = _light_client("ssm", 1.5, 2) or _client("ssm", 1.5, 2)
    return client


def cognito() -> CognitoIdentityProviderClient:
    """Return the client for the user pool."""
    client: CognitoIdentityProviderClient = _client("cognito-idp", 1.5, 2)
    return client


def error_name(error: BaseException) -> str:
    """Return the code of a service's error, or the class name of any other exception."""
    from chalicelib.errors import error_code

    return error_code(error) or type(error).__name__


def _light_client(service: str, read_timeout: float, attempts: int, *, host: str = "") -> Any:
    """Return a client that does not need boto3; None where only boto3 can reach the service.

    Args:
        service: The service's name in boto3.
        read_timeout: How many seconds to wait for an answer.
        attempts: How often a call is tried.
        host: How the name of AWS's host begins if not with that of the service.
    """
    keys, region = settings.lambda_credentials, settings.region
    if keys is None:
        return None
    from chalicelib import aws_json

    service_id, api = {
        "dynamodb": ("DYNAMODB", aws_json.DYNAMODB),
        "ssm": ("SSM", aws_json.SSM),
        "stepfunctions": ("SFN", aws_json.STEP_FUNCTIONS),
    }[service]
    endpoint = settings.aws_endpoint_of(service_id)
    if endpoint is None and _REGIONS.fullmatch(region):
        endpoint = f"https://{host or api.service}.{region}.amazonaws.com"
    if endpoint is None:
        return None
    key = (service, read_timeout, attempts, endpoint, region, keys)
    found = _clients.get(key)
    if found is None:
        found = _clients[key] = aws_json.Client(
            api,
            endpoint,
            region,
            aws_json.Credentials(*keys),
            aws_json.Patience(_connect_timeout(attempts), read_timeout, attempts),
        )
    return found


def _connect_timeout(attempts: int) -> float:
    return CONNECT_TIMEOUT if attempts > 1 else 0.5


def _client(service: str, read_timeout: float, attempts: int) -> Any:
    key = (service, read_timeout, attempts, settings.aws_endpoint, settings.region)
    found = _clients.get(key)
    if found is None:
        with _lock:  # creating a client is not thread-safe, using one is
            found = _clients.get(key)
            if found is None:
                found = _clients[key] = _make(service, read_timeout, attempts)
    return found


def _make(service: str, read_timeout: float, attempts: int) -> Any:
    import boto3
    from botocore.config import Config

    config = Config(
        connect_timeout=_connect_timeout(attempts),
        read_timeout=read_timeout,
        retries={"total_max_attempts": attempts, "mode": "standard"},
        max_pool_connections=50,
        # StartSyncExecution goes to the host sync-states.<region>, which other endpoints do not have
        inject_host_prefix=settings.aws_endpoint is None,
        region_name=settings.region,
    )
    return boto3.client(service, config=config)  # type: ignore[call-overload]
