"""Keeps web pages away from the servers on this machine.

Any page that a developer visits may send requests to 127.0.0.1. Two headers, which pages cannot choose, tell them from
command lines and SDKs:

- `Host`: a page whose name was pointed at 127.0.0.1 after it had loaded (DNS rebinding) still sends that name.
- `Origin`, and `Sec-Fetch-Site` where there is no origin: which page a request comes from.

The API checks the host only: it wants a token in a header, which a foreign page does not have. The AWS endpoint takes
any credentials, so it refuses every page but the console.
Source: https://fetch.spec.whatwg.org/#origin-header and https://www.w3.org/TR/fetch-metadata/.
"""

from __future__ import annotations

import ipaddress
import os
from dataclasses import dataclass

from localcloud.http_messages import Request, Response

ALLOWED_HOSTS = "ALLOWED_HOSTS"
"""The environment variable that adds hosts: names separated by commas; `.example.com` means all names below it."""
PREFLIGHT_SECONDS = 600
_METHODS = "DELETE, GET, HEAD, PATCH, POST, PUT"
_OWN_SITES = frozenset({"", "none", "same-origin"})


@dataclass(frozen=True, slots=True)
class AllowedHosts:
    """The hosts that requests may name: those of the loopback interface, and `added` ones in lower case."""

    added: tuple[str, ...] = ()

    @classmethod
    def from_environment(cls) -> AllowedHosts:
        """Return the hosts with those of `ALLOWED_HOSTS`."""
        names = os.environ.get(ALLOWED_HOSTS, "").lower().split(",")
        return cls(tuple(name.strip() for name in names if name.strip()))

    def allow(self, host: str | None) -> bool:
        """Return whether the value of a `Host` header is allowed. Without the header it isn't a browser's request."""
        if host is None:
            return True
        name = _without_port(host).lower().removesuffix(".")
        if name == "localhost" or name.endswith(".localhost"):  # RFC 6761: no name server is asked for these
            return True
        if any(name == item or (item.startswith(".") and name.endswith(item)) for item in self.added):
            return True
        try:
            return ipaddress.ip_address(name.strip("[]")).is_loopback
        except ValueError:
            return False


def refused_host(host: str) -> str:
    """Return what to answer to a request whose host isn't allowed."""
    name = _without_port(host) or "(empty)"
    return f"The host {name} isn't allowed: use 127.0.0.1 or localhost, or add it to {ALLOWED_HOSTS}."


@dataclass(frozen=True, slots=True)
class AllowedOrigins:
    """The origins whose pages may use the AWS endpoint: the console's."""

    origins: frozenset[str]

    @classmethod
    def of_api(cls, url: str) -> AllowedOrigins:
        """Return the origins under which the console of the API at `url` is opened.

        Args:
            url: Such as `http://127.0.0.1:8000`; empty if there is no API.
        """
        port = url.rpartition(":")[2]
        names = ("127.0.0.1", "localhost", "[::1]")
        return cls(frozenset({url, *(f"http://{name}:{port}" for name in names)}) if url else frozenset())

    def refusal(self, request: Request) -> str | None:
        """Return why a request is refused, None if it may pass."""
        origin, site = request.headers.get("origin"), request.headers.get("sec-fetch-site", "").lower()
        if site == "cross-site":
            return "Requests from pages of other sites are refused."
        if origin is not None:
            return None if origin in self.origins else f"Requests from pages of {origin} are refused."
        return None if site in _OWN_SITES else "Requests from other pages are refused."

    def preflight(self, request: Request) -> Response | None:
        """Return the answer to a preflight request of an allowed origin, None if it isn't one."""
        if request.method != "OPTIONS" or "access-control-request-method" not in request.headers:
            return None
        headers = [
            ("Access-Control-Allow-Methods", _METHODS),
            ("Access-Control-Allow-Headers", request.headers.get("access-control-request-headers", "")),
            ("Access-Control-Max-Age", str(PREFLIGHT_SECONDS)),
        ]
        if request.headers.get("access-control-request-private-network") == "true":
            headers.append(("Access-Control-Allow-Private-Network", "true"))
        return self.readable(request, Response(204, headers))

    def readable(self, request: Request, response: Response) -> Response:
        """Return the response so that the page that asked may read it; allow nothing to any other page."""
        kept = [(name, value) for name, value in response.headers if name.lower() != "access-control-allow-origin"]
        origin = request.headers.get("origin")
        if origin in self.origins:
            kept += [
                ("Access-Control-Allow-Origin", origin or ""),
                ("Access-Control-Expose-Headers", "*"),
                ("Vary", "Origin"),
            ]
        return Response(response.status, kept, response.body)


def _without_port(host: str) -> str:
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    return host.partition(":")[0]
