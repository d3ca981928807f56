"""Whose turn it is: the work of each execution waits in a lane, and the lane that has used the least time is next."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable
from itertools import count
from typing import Any

Call = tuple[Callable[..., Any], tuple[Any, ...]]


class Lane:
    """What an execution, with the children of its Map Runs, has ready to do.

    `calls` is None while there are none. `used` is the time in seconds that its work has taken. `queued` is whether the
    lane waits for its turn, has it, or is `away`: then one of its calls goes on outside the scheduler, and the others
    wait for that.
    """

    __slots__ = ("away", "calls", "queued", "used")

    def __init__(self) -> None:
        self.calls: deque[Call] | None = None
        self.used = 0.0
        self.queued = False
        self.away = False


class Lanes:
    """A fair queue. Lanes that have used the same time have their turns in the order in which they came."""

    def __init__(self) -> None:
        self.heap: list[tuple[float, int, Lane]] = []
        """Empty while no lane waits; to be changed only here."""
        self._sequence = count()
        self._floor = 0.0
        # A queue takes more memory than all else of an execution that waits, so lanes without calls have none.
        self._queues: list[deque[Call]] = []

    def add(self, lane: Lane, call: Call) -> None:
        """Add a call to a lane, which waits for its turn from now on if it did not yet."""
        calls = lane.calls
        if calls is None:
            queues = self._queues
            lane.calls = calls = queues.pop() if queues else deque()
        calls.append(call)
        if not lane.queued:
            self.put(lane)

    def put(self, lane: Lane) -> None:
        """Let the lane wait for its turn. The time for which it had nothing to do is no credit."""
        lane.queued = True
        floor = self._floor
        if lane.used < floor:  # noqa: PLR1730 - twice as fast as max()
            lane.used = floor
        heapq.heappush(self.heap, (lane.used, next(self._sequence), lane))

    def pop(self) -> Lane:
        """The lane whose turn it is."""
        self._floor, _, lane = heapq.heappop(self.heap)
        return lane

    def done(self, lane: Lane, seconds: float) -> None:
        """The turn of a lane is over; it took so many seconds."""
        lane.used += seconds
        if lane.away:
            return
        calls = lane.calls
        if calls:
            self.put(lane)
            return
        lane.queued = False
        if calls is not None:
            self._queues.append(calls)
            lane.calls = None

    def back(self, lane: Lane, seconds: float, call: Call) -> None:
        """A lane is no longer away, which took so many seconds; the call is its next."""
        lane.used += seconds
        lane.away = False
        if lane.calls is None:
            lane.calls = deque()
        lane.calls.appendleft(call)
        self.put(lane)
