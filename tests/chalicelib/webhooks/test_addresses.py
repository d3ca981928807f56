"""Which URLs and addresses webhooks may go to."""

from __future__ import annotations

import ipaddress
import socket

import pytest

from chalicelib.webhooks import addresses
from chalicelib.webhooks.addresses import endpoint_of, is_allowed, is_public, literal, networks_of


@pytest.mark.parametrize(
    "address",
    [
        *("0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "127.0.0.1", "127.255.255.254", "169.254.169.254"),
        *("172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.2.1", "192.168.1.1", "198.18.0.1", "198.51.100.1"),
        *("203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255"),
        *("::", "::1", "::7f00:1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254"),
        *("64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "2002:7f00:1::", "2002:a00:1::1"),
        *("100::1", "2001:db8::1", "2001::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fec0::1", "ff02::1", "5f00::1"),
    ],
)
def test_addresses_that_are_not_public(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "address",
    [
        *("1.1.1.1", "8.8.8.8", "172.15.255.255", "172.32.0.1", "100.63.0.1", "100.128.0.1", "192.169.0.1"),
        *("2606:4700:4700::1111", "2a00:1450:4001::1", "::ffff:8.8.8.8", "64:ff9b::808:808"),
    ],
)
def test_public_addresses(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("2130706433", "127.0.0.1"),
        ("0x7f000001", "127.0.0.1"),
        ("0x7f.1", "127.0.0.1"),
        ("0177.0.0.1", "127.0.0.1"),
        ("127.1", "127.0.0.1"),
        ("0", "0.0.0.0"),
        ("2852039166", "169.254.169.254"),
        ("::1", "::1"),
    ],
)
def test_every_form_of_an_address_is_one(host: str, address: str) -> None:
    assert str(literal(host)) == address


@pytest.mark.parametrize("host", ["example.com", "1.2.3.4.5", "dead.beef", "0xg", ""])
def test_a_name_is_no_address(host: str) -> None:
    assert literal(host) is None


def test_networks_that_are_allowed() -> None:
    networks = networks_of("10.0.0.0/8, 127.0.0.1 fd00::/8")
    allowed = ("10.1.2.3", "127.0.0.1", "fd00::1", "::ffff:10.0.0.1", "8.8.8.8")
    refused = ("127.0.0.2", "192.168.0.1", "169.254.169.254", "::1")
    assert all(is_allowed(ipaddress.ip_address(each), networks) for each in allowed)
    assert not any(is_allowed(ipaddress.ip_address(each), networks) for each in refused)
    with pytest.raises(ValueError, match=r"10\.0\.0\.1/8"):
        networks_of("10.0.0.1/8")


def test_a_url_in_parts() -> None:
    assert endpoint_of("https://Example.com./a/b?c=%20d") == ("https", "example.com", 443, "/a/b?c=%20d")
    assert endpoint_of("http://[::1]:8080") == ("http", "::1", 8080, "/")


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("", "visible"),
        ("https://example.com/a b", "visible"),
        ("https://example.com/\r\nx: y", "visible"),
        ("https://bücher.example", "visible"),
        ("example.com/runs", "https://"),
        ("ftp://example.com", "https://"),
        ("file:///etc/passwd", "https://"),
        ("https:///runs", "host"),
        ("https://[fe80::1%25eth0]/", "host|valid"),
        ("https://[::1", "valid"),
        ("https://example.com:99999/", "valid"),
        ("https://user:secret@example.com/", "user"),
        ("https://example.com@10.0.0.1/", "user"),
        ("https://example.com/#part", "fragment"),
        ("https://example.com:0/", "port"),
    ],
)
def test_urls_that_cannot_be_called(url: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        endpoint_of(url)


def test_addresses_of_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    def both(*_: object, **__: object) -> list[tuple[object, ...]]:
        found = [("2606:4700::1", 443, 0, 0), ("1.1.1.1", 443), ("1.1.1.1", 443)]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", each) for each in found]

    monkeypatch.setattr(socket, "getaddrinfo", both)
    found = addresses.resolve(endpoint_of("https://example.com"))
    assert [str(each) for each in found] == ["1.1.1.1", "2606:4700::1"]
