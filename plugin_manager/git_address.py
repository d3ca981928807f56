"""Reads the address of a repository: `git+SCHEME://[USER@]HOST/PATH[@REF]`.

No message quotes the address: what precedes the host may be a token.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from plugin_manager.errors import PluginError
from plugin_manager.variables import expand

UNPRINTABLE = re.compile(r"[\x00-\x20\x7f]")
_ADDRESS = re.compile(r"git\+(?P<scheme>[a-z]+)://(?:(?P<user>[^/]*)@)?(?P<host>[^/@]*)(?P<path>/.+)", re.DOTALL)
_HOST = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:]+\])(?::\d{1,5})?")
_REF = re.compile(r"(?![-+/.@])(?!.*(?:\.\.|//|/\.|@\{|\.lock(?:/|$)|[/.]$))[^\x00-\x20\x7f~^:?*\[\\]+")
"""What git accepts as a name (https://git-scm.com/docs/git-check-ref-format); a refspec would begin with `+`."""
_PORT = re.compile(r":\d+$")
_SSH_USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_SCHEMES = frozenset({"https", "http", "ssh", "file"})
_THIS_MACHINE = frozenset({"127.0.0.1", "localhost", "[::1]"})


@dataclass(frozen=True, slots=True)
class GitAddress:
    """The parts of an address. `${...}` is replaced everywhere except in `user`, which may be a token."""

    scheme: str
    user: str = field(repr=False)
    host: str
    path: str
    ref: str | None


def parse_address(written: str, environment: Mapping[str, str]) -> GitAddress:
    """Split an address that begins with `git+`, and check its parts.

    Raises:
        PluginError: It is not the address of a repository, or git would misread it.
    """
    match = _ADDRESS.fullmatch(written)
    if match is None:
        raise PluginError("not the address of a repository: write git+https://${TOKEN}@host/organisation/name.git@ref")
    scheme = match["scheme"]
    if scheme not in _SCHEMES:
        raise PluginError(f"git+{scheme}:// is not supported: use git+https://, git+ssh:// or git+file://")
    host = expand(match["host"], environment)
    path, ref = _split_ref(expand(match["path"], environment), scheme)
    address = GitAddress(scheme, match["user"] or "", host, path, ref)
    _check_path(address)
    _check_host(address)
    _check_ref(address)
    _check_user(address)
    return address


def _split_ref(path: str, scheme: str) -> tuple[str, str | None]:
    """Split path and ref. A ref follows `.git@`, else the last `@`; the path of an existing folder has none."""
    if scheme == "file" and Path(path).exists():
        return path, None
    before, found, ref = path.rpartition(".git@")
    if found:
        return before + ".git", ref
    before, found, ref = path.rpartition("@")
    return (before, ref) if found else (path, None)


def _check_path(address: GitAddress) -> None:
    path, ref = address.path, address.ref
    if UNPRINTABLE.search(path) or "?" in path or "#" in path:
        raise PluginError(
            "the address of a repository can't contain spaces, `?` or `#`; a token goes before the host, followed by @"
        )
    if address.scheme != "file" and ("@" in path or (ref is not None and ref.endswith(".git"))):
        raise PluginError("a token can't contain a /: write %2F, or take it from the environment with ${TOKEN}")


def _check_host(address: GitAddress) -> None:
    scheme, host = address.scheme, address.host
    if (scheme == "file") != (host == "") or (host and not _HOST.fullmatch(host)):
        raise PluginError(
            f"git+{scheme}:// must be followed by {'a path' if scheme == 'file' else 'a host and a path'}"
        )
    if scheme == "http" and _PORT.sub("", host) not in _THIS_MACHINE:
        raise PluginError("git+http:// would send code and token unencrypted: use git+https://")


def _check_ref(address: GitAddress) -> None:
    if address.ref is not None and not _REF.fullmatch(address.ref):
        raise PluginError("the part after the last @ is not a valid tag, branch or commit")


def _check_user(address: GitAddress) -> None:
    if address.scheme == "ssh" and address.user and not _SSH_USER.fullmatch(address.user):
        raise PluginError("git+ssh:// takes a user but no password: ssh authenticates with your keys")
    if address.scheme == "file" and address.user:
        raise PluginError("git+file:// takes no user")
