"""Installs what the requirements files pin when they change while the cloud runs, as `make run` does before it starts.

`make add` in another terminal installs packages itself and then changes the files, so that nothing is left to do here.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

REQUIREMENTS = ("requirements.in", "requirements.txt", "requirements-local.txt")
STAMP = ".localcloud/packages"
"""Written after packages were installed: processes that have loaded others are replaced then."""
MAKE_STAMP = ".venv/.installed-local"
WATCH_SECONDS = 0.5

Stamps = tuple[tuple[int, int] | None, ...]


class PackageWatch:
    """Looks at the requirements files until it is closed.

    Args:
        root: The project's folder.
        say: Receives what was installed, or why it could not be.
    """

    def __init__(self, root: Path, say: Callable[[str], None]) -> None:
        self._root = root
        self._say = say
        self._closing = threading.Event()
        self._installed = self._stamps()
        self._thread = threading.Thread(target=self._watch, name="packages", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop looking. An installation that has begun comes to its end."""
        self._closing.set()

    def _watch(self) -> None:
        seen = self._installed
        while not self._closing.wait(WATCH_SECONDS):
            now = self._stamps()
            if now == seen and now != self._installed:  # for a whole interval, as several files change together
                self._installed = now
                try:
                    self._install()
                except OSError as error:
                    self._say(f"Packages could not be installed ({error.strerror}): run `make setup`.")
            seen = now

    def _install(self) -> None:
        done = subprocess.run(
            [sys.executable, "-m", "infrastructure.requirements", "install"],
            cwd=self._root,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        printed = (done.stdout + done.stderr).strip()
        if printed:
            self._say(printed)
        self._installed = self._stamps()  # pins may have been added
        if done.returncode == 0:
            with contextlib.suppress(FileNotFoundError):
                os.utime(self._root / MAKE_STAMP)
            if done.stdout.strip():
                (self._root / STAMP).touch()

    def _stamps(self) -> Stamps:
        return tuple(map(self._stamp, REQUIREMENTS))

    def _stamp(self, name: str) -> tuple[int, int] | None:
        try:
            status = (self._root / name).stat()
        except OSError:
            return None
        return status.st_mtime_ns, status.st_size
