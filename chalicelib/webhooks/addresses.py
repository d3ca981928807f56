"""Where a webhook may go: to public addresses by https, and to networks that the stage allows.

A URL that reaches into the network of the caller is a request forgery (SSRF): the metadata service of a machine, a
database, the local cloud. So the address is checked, not the name, and the call goes to the address that was checked.
https://cheatsheetseries.owasp.org/cheatsheets/Server_Side_Request_Forgery_Prevention_Cheat_Sheet.html
"""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Iterable
from typing import NamedTuple
from urllib.parse import urlsplit

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

VARIABLE = re.compile(r"\$\{([A-Z][A-Z0-9_]{0,127})\}")
"""A URL that differs from stage to stage: the name of a secret of the stage, `${NAME}`."""
_PORTS = {"http": 80, "https": 443}
_VISIBLE = re.compile(r"[!-~]+")
_NUMERIC = re.compile(r"[0-9a-fA-Fx.]+")
_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_LOCAL_NAMES = ("localhost", ".localhost", ".local", ".internal")


class Endpoint(NamedTuple):
    """A URL in parts. `host` is a name, or an address without brackets; `target` is path and query."""

    scheme: str
    host: str
    port: int
    target: str


def endpoint_of(url: str) -> Endpoint:
    """Take a URL apart.

    Raises:
        ValueError: It isn't a URL that can be called; the message says why and doesn't contain the query.
    """
    if not _VISIBLE.fullmatch(url):
        raise ValueError("it must be a URL of visible ASCII characters; write others as %XX")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise ValueError(f"it isn't a valid URL: {error}") from None
    if parts.scheme not in _PORTS:
        raise ValueError("it must begin with https://")
    if port == 0:
        raise ValueError("it has no valid port")
    if not host or "%" in host:
        raise ValueError("it has no valid host")
    if "@" in parts.netloc:
        raise ValueError("it must not contain a user or password: the signature proves who calls")
    if parts.fragment:
        raise ValueError("it must not have a fragment (#...)")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Endpoint(parts.scheme, host.rstrip("."), _PORTS[parts.scheme] if port is None else port, target)


def literal(host: str) -> Address | None:
    """Return the address that a host is, in any form that the operating system reads as one; None for a name.

    `2130706433`, `0x7f.1` and `0177.0.0.1` are 127.0.0.1 too.
    """
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        pass
    if not _NUMERIC.fullmatch(host):
        return None
    try:
        return ipaddress.IPv4Address(socket.inet_aton(host))
    except OSError:
        return None


def is_local_name(host: str) -> bool:
    """Whether a name never belongs to a public address."""
    return host == _LOCAL_NAMES[0] or host.endswith(_LOCAL_NAMES[1:])


def is_public(address: Address) -> bool:
    """Whether an address is one of the public internet; one inside an IPv6 address is what counts."""
    inner = _ipv4_inside(address)
    if inner is not None:
        return is_public(inner)
    if isinstance(address, ipaddress.IPv6Address) and address not in _GLOBAL_UNICAST:
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def is_allowed(address: Address, networks: Iterable[Network]) -> bool:
    """Whether an address is public, or in one of the networks."""
    return is_public(address) or is_inside(address, networks)


def is_inside(address: Address, networks: Iterable[Network]) -> bool:
    """Whether an address is in one of the networks."""
    exact = _ipv4_inside(address) or address
    return any(exact in network for network in networks)


def networks_of(text: str) -> tuple[Network, ...]:
    """Read a list of networks, `10.0.0.0/8, fd00::/8`; an address is a network of one.

    Raises:
        ValueError: One of them is not a network.
    """
    return tuple(ipaddress.ip_network(part) for part in re.split(r"[\s,]+", text) if part)


def resolve(endpoint: Endpoint) -> list[Address]:
    """Return the addresses of an endpoint's host, those of IPv4 first: Lambda has no IPv6 outside of a VPC.

    Raises:
        OSError: The name can't be resolved.
    """
    known = literal(endpoint.host)
    if known is not None:
        return [known]
    try:
        found = socket.getaddrinfo(endpoint.host, endpoint.port, type=socket.SOCK_STREAM)
    except UnicodeError:  # a label that is too long for a name
        raise OSError("no valid name") from None
    addresses = dict.fromkeys(ipaddress.ip_address(str(each[4][0]).partition("%")[0]) for each in found)
    return sorted(addresses, key=lambda address: address.version)


def _ipv4_inside(address: Address) -> ipaddress.IPv4Address | None:
    if not isinstance(address, ipaddress.IPv6Address):
        return None
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour
