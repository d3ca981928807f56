"""The one place where the engine's work is done, in order: a queue of ready branches, a heap of timers, an inbox.

Whoever holds the lock drives: usually the engine's own thread, which is started when there is something to wait for; a
caller who waits for the end of an execution drives as well while it can, so that a flow that never blocks runs from
start to end without changing threads. What comes from outside (a start, a task's result) goes through the inbox.
Nothing polls: the thread sleeps until the next timer or the next entry of the inbox.
"""

from __future__ import annotations

import heapq
import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from itertools import count
from typing import Any

from asl.engine.clock import Clock

_log = logging.getLogger(__name__)

Call = tuple[Callable[..., Any], tuple[Any, ...]]


class Timer:
    """A call that will be made at a time, unless it is cancelled."""

    __slots__ = ("args", "call", "cancelled")

    def __init__(self, call: Callable[..., Any], args: tuple[Any, ...]) -> None:
        self.call = call
        self.args = args
        self.cancelled = False

    def cancel(self) -> None:
        """Never make the call."""
        self.cancelled = True
        self.args = ()


class Scheduler:
    """Runs what is ready, one call after the other, and waits for the rest."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.working = 0
        """How many tasks are really being done elsewhere; changed only by calls that this scheduler makes."""
        self._ready: deque[Call] = deque()
        self._inbox: deque[Call] = deque()
        self._timers: list[tuple[float, int, Timer]] = []
        self._sequence = count()
        self._driving = threading.Lock()
        self._driver: int | None = None
        self._condition = threading.Condition()
        self._thread: threading.Thread | None = None
        self._woken = False
        self._closed = False
        clock.bind(self.wake)

    # Called by what the scheduler itself runs.

    def soon(self, call: Callable[..., Any], *args: Any) -> None:
        """Make the call after those that are ready already."""
        self._ready.append((call, args))

    def at(self, due: float, call: Callable[..., Any], *args: Any) -> Timer:
        """Make the call at a time, in seconds since the epoch; calls due at the same time keep their order."""
        timer = Timer(call, args)
        heapq.heappush(self._timers, (due, next(self._sequence), timer))
        return timer

    # Called from any thread.

    def post(self, call: Callable[..., Any], *args: Any) -> None:
        """Make the call as soon as may be."""
        self._inbox.append((call, args))
        if not self._woken:
            self.wake()

    def post_quietly(self, call: Callable[..., Any], *args: Any) -> None:
        """As `post`, without waking the thread: whoever calls this calls `help` next."""
        self._inbox.append((call, args))

    def wake(self) -> None:
        """See to it that the thread looks again at what there is to do."""
        if self._closed:
            return
        with self._condition:
            self._woken = True
            if self._thread is None:
                self._thread = threading.Thread(target=self._main, name="asl-engine", daemon=True)
                self._thread.start()
            else:
                self._condition.notify()

    def help(self) -> None:
        """Do on the caller's thread what is ready now, unless another thread is at it."""
        while self._driving.acquire(blocking=False):
            try:
                self._driver = threading.get_ident()
                self._turn()
            finally:
                self._driver = None
                self._driving.release()
            if not self._inbox:
                if self._timers or self.working:
                    self.wake()
                return
        self.wake()

    @property
    def is_driving(self) -> bool:
        """Whether the calling thread is the one that drives, so that nothing goes on while it waits."""
        return self._driver == threading.get_ident()

    def close(self) -> None:
        """End the thread; what is still open stays so."""
        with self._condition:
            self._closed = True
            self._condition.notify()
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join()

    # The work itself.

    def _turn(self) -> None:
        """Do everything that can be done without waiting."""
        ready, inbox, timers = self._ready, self._inbox, self._timers
        clock = self.clock
        while True:
            try:
                while True:
                    if inbox:
                        call, args = inbox.popleft()
                    elif timers and timers[0][0] <= clock.now():
                        timer = heapq.heappop(timers)[2]
                        call, args = timer.call, timer.args
                        if timer.cancelled:
                            continue
                    elif ready:
                        call, args = ready.popleft()
                    else:
                        while timers and timers[0][2].cancelled:
                            heapq.heappop(timers)
                        if timers and clock.pause_until(timers[0][0], self.working > 0) == 0:
                            continue
                        return
                    call(*args)
            except KeyboardInterrupt:
                raise
            except BaseException:
                # A call answers for its own execution; whatever it leaves unanswered must not end the others.
                _log.exception("a call of the scheduler failed")

    def _main(self) -> None:
        while not self._closed:
            self._woken = False
            # Whoever waits may have done everything already; then the lock is left to those who still drive.
            if self._inbox or self._timers or self._ready or self.working:
                with self._driving:
                    self._driver = threading.get_ident()
                    self._turn()
                    self._driver = None
                    due = self._timers[0][0] if self._timers else None
                    delay = self.clock.pause_until(due, self.working > 0)
            else:
                delay = None
            if delay == 0:
                continue
            with self._condition:
                if not (self._inbox or self._woken or self._closed):
                    began = time.monotonic()
                    self._condition.wait(None if delay is None else min(delay, threading.TIMEOUT_MAX))
                    self.clock.waited(time.monotonic() - began)
