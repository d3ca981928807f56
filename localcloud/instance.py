"""One cloud of a project at a time: who has the project's folder, and where that cloud is."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from pathlib import Path

from localcloud.settings import (
    CLOUD_FILE,
    SESSION_FILE,
    STATE_FOLDER,
    CloudSettings,
    SetupError,
    prepare_state_folder,
    remove_leftovers,
)

LOCK_FILE = "running"


class Instance:
    """This process's right to be the cloud of a project. The operating system ends it with the process.

    Args:
        settings: The settings of the cloud.

    Raises:
        SetupError: A cloud of this project is running, or the folder cannot be written to.
    """

    def __init__(self, settings: CloudSettings) -> None:
        prepare_state_folder(settings)
        self._path = settings.state_folder / LOCK_FILE
        self._lock = self._claim(settings.root)
        os.ftruncate(self._lock, 0)
        os.write(self._lock, f"{os.getpid()}\n".encode())
        remove_leftovers(settings)

    def close(self) -> None:
        """Leave the folder to the next cloud."""
        self._path.unlink(missing_ok=True)
        os.close(self._lock)

    def _claim(self, root: Path) -> int:
        while True:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if os.fstat(descriptor).st_ino == self._path.stat().st_ino:
                    return descriptor
            except FileNotFoundError:  # whoever had it has just left, and taken the file away
                pass
            except OSError:
                owner = os.read(descriptor, 20).decode(errors="replace").strip()
                os.close(descriptor)
                raise SetupError(already_running(root, owner)) from None
            os.close(descriptor)


def already_running(root: Path, owner: str) -> str:
    """Return what a second start says: where the first one is, and what to do.

    Args:
        root: The project's folder.
        owner: The process of the first one, empty if it is not known.
    """
    places = []
    for file, key, name in ((SESSION_FILE, "apiUrl", "API"), (CLOUD_FILE, "endpoint", "AWS endpoint")):
        with contextlib.suppress(OSError, ValueError, KeyError):
            places.append(f"{name} {json.loads((root / STATE_FOLDER / file).read_text())[key]}")
    where = f": {', '.join(places)}" if places else " and is still starting"
    process = f" (process {owner})" if owner else ""
    stop = f"Ctrl-C in its terminal, or `kill {owner}`" if owner else "Ctrl-C in its terminal"
    return (
        f"This project already runs{where}{process}. Use that one ({STATE_FOLDER}/{SESSION_FILE} has its token), or"
        f" stop it first ({stop}). To run two at the same time, clone the project into another folder."
    )
