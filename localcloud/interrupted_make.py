"""Ends `make run` when only make is interrupted, as an IDE's stop button does.

Ctrl-C in a terminal reaches make and its child. A SIGINT to make only goes no further: GNU make passes on SIGTERM
only, and waits for its child to end. The only sign is that make no longer catches SIGINT.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

from localcloud.stopping import Stop

LOOK_SECONDS = 0.5


def follow_make(stop: Stop) -> None:
    """Tell `stop` once the make that runs this process is interrupted or gone. Without one, or /proc, do nothing."""
    make = os.getppid()
    try:
        if (Path("/proc") / str(make) / "comm").read_text().strip() not in ("make", "gmake") or not _listens(make):
            return
    except OSError:
        return
    threading.Thread(target=_watch, args=(make, stop), name="make", daemon=True).start()


def _watch(make: int, stop: Stop) -> None:
    while _listens(make):
        time.sleep(LOOK_SECONDS)
    stop.set()


def _listens(process_id: int) -> bool:
    """Whether a process lives and catches SIGINT, by proc(5)."""
    try:
        lines = (Path("/proc") / str(process_id) / "status").read_text().splitlines()
    except OSError:
        return False
    status = {name: value.split() for name, _, value in (line.partition(":") for line in lines)}
    caught = int(status["SigCgt"][0], 16)
    return status["State"][0] != "Z" and bool(caught >> (signal.SIGINT - 1) & 1)
