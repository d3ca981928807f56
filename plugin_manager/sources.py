"""What an entry of `config.json` means: where a plugin comes from, and what to say there to be let in.

    git+https://${GITHUB_TOKEN}@github.com/org/name.git@v1.2.0    a tag, a branch or a commit after the last @
    git+ssh://git@github.com/org/name.git@main
    git+file:///srv/git/name.git
    ../name                                                       a folder
    acme-flows                                                    an installed Python package

Credentials are kept apart from the address from the first moment, and are not shown by `repr`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

from plugin_manager.errors import PluginError

_GIT = re.compile(r"git\+(?P<scheme>[a-z]+)://(?:(?P<user>[^/]*)@)?(?P<host>[^/@]*)(?P<path>/.+)", re.DOTALL)
_HOST = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:]+\])(?::\d{1,5})?")
_REF = re.compile(r"(?![-+/.@])(?!.*(?:\.\.|//|/\.|@\{|\.lock(?:/|$)|[/.]$))[^\x00-\x20\x7f~^:?*\[\\]+")
"""What git takes for a name (https://git-scm.com/docs/git-check-ref-format); a refspec would begin with `+`."""
_PACKAGE = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_PORT = re.compile(r":\d+$")
_SSH_USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_UNPRINTABLE = re.compile(r"[\x00-\x20\x7f]")
_NO_SECRETS = frozenset({"git", "oauth2", "x-access-token", "x-oauth-basic", "x-token-auth"})
"""User names that hosts prescribe beside a token."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """User and password as written, with `${...}`; a token alone is a user."""

    user: str = field(repr=False)
    password: str = field(repr=False)

    def resolve(self, environment: Mapping[str, str]) -> tuple[str, str]:
        """The real ones. Raises PluginError if a variable is not set."""
        return _secret(self.user, environment), _secret(self.password, environment)

    @property
    def variables(self) -> frozenset[str]:
        """The environment variables that they come from."""
        return frozenset(_VARIABLE.findall(self.user + self.password))

    def secrets(self, environment: Mapping[str, str]) -> tuple[str, ...]:
        """What must be shown nowhere."""
        user, password = self.resolve(environment)
        return tuple(text for text in (password, "" if user in _NO_SECRETS else user) if text)


@dataclass(frozen=True, slots=True)
class GitSource:
    """A git repository. `url` is without credentials; `ref` is a tag, a branch or a commit, None the default branch."""

    url: str
    ref: str | None
    credentials: Credentials | None = None

    @property
    def address(self) -> str:
        """What `plugins.lock` knows it by."""
        return f"git+{self.url}"

    @property
    def label(self) -> str:
        """How it is called in messages."""
        return self.address + (f"@{self.ref}" if self.ref else "")

    @property
    def default_name(self) -> str:
        return self.url.rstrip("/").rpartition("/")[2].removesuffix(".git")


@dataclass(frozen=True, slots=True)
class FolderSource:
    """A folder on this machine; `written` is as in config.json."""

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
    """An installed Python package whose top folder has a `plugin.toml`."""

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


def parse_source(text: str, root: Path, environment: Mapping[str, str] = os.environ) -> Source:
    """The source that an entry names; folders are relative to `root`.

    Raises PluginError, whose message has nothing of the entry's credentials.
    """
    if text.startswith("git+"):
        return _git_source(text, environment)
    if "://" in text:
        raise PluginError("an address of a repository begins with git+https://, git+ssh:// or git+file://")
    if text.startswith("git@"):
        raise PluginError("write git+ssh://git@host/organisation/name.git, with a / after the host")
    if text.startswith((".", "/", "~")):
        written = expand(text, environment)
        return FolderSource((root / Path(written).expanduser()).resolve(), text)
    if _PACKAGE.fullmatch(text):
        return PackageSource(text)
    raise PluginError(
        "expected git+https://..., git+ssh://..., git+file://..., a folder that begins with ./, ../, / or ~, "
        "or the name of an installed Python package"
    )


def expand(text: str, environment: Mapping[str, str]) -> str:
    """The text with each `${NAME}` replaced. Raises PluginError for a variable that is not set."""

    def value(match: re.Match[str]) -> str:
        found = environment.get(match[1], "")
        if not found:
            raise PluginError(
                f"the environment variable {match[1]} is not set, or empty: export it, or put it before the command"
            )
        return found

    return _VARIABLE.sub(value, text)


def _git_source(text: str, environment: Mapping[str, str]) -> GitSource:
    match = _GIT.fullmatch(text)
    if match is None:
        raise PluginError("no address of a repository: write git+https://${TOKEN}@host/organisation/name.git@ref")
    scheme, user = match["scheme"], match["user"] or ""
    if scheme not in ("https", "http", "ssh", "file"):
        raise PluginError(f"git+{scheme}:// is not fetched: use git+https://, git+ssh:// or git+file://")
    host, (path, ref) = expand(match["host"], environment), _path_and_ref(match["path"], scheme, environment)
    if _UNPRINTABLE.search(path) or "?" in path or "#" in path:
        raise PluginError("an address of a repository has no spaces, `?` and `#`; a token stands before the host's @")
    if scheme != "file" and ("@" in path or (ref is not None and ref.endswith(".git"))):
        raise PluginError("no token has a / in it: write %2F, or take it from the environment by ${TOKEN}")
    if (scheme == "file") != (host == "") or (host and not _HOST.fullmatch(host)):
        raise PluginError(f"git+{scheme}:// is followed by {'a path' if scheme == 'file' else 'a host and a path'}")
    if ref is not None and not _REF.fullmatch(ref):
        raise PluginError("what follows the @ after the path is no tag, branch or commit")
    if scheme == "http" and _PORT.sub("", host) not in ("127.0.0.1", "localhost", "[::1]"):
        raise PluginError("git+http:// would send code and token unencrypted: use git+https://")
    if scheme == "ssh":
        if user and not _SSH_USER.fullmatch(user):
            raise PluginError("git+ssh:// takes a user and no password: keys are ssh's own concern")
        return GitSource(f"ssh://{user + '@' if user else ''}{host}{path}", ref)
    if scheme == "file":
        if user:
            raise PluginError("git+file:// takes no user")
        return GitSource(f"file://{path}", ref)
    name, _, password = user.partition(":")
    return GitSource(f"{scheme}://{host}{path}", ref, Credentials(name, password) if user else None)


def _path_and_ref(path: str, scheme: str, environment: Mapping[str, str]) -> tuple[str, str | None]:
    """A ref follows `.git@`, else the last `@`; the path of a folder that is there has none."""
    path = expand(path, environment)
    if scheme == "file" and Path(path).exists():
        return path, None
    before, found, ref = path.rpartition(".git@")
    if found:
        return before + ".git", ref
    before, found, ref = path.rpartition("@")
    return (before, ref) if found else (path, None)


def _secret(text: str, environment: Mapping[str, str]) -> str:
    value = expand(text, environment).strip() if "${" in text else unquote(text)
    if text and not value:
        raise PluginError(f"{text} is blank: set the environment variable anew")
    if _UNPRINTABLE.search(value):
        raise PluginError("the token has spaces or line breaks in it: set the environment variable anew")
    return value
