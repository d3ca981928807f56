"""A run that is followed step by step: a test answers for whoever has a task's token, and lets time pass."""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from typing_extensions import override

from asl.engine.attempt import Attempt
from asl.engine.clock import SkippingClock
from asl.engine.engine import Engine
from asl.engine.execution import Execution
from asl.testing.run import FlowRun


@dataclass(frozen=True, slots=True)
class WaitingTask:
    """A task that waits for whoever has its token: the state, the token, and the payload that it was given."""

    state: str
    token: str
    payload: Any


class SteppedClock(SkippingClock):
    """A clock that skips, but stands still while `waits` says that a task waits for its token.

    Time then passes only as far as `limit`, in seconds since the epoch.
    """

    def __init__(self, waits: Callable[[], bool]) -> None:
        super().__init__()
        self.limit = -math.inf
        self._waits = waits
        self._idle = threading.Condition()
        self._asked = 0
        self._settled = 0

    @override
    def pause_until(self, due: float | None, working: bool) -> float | None:
        if working:
            return super().pause_until(due, working)
        if due is not None and (due <= self.limit or not self._waits()):
            return super().pause_until(due, working)
        if self.limit > self.now():
            super().pause_until(self.limit, working=False)
        with self._idle:
            self._settled = self._asked
            self._idle.notify_all()
        return None

    def settle(self, engine: Engine, execution: Execution, timeout: float) -> None:
        """Wait until nothing is left to do but to wait, or the execution has ended.

        Args:
            engine: The engine of this clock.
            execution: The execution.
            timeout: Real seconds after which TimeoutError is raised.
        """
        with self._idle:
            wanted = self._asked + 1
        engine.scheduler.post(self._ask, wanted)
        with self._idle:
            if not self._idle.wait_for(lambda: self._settled >= wanted or not execution.is_open, timeout):
                raise TimeoutError(f"{execution.arn} is still busy after {timeout} seconds")

    def wake(self) -> None:
        """Let `settle` look again: the execution may have ended."""
        with self._idle:
            self._idle.notify_all()

    def _ask(self, wanted: int) -> None:
        self._asked = wanted


class StartedRun:
    """A run that goes on until it ends or until only tasks that wait for their tokens are left.

    While a task waits, time stands still. Answer it by its state's name, or let time pass with `advance`; `end` gives
    the finished run.

    >>> run = flow.start({"amount": 5000})
    >>> run.waiting[0].state
    'Ask'
    >>> run.succeed("Ask", {"by": "Ann"})
    >>> run.end().assert_succeeded()
    """

    def __init__(
        self,
        engine: Engine,
        execution: Execution,
        clock: SteppedClock,
        timeout: float,
        finish: Callable[[Execution], FlowRun],
    ) -> None:
        self._engine = engine
        self._execution = execution
        self._clock = clock
        self._timeout = timeout
        self._finish = finish
        self._settle()

    @property
    def status(self) -> str:
        """RUNNING, or how the run has ended."""
        return self._execution.status

    @property
    def waiting(self) -> list[WaitingTask]:
        """The tasks that wait for their tokens, the oldest first."""
        return [
            WaitingTask(attempt.request.state_name, token, attempt.request.parameters)
            for token, attempt in self._attempts().items()
        ]

    def succeed(self, state: str, result: Any = None, *, index: int = 0) -> None:
        """Answer as SendTaskSuccess does.

        Args:
            state: The state whose task waits.
            result: The task's result, a JSON value.
            index: Which one, where several tasks of the state wait (in a Map).

        Raises:
            AssertionError: No such task waits.
        """
        self._engine.send_task_success(self._token(state, index), json.dumps(result))
        self._settle()

    def fail(self, state: str, error: str, cause: str = "", *, index: int = 0) -> None:
        """Answer as SendTaskFailure does; see `succeed`."""
        self._engine.send_task_failure(self._token(state, index), error, cause)
        self._settle()

    def heartbeat(self, state: str, *, index: int = 0) -> None:
        """Tell as SendTaskHeartbeat does that whoever has the token is alive; see `succeed`."""
        self._engine.send_task_heartbeat(self._token(state, index))
        self._settle()

    def advance(self, time: float | timedelta) -> None:
        """Let time pass: waits end, timeouts and heartbeats that are due come.

        Args:
            time: Seconds, or a timedelta.
        """
        seconds = time.total_seconds() if isinstance(time, timedelta) else time
        self._clock.limit = self._clock.now() + seconds
        self._engine.scheduler.wake()
        self._settle()

    def end(self) -> FlowRun:
        """Return the finished run.

        Raises:
            AssertionError: Tasks wait for their tokens.
            UnstubbedTask: A task had neither a function nor a stub.
        """
        if self._execution.is_open:
            states = ", ".join(sorted({repr(task.state) for task in self.waiting}))
            raise AssertionError(
                f"the run has not ended: {states} waits for its token; answer with .succeed(state, ...)"
            )
        self._engine.close()
        return self._finish(self._execution)

    def _settle(self) -> None:
        self._clock.settle(self._engine, self._execution, self._timeout)

    def _attempts(self) -> dict[str, Attempt]:
        return {token: self._engine.tokens.find(token) for token in self._engine.tokens.waiting()}

    def _token(self, state: str, index: int) -> str:
        tokens = [task.token for task in self.waiting if task.state == state]
        if index >= len(tokens):
            waiting = ", ".join(repr(task.state) for task in self.waiting) or "no task"
            raise AssertionError(f"no task of {state!r} waits for its token; waiting: {waiting}; status: {self.status}")
        return tokens[index]
