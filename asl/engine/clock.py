"""Where the engine takes its time from: the real clock, or one that skips what nobody has to wait for."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Protocol

from typing_extensions import override


class Clock(Protocol):
    """Time as the engine sees it. Times are seconds since the epoch."""

    def now(self) -> float:
        """The present time."""

    def pause_until(self, due: float | None, working: bool) -> float | None:
        """How many real seconds to wait for `due`, the next timer's time; 0 when it has come, None for ever.

        `working` says that a task is really being done elsewhere, so that its end may come at any time.
        """

    def waited(self, seconds: float) -> None:
        """The engine has waited so many real seconds."""

    def jump(self) -> float:
        """How many seconds the clock was set forward (or back: less than 0) since the last call; 0 if it was not.

        What is due after a number of seconds is then due that much later by this clock.
        """

    def bind(self, wake: Callable[[], None]) -> None:
        """The engine wants `wake` to be called when the answer of `pause_until` may have changed."""


LONGEST_PAUSE = 60.0
"""Seconds after which a pause is measured again by the machine's clock, which may be set meanwhile."""

LEAST_JUMP = 1.0
"""Smaller changes of the machine's clock are corrections, which happen all the time."""


class RealClock:
    """The machine's clock.

    It may be set, by hours even. Its times are those of the machine; but a number of seconds is a number of seconds,
    by the clock that nobody can set (`jump`).

    Args:
        now: The machine's clock.
        steady: The clock that nobody can set.
    """

    def __init__(self, now: Callable[[], float] = time.time, steady: Callable[[], float] = time.monotonic) -> None:
        self.now = now
        self._steady = steady
        self._difference = now() - steady()

    def pause_until(self, due: float | None, working: bool) -> float | None:
        return None if due is None else min(max(0.0, due - self.now()), LONGEST_PAUSE)

    def jump(self) -> float:
        difference = self.now() - self._steady()
        change = difference - self._difference
        if abs(change) < LEAST_JUMP:
            return 0.0
        self._difference = difference
        return change

    def waited(self, seconds: float) -> None:
        """Do nothing: real time has passed already."""

    def bind(self, wake: Callable[[], None]) -> None:
        """Nothing to do: a real clock never changes its mind."""


class SkippingClock(Clock):
    """A clock that stands still while states run and jumps to the next timer when nothing else is left to do.

    Waits and retry intervals of any length then end at once, in their order, with timestamps as if they had been
    waited for. While a task is really being done, time passes as in reality and is not skipped. Waiting for a task
    token or for an activity worker is not work: a timeout there comes at once, unless skipping is held up by
    `with clock.held():`.

    Args:
        start: The time at which the clock starts, a datetime with a time zone; the present if None.
    """

    def __init__(self, start: datetime | None = None) -> None:
        if start is not None and start.tzinfo is None:
            raise ValueError(f"start has no time zone: {start.isoformat()}; add one, for example tzinfo=datetime.UTC")
        self._now = time.time() if start is None else start.timestamp()
        self._holds = 0
        self._passing = False
        self._wakes: list[Callable[[], None]] = []
        self._lock = threading.Lock()

    @override
    def now(self) -> float:
        return self._now

    @property
    def datetime(self) -> datetime:
        """The present time of this clock as a datetime in UTC."""
        return datetime.fromtimestamp(self._now, UTC)

    @override
    def pause_until(self, due: float | None, working: bool) -> float | None:
        """Skips to `due` at once unless something is being done or skipping is held up."""
        self._passing = bool(working or self._holds)
        if due is None:
            return None
        if self._passing:
            return max(0.0, due - self._now)
        self._now = max(self._now, due)
        return 0.0

    @override
    def waited(self, seconds: float) -> None:
        """The time passes only while something is being done or skipping is held up."""
        if self._passing:
            self._now += seconds

    @override
    def bind(self, wake: Callable[[], None]) -> None:
        self._wakes.append(wake)

    @override
    def jump(self) -> float:
        """Return 0: its jumps are its way to pass time."""
        return 0.0

    @contextmanager
    def held(self) -> Iterator[None]:
        """Time passes as in reality inside: for a test that itself plays the worker who has a task's token."""
        self._hold(1)
        try:
            yield
        finally:
            self._hold(-1)

    def _hold(self, change: int) -> None:
        with self._lock:
            self._holds += change
        for wake in self._wakes:
            wake()
