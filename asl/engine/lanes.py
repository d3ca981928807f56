"""Whose turn it is: the work of each execution waits in a lane, and the account that has used the least time is next.

Executions that an execution starts share its account: those that start others, which start others, have no more time
together than one that starts none.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable
from itertools import count
from typing import Any

Call = tuple[Callable[..., Any], tuple[Any, ...]]


class Account:
    """What the work of an execution is charged to, and of those that it starts.

    `used` is in seconds. `ready` has the lanes that wait for a turn, in order; it is None while there are none.
    """

    __slots__ = ("ready", "used")

    def __init__(self) -> None:
        self.used = 0.0
        self.ready: deque[Lane] | None = None


class Lane:
    """What an execution, with the children of its Map Runs, has ready to do.

    `calls` is None while there are none. `queued` is whether the lane waits for its turn, has it, or is `away`: then
    one of its calls goes on outside the scheduler, and the others wait for that.

    Args:
        account: That of the execution that starts this one; by default a new one.
    """

    __slots__ = ("account", "away", "calls", "queued")

    def __init__(self, account: Account | None = None) -> None:
        self.account = account or Account()
        self.calls: deque[Call] | None = None
        self.queued = False
        self.away = False


class Lanes:
    """A fair queue. Lanes whose accounts have used the same time have their turns in the order in which they came."""

    def __init__(self) -> None:
        self.heap: list[tuple[float, int, Account]] = []
        """The accounts with lanes that wait. To be changed only here."""
        self._sequence = count()
        self._floor = 0.0
        # A queue takes more memory than all else of an execution that waits, so lanes without calls have none.
        self._queues: list[deque[Any]] = []

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
        account = lane.account
        if account.ready is not None:
            account.ready.append(lane)
            return
        queues, floor = self._queues, self._floor
        account.ready = ready = queues.pop() if queues else deque()
        ready.append(lane)
        if account.used < floor:  # noqa: PLR1730 - twice as fast as max()
            account.used = floor
        heapq.heappush(self.heap, (account.used, next(self._sequence), account))

    def pop(self) -> Lane:
        """The lane whose turn it is."""
        self._floor, _, account = heapq.heappop(self.heap)
        ready = account.ready
        assert ready is not None
        lane = ready.popleft()
        if ready:
            heapq.heappush(self.heap, (account.used, next(self._sequence), account))
        else:
            account.ready = None
            self._queues.append(ready)
        return lane

    def done(self, lane: Lane, seconds: float) -> None:
        """The turn of a lane is over; it took so many seconds."""
        lane.account.used += seconds
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
        lane.account.used += seconds
        lane.away = False
        if lane.calls is None:
            lane.calls = deque()
        lane.calls.appendleft(call)
        self.put(lane)
