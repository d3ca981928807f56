"""Which workers are idle and which are busy, and whether there may be more. The pool's lock guards it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Hashable
from dataclasses import dataclass

from localcloud.workers.limits import Limits
from localcloud.workers.waiting import Invocation
from localcloud.workers.worker import Worker

LONG_SECONDS = 0.5  # an invocation that takes longer makes room for another one
LONG_START_SECONDS = 3.0  # a worker that takes longer to start does so as well
STALL_SECONDS = 1.0  # how long nothing begins or ends before a worker may exceed the bound


@dataclass(slots=True, eq=False)
class Work:
    """What a worker is doing: starting (no invocation yet) or running one. Times are monotonic seconds."""

    since: float
    deadline: float
    invocation: Invocation | None = None
    beyond_bound: bool = False

    def is_recent(self, now: float) -> bool:
        """Return whether it has not taken so long yet that it probably waits for something."""
        return now - self.since < (LONG_SECONDS if self.invocation else LONG_START_SECONDS)


class Staff:
    """The workers that have a function.

    Args:
        limits: How many there may be.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._idle: dict[Hashable, list[Worker]] = {}
        self._last_change = time.monotonic()  # when an invocation last began or ended
        self.busy: dict[Worker, Work] = {}  # starting or running
        self.outdated: list[Worker] = []  # their code has changed: the pool's thread ends them

    @property
    def idle(self) -> list[Worker]:
        """The idle workers of all functions."""
        return [worker for workers in self._idle.values() for worker in workers]

    def begin(self, worker: Worker, seconds: float, invocation: Invocation | None = None) -> float:
        """Note that the worker is busy: with an invocation, or else starting. Return the deadline."""
        now = time.monotonic()
        self._last_change = now
        self.busy[worker] = Work(now, now + seconds, invocation, invocation is not None and self.is_bound_reached())
        return now + seconds

    def end(self, worker: Worker) -> Work | None:
        """Note that the worker is no longer busy, and return what it did."""
        work = self.busy.pop(worker, None)
        if work is not None:
            self._last_change = time.monotonic()
        return work

    def add_idle(self, worker: Worker) -> None:
        """Note that the worker is idle."""
        assert worker.spec is not None
        worker.idle_since = time.monotonic()
        self._idle.setdefault(worker.spec.sandbox, []).append(worker)

    def take_idle(self, sandbox: Hashable) -> Worker | None:
        """Return an idle worker of the function whose code is current; it is no longer idle."""
        workers = self._idle.get(sandbox)
        while workers:
            worker = workers.pop()
            if not worker.is_stale():
                return worker
            self.outdated.append(worker)
        return None

    def has_idle(self, sandbox: Hashable) -> bool:
        """Return whether a worker of the function is idle."""
        return bool(self._idle.get(sandbox))

    def forget_idle(self, worker: Worker) -> None:
        """Note that the worker has ended."""
        if worker.spec is not None and worker in self._idle.get(worker.spec.sandbox, ()):
            self._idle[worker.spec.sandbox].remove(worker)

    def count_starting(self) -> Counter[Hashable]:
        """Count the workers that are starting, by function; not those that probably wait for something."""
        now = time.monotonic()
        return Counter(
            worker.spec.sandbox
            for worker, work in self.busy.items()
            if work.invocation is None and worker.spec is not None and work.is_recent(now)
        )

    def has_place(self) -> bool:
        """Return whether another invocation may run; those that have taken long do not count."""
        if len(self.busy) < self._limits.running:
            return True
        now = time.monotonic()
        return sum(work.is_recent(now) for work in self.busy.values()) < self._limits.running

    def has_room(self) -> bool:
        """Return whether the bound allows one more worker."""
        return len(self.busy) + len(self.idle) < self._limits.workers

    def has_surplus(self) -> bool:
        """Return whether there are more workers than run at once, but for a burst."""
        return len(self.busy) + len(self.idle) > self._limits.running

    def is_bound_reached(self) -> bool:
        """Return whether all workers that the bound allows run invocations, not counting those beyond it."""
        if len(self.busy) < self._limits.workers:
            return False
        return sum(not work.beyond_bound for work in self.busy.values()) >= self._limits.workers

    def is_stalled(self) -> bool:
        """Return whether nothing has begun or ended for a while and one worker may exceed the bound."""
        return len(self.busy) < self._limits.most and time.monotonic() - self._last_change > STALL_SECONDS

    def clear(self) -> None:
        """Forget all workers."""
        self._idle.clear()
        self.busy.clear()
        self.outdated.clear()
