"""Waits for the ends of runs: one thread of the process reads the records for all requests that wait.

A thousand requests that read for themselves would ask the table two thousand times a second, and leave nothing for the
others. Here a record is read soon after its start, when short flows end, and ever more rarely later; records that are
due at the same time are read together. However many there are, no more than `MAX_READS` are read in a second. Requests
sleep until they are woken or their time is up, so that a slow table delays no answer.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from chalicelib.errors import is_throttling, is_unanswered
from chalicelib.runs import belief, records, waiting_slots
from chalicelib.runs.records import Run

FIRST_PAUSE, LONGEST_PAUSE, PAUSE_GROWTH = 0.01, 0.5, 1.5  # seconds between two looks at a record, and their growth
MAX_READS = 500  # records a second
MAX_BATCH = 100  # records of one BatchGetItem
SHORTEST_CHECK = 1.0  # seconds between two checks with Step Functions by one request
IDLE_SECONDS = 5.0  # after which the thread ends when nobody waits

_log = logging.getLogger(__name__)

Key = tuple[str, str]
"""A user's id and an execution's."""


class _Watched:
    """A run that requests wait for."""

    __slots__ = ("due", "ended", "pause", "run", "waiting")

    def __init__(self, due: float) -> None:
        self.ended = threading.Event()
        self.waiting = 1
        self.pause = FIRST_PAUSE
        self.due = due
        self.run: Run | None = None
        """The run when it has ended, if it was read as a whole."""


class Watcher:
    """Tells requests when runs have ended."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._watched: dict[Key, _Watched] = {}
        self._thread: threading.Thread | None = None

    @contextmanager
    def watch(self, run: Run) -> Iterator[_Watched]:
        """Read the run's record from now on; `ended` of the result is set when the run has ended."""
        key = (run.user_id, run.execution_id)
        with self._changed:
            watched = self._watched.get(key)
            if watched is None:
                watched = self._watched[key] = _Watched(time.monotonic() + self._pause(FIRST_PAUSE))
                self._changed.notify()
            else:
                watched.waiting += 1
            if self._thread is None:
                self._thread = threading.Thread(target=self._read_on, name="run-watcher", daemon=True)
                self._thread.start()
        try:
            yield watched
        finally:
            with self._changed:
                watched.waiting -= 1
                if not watched.waiting and self._watched.get(key) is watched:
                    del self._watched[key]

    def _pause(self, wanted: float) -> float:
        return max(wanted, len(self._watched) / MAX_READS)

    def _read_on(self) -> None:
        while keys := self._next():
            try:
                found = self._ended(keys)
            except Exception as error:  # the table can't be read at the moment; all runs are read again later
                _log.warning("the records of runs could not be read: %s", type(error).__name__)
                found = {}
            with self._changed:
                now = time.monotonic()
                for key in keys:
                    watched = self._watched.get(key)
                    if watched is None:
                        continue
                    if key in found:
                        watched.run = found[key]
                        watched.ended.set()
                        del self._watched[key]
                    else:
                        watched.pause = min(watched.pause * PAUSE_GROWTH, LONGEST_PAUSE)
                        watched.due = now + self._pause(watched.pause)

    def _next(self) -> list[Key]:
        """The keys to read now; none when nobody has waited for a while, and the thread ends."""
        with self._changed:
            while True:
                now = time.monotonic()
                # Those that are nearly due are read along.
                due = [(w.due, key) for key, w in self._watched.items() if w.due - w.pause / 4 <= now]
                if due:
                    return [key for _, key in sorted(due)[:MAX_BATCH]]
                if self._watched:
                    self._changed.wait(min(w.due for w in self._watched.values()) - now)
                elif not self._changed.wait(IDLE_SECONDS) and not self._watched:
                    self._thread = None
                    return []

    @staticmethod
    def _ended(keys: list[Key]) -> dict[Key, Run | None]:
        if len(keys) > 1:
            return dict.fromkeys(records.ended(keys))
        (key,) = keys
        run = records.get(*key)
        return {key: run} if run is not None and run.ended else {}


_watcher = Watcher()


def wait(run: Run, deadline: float, user_id: str) -> Run:
    """Return the run when it has ended, or as it is at the deadline, or if the user waits for too many runs already.

    A record that says `RUNNING` for too long is checked meanwhile. What can't be read is as if nothing had changed.

    Args:
        run: The run as it was read last.
        deadline: When to return at the latest, by the monotonic clock.
        user_id: Who waits, which need not be the run's owner.
    """
    left = deadline - time.monotonic()
    if run.ended or left <= 0:
        return run
    with waiting_slots.slot(user_id, left) as free:
        return _wait(run, deadline) if free else run


def _wait(run: Run, deadline: float) -> Run:
    with _watcher.watch(run) as watched:
        check = time.monotonic() + belief.until_doubt(run)
        while (left := deadline - time.monotonic()) > 0:
            if watched.ended.wait(min(left, max(0.0, check - time.monotonic()))):
                return watched.run or _read(run)
            if deadline - time.monotonic() > SHORTEST_CHECK and check <= time.monotonic():
                run = belief.checked(run)
                if run.ended:
                    return run
            check = max(check, time.monotonic() + max(belief.FIRST_DOUBT, SHORTEST_CHECK))
    return run


def _read(run: Run) -> Run:
    try:
        return records.get(run.user_id, run.execution_id) or run
    except Exception as error:
        if not (is_throttling(error) or is_unanswered(error)):
            raise
        return run
