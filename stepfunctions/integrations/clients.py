"""boto3 clients for tasks: created on first use, kept, and all for one endpoint."""

from __future__ import annotations

import threading
from typing import Any

CONNECT_SECONDS = 5
READ_SECONDS = 300
POOL_SIZE = 64


class AwsClients:
    """Clients of AWS services.

    Args:
        endpoint: URL of the endpoint that serves all services; None for AWS itself, as boto3 is configured.
        region: The clients' region.
    """

    def __init__(self, endpoint: str | None, region: str) -> None:
        self.endpoint = endpoint
        self._region = region
        self._lock = threading.Lock()
        self._session: Any = None
        self._clients: dict[str, Any] = {}

    def client(self, service: str) -> Any:
        """Return the client of a service by botocore's name of it.

        Raises:
            botocore.exceptions.UnknownServiceError: There is no such service.
        """
        client = self._clients.get(service)
        if client is None:
            with self._lock:
                client = self._clients.get(service)
                if client is None:
                    client = self._clients[service] = self._create(service)
        return client

    def _create(self, service: str) -> Any:
        import boto3
        from botocore.config import Config

        if self._session is None:
            self._session = boto3.session.Session(region_name=self._region)
        # As on AWS, the service validates requests, not the client; and a task's retries are those of its state.
        config = Config(
            connect_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
            max_pool_connections=POOL_SIZE,
            parameter_validation=False,
            inject_host_prefix=False,
            retries={"total_max_attempts": 1},
            s3={"addressing_style": "path"},
        )
        credentials = {}
        if self.endpoint is not None:
            credentials = {"aws_access_key_id": "local", "aws_secret_access_key": "local"}
        return self._session.client(service, endpoint_url=self.endpoint, config=config, **credentials)
