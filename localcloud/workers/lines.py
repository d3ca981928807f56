"""What a pool of workers has to say, as data: the lines that functions print, and the pool's own reports."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from localcloud.workers.tracing import Trace
from localcloud.workers.waiting import NOBODY, Source


@dataclass(frozen=True, slots=True)
class FunctionLine:
    """One line that a function printed, to standard output or standard error.

    A line belongs to the invocation that ran when it was written. What a function prints while it is initialised
    belongs to the invocation that waits for it. A line that a thread of the function prints between two invocations
    belongs to none: its `request_id` is empty and its `source` is `NOBODY`.

    What Lambda's runtime writes when the function raises an error is an entry of its own, as it is in CloudWatch Logs:
    its text has the error and, on further lines, the traceback.

    Attributes:
        time: When the line was read, in seconds since the epoch.
        function: The function's full name.
        text: The line without its end.
        request_id: The id of the invocation.
        source: Who invoked the function.
        is_error: Whether it is what the runtime writes of an error that the function raised.
    """

    time: float
    function: str
    text: str
    request_id: str = ""
    source: Source = NOBODY
    is_error: bool = False


class ReportKind(StrEnum):
    """What a `WorkerReport` is about."""

    EXIT = "exit"
    """The function's process ended during an invocation (`Runtime.ExitError`)."""
    MEMORY = "memory"
    """The function needed more than its memory and was ended (`Runtime.ExitError` as well)."""
    TIMEOUT = "timeout"
    """The invocation took longer than the function's timeout (`Sandbox.Timedout`)."""
    START_FAILURE = "start-failure"
    """No process could be started; the pool tries again."""
    MISTAKE = "mistake"
    """Something in the pool or in whoever takes a result failed unexpectedly."""


@dataclass(frozen=True, slots=True)
class WorkerReport:
    """What the pool itself reports. `function` and the invocation are empty where it is not about one.

    Attributes:
        time: Seconds since the epoch.
        kind: What happened.
        text: A sentence that says what happened; a traceback's lines follow for a mistake.
        function: The function's full name.
        request_id: The id of the invocation.
        source: Who invoked the function.
    """

    time: float
    kind: ReportKind
    text: str
    function: str = ""
    request_id: str = ""
    source: Source = NOBODY


@dataclass(frozen=True, slots=True)
class InvocationEnd:
    """The end of an invocation, whose lines have all been handed out before.

    Attributes:
        began: When a worker got it, in seconds since the epoch; equal to `ended` if none did.
        ended: When it ended.
        function: The function's full name.
        memory: The function's memory in MB.
        request_id: The id of the invocation.
        trace: The ids by which X-Ray knows it.
    """

    began: float
    ended: float
    function: str
    memory: int
    request_id: str
    trace: Trace


OnEnd = Callable[[InvocationEnd], None]
"""Receives the ends of invocations. Like a listener, it must return at once."""


PoolEntry = FunctionLine | WorkerReport

PoolListener = Callable[[PoolEntry], None]
"""Receives what a pool has to say, in the order in which each worker said it, from any of the pool's threads.

It is called while the pool holds its lock, and so must return at once: put the entry into a queue.
"""


def as_text(entry: PoolEntry) -> str:
    """Return an entry as plain text: the function's name, or `workers` for a report about none, and the text."""
    return f"[{entry.function or 'workers'}] {entry.text}"


def write_to_stderr(entry: PoolEntry) -> None:
    """Write an entry to standard error: the listener of a pool whose owner wants no other."""
    with contextlib.suppress(OSError, ValueError):  # whoever closes it does not want to read, but functions run on
        sys.stderr.write(as_text(entry) + "\n")
