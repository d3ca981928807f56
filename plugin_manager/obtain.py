"""Gets one plugin with its files: from what is installed, from the cache, or over the network, in this order."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from chalicelib.plugins import FOLDER
from plugin_manager.config import Wanted
from plugin_manager.errors import PluginError
from plugin_manager.git import DamagedError, NoCommitError, Repository
from plugin_manager.layout import Files, collect, content_hash, folder_entries, read_folder
from plugin_manager.lock import LOCK, Locked
from plugin_manager.manifest import HOOKS, Manifest, check_hooks, read_manifest
from plugin_manager.sources import FolderSource, GitSource, PackageSource

CACHE = Path(FOLDER, ".cache")
ENTRY_POINTS = "serverless_dynamic_workflows."
"""What the groups of a Python package's entry points begin with; `checks`, `steps` and `routes` follow."""

_COMMIT = re.compile(r"[0-9a-f]{40}")

Say = Callable[[str], None]
"""Reports progress, a line at a time."""


@dataclass(frozen=True, slots=True)
class Obtained:
    """A plugin with all its files. `commit` is None unless it comes from git; `content` is the hash of the files."""

    wanted: Wanted
    manifest: Manifest
    files: Files = field(repr=False)
    commit: str | None
    content: str

    @property
    def folder(self) -> str:
        """The name of its folder in `.plugins`; different content has a different name."""
        return _folder_name(self.manifest.name, self.commit or self.content)

    @property
    def label(self) -> str:
        """What messages about clashes call it."""
        return f"plugin {self.manifest.name} ({self.wanted.source.label})"


class Supplier:
    """Gets the plugins of one project.

    Args:
        root: The project's folder.
        say: Reports progress.
        environment: Where `${...}` comes from.
    """

    def __init__(self, root: Path, say: Say, environment: Mapping[str, str] = os.environ) -> None:
        self._root = root
        self._say = say
        self._environment = environment

    def obtain(self, wanted: Wanted, locked: Locked | None) -> Obtained:
        """Get a plugin.

        Args:
            wanted: Its entry in config.json.
            locked: The lock's entry, whose commit to use; None to get what its ref points to now.

        Raises:
            PluginError: It cannot be fetched, or what was fetched is not a plugin.
        """
        source = wanted.source
        if isinstance(source, GitSource):
            return self._from_git(wanted, source, locked)
        folder = source.folder if isinstance(source, FolderSource) else package_folder(source)
        if not folder.is_dir():
            raise PluginError(f"{source.label}: no such folder: {folder}")
        files = collect(folder_entries(folder), read_folder, source.label)
        manifest = read_manifest(files, source.label, source.default_name)
        if isinstance(source, PackageSource):
            manifest = _with_entry_points(manifest, source, folder.name, files)
        return Obtained(wanted, manifest, files, None, content_hash(files))

    def _from_git(self, wanted: Wanted, source: GitSource, locked: Locked | None) -> Obtained:
        files = self._installed(locked, source.label)
        if locked is not None and files is not None:
            commit = locked.commit
        else:
            commit, files = self._from_repository(source, locked)
        manifest = read_manifest(files, source.label, source.default_name)
        return Obtained(wanted, manifest, files, commit, content_hash(files))

    def _installed(self, locked: Locked | None, label: str) -> Files | None:
        """Return the installed files of a locked commit, or None if they are missing or were edited."""
        if locked is None or locked.commit is None:
            return None
        files = installed_files(self._root / FOLDER / _folder_name(locked.name, locked.commit), label)
        return files if files is not None and content_hash(files) == locked.content else None

    def _from_repository(self, source: GitSource, locked: Locked | None) -> tuple[str, Files]:
        """Return the commit that is wanted and its files, from the cached copy if it has the commit."""
        repository = Repository(source, self._root / CACHE, self._environment)
        commit = locked.commit if locked else None
        if commit is None and _COMMIT.fullmatch(source.ref or ""):
            commit = source.ref
        if commit is None or not repository.has(commit):
            try:
                commit = self._fetch(repository, commit or source.ref)
            except NoCommitError as error:
                hint = f"; {LOCK} names it: run `make plugins ARGS=--update` to move to a newer one" if locked else ""
                raise PluginError(f"{error}{hint}") from None
        try:
            return commit, collect(repository.entries(commit), repository.read, source.label)
        except DamagedError:
            repository.forget()
            self._fetch(repository, commit)
            return commit, collect(repository.entries(commit), repository.read, source.label)

    def _fetch(self, repository: Repository, revision: str | None) -> str:
        label = repository.source.label
        self._say(f"{label}: fetching")
        began = time.monotonic()
        commit = repository.fetch(revision)
        self._say(f"{label}: commit {commit[:12]}, {time.monotonic() - began:.1f} s")
        return commit


def installed_files(folder: Path, label: str) -> Files | None:
    """Read the files that are installed in a folder; None if it is missing or damaged."""
    try:
        return collect(folder_entries(folder), read_folder, label) if folder.is_dir() else None
    except (PluginError, OSError):
        return None


def package_folder(source: PackageSource) -> Path:
    """Find the folder of an installed package without importing it.

    Raises:
        PluginError: The package is not installed.
    """
    module = source.name.replace("-", "_")
    spec = importlib.util.find_spec(module) if module.isidentifier() else None
    for location in (spec.submodule_search_locations if spec else None) or ():
        return Path(location)
    raise PluginError(
        f"{source.name}: the Python package {module} is not installed: run `pip install {source.name}`, and pin it in "
        "requirements-local.in"
    )


def _folder_name(name: str, identity: str) -> str:
    return f"{name}@{identity[:12]}"


def _with_entry_points(manifest: Manifest, source: PackageSource, module: str, files: Files) -> Manifest:
    """Add the hooks that a package declares as Python entry points to those of its `plugin.toml`."""
    try:
        declared = importlib.metadata.distribution(source.name).entry_points
    except importlib.metadata.PackageNotFoundError:
        return manifest
    found: dict[str, dict[str, str]] = {kind: dict(getattr(manifest, kind)) for kind in HOOKS}
    for point in declared:
        kind = point.group.removeprefix(ENTRY_POINTS)
        if point.group == ENTRY_POINTS + kind and kind in HOOKS:
            found[kind][point.name] = point.value.removeprefix(f"{module}.")
    check_hooks(found, files, f"{source.name}: the package's entry points are invalid")
    return replace(manifest, checks=found["checks"], steps=found["steps"], routes=found["routes"])
