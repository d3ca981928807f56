"""Installs what `config.json` asks for: everything is fetched and checked before anything is changed.

The plugins that were installed before stay in place until the end, and after any failure.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from chalicelib import APP_NAME
from chalicelib.plugins import FOLDER
from plugin_manager import clashes, consent, requirements
from plugin_manager.config import Wanted, read_config
from plugin_manager.errors import PluginError, printable
from plugin_manager.flow_roles import flow_permissions
from plugin_manager.lock import LOCK, Locked, read_lock, write_lock
from plugin_manager.manifest import Manifest, check_framework, framework_version
from plugin_manager.obtain import Obtained, Say, Supplier
from plugin_manager.requirements import Need
from plugin_manager.sources import GitSource
from plugin_manager.store import Store

AT_ONCE = 8
ALL = ("*",)


@dataclass(frozen=True, slots=True)
class Options:
    """How to install.

    `update` has the names of the plugins to move to what their ref points to now, or is `ALL`. `frozen` fails where
    `plugins.lock` would change. `yes` agrees to what the plugins ask for.
    """

    update: Collection[str] = ()
    frozen: bool = False
    yes: bool = False


def _print(line: str) -> None:
    sys.stderr.write(printable(line) + "\n")


def install(
    root: Path, options: Options | None = None, *, say: Say = _print, environment: Mapping[str, str] | None = None
) -> list[Obtained]:
    """Install the plugins of the project at `root`.

    Args:
        root: The project's folder.
        options: How; the defaults of `Options` if None.
        say: Reports progress, a line at a time.
        environment: Where `${...}` comes from; the process's own environment if None.

    Returns:
        The plugins that are installed now, by name.

    Raises:
        PluginError: Something is wrong; nothing was changed.
    """
    store = Store(root)
    environment = os.environ if environment is None else environment
    with _as_plugin_error(root / FOLDER), store.locked(say):
        return _Installation(root, options or Options(), store, say, environment).run()


@contextmanager
def _as_plugin_error(folder: Path) -> Iterator[None]:
    """Report a full disk, or a folder that can't be written, in one line that names the file or else the folder."""
    try:
        yield
    except OSError as error:
        raise PluginError(f"{error.filename or folder}: {error.strerror or error}") from error


class _Installation:
    """One run of `install`."""

    def __init__(self, root: Path, options: Options, store: Store, say: Say, environment: Mapping[str, str]) -> None:
        self._root = root
        self._options = options
        self._store = store
        self._say = say
        self._environment = environment

    def run(self) -> list[Obtained]:
        wanted, lock = read_config(self._root, self._environment), read_lock(self._root)
        self._check_update(lock)
        plugins = self._obtain_all(wanted, lock)
        needs = self._check(plugins)
        plugins = _with_flow_permissions(plugins)
        entries = [_lock_entry(plugin) for plugin in plugins]
        if self._options.frozen:
            _check_frozen(entries, lock)
        consent.ask(_without_consent(plugins, entries, lock), yes=self._options.yes)
        self._install_requirements(needs, wanted)
        self._place(plugins, needs, entries)
        return plugins

    def _check_update(self, lock: Mapping[str, Locked]) -> None:
        names = {entry.name for entry in lock.values()}
        for name in self._options.update:
            if name not in names and name not in ALL:
                installed = ", ".join(sorted(names)) or "none"
                raise PluginError(f"--update {name}: no such plugin; installed: {installed}")

    def _obtain_all(self, wanted: Sequence[Wanted], lock: Mapping[str, Locked]) -> list[Obtained]:
        """Get all plugins in parallel, and report every failure."""
        supplier = Supplier(self._root, self._say, self._environment)

        def one(item: Wanted) -> Obtained | PluginError:
            try:
                return supplier.obtain(item, self._locked(item, lock))
            except PluginError as error:
                return error

        with ThreadPoolExecutor(AT_ONCE) as threads:
            results = list(threads.map(one, wanted))
        failures = [str(result) for result in results if isinstance(result, PluginError)]
        if failures:
            raise PluginError("\n".join(failures))
        found = [result for result in results if isinstance(result, Obtained)]
        return sorted(found, key=lambda plugin: plugin.manifest.name)

    def _locked(self, item: Wanted, lock: Mapping[str, Locked]) -> Locked | None:
        """Return the lock's entry to install, or None to install what the ref points to now."""
        source, options = item.source, self._options
        locked = lock.get(source.address)
        if locked is not None and locked.ref != source.ref:
            locked = None
        if locked is None and options.frozen:
            raise PluginError(f"{source.label} is not in {LOCK}: run `make plugins` and commit {LOCK}")
        if locked is not None and (options.update == ALL or locked.name in options.update):
            return None
        return locked

    def _check(self, plugins: Sequence[Obtained]) -> dict[str, list[Need]]:
        """Check that the plugins work with the project and each other; return their requirements by plugin."""
        version = framework_version(self._root)
        for plugin in plugins:
            check_framework(plugin.manifest, version, plugin.wanted.source.label)
        clashes.check_names(self._root, plugins)
        needs = {p.manifest.name: requirements.plugin_needs(p.files, p.manifest.name) for p in plugins}
        if any(needs.values()):
            requirements.check_clashes([*requirements.project_needs(self._root), *_all(needs)])
        return needs

    def _install_requirements(self, needs: Mapping[str, list[Need]], wanted: Sequence[Wanted]) -> None:
        environment = _without_tokens(self._environment, wanted)
        for requirement in requirements.install_missing(self._root, _all(needs), environment):
            self._say(f"installed {requirement}")

    def _place(self, plugins: Sequence[Obtained], needs: dict[str, list[Need]], entries: list[Locked]) -> None:
        """Change the project. The switch comes last: until then the plugins of before are in place."""
        before = self._store.installed_folders()
        added = [self._store.add(plugin) for plugin in plugins]
        requirements.write_merged(self._root, needs)
        if not self._options.frozen:
            write_lock(self._root, entries)
        self._store.switch(plugins, touch=any(added))
        # The folders of before stay until the next time: running calls may still import from them.
        self._store.remove_unused(keep={*before, *(plugin.folder for plugin in plugins)})
        self._report(plugins, before)

    def _report(self, plugins: Sequence[Obtained], before: Collection[str]) -> None:
        for plugin in plugins:
            if plugin.folder in before:
                continue
            manifest = plugin.manifest
            self._say(f"plugin {manifest.name} {manifest.version} installed from {plugin.wanted.source.label}")
            for name, description in manifest.secrets.items():
                self._say(
                    f"  expects the secret {name} ({description}): aws ssm put-parameter --type SecureString "
                    f"--name /{APP_NAME}/STAGE/{name} --value ..."
                )
        now = {plugin.manifest.name for plugin in plugins}
        for name in sorted({folder.rpartition("@")[0] for folder in before} - now):
            self._say(f"plugin {name} removed")


def _all(needs: Mapping[str, list[Need]]) -> list[Need]:
    return [need for found in needs.values() for need in found]


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
    return Locked(
        name=manifest.name,
        source=source.address,
        ref=source.ref,
        commit=plugin.commit,
        version=manifest.version,
        content=plugin.content,
        consent=consent.consent_hash(manifest),
    )


def _check_frozen(entries: Sequence[Locked], lock: Mapping[str, Locked]) -> None:
    changed = {entry.name for entry in entries if lock.get(entry.source) != entry}
    removed = {lock[source].name for source in lock.keys() - {entry.source for entry in entries}}
    if changed or removed:
        raise PluginError(
            f"{LOCK} does not match what would be installed ({', '.join(sorted(changed | removed))}): run "
            f"`make plugins`, review the changes, and commit {LOCK}"
        )


def _without_consent(
    plugins: Sequence[Obtained], entries: Sequence[Locked], lock: Mapping[str, Locked]
) -> list[Manifest]:
    """Return the plugins that ask for something that the lock has no consent to."""
    return [
        plugin.manifest
        for plugin, entry in zip(plugins, entries, strict=True)
        if entry.consent is not None and (entry.source not in lock or lock[entry.source].consent != entry.consent)
    ]
