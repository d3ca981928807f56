"""Hands invocations to worker processes, as Lambda does: one worker an invocation at a time, kept while warm.

All events (answers, output, ends of processes, timeouts) are handled by one thread, which also starts the processes.
Callers of `invoke` send straight to an idle worker where there is one, so that a warm call costs one round trip over
a socket and no change of threads on the way in.

A cold start costs a hundred times a warm call. So while invocations wait, only as many workers start at a time as the
machine has processors, and whichever worker is free first takes the next invocation: a burst of short calls is
served by few workers, calls that block get one each, up to `max_workers`.
"""

from __future__ import annotations

import contextlib
import heapq
import itertools
import os
import selectors
import socket
import sys
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

from localcloud.workers import outcome
from localcloud.workers.spec import MAX_PAYLOAD_BYTES, FunctionSpec, InvocationResult
from localcloud.workers.worker import LogSink, Message, Worker

IDLE_SECONDS = 300.0
INIT_SECONDS = 10.0  # what Lambda grants the initialisation, apart from the function's timeout
EXIT_GRACE_SECONDS = 1.0

OnDone = Callable[[InvocationResult], None]
Cancel = Callable[[], None]


def log_to_stderr(line: str) -> None:
    """Write one line of a function's output to standard error."""
    sys.stderr.write(line + "\n")


@dataclass(slots=True, eq=False)
class _Invocation:
    spec: FunctionSpec
    payload: bytes
    on_done: OnDone | None
    request_id: str = field(default_factory=lambda: str(uuid.uuid4()))


@dataclass(slots=True, eq=False)
class _Running:
    """What a worker is doing: starting (no invocation yet) or running one, until `deadline` (monotonic seconds)."""

    deadline: float
    invocation: _Invocation | None = None


class WorkerPool:
    """Runs functions in worker processes.

    `max_workers` bounds the processes, `idle_seconds` is how long an unused one is kept, `log` receives each line that
    a function prints, prefixed by the function's name. A function that waits for another one occupies a worker
    meanwhile, so nested calls deeper than `max_workers` end by their timeouts.
    """

    def __init__(
        self,
        *,
        max_workers: int = 64,
        idle_seconds: float = IDLE_SECONDS,
        init_seconds: float = INIT_SECONDS,
        log: LogSink = log_to_stderr,
    ) -> None:
        self._max_workers = max_workers
        self._max_starting = max(2, os.cpu_count() or 2)
        self._idle_seconds = idle_seconds
        self._init_seconds = init_seconds
        self._log = log
        self._lock = threading.RLock()
        self._waiting: dict[Hashable, deque[_Invocation]] = {}
        self._idle: dict[Hashable, list[Worker]] = {}
        self._running: dict[Worker, _Running] = {}  # initialising or busy
        self._spare: Worker | None = None
        self._wanted: list[FunctionSpec] = []  # to be warmed
        self._retired: list[Worker] = []  # to be ended by the pool's thread
        self._timers: list[tuple[float, int, Worker]] = []  # at most one that counts a worker: Worker.timer_at
        self._sequence = itertools.count()
        self._next_wake = float("inf")
        self._closing = False
        self._selector = selectors.DefaultSelector()
        self._wake_receiver, self._wake_sender = socket.socketpair()
        self._wake_receiver.setblocking(False)
        self._wake_sender.setblocking(False)
        self._selector.register(self._wake_receiver, selectors.EVENT_READ, None)
        self._process_handles: dict[Worker, int] = {}
        self._thread = threading.Thread(target=self._run, name="worker-pool", daemon=True)
        self._thread.start()
        self._wake()

    # -- called from any thread

    def invoke(self, spec: FunctionSpec, payload: bytes, on_done: OnDone) -> Cancel:
        """Run the function on `payload` (a JSON document) and return at once.

        `on_done` is called once, from the pool's thread or this one, and must be quick. The returned callable gives up
        on the invocation: `on_done` is not called any more; a function that has begun runs on, as on Lambda.
        """
        invocation = _Invocation(spec, payload, on_done)
        if len(payload) > MAX_PAYLOAD_BYTES:
            on_done(outcome.request_too_large(invocation.request_id, len(payload)))
            return lambda: None
        with self._lock:
            if self._closing:
                raise RuntimeError("the worker pool is closed")
            worker = self._take_idle(spec)
            if worker is None:
                self._waiting.setdefault(spec.sandbox, deque()).append(invocation)
                self._wake()
            else:
                deadline = self._occupy(worker, invocation)
        if worker is not None:
            worker.send_invocation(invocation.request_id, spec.arn, deadline, payload)
        return lambda: self._cancel(invocation)

    def warm(self, spec: FunctionSpec) -> None:
        """Start a worker of the function unless there is one, so that the next call finds it warm."""
        with self._lock:
            self._wanted.append(spec)
        self._wake()

    def close(self) -> None:
        """End all workers. What is running ends as if its process had been killed."""
        with self._lock:
            self._closing = True
        self._wake()
        if threading.current_thread() is not self._thread:
            self._thread.join(10)

    @property
    def process_ids(self) -> list[int]:
        """The processes of all workers."""
        with self._lock:
            idle = [worker for workers in self._idle.values() for worker in workers]
            spare = [self._spare] if self._spare else []
            return [worker.process.pid for worker in [*idle, *self._running, *spare]]

    def _cancel(self, invocation: _Invocation) -> None:
        with self._lock:
            invocation.on_done = None
            waiting = self._waiting.get(invocation.spec.sandbox)
            if waiting and invocation in waiting:
                waiting.remove(invocation)

    def _take_idle(self, spec: FunctionSpec) -> Worker | None:
        """An idle worker of the function whose code is current."""
        workers = self._idle.get(spec.sandbox)
        while workers:
            worker = workers.pop()
            if not worker.is_stale():
                return worker
            self._retired.append(worker)
            self._wake()
        return None

    def _occupy(self, worker: Worker, invocation: _Invocation) -> float:
        """Give the worker the invocation; the caller sends it. Returns the wall-clock deadline."""
        timeout = invocation.spec.timeout
        self._running[worker] = _Running(time.monotonic() + timeout, invocation)
        self._set_timer(time.monotonic() + timeout, worker)
        return time.time() + timeout

    def _set_timer(self, when: float, worker: Worker) -> None:
        """Look at the worker at `when`. A timer that is set already and rings earlier is enough: it sets the next."""
        if worker.timer_at <= when:
            return
        worker.timer_at = when
        heapq.heappush(self._timers, (when, next(self._sequence), worker))
        if when < self._next_wake:
            self._wake()

    def _wake(self) -> None:
        with contextlib.suppress(BlockingIOError, OSError):  # a full buffer wakes as well; a closed one has no need
            self._wake_sender.send(b"\0")

    # -- called from the pool's thread only

    def _run(self) -> None:
        try:
            while not self._closing:
                self._step()
        finally:
            self._end_all()

    def _step(self) -> None:
        with self._lock:
            while self._retired:
                self._discard(self._retired.pop())
            self._start_workers()
            now = time.monotonic()
            self._next_wake = self._timers[0][0] if self._timers else float("inf")
            timeout = None if self._next_wake == float("inf") else max(0.0, self._next_wake - now)
        for key, _ in self._selector.select(timeout):
            worker: Worker | None = key.data
            if worker is None:
                with contextlib.suppress(BlockingIOError):
                    self._wake_receiver.recv(4096)
            elif not worker.ended:
                self._read(worker, key.fd)
        self._expire()

    def _read(self, worker: Worker, fd: int) -> None:
        if fd == worker.output:
            if not worker.drain_output():
                self._selector.unregister(fd)
            return
        messages, closed = worker.receive()
        for message in messages:
            self._handle(worker, message)
        if not worker.ended and (closed or fd == self._process_handles.get(worker)):
            self._lose(worker)

    def _handle(self, worker: Worker, message: Message) -> None:
        operation = message.header["op"]
        log = worker.take_log()
        with self._lock:
            running = self._running.pop(worker, None)
            if running is None:
                return
            invocation = running.invocation
            if operation == "init-error":
                invocation = self._next_waiting(worker)
                self._discard(worker)
            else:
                self._release(worker)
        if operation == "ready" or invocation is None:
            return
        error = outcome.UNHANDLED if operation == "init-error" or message.header["error"] else None
        self._finish(invocation, InvocationResult(message.payload, error, invocation.request_id, log))

    def _next_waiting(self, worker: Worker) -> _Invocation | None:
        assert worker.spec is not None
        waiting = self._waiting.get(worker.spec.sandbox)
        return waiting.popleft() if waiting else None

    def _release(self, worker: Worker) -> None:
        """The worker is free: it takes the next invocation of its function, or waits for one."""
        assert worker.spec is not None
        sandbox = worker.spec.sandbox
        if self._waiting.get(sandbox) and worker.is_stale():
            self._discard(worker)
        elif (invocation := self._next_waiting(worker)) is not None:
            deadline = self._occupy(worker, invocation)
            worker.send_invocation(invocation.request_id, invocation.spec.arn, deadline, invocation.payload)
        else:
            worker.idle_since = time.monotonic()
            self._idle.setdefault(sandbox, []).append(worker)
            self._set_timer(worker.idle_since + self._idle_seconds, worker)

    def _lose(self, worker: Worker) -> None:
        """The worker's process has ended by itself."""
        with self._lock:
            running = self._running.pop(worker, None)
            self._forget_idle(worker)
            if worker is self._spare:
                self._spare = None
            log = worker.take_log()
            code = self._discard(worker, EXIT_GRACE_SECONDS)
            invocation = running.invocation if running else None
            if running and invocation is None and worker.spec is not None:
                invocation = self._next_waiting(worker)  # it ended while it was being initialised
        if invocation is not None:
            self._finish(invocation, outcome.exited(invocation.request_id, code, log))

    def _expire(self) -> None:
        """End workers whose time is over: the invocation's, or that of an idle one."""
        while True:
            with self._lock:
                if not self._timers or self._timers[0][0] > time.monotonic():
                    return
                when, _, worker = heapq.heappop(self._timers)
                if worker.ended or when != worker.timer_at:
                    continue
                worker.timer_at = float("inf")
                invocation, log = self._check_time(worker)
            if invocation is not None:
                self._finish(invocation, outcome.timed_out(invocation.request_id, invocation.spec.timeout, log))

    def _check_time(self, worker: Worker) -> tuple[_Invocation | None, str]:
        """End the worker if its time is over; the invocation that fails by it, and its log."""
        running = self._running.get(worker)
        due = running.deadline if running else worker.idle_since + self._idle_seconds
        if due > time.monotonic():
            self._set_timer(due, worker)
            return None, ""
        if running is None:
            self._forget_idle(worker)
            self._discard(worker)
            return None, ""
        messages, _ = worker.receive()
        if messages:  # it answered in the moment its time ran out
            for message in messages:
                self._handle(worker, message)
            return None, ""
        del self._running[worker]
        log = worker.take_log()
        self._discard(worker)
        return running.invocation or self._next_waiting(worker), log

    def _finish(self, invocation: _Invocation, result: InvocationResult) -> None:
        with self._lock:
            on_done, invocation.on_done = invocation.on_done, None
        if on_done is None:
            return
        try:
            on_done(result)
        except Exception as error:  # a caller's mistake must not stop everybody's functions
            self._log(f"[{invocation.spec.name}] nobody could take the result: {error!r}")

    # -- starting and ending processes

    def _start_workers(self) -> None:
        """Start what the waiting invocations need, within bounds, and keep one interpreter in reserve."""
        starting: dict[Hashable, int] = {}
        for worker, running in self._running.items():
            if running.invocation is None and worker.spec is not None:
                starting[worker.spec.sandbox] = starting.get(worker.spec.sandbox, 0) + 1
        total = sum(starting.values())
        for sandbox, waiting in list(self._waiting.items()):
            if not waiting:
                del self._waiting[sandbox]
                continue
            while starting.get(sandbox, 0) < len(waiting) and total < self._max_starting and self._make_room():
                self._initialise(waiting[0].spec)
                starting[sandbox] = starting.get(sandbox, 0) + 1
                total += 1
        while self._wanted and total < self._max_starting and self._make_room():
            spec = self._wanted.pop()
            if not self._idle.get(spec.sandbox) and not starting.get(spec.sandbox):
                self._initialise(spec)
                total += 1
        if self._spare is None and total == 0 and not self._closing:
            self._spare = self._spawn()

    def _initialise(self, spec: FunctionSpec) -> None:
        worker = self._spare or self._spawn()
        self._spare = None
        deadline = time.monotonic() + max(self._init_seconds, spec.timeout)
        self._running[worker] = _Running(deadline)
        self._set_timer(deadline, worker)
        worker.send_init(spec)

    def _make_room(self) -> bool:
        """Whether one more worker may run; an idle one of another function is ended for it if need be."""
        idle = [worker for workers in self._idle.values() for worker in workers]
        if len(self._running) + len(idle) < self._max_workers:
            return True
        if not idle:
            return False
        oldest = min(idle, key=lambda worker: worker.idle_since)
        self._forget_idle(oldest)
        self._discard(oldest)
        return True

    def _spawn(self) -> Worker:
        worker = Worker(self._log)
        self._selector.register(worker.socket, selectors.EVENT_READ, worker)
        self._selector.register(worker.output, selectors.EVENT_READ, worker)
        if hasattr(os, "pidfd_open"):  # sees the end even where a child of the function keeps the socket open
            with contextlib.suppress(OSError):
                handle = os.pidfd_open(worker.process.pid)
                self._process_handles[worker] = handle
                self._selector.register(handle, selectors.EVENT_READ, worker)
        return worker

    def _discard(self, worker: Worker, grace: float = 0.0) -> int:
        for fd in (worker.socket.fileno(), worker.output):
            with contextlib.suppress(KeyError, ValueError):
                self._selector.unregister(fd)
        handle = self._process_handles.pop(worker, None)
        if handle is not None:
            self._selector.unregister(handle)
            os.close(handle)
        return worker.end(grace)

    def _forget_idle(self, worker: Worker) -> None:
        if worker.spec is not None and worker in self._idle.get(worker.spec.sandbox, ()):
            self._idle[worker.spec.sandbox].remove(worker)

    def _end_all(self) -> None:
        with self._lock:
            self._closing = True
            idle = [worker for workers in self._idle.values() for worker in workers]
            workers = [*idle, *self._running, *self._retired, *([self._spare] if self._spare else [])]
            running = list(self._running.values())
            waiting = [invocation for queue in self._waiting.values() for invocation in queue]
            self._idle.clear()
            self._running.clear()
            self._waiting.clear()
            self._spare = None
            for worker in workers:
                self._discard(worker)
            self._selector.close()
            self._wake_receiver.close()
            self._wake_sender.close()
        for invocation in [entry.invocation for entry in running if entry.invocation] + waiting:
            self._finish(invocation, outcome.exited(invocation.request_id, -9, ""))
