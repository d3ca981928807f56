"""One cloud of a project at a time: who has the project's folder, and where that cloud is."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
from dataclasses import replace
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
BESIDE = "beside-"


class Instance:
    """This process's right to be a cloud of a project. The operating system ends it with the process.

    While another cloud of the project runs, only one that keeps nothing may run beside it, in a folder of its own.

    Args:
        settings: The settings of the cloud.

    Attributes:
        settings: The settings to use: those given, or with a folder of its own.

    Raises:
        SetupError: A cloud of this project is running, or the folder cannot be written to.
    """

    def __init__(self, settings: CloudSettings) -> None:
        prepare_state_folder(settings)
        self.settings = settings
        path = settings.state_folder / LOCK_FILE
        self._lock: int | None = _claim(path)
        if self._lock is not None:
            os.ftruncate(self._lock, 0)
            os.write(self._lock, f"{os.getpid()}\n".encode())
            remove_leftovers(settings)
            _remove_dead(settings.state_folder)
        elif settings.keep:
            raise SetupError(already_running(settings.root, path.read_text().strip()))
        else:
            self.settings = replace(settings, beside=f"{BESIDE}{os.getpid()}")
            prepare_state_folder(self.settings)

    def close(self) -> None:
        """Leave the folder to the next cloud."""
        if self._lock is None:
            shutil.rmtree(self.settings.state_folder, ignore_errors=True)
        else:
            (self.settings.state_folder / LOCK_FILE).unlink(missing_ok=True)
            os.close(self._lock)


def _claim(path: Path) -> int | None:
    """Return a descriptor that holds the lock, None if another process has it."""
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.fstat(descriptor).st_ino == path.stat().st_ino:
                return descriptor
        except FileNotFoundError:  # whoever had it has just left, and taken the file away
            pass
        except OSError:
            os.close(descriptor)
            return None
        os.close(descriptor)


def _remove_dead(folder: Path) -> None:
    """Remove what clouds have left that ran beside another one and were killed."""
    for left in folder.glob(f"{BESIDE}*"):
        try:
            os.kill(int(left.name.removeprefix(BESIDE)), 0)
        except ProcessLookupError:
            shutil.rmtree(left, ignore_errors=True)
        except (OSError, ValueError):  # it lives, or is none of ours
            continue


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
        f" stop it first ({stop}). STATE=memory and another PORT run a second one beside it, which keeps nothing."
    )
