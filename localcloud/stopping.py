"""Waits until this process is told to stop, by a signal or by one of its threads."""

from __future__ import annotations

import os
import signal

from localcloud.sockets import wait_readable

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stop:
    """Whether to stop. It is told by SIGINT, SIGTERM and SIGHUP from its creation on, in the main thread.

    A `threading.Event` that a handler sets can miss a signal: Python runs handlers between two instructions, and a
    signal that comes just before the thread begins to sleep wakes nobody. And a handler that runs while the event's own
    lock is held waits for ever. A pipe has neither problem, since Python writes to it as soon as the signal is there:
    https://docs.python.org/3/library/signal.html#signal.set_wakeup_fd
    """

    def __init__(self) -> None:
        self._told, self._tell = os.pipe()
        os.set_blocking(self._tell, False)
        for number in _SIGNALS:
            signal.signal(number, _ignore)
        signal.set_wakeup_fd(self._tell, warn_on_full_buffer=False)

    def set(self) -> None:
        """Tell it to stop. Safe from any thread."""
        os.write(self._tell, b"\0")

    def is_set(self) -> bool:
        """Return whether it has been told."""
        return self.wait(0)

    def wait(self, seconds: float | None = None) -> bool:
        """Return once it has been told, or after some seconds; whether it has."""
        return wait_readable(self._told, seconds=seconds)


def _ignore(*_: object) -> None:
    """Be a handler: without one, nothing is written to the pipe."""
