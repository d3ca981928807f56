"""Sends one call: to the address that was checked, with the host's certificate, and without following redirects."""

from __future__ import annotations

import http.client
import socket
import ssl
from collections.abc import Mapping, Sequence

from chalicelib.webhooks.addresses import Address, Endpoint

TIMEOUT = 15.0  # seconds


class _Connection(http.client.HTTPConnection):
    """A connection to one of the given addresses, whatever the name resolves to by now."""

    def __init__(self, endpoint: Endpoint, addresses: Sequence[Address], timeout: float) -> None:
        super().__init__(endpoint.host, endpoint.port, timeout=timeout)
        self.default_port = 443 if endpoint.scheme == "https" else 80
        self._endpoint = endpoint
        self._addresses = addresses

    def connect(self) -> None:
        self.sock = self._reach()
        if self._endpoint.scheme == "https":
            self.sock = ssl.create_default_context().wrap_socket(self.sock, server_hostname=self._endpoint.host)

    def _reach(self) -> socket.socket:
        assert self.timeout is not None
        patience = self.timeout / len(self._addresses)
        for address in self._addresses[:-1]:
            try:
                return self._connected(address, patience)
            except OSError:
                continue
        return self._connected(self._addresses[-1], patience)

    def _connected(self, address: Address, patience: float) -> socket.socket:
        connected = socket.create_connection((str(address), self._endpoint.port), timeout=patience)
        connected.settimeout(self.timeout)
        return connected


def post(
    endpoint: Endpoint,
    addresses: Sequence[Address],
    headers: Mapping[str, str],
    body: bytes,
    timeout: float = TIMEOUT,
) -> int:
    """Send a POST request and return the status of the answer, whose body is not read.

    Args:
        endpoint: What to call.
        addresses: Where it is; each is tried until one can be reached.
        headers: The headers.
        body: The body.
        timeout: How long to wait for a connection, and for each part of the answer, in seconds.

    Raises:
        OSError: There was no connection or no answer; the certificate is not valid.
        http.client.HTTPException: The answer is not HTTP.
    """
    connection = _Connection(endpoint, addresses, timeout)
    try:
        connection.request("POST", endpoint.target, body, dict(headers))
        return connection.getresponse().status
    finally:
        connection.close()
