"""Calls that are counted and not written yet: kept in the process, and written in batches by user and month.

A thread writes a user's calls with one UpdateItem; those that come meanwhile form the next batch. A write that fails
is repeated until it succeeds. That counts nothing twice, although a write without an answer may have taken effect:
each process writes the number of its batch into an attribute of its own, `writer_<process>`, in the same UpdateItem
that adds the calls, on the condition that the attribute has a lower number. Those of processes that have not written
for an hour are removed.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

MAX_WRITERS = 4
FIRST_PAUSE, LONGEST_PAUSE = 0.05, 1.0  # seconds between two tries of a batch
MAX_KEYS = 10_000
"""Users and months whose calls are kept while they can't be written."""

Key = tuple[str, str]
"""A user's id and a month, `YYYY-MM`."""


class Batch:
    """Calls of one user in one month, written together."""

    __slots__ = ("calls", "key", "number", "written")

    def __init__(self, key: Key) -> None:
        self.key = key
        self.calls = 0
        self.number = 0
        """Greater than those of all earlier batches of the process; 0 until the first try."""
        self.written = threading.Event()
        """Set when the batch is written, or given up."""


class Refused(Exception):
    """The table will never take the batch. The message says why."""


class Hooks(NamedTuple):
    """What the ledger does not know itself."""

    write: Callable[[Batch], None]
    """Writes a batch. Raises `Refused` if repeating that is of no use, and another exception if it may be repeated."""
    lost: Callable[[int, str], None]
    """Reports how many calls will not be counted, and why."""


class Ledger:
    """The calls of this process.

    Args:
        hooks: How to write a batch and to report a loss.
    """

    def __init__(self, hooks: Hooks) -> None:
        self._hooks = hooks
        self._changed = threading.Condition()
        self._open: dict[Key, Batch] = {}
        self._ready: deque[Key] = deque()
        self._writing: dict[Key, Batch] = {}
        self._writers = 0
        self._idle = 0
        self._last_number = 0
        self._closed = False

    def add(self, user_id: str, month: str) -> Batch | None:
        """Count a call; return the batch that it will be written with, None if it could not be kept."""
        key = (user_id, month)
        with self._changed:
            batch = self._open.get(key)
            if batch is None:
                if len(self._open) >= MAX_KEYS:
                    self._hooks.lost(1, "the calls of too many users are waiting")
                    return None
                batch = self._open[key] = Batch(key)
                if key not in self._writing:
                    self._ready.append(key)
                    self._wake()
            batch.calls += 1
            return batch

    def unwritten(self) -> list[Batch]:
        """Return the batches that are not written yet."""
        with self._changed:
            return [*self._writing.values(), *self._open.values()]

    def flush(self, seconds: float) -> None:
        """Write what is left, as the process ends, and report what can't be written in time as lost."""
        deadline = time.monotonic() + seconds
        for batch in self.unwritten():
            batch.written.wait(max(0.0, deadline - time.monotonic()))
        with self._changed:
            self._closed = True
            left = sum(batch.calls for batch in (*self._writing.values(), *self._open.values()))
            self._open.clear()
            self._ready.clear()
            self._changed.notify_all()
        if left:
            self._hooks.lost(left, "the process ends")

    def _wake(self) -> None:
        """Let a writer take the next batch; the lock is held."""
        if self._idle >= len(self._ready):
            self._changed.notify()
        elif self._writers < MAX_WRITERS:
            try:
                threading.Thread(target=self._write_on, name="usage", daemon=True).start()
            except RuntimeError:  # no more threads: those that there are, or the next call, will do
                return
            self._writers += 1

    def _write_on(self) -> None:
        while (batch := self._next()) is not None:
            self._settle(batch)
            with self._changed:
                del self._writing[batch.key]
                if batch.key in self._open:
                    self._ready.append(batch.key)
            batch.written.set()

    def _next(self) -> Batch | None:
        with self._changed:
            while not self._ready:
                if self._closed:
                    self._writers -= 1
                    return None
                self._idle += 1
                self._changed.wait()
                self._idle -= 1
            key = self._ready.popleft()
            batch = self._writing[key] = self._open.pop(key)
            self._last_number = batch.number = max(self._last_number + 1, int(time.time() * 1000))
            return batch

    def _settle(self, batch: Batch) -> None:
        pause = FIRST_PAUSE
        while not self._closed:
            try:
                self._hooks.write(batch)
            except Refused as error:
                self._hooks.lost(batch.calls, str(error))
            except Exception:
                time.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE)
                continue
            return
