"""A project that is compiled again when its files change, once in a process."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from chalicelib import plugins
from chalicelib.flows.catalog import Catalog
from chalicelib.settings import PROJECT
from compiler.catalog import catalog_of
from compiler.compiled import Project
from compiler.project import compile_project

_CHEAP_SCAN = 0.002  # seconds; a scan for changes that takes at most this long runs at every call
_SCAN_SHARE = 20  # longer scans take up at most 1/20 of the time


class LiveProject:
    """The compiled project at `root`, and its catalog. Thread-safe, and cheap enough to call for every request.

    All users of the flows in a process share one of these, so that a changed file is compiled once.

    A file that can no longer be read or parsed does not say which flow is in it: here, that flow is broken, under the
    name that the file had before.
    """

    def __init__(self, root: Path = PROJECT) -> None:
        self._root = root
        self._lock = threading.Lock()
        self._value: tuple[Project, Catalog] | None = None
        self._stamp: object = None
        self._paths: dict[str, str] = {}  # of the flows, as they last compiled
        self._next_scan = 0.0
        self._last_cost = 0.0  # of a scan, in seconds

    def project(self) -> Project:
        """Return the compiled project; the same object until a file changes."""
        return self._current()[0]

    def catalog(self) -> Catalog:
        """Return the catalog of the compiled project; the same object until a file changes."""
        return self._current()[1]

    def _current(self) -> tuple[Project, Catalog]:
        value = self._value
        if value is not None and time.monotonic() < self._next_scan:
            return value
        with self._lock:
            began = time.thread_time()  # this thread's own time: a busy machine makes no scan more expensive
            stamp = _stamp(self._root)
            taken = time.thread_time() - began
            # The more files there are, the longer a scan takes and the longer its answer is kept. One slow scan may be
            # the machine's doing; two in a row are not.
            cost, self._last_cost = min(taken, self._last_cost), taken
            self._next_scan = time.monotonic() + cost * _SCAN_SHARE if cost > _CHEAP_SCAN else 0.0
            if self._value is None or stamp != self._stamp:
                project = _with_lost_names(compile_project(self._root), self._paths)
                self._paths |= {name: flow.path.as_posix() for name, flow in project.flows.items()}
                self._value = project, catalog_of(project)
                self._stamp = stamp
            return self._value


def _with_lost_names(project: Project, paths: Mapping[str, str]) -> Project:
    """Return the project with the flows among the broken ones whose files no longer say what they are called.

    Args:
        project: The project as its files are.
        paths: The files of the flows, as they last compiled.
    """
    broken = dict(project.broken)
    named = {flow.path.as_posix() for flow in project.flows.values()}
    for name, path in paths.items():
        findings = tuple(item for item in project.errors if item.file == path)
        if name in project.flows or name in broken or path in named or not findings:
            continue
        file_name = Path(path).stem  # what the compiler calls a flow without a name
        if all(item.file == path for item in broken.get(file_name, ())):
            broken.pop(file_name, None)
        broken[name] = findings
    return project if broken == project.broken else replace(project, broken=broken)


def _stamp(root: Path) -> tuple[tuple[str, int, int], ...]:
    """Return what changes when a flow or a function's file is added, edited or removed."""
    found: list[tuple[str, int, int]] = []
    libraries = [root / "chalicelib" / "lib"]
    folders = [root / "flows"]
    for plugin in plugins.installed(root):
        libraries.append(plugin.functions)
        folders.append(plugin.flows)
    for folder in folders:
        _stamp_files(folder, found)
    for library in libraries:
        for entry in _entries(library):
            handler = os.path.join(entry.path, "handler.py")  # noqa: PTH118  (a Path would cost more than the scan)
            try:
                status = os.stat(handler)  # noqa: PTH116
            except OSError:
                continue
            found.append((handler, status.st_ctime_ns, status.st_size))
    return tuple(found)


def _stamp_files(folder: Path | str, found: list[tuple[str, int, int]]) -> None:
    for entry in _entries(folder):
        if entry.name.startswith("."):
            continue
        if _is_folder(entry):
            _stamp_files(entry.path, found)
        if entry.name.endswith((".yml", ".yaml")):
            try:
                status = entry.stat()
            except OSError:  # a broken link, which is a finding
                found.append((entry.path, 0, 0))
                continue
            # The time of the last change of the content or of the permissions, which decide whether it can be read.
            found.append((entry.path, status.st_ctime_ns, status.st_size))


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads back to itself
        return False


def _entries(folder: Path | str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError:
        return []
