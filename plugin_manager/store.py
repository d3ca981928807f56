"""The folder `.plugins/`: the files of plugins, and the index that says which of them are installed.

Each version of a plugin has a folder that never changes. Replacing `installed.json` switches all plugins at once.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from chalicelib.plugins import FOLDER, FORMAT, INDEX
from plugin_manager import state
from plugin_manager.layout import content_hash, write_files
from plugin_manager.manifest import HOOKS
from plugin_manager.obtain import Obtained, Say, installed_files, package_folder
from plugin_manager.sources import FolderSource, PackageSource

_STAGING = ".staging-"


class Store:
    """The installed plugins of the project at `root`."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._folder = root / FOLDER

    @contextmanager
    def locked(self, say: Say) -> Iterator[None]:
        """Let one process at a time change the plugins of a project; others wait."""
        self._folder.mkdir(exist_ok=True)
        with (self._folder / ".lock").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                say("waiting for another `make plugins` in this project")
                fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def installed_folders(self) -> list[str]:
        """Return the names of the folders of the installed plugins."""
        try:
            index = json.loads((self._root / INDEX).read_bytes())
            return [Path(entry["folder"]).name for entry in index["plugins"]]
        except (OSError, ValueError, KeyError, TypeError):
            return []

    def add(self, plugin: Obtained) -> bool:
        """Write a plugin's files into its folder unless they are there already, and return whether it did."""
        target = self._folder / plugin.folder
        present = installed_files(target, plugin.wanted.source.label)
        if present is not None and content_hash(present) == plugin.content:
            return False
        staging = Path(tempfile.mkdtemp(prefix=_STAGING, dir=self._folder))
        replaced = staging.with_name(staging.name + "-old")
        try:
            write_files(staging, plugin.files)
            staging.chmod(0o755)
            if target.exists():
                target.rename(replaced)
            staging.rename(target)
            return True
        finally:
            for left_over in (staging, replaced):
                shutil.rmtree(left_over, ignore_errors=True)

    def switch(self, plugins: Sequence[Obtained], *, touch: bool) -> None:
        """Make these the installed plugins.

        Args:
            plugins: All plugins of the project, whose files were added.
            touch: Replace the index even if it stays the same, since files of a folder were replaced. Whoever watches
                the index then reads them again.
        """
        if not plugins:
            for file in (self._root / INDEX, self._root / state.STATE):
                file.unlink(missing_ok=True)
            return
        index = {"format": FORMAT, "plugins": [_index_entry(plugin) for plugin in plugins]}
        _write(self._root / INDEX, index, touch=touch)
        _write(self._root / state.STATE, state.describe(self._root, *_origins(plugins)))

    def remove_unused(self, keep: Collection[str]) -> None:
        """Remove all folders of plugins except those named in `keep`."""
        for folder in self._folder.iterdir():
            ours = folder.name.startswith(_STAGING) or "@" in folder.name
            if folder.is_dir() and ours and folder.name not in keep:
                shutil.rmtree(folder, ignore_errors=True)


def _index_entry(plugin: Obtained) -> dict[str, Any]:
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
    return {key: value for key, value in entry.items() if value}


def _origins(plugins: Sequence[Obtained]) -> tuple[list[str], list[str]]:
    """Return the folders and the packages that plugins come from."""
    sources = [plugin.wanted.source for plugin in plugins]
    packages = [source for source in sources if isinstance(source, PackageSource)]
    folders = [source.folder for source in sources if isinstance(source, FolderSource)]
    folders += [package_folder(source) for source in packages]  # an editable installation changes without a new version
    return list(map(str, folders)), [source.name for source in packages]


def _write(target: Path, document: Any, *, touch: bool = False) -> None:
    """Replace a JSON file. Unless `touch`, one with the same contents stays, with the time that others watch."""
    content = json.dumps(document, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
    if not touch and target.is_file() and target.read_text(encoding="utf-8") == content:
        return
    temporary = target.with_name(f".{target.name}.{os.getpid()}")
    temporary.write_text(content, encoding="utf-8")
    temporary.replace(target)
