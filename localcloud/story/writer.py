"""A queue and a thread that writes lines from it, so that whoever has something to say never waits for a terminal."""

from __future__ import annotations

import contextlib
import os
import queue
import threading
import time
import traceback
from collections.abc import Callable, Iterable
from typing import Any

MOST_WAITING = 10_000
"""How many items may wait for the thread; more are counted and dropped."""
PAUSE_SECONDS = 0.02
"""How long the thread lets items gather: it wakes up less often, which costs those less who have something to say."""
TICK_SECONDS = 0.5
"""How often it looks after what is to be told later."""
CLOSE_SECONDS = 1.0
CHUNK_BYTES = 4096  # what a pipe takes in one piece (POSIX), so that lines of two processes don't mix

_END = object()

Tell = Callable[[Iterable[Any], int, bool], list[str]]
"""Makes lines of items, given how many were dropped before them and whether these are the last ones."""


class Writer:
    """Writes to a file descriptor what `tell` makes of the items.

    Args:
        descriptor: Where to write. It may block.
        tell: Called by the writer's thread only; also now and then without items.
    """

    def __init__(self, descriptor: int, tell: Tell) -> None:
        self._descriptor = descriptor
        self._tell = tell
        self._queue: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._dropped = 0
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="story", daemon=True)
        self._thread.start()

    def put(self, item: Any) -> None:
        """Take an item; from any thread, and at once."""
        if self._closed:
            return
        if self._queue.qsize() >= MOST_WAITING:
            self._dropped += 1
            return
        self._queue.put(item)

    def close(self) -> None:
        """Write what waits, unless that takes too long."""
        if not self._closed:
            self._queue.put(_END)
            self._thread.join(CLOSE_SECONDS)
            self._closed = True

    def _run(self) -> None:
        is_last = False
        while not is_last:
            items = self._take()
            is_last = bool(items) and items[-1] is _END
            if is_last:
                items.pop()
            dropped, self._dropped = self._dropped, 0
            try:
                self._write(self._tell(items, dropped, is_last))
            except OSError:  # nobody reads any more
                self._closed = True
                return
            except Exception:  # what could not be told must not silence what comes after it
                traceback.print_exc()

    def _take(self) -> list[Any]:
        try:
            items = [self._queue.get(timeout=TICK_SECONDS)]
        except queue.Empty:
            return []
        if items[0] is not _END:
            time.sleep(PAUSE_SECONDS)
        with contextlib.suppress(queue.Empty):
            while items[-1] is not _END and len(items) < MOST_WAITING:
                items.append(self._queue.get_nowait())
        return items

    def _write(self, lines: list[str]) -> None:
        chunk = b""
        for line in lines:
            data = line.encode("utf-8", "backslashreplace") + b"\n"
            if chunk and len(chunk) + len(data) > CHUNK_BYTES:
                self._write_all(chunk)
                chunk = b""
            chunk += data
        if chunk:
            self._write_all(chunk)

    def _write_all(self, data: bytes) -> None:
        while data:
            try:
                data = data[os.write(self._descriptor, data) :]
            except BlockingIOError:  # another process has made the terminal non-blocking
                time.sleep(PAUSE_SECONDS)
