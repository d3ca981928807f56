"""The folder of what the local cloud keeps: who has it, and how it is emptied."""

from __future__ import annotations

import fcntl
import os
import shutil
from pathlib import Path

LOCK_FILE = "lock"
DATABASE_FILE = "state.db"


class InUse(Exception):
    """Another cloud has the folder; the message names its process."""


class StateFolder:
    """A folder that belongs to one process at a time. Raises InUse, and OSError where it can't be created."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.chmod(0o700)
        self._lock = os.open(path / LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            owner = os.read(self._lock, 20).decode(errors="replace").strip()
            os.close(self._lock)
            raise InUse(f"process {owner}" if owner else "another process") from None
        os.ftruncate(self._lock, 0)
        os.write(self._lock, f"{os.getpid()}\n".encode())

    @property
    def database_file(self) -> Path:
        return self.path / DATABASE_FILE

    def close(self) -> None:
        """Leave the folder to the next cloud."""
        os.close(self._lock)

    def clear(self) -> None:
        """Forget everything, and leave the folder."""
        for entry in self.path.iterdir():
            if entry.is_dir():
                shutil.rmtree(entry)
            elif entry.name != LOCK_FILE:  # a cloud that starts now locks the same file
                entry.unlink()
        self.close()
