"""Starts the pool's processes, watches over them and ends them. Only the pool's thread calls it.

A process that cannot be started, for want of file descriptors, processes or memory, is tried again, at growing
intervals.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import time

from localcloud.workers.limits import VARIABLE
from localcloud.workers.lines import PoolListener, ReportKind, WorkerReport
from localcloud.workers.worker import Worker

FIRST_RETRY_SECONDS = 0.05
MAX_RETRY_SECONDS = 2.0


class Processes:
    """The processes of a pool and the interpreter that it keeps in reserve.

    Args:
        selector: Where the processes' sockets, pipes and handles are registered, with the `Worker` as their data.
        listener: Receives what the functions print, and the report of a failed start.
    """

    def __init__(self, selector: selectors.BaseSelector, listener: PoolListener) -> None:
        self._selector = selector
        self._listener = listener
        self._handles: dict[Worker, int] = {}
        self._delay = FIRST_RETRY_SECONDS
        self.spare: Worker | None = None
        self.retry_at = 0.0  # monotonic seconds; nothing is started before
        self.failing_since: float | None = None  # monotonic seconds
        self.failure = ""

    def obtain(self) -> Worker | None:
        """Return a worker without a function, or None if no process can be started at present."""
        worker, self.spare = self.spare, None
        return worker or self._start()

    def keep_spare(self) -> None:
        """Start the interpreter in reserve, unless there is one."""
        if self.spare is None:
            self.spare = self._start()

    def is_pausing(self) -> bool:
        """Return whether there is no worker to obtain, since an attempt has just failed."""
        return self.spare is None and time.monotonic() < self.retry_at

    def confirm(self, worker: Worker) -> None:
        """Note that the worker's interpreter runs."""
        worker.started = True
        self._delay = FIRST_RETRY_SECONDS
        self.retry_at = 0.0
        self.failing_since = None

    def fail(self, reason: str) -> None:
        """Note that a process could not be started, and wait before the next attempt."""
        now = time.monotonic()
        if self.failing_since is None:
            self.failing_since = now
            text = (
                f"Could not start a process for a function ({reason}). Trying again. If this continues, raise the"
                f" limits of this shell (`ulimit -a`) or set {VARIABLE} to a smaller number."
            )
            self._listener(WorkerReport(time.time(), ReportKind.START_FAILURE, text))
        self.failure = reason
        self.retry_at = now + self._delay
        self._delay = min(2 * self._delay, MAX_RETRY_SECONDS)

    def reports_end(self, worker: Worker, descriptor: int) -> bool:
        """Return whether a descriptor that is ready says that the worker's process has ended."""
        return descriptor == self._handles.get(worker)

    def end(self, worker: Worker, grace: float = 0.0) -> int:
        """End the worker and what it started, and return its return code.

        Args:
            worker: The worker.
            grace: For how many seconds to wait first for a process that is already ending.
        """
        if worker is self.spare:
            self.spare = None
        for descriptor in (worker.socket.fileno(), worker.output):
            with contextlib.suppress(KeyError, ValueError):
                self._selector.unregister(descriptor)
        handle = self._handles.pop(worker, None)
        if handle is not None:
            self._selector.unregister(handle)
            os.close(handle)
        return worker.end(grace)

    def _start(self) -> Worker | None:
        if time.monotonic() < self.retry_at:
            return None
        try:
            worker = Worker(self._listener)
        except (OSError, MemoryError) as error:
            self.fail(_reason(error))
            return None
        try:
            self._selector.register(worker.socket, selectors.EVENT_READ, worker)
            self._selector.register(worker.output, selectors.EVENT_READ, worker)
        except (OSError, MemoryError) as error:
            self.end(worker)
            self.fail(_reason(error))
            return None
        self._watch_end(worker)
        return worker

    def _watch_end(self, worker: Worker) -> None:
        """See the process's end even where a child of the function keeps the socket open."""
        if not hasattr(os, "pidfd_open"):
            return
        with contextlib.suppress(OSError):
            handle = os.pidfd_open(worker.process.pid)
            try:
                self._selector.register(handle, selectors.EVENT_READ, worker)
            except OSError:
                os.close(handle)
                raise
            self._handles[worker] = handle


def _reason(error: OSError | MemoryError) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or type(error).__name__
