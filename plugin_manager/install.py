"""Installs what `config.json` asks for: everything is fetched and judged before anything is changed.

`.plugins/installed.json` is replaced at the very end and switches all plugins at once; until then, and after any
failure, those of before are in place.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from chalicelib import APP_NAME
from chalicelib.plugins import FOLDER, FORMAT, INDEX
from plugin_manager import clashes, consent, freshness, requirements
from plugin_manager.config import Wanted, read_config
from plugin_manager.errors import PluginError, printable
from plugin_manager.flow_roles import flow_permissions
from plugin_manager.layout import content_hash, write_files
from plugin_manager.lock import LOCK, Locked, read_lock, write_lock
from plugin_manager.manifest import HOOKS, check_framework, framework_version
from plugin_manager.obtain import Obtained, Say, installed_files, obtain, package_folder
from plugin_manager.sources import FolderSource, GitSource, PackageSource

AT_ONCE = 8
ALL = ("*",)


def _say(text: str) -> None:
    sys.stderr.write(printable(text) + "\n")


def install(
    root: Path,
    *,
    update: Collection[str] = (),
    frozen: bool = False,
    yes: bool = False,
    say: Say = _say,
    environment: Mapping[str, str] | None = None,
) -> list[Obtained]:
    """Install the plugins of the project at `root`; those that are installed now.

    Args:
        root: The project's folder.
        update: Names of plugins that are to move to what their ref is now; `ALL` for every one.
        frozen: Change nothing in `plugins.lock`, and fail where that would be needed.
        yes: Agree to what the plugins ask for.
        say: Tells of progress.
        environment: Where `${...}` comes from; the process's own if None.

    Raises:
        PluginError: Nothing was changed.
    """
    environment = os.environ if environment is None else environment
    with _legible(root / FOLDER), _locked(root, say):
        wanted, lock = read_config(root, environment), read_lock(root)
        _check_update(update, lock)
        obtained = _obtain_all(root, wanted, lock, update=update, frozen=frozen, say=say, environment=environment)
        version = framework_version(root)
        for plugin in obtained:
            check_framework(plugin.manifest, version, plugin.wanted.source.label)
        clashes.check_names(root, obtained)
        needs = {p.manifest.name: requirements.plugin_needs(p.files, p.manifest.name) for p in obtained}
        plugin_needs = [need for found in needs.values() for need in found]
        if plugin_needs:
            requirements.check_clashes([*requirements.project_needs(root), *plugin_needs])
        obtained = _with_flow_permissions(obtained)
        entries = [_lock_entry(plugin) for plugin in obtained]
        known = {entry.source: entry for entry in lock.values()}
        if frozen:
            _check_frozen(entries, known)
        unknown = [
            plugin.manifest
            for plugin, entry in zip(obtained, entries, strict=True)
            if entry.consent is not None and (entry.source not in known or known[entry.source].consent != entry.consent)
        ]
        consent.ask(unknown, yes=yes)
        for name in requirements.install_missing(root, plugin_needs, _without_tokens(environment, wanted)):
            say(f"installed {name}")
        put = [_put(root, plugin) for plugin in obtained]
        requirements.write_merged(root, needs)
        if not frozen:
            write_lock(root, entries)
        before = _switch(root, obtained, anew=any(put))
        if obtained:
            _write(root / freshness.STATE, freshness.describe(root, *_outside(obtained)))
        _forget(root, keep={*before, *(plugin.folder for plugin in obtained)})
        _tell(obtained, before, say)
        return obtained


@contextmanager
def _locked(root: Path, say: Say) -> Iterator[None]:
    """One at a time for a project; the others wait."""
    folder = root / FOLDER
    folder.mkdir(exist_ok=True)
    with (folder / ".lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("waiting for another `make plugins` in this project")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def _legible(folder: Path) -> Iterator[None]:
    """A disk that is full, a folder that cannot be written: one line that names the file, or at least the folder."""
    try:
        yield
    except OSError as error:
        raise PluginError(f"{error.filename or folder}: {error.strerror or error}") from error


def _check_update(update: Collection[str], lock: Mapping[str, Locked]) -> None:
    names = {entry.name for entry in lock.values()}
    unknown = [name for name in update if name not in names and name not in ALL]
    if unknown:
        raise PluginError(
            f"--update {unknown[0]}: there is no such plugin; installed are {', '.join(sorted(names)) or 'none'}"
        )


def _obtain_all(
    root: Path,
    wanted: Sequence[Wanted],
    lock: Mapping[str, Locked],
    *,
    update: Collection[str],
    frozen: bool,
    say: Say,
    environment: Mapping[str, str],
) -> list[Obtained]:
    """All plugins, side by side; every failure is told, not only the first."""

    def one(item: Wanted) -> Obtained | PluginError:
        locked = lock.get(item.source.address)
        moves = update == ALL or (locked is not None and locked.name in update)
        try:
            return obtain(root, item, locked, update=moves, frozen=frozen, say=say, environment=environment)
        except PluginError as error:
            return error

    with ThreadPoolExecutor(AT_ONCE) as threads:
        results = list(threads.map(one, wanted))
    failures = [str(result) for result in results if isinstance(result, PluginError)]
    if failures:
        raise PluginError("\n".join(failures))
    found = [result for result in results if isinstance(result, Obtained)]
    return sorted(found, key=lambda plugin: plugin.manifest.name)


def _without_tokens(environment: Mapping[str, str], wanted: Sequence[Wanted]) -> dict[str, str]:
    sources = [item.source for item in wanted]
    credentials = [source.credentials for source in sources if isinstance(source, GitSource)]
    tokens = {name for item in credentials if item is not None for name in item.variables}
    return {name: value for name, value in environment.items() if name not in tokens}


def _with_flow_permissions(plugins: Sequence[Obtained]) -> list[Obtained]:
    steps = {name for plugin in plugins for name in plugin.manifest.steps}
    return [
        replace(p, manifest=replace(p.manifest, flow_permissions=flow_permissions(p.files, steps))) for p in plugins
    ]


def _lock_entry(plugin: Obtained) -> Locked:
    source, manifest = plugin.wanted.source, plugin.manifest
    agreed = consent.consent_hash(manifest)
    return Locked(manifest.name, source.address, source.ref, plugin.commit, manifest.version, plugin.content, agreed)


def _check_frozen(entries: Sequence[Locked], known: Mapping[str, Locked]) -> None:
    changed = [entry.name for entry in entries if known.get(entry.source) != entry]
    gone = [entry.name for source, entry in known.items() if source not in {entry.source for entry in entries}]
    if changed or gone:
        raise PluginError(
            f"{LOCK} does not fit what is there ({', '.join(sorted([*changed, *gone]))}): run `make plugins`, look at "
            f"the difference, and commit {LOCK}"
        )


def _put(root: Path, plugin: Obtained) -> bool:
    """Bring a plugin's files into its folder, unless they are there; whether it did."""
    target = root / FOLDER / plugin.folder
    present = installed_files(target, plugin.wanted.source.label)
    if present is not None and content_hash(present) == plugin.content:
        return False
    staging = Path(tempfile.mkdtemp(prefix=".staging-", dir=root / FOLDER))
    try:
        write_files(staging, plugin.files)
        staging.chmod(0o755)
        if target.exists():
            target.rename(staging.with_name(staging.name + "-old"))
        staging.rename(target)
        return True
    finally:
        for left in (staging, staging.with_name(staging.name + "-old")):
            shutil.rmtree(left, ignore_errors=True)


def _switch(root: Path, plugins: Sequence[Obtained], *, anew: bool) -> list[str]:
    """List the plugins as installed; the folders of those of before. `anew` tells whoever watches in any case."""
    try:
        before = [Path(entry["folder"]).name for entry in json.loads((root / INDEX).read_bytes())["plugins"]]
    except (OSError, ValueError, KeyError, TypeError):
        before = []
    if not plugins:
        for file in (root / INDEX, root / freshness.STATE):
            file.unlink(missing_ok=True)
        return before
    entries = []
    for plugin in plugins:
        manifest = plugin.manifest
        entry: dict[str, Any] = {
            "name": manifest.name,
            "version": manifest.version,
            "folder": f"{FOLDER}/{plugin.folder}",
            "prefix": plugin.wanted.prefix,
            "permissions": list(manifest.permissions),
            "secrets": dict(manifest.secrets),
            **{kind: dict(getattr(manifest, kind)) for kind in HOOKS},
        }
        entries.append({key: value for key, value in entry.items() if value})
    _write(root / INDEX, {"format": FORMAT, "plugins": entries}, anew=anew)
    return before


def _write(target: Path, document: Any, *, anew: bool = False) -> None:
    """Replace a file; one that would not change stays, and with it the stamp that others watch, unless `anew`."""
    text = json.dumps(document, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
    if not anew and target.is_file() and target.read_text(encoding="utf-8") == text:
        return
    temporary = target.with_name(f".{target.name}.{os.getpid()}")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(target)


def _outside(plugins: Sequence[Obtained]) -> tuple[dict[str, str], dict[str, str]]:
    """The folders and packages that plugins come from."""
    sources = [plugin.wanted.source for plugin in plugins]
    packages = [source for source in sources if isinstance(source, PackageSource)]
    folders = [source.folder for source in sources if isinstance(source, FolderSource)]
    folders += [package_folder(source) for source in packages]  # one that is installed to be edited
    return dict.fromkeys(map(str, folders), ""), {source.name: "" for source in packages}


def _forget(root: Path, keep: Collection[str]) -> None:
    """Remove folders that nothing uses. Those of just before stay: calls under way may still import from them."""
    for folder in (root / FOLDER).iterdir():
        left_over = folder.name.startswith(".staging-") or "@" in folder.name
        if folder.is_dir() and left_over and folder.name not in keep:
            shutil.rmtree(folder, ignore_errors=True)


def _tell(plugins: Sequence[Obtained], before: Collection[str], say: Say) -> None:
    for plugin in plugins:
        if plugin.folder in before:
            continue
        manifest = plugin.manifest
        say(f"plugin {manifest.name} {manifest.version} installed from {plugin.wanted.source.label}")
        for name, description in manifest.secrets.items():
            say(
                f"  expects the secret {name} ({description}): aws ssm put-parameter --type SecureString "
                f"--name /{APP_NAME}/STAGE/{name} --value ..."
            )
    now = {plugin.folder.rpartition("@")[0] for plugin in plugins}
    for name in sorted({folder.rpartition("@")[0] for folder in before} - now):
        say(f"plugin {name} removed")
