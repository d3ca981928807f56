"""Lets `chalice local` restart only for changes that it cannot pick up otherwise.

Chalice watches every file of the folder: bytecode, `.localcloud` and `.venv` would restart it amid requests, and
walking them takes longer each second than the rest of its work.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from weakref import WeakKeyDictionary

from chalice.cli.filewatch.stat import StatFileWatcher

from localcloud.api import Stamp, source_stamp

_stamps: WeakKeyDictionary[StatFileWatcher, Stamp] = WeakKeyDictionary()


def watch_sources_alone() -> None:
    """Make Chalice's watcher look at the files that `make run` restarts the API for.

    Its first look may come before: whatever it finds then restarts a process that does not serve yet.
    """
    StatFileWatcher._single_pass_poll = _look  # type: ignore[method-assign]


def _look(self: StatFileWatcher, root_dir: str, callback: Callable[[], None]) -> None:
    stamp = source_stamp(Path(root_dir))
    before = _stamps.setdefault(self, stamp)
    _stamps[self] = stamp
    if stamp != before:
        callback()
