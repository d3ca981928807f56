"""What an entry of `config.json` means: where a plugin comes from, and the credentials to fetch it with.

    git+https://${GITHUB_TOKEN}@github.com/org/name.git@v1.2.0    a tag, a branch or a commit after the last @
    git+ssh://git@github.com/org/name.git@main
    git+file:///srv/git/name.git
    git+https://github.com/org/several.git@main#subdirectory=name  a folder of a repository
    ../name                                                       a folder
    acme-flows                                                    an installed Python package

Credentials are split from the address first thing, and are not shown by `repr`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import unquote

from plugin_manager.errors import PluginError
from plugin_manager.git_address import UNPRINTABLE, GitAddress, parse_address
from plugin_manager.variables import expand, variables_in

SUBDIRECTORY = "subdirectory="
_PACKAGE = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_NO_SECRETS = frozenset({"git", "oauth2", "x-access-token", "x-oauth-basic", "x-token-auth"})
"""User names that hosts require with a token."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """User and password as written, with `${...}`; a token without a user is the user."""

    user: str = field(repr=False)
    password: str = field(repr=False)

    def resolve(self, environment: Mapping[str, str]) -> tuple[str, str]:
        """Return the actual user and password.

        Raises:
            PluginError: A variable is unset, or its value can't be a token.
        """
        return _secret(self.user, environment), _secret(self.password, environment)

    @property
    def variables(self) -> frozenset[str]:
        """The environment variables that they come from."""
        return variables_in(self.user + self.password)

    def secrets(self, environment: Mapping[str, str]) -> tuple[str, ...]:
        """Return what must not be shown anywhere.

        Raises:
            PluginError: See `resolve`.
        """
        user, password = self.resolve(environment)
        return tuple(secret for secret in (password, "" if user in _NO_SECRETS else user) if secret)


@dataclass(frozen=True, slots=True)
class GitSource:
    """A git repository.

    `url` has no credentials; `ref` is a tag, a branch, a commit, or None for the default branch. `subdirectory` is the
    plugin's folder in a repository of several plugins, or empty.
    """

    url: str
    ref: str | None
    credentials: Credentials | None = None
    subdirectory: str = ""

    @property
    def address(self) -> str:
        """What identifies it in `plugins.lock`."""
        return f"git+{self.url}{self._fragment}"

    @property
    def label(self) -> str:
        """What messages call it."""
        return f"git+{self.url}" + (f"@{self.ref}" if self.ref else "") + self._fragment

    @property
    def _fragment(self) -> str:
        return f"#{SUBDIRECTORY}{self.subdirectory}" if self.subdirectory else ""

    @property
    def default_name(self) -> str:
        """The plugin's name if it has no `plugin.toml`."""
        if self.subdirectory:
            return self.subdirectory.rpartition("/")[2]
        return self.url.rstrip("/").rpartition("/")[2].removesuffix(".git")


@dataclass(frozen=True, slots=True)
class FolderSource:
    """A folder on this machine; `written` is its path as in config.json."""

    folder: Path
    written: str
    ref: None = None

    @property
    def address(self) -> str:
        return self.written

    @property
    def label(self) -> str:
        return self.written

    @property
    def default_name(self) -> str:
        return self.folder.name


@dataclass(frozen=True, slots=True)
class PackageSource:
    """An installed Python package whose top folder contains a `plugin.toml`."""

    name: str
    ref: None = None

    @property
    def address(self) -> str:
        return f"package:{self.name}"

    @property
    def label(self) -> str:
        return self.name

    @property
    def default_name(self) -> str:
        return self.name


Source = GitSource | FolderSource | PackageSource


def parse_source(written: str, root: Path, environment: Mapping[str, str] = os.environ) -> Source:
    """Parse the source of an entry.

    Args:
        written: The entry, as in config.json.
        root: The project's folder, which relative folders start from.
        environment: Where `${...}` comes from.

    Raises:
        PluginError: It is not a source. The message contains no part of the entry's credentials.
    """
    if written.startswith("git+"):
        address, found, subdirectory = written.partition(f"#{SUBDIRECTORY}")
        source = _git_source(parse_address(address, environment))
        return replace(source, subdirectory=_folder_in_repository(subdirectory)) if found else source
    if "://" in written:
        raise PluginError("the address of a repository must begin with git+https://, git+ssh:// or git+file://")
    if written.startswith("git@"):
        raise PluginError("write git+ssh://git@host/organisation/name.git, with a / after the host")
    if written.startswith((".", "/", "~")):
        folder = Path(expand(written, environment)).expanduser()
        return FolderSource((root / folder).resolve(), written)
    if _PACKAGE.fullmatch(written):
        return PackageSource(written)
    raise PluginError(
        "expected git+https://..., git+ssh://..., git+file://..., a folder that begins with ./, ../, / or ~, "
        "or the name of an installed Python package"
    )


def _folder_in_repository(written: str) -> str:
    """Check the path after `#subdirectory=`, which is the plugin's folder in its repository."""
    folder = written.strip("/")
    parts = folder.split("/")
    if not folder or UNPRINTABLE.search(folder) or any(part in ("", ".", "..", ".git") for part in parts):
        raise PluginError(f"#{SUBDIRECTORY} must be followed by a folder of the repository, such as plugins/orders")
    return folder


def _git_source(address: GitAddress) -> GitSource:
    if address.scheme == "file":
        return GitSource(f"file://{address.path}", address.ref)
    location = f"{address.host}{address.path}"
    if address.scheme == "ssh":  # the user is part of the address, not a secret
        user = f"{address.user}@" if address.user else ""
        return GitSource(f"ssh://{user}{location}", address.ref)
    name, _, password = address.user.partition(":")
    credentials = Credentials(name, password) if address.user else None
    return GitSource(f"{address.scheme}://{location}", address.ref, credentials)


def _secret(written: str, environment: Mapping[str, str]) -> str:
    value = expand(written, environment).strip() if "${" in written else unquote(written)
    if written and not value:
        raise PluginError(f"{written} is blank: set the environment variable again")
    if UNPRINTABLE.search(value):
        raise PluginError("the token contains spaces or line breaks: set the environment variable again")
    return value
