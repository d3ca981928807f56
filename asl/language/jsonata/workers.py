"""Evaluates expressions that take long in other processes, so that nothing in this one waits for them.

No thread of a process runs while the library evaluates an expression, and the library ends the process when it gets no
memory. An expression depends on nothing but its variables, so it may as well be evaluated elsewhere. A process is
started when it is needed; it ends with this one. One that ends during an evaluation is replaced.
"""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from asl.language.jsonata.functions import MEMORY_EXCEEDED, STACK_OVERFLOW, TIMED_OUT
from asl.language.scope import MISSING

MOST = max(1, min(4, (os.cpu_count() or 1) - 1))
"""How many processes evaluate at the same time. One processor is left to those that wait for no expression."""

LONGEST_SECONDS = 1.2
"""When an answer is given up: the library's own limit, a second, is not looked at inside one of its functions."""

_LONGEST_START = 10.0
"""Seconds that a process may take to start."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of an evaluation: a value, which may be `MISSING`, or the message of its failure."""

    value: Any = MISSING
    failure: str | None = None
    unsupported: bool = False
    milliseconds: float = 0.0


class Worker:
    """One process. It is asked by one thread at a time."""

    def __init__(self) -> None:
        root = Path(__file__).resolve().parents[3]
        paths = [str(root), *filter(None, [os.environ.get("PYTHONPATH")])]
        # In a session of its own, so that Ctrl-C in a terminal is left to this process.
        self._process = subprocess.Popen(
            [sys.executable, "-m", "asl.language.jsonata.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=root,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
            start_new_session=True,
        )
        self.ask({}, _LONGEST_START)

    def ask(self, request: dict[str, Any], seconds: float = LONGEST_SECONDS) -> dict[str, Any]:
        """Send a request and wait for the answer, for so many seconds.

        Raises:
            TimeoutError: There was no answer in time.
            OSError: The process has ended.
        """
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(request).encode() + b"\n")
        process.stdin.flush()
        with selectors.DefaultSelector() as selector:  # select() knows only 1,024 descriptors
            selector.register(process.stdout, selectors.EVENT_READ)
            is_readable = bool(selector.select(seconds))
        if not is_readable:
            raise TimeoutError
        line = process.stdout.readline()
        if not line.endswith(b"\n"):
            raise EOFError
        answer: dict[str, Any] = json.loads(line)
        return answer

    @property
    def is_running(self) -> bool:
        """Whether the process can be asked."""
        return self._process.poll() is None

    @property
    def overflowed(self) -> bool:
        """Whether the process, which has ended, ended because its stack was full."""
        try:
            return self._process.wait(1) == -signal.SIGSEGV
        except subprocess.TimeoutExpired:
            return False

    def end(self) -> None:
        """End the process, whatever it does."""
        self._process.kill()
        self._process.communicate()


class Workers:
    """The processes that there are, up to so many."""

    def __init__(self, most: int) -> None:
        self._free = threading.BoundedSemaphore(most)
        self._idle: list[Worker] = []

    def evaluate(self, text: str, bindings: dict[str, Any], seconds: float) -> Answer:
        """Evaluate an expression as `Program.evaluate` does. Only this thread waits for the answer.

        Args:
            text: The expression.
            bindings: The values of its variables.
            seconds: The time that it sees, in seconds since the epoch.

        Raises:
            RecursionError: A value is too deeply nested.
        """
        with self._free:
            try:
                worker = self._take()
            except (OSError, EOFError) as problem:
                reason = str(problem) or "it ended at its start"
                return Answer(failure=f"The process that evaluates expressions could not be started: {reason}")
            began = time.monotonic()
            try:
                answer = worker.ask({"text": text, "bindings": bindings, "seconds": seconds})
            except BaseException as problem:
                failure = _explain(worker, problem)
                worker.end()
                if failure is None:
                    raise
                return Answer(failure=failure, milliseconds=1000 * (time.monotonic() - began))
            self._idle.append(worker)
        if "too_deep" in answer:
            raise RecursionError
        return Answer(
            value=answer.get("value", MISSING),
            failure=answer.get("failure"),
            unsupported=answer.get("unsupported", False),
            milliseconds=1000 * (time.monotonic() - began),
        )

    def _take(self) -> Worker:
        """A process that waits for work. One that has ended meanwhile is replaced."""
        while self._idle:
            worker = self._idle.pop()
            if worker.is_running:
                return worker
            worker.end()
        return Worker()


def _explain(worker: Worker, problem: BaseException) -> str | None:
    """Why there is no answer, in AWS's words; None if it is not the expression's fault."""
    if isinstance(problem, TimeoutError):
        return TIMED_OUT
    if isinstance(problem, (OSError, EOFError)):
        return STACK_OVERFLOW if worker.overflowed else MEMORY_EXCEEDED
    return None


WORKERS = Workers(MOST)
