"""Invocations that wait for a worker, and in which order they get one.

Functions take turns, within a function the flows that call it, within a flow its executions. So a Map of thousands of
items delays the single task of another flow by a few turns only.
"""

from __future__ import annotations

import time
import uuid
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator, Sized
from dataclasses import dataclass, field
from typing import TypeVar

from localcloud.workers.spec import FunctionSpec, InvocationResult

OnDone = Callable[[InvocationResult], None]


@dataclass(frozen=True, slots=True)
class Source:
    """Who invokes a function: a task of an execution, or somebody else, for whom everything is empty.

    Attributes:
        flow: ARN of the state machine.
        execution: ARN of the execution.
        state: Name of the Task state.
        path: JSON pointer of the state in the definition.
        iterations: Index of the item in each Map around the state, the outermost first.
        attempt: 1 for the first attempt of the task, one more for each retry; 0 for somebody else.
        run: ARN of the execution that was started; another one than `execution` in a child of a distributed Map.
        trace_header: X-Ray's trace header that the run was started with, None if it was started without.
    """

    flow: str = ""
    execution: str = ""
    state: str = ""
    path: str = ""
    iterations: tuple[int, ...] = ()
    attempt: int = 0
    run: str = ""
    trace_header: str | None = None


NOBODY = Source()


@dataclass(slots=True, eq=False)
class Invocation:
    """One invocation of a function. `on_done` is None once it has been called or given up.

    `began` is when a worker got it, in seconds since the epoch; 0 until then.
    """

    spec: FunctionSpec
    payload: bytes
    on_done: OnDone | None
    source: Source = NOBODY
    request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    arrived: float = field(default_factory=time.monotonic)
    began: float = 0.0

    @property
    def sandbox(self) -> Hashable:
        return self.spec.sandbox


_Key = TypeVar("_Key")
_Branch = TypeVar("_Branch", bound=Sized)
# In the order of arrival. An OrderedDict removes any of its keys in constant time.
_Queue = OrderedDict[Invocation, None]


def _end_turn(ring: OrderedDict[_Key, _Branch], key: _Key) -> None:
    """Make the branch the last in turn; an empty one leaves the ring."""
    if ring[key]:
        ring.move_to_end(key)
    else:
        del ring[key]


class _Line:
    """The waiting invocations of one function."""

    def __init__(self) -> None:
        self._size = 0
        self._flows: OrderedDict[str, OrderedDict[str, _Queue]] = OrderedDict()

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[Invocation]:
        for executions in self._flows.values():
            for queue in executions.values():
                yield from queue

    def add(self, invocation: Invocation) -> None:
        executions = self._flows.setdefault(invocation.source.flow, OrderedDict())
        executions.setdefault(invocation.source.execution, OrderedDict())[invocation] = None
        self._size += 1

    def next(self) -> Invocation:
        executions = next(iter(self._flows.values()))
        return next(iter(next(iter(executions.values()))))

    def newest(self) -> Invocation:
        ends = (next(reversed(queue)) for executions in self._flows.values() for queue in executions.values())
        return max(ends, key=lambda invocation: invocation.arrived)

    def remove(self, invocation: Invocation) -> None:
        """Take the invocation out, if it is in this line, and end the turn of its flow and its execution."""
        flow, execution = invocation.source.flow, invocation.source.execution
        executions = self._flows.get(flow)
        queue = executions.get(execution) if executions else None
        if executions is None or queue is None or invocation not in queue:
            return
        del queue[invocation]
        self._size -= 1
        _end_turn(executions, execution)
        _end_turn(self._flows, flow)


class WaitingLine:
    """All waiting invocations, in a line for each function (`FunctionSpec.sandbox`). The pool's lock guards it."""

    def __init__(self) -> None:
        self._lines: OrderedDict[Hashable, _Line] = OrderedDict()

    def __bool__(self) -> bool:
        return bool(self._lines)

    def __iter__(self) -> Iterator[Invocation]:
        """Iterate over all invocations, in no particular order."""
        for line in self._lines.values():
            yield from line

    def count(self, sandbox: Hashable) -> int:
        """Return how many invocations of a function wait."""
        line = self._lines.get(sandbox)
        return len(line) if line else 0

    def turns(self, *, newest: bool = False) -> list[Hashable]:
        """Return the functions that have waiting invocations: in turn, or the one with the newest invocation first."""
        if not newest:
            return list(self._lines)
        return sorted(self._lines, key=lambda sandbox: self._lines[sandbox].newest().arrived, reverse=True)

    def next(self, sandbox: Hashable, *, newest: bool = False) -> Invocation | None:
        """Return the invocation that is next in turn, or the newest; it stays in the line."""
        line = self._lines.get(sandbox)
        if not line:
            return None
        return line.newest() if newest else line.next()

    def take(self, sandbox: Hashable, *, newest: bool = False) -> Invocation | None:
        """Take the invocation that is next in turn, or the newest, out of the line. The function's turn ends."""
        invocation = self.next(sandbox, newest=newest)
        if invocation is not None:
            self.remove(invocation)
        return invocation

    def end_turn(self, sandbox: Hashable) -> None:
        """Make the function the last in turn."""
        if sandbox in self._lines:
            _end_turn(self._lines, sandbox)

    def add(self, invocation: Invocation) -> None:
        """Let the invocation wait."""
        self._lines.setdefault(invocation.sandbox, _Line()).add(invocation)

    def remove(self, invocation: Invocation) -> None:
        """Take the invocation out of the line, if it is there."""
        line = self._lines.get(invocation.sandbox)
        if line is not None:
            line.remove(invocation)
            _end_turn(self._lines, invocation.sandbox)
