"""Gets one plugin with its files: from what is installed, from the cache, or over the network, whichever is nearest."""

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


@dataclass(frozen=True, slots=True)
class Obtained:
    """A plugin with all of its files."""

    wanted: Wanted
    manifest: Manifest
    files: Files = field(repr=False)
    commit: str | None
    content: str

    @property
    def folder(self) -> str:
        """The name of its folder; another content has another."""
        return folder_name(self.manifest.name, self.commit or self.content)

    @property
    def label(self) -> str:
        """Who it is, in messages about clashes."""
        return f"plugin {self.manifest.name} ({self.wanted.source.label})"


def folder_name(name: str, identity: str) -> str:
    """The folder of a plugin in `.plugins`, by its commit or the hash of its files."""
    return f"{name}@{identity[:12]}"


def obtain(
    root: Path,
    wanted: Wanted,
    locked: Locked | None,
    *,
    update: bool,
    frozen: bool,
    say: Say,
    environment: Mapping[str, str] = os.environ,
) -> Obtained:
    """Get a plugin; with `update`, whatever its ref is now; with `frozen`, nothing but what is locked.

    Raises PluginError.
    """
    source = wanted.source
    if locked is not None and locked.ref != source.ref:
        locked = None
    if frozen and locked is None:
        raise PluginError(f"{source.label} is not in {LOCK}: run `make plugins` and commit {LOCK}")
    if isinstance(source, GitSource):
        return _from_git(root, wanted, source, locked=None if update else locked, say=say, environment=environment)
    folder = source.folder if isinstance(source, FolderSource) else package_folder(source)
    if not folder.is_dir():
        raise PluginError(f"{source.label}: there is no folder {folder}")
    files = collect(folder_entries(folder), read_folder, source.label)
    manifest = read_manifest(files, source.label, source.default_name)
    if isinstance(source, PackageSource):
        manifest = _with_entry_points(manifest, source, folder.name, files)
    return Obtained(wanted, manifest, files, None, content_hash(files))


def installed_files(folder: Path, label: str) -> dict[str, bytes] | None:
    """What is installed in a folder, None if it is damaged."""
    try:
        return collect(folder_entries(folder), read_folder, label) if folder.is_dir() else None
    except (PluginError, OSError):
        return None


def _from_git(
    root: Path, wanted: Wanted, source: GitSource, *, locked: Locked | None, say: Say, environment: Mapping[str, str]
) -> Obtained:
    repository = Repository(source, root / CACHE, environment)
    commit = locked.commit if locked else None
    files = None
    if locked is not None and commit is not None:
        files = installed_files(root / FOLDER / folder_name(locked.name, commit), source.label)
        if files is not None and content_hash(files) != locked.content:
            files = None  # somebody has edited it
    if files is None:
        if commit is None and _COMMIT.fullmatch(source.ref or ""):
            commit = source.ref
        if commit is None or not repository.has(commit):
            try:
                commit = _fetch(repository, commit or source.ref, say)
            except NoCommitError as error:
                way_out = f"; {LOCK} has it: `make plugins ARGS=--update` moves to what is there now" if locked else ""
                raise PluginError(f"{error}{way_out}") from None
        try:
            files = collect(repository.entries(commit), repository.read, source.label)
        except DamagedError:
            repository.forget()
            files = collect(repository.entries(_fetch(repository, commit, say)), repository.read, source.label)
    manifest = read_manifest(files, source.label, source.default_name)
    return Obtained(wanted, manifest, files, commit, content_hash(files))


def _fetch(repository: Repository, revision: str | None, say: Say) -> str:
    label = repository.source.label
    say(f"{label}: fetching")
    began = time.monotonic()
    commit = repository.fetch(revision)
    say(f"{label}: commit {commit[:12]}, {time.monotonic() - began:.1f} s")
    return commit


def package_folder(source: PackageSource) -> Path:
    """The folder of an installed package; the package is not imported."""
    module = source.name.replace("-", "_")
    spec = importlib.util.find_spec(module) if module.isidentifier() else None
    for location in (spec.submodule_search_locations if spec else None) or ():
        return Path(location)
    raise PluginError(
        f"{source.name}: no Python package {module} is installed: `pip install {source.name}`, and pin it in "
        "requirements-local.in"
    )


def _with_entry_points(manifest: Manifest, source: PackageSource, module: str, files: Files) -> Manifest:
    """The hooks that a package declares as entry points of Python besides those of its `plugin.toml`."""
    try:
        declared = importlib.metadata.distribution(source.name).entry_points
    except importlib.metadata.PackageNotFoundError:
        return manifest
    found: dict[str, dict[str, str]] = {kind: dict(getattr(manifest, kind)) for kind in HOOKS}
    for point in declared:
        kind = point.group.removeprefix(ENTRY_POINTS)
        if point.group == ENTRY_POINTS + kind and kind in HOOKS:
            found[kind][point.name] = point.value.removeprefix(f"{module}.")
    check_hooks(found, files, f"{source.name}: the package's entry points are wrong")
    return replace(manifest, checks=found["checks"], steps=found["steps"], routes=found["routes"])
