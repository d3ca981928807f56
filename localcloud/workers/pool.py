"""Hands invocations to worker processes, as Lambda does: one worker an invocation at a time, kept while warm.

One thread handles all events (answers, output, ends of processes, timeouts) and starts the processes. Callers of
`invoke` send straight to an idle worker if there is one, so that a warm call costs one round trip over a socket and no
change of threads on the way in.

A cold start costs a hundred times a warm call. So while invocations wait, only as many workers start at a time as the
machine has processors, and whichever worker is free first runs the next invocation. `limits` bounds how many run at
once. An invocation that has been running for half a second probably waits for something and no longer counts: another
one may start, up to the bound of the processes. `waiting` decides whose turn it is.

Functions may wait for each other (one that invokes another, or runs a flow and waits for its end). If all workers are
taken and nothing has ended for a while, the pool grows beyond its bound, a worker at a time, and those workers run the
newest invocations first: the callers came earlier than what they wait for.
"""

from __future__ import annotations

import contextlib
import heapq
import itertools
import selectors
import socket
import threading
import time
import traceback
import uuid
from collections import Counter
from collections.abc import Callable, Hashable

from localcloud.workers import outcome
from localcloud.workers.limits import Limits, configured_limits, usable_cores
from localcloud.workers.lines import InvocationEnd, OnEnd, PoolListener, ReportKind, WorkerReport, write_to_stderr
from localcloud.workers.processes import Processes
from localcloud.workers.spec import MAX_PAYLOAD_BYTES, FunctionSpec, InvocationResult
from localcloud.workers.staff import Staff
from localcloud.workers.tracing import trace_of
from localcloud.workers.waiting import NOBODY, Invocation, OnDone, Source, WaitingLine
from localcloud.workers.worker import Message, Worker

IDLE_SECONDS = 300.0
SURPLUS_IDLE_SECONDS = 30.0  # how long workers are kept that only a burst has needed
INIT_SECONDS = 10.0  # what Lambda grants the initialisation, apart from the function's timeout
EXIT_GRACE_SECONDS = 1.0
RETRY_SECONDS = 0.1  # how often the pool looks whether waiting invocations may start, if nothing else happens
GIVE_UP_SECONDS = 60.0  # for how long processes may fail to start before invocations fail

Cancel = Callable[[], None]


class WorkerPool:
    """Runs functions in worker processes.

    Args:
        limits: How many workers there may be; by default what LOCALCLOUD_WORKERS says, or the machine allows.
        idle_seconds: How long an unused worker is kept.
        init_seconds: How long the initialisation of a function may take at least.
        listener: Receives each line that a function prints, and the pool's own reports. It must be quick.
        on_end: Receives the end of each invocation, after its lines. It must be quick.

    Raises:
        SetupError: LOCALCLOUD_WORKERS is not a number of workers.
    """

    def __init__(
        self,
        *,
        limits: Limits | None = None,
        idle_seconds: float = IDLE_SECONDS,
        init_seconds: float = INIT_SECONDS,
        listener: PoolListener = write_to_stderr,
        on_end: OnEnd = lambda _end: None,
    ) -> None:
        self._staff = Staff(limits or configured_limits())
        self._max_starting = max(2, usable_cores())
        self._idle_seconds = idle_seconds
        self._init_seconds = init_seconds
        self._listener = listener
        self._on_end = on_end
        self._lock = threading.RLock()
        self._waiting = WaitingLine()
        self._wanted: list[FunctionSpec] = []  # to be warmed
        self._timers: list[tuple[float, int, Worker]] = []  # at most one that counts a worker: Worker.timer_at
        self._sequence = itertools.count()
        self._next_wake = float("inf")
        self._closing = False
        self._selector = selectors.DefaultSelector()
        self._processes = Processes(self._selector, listener)
        self._wake_receiver, self._wake_sender = socket.socketpair()
        self._wake_receiver.setblocking(False)
        self._wake_sender.setblocking(False)
        self._selector.register(self._wake_receiver, selectors.EVENT_READ, None)
        self._thread = threading.Thread(target=self._run, name="worker-pool", daemon=True)
        self._thread.start()
        self._wake()

    # -- called from any thread

    def invoke(
        self, spec: FunctionSpec, payload: bytes, on_done: OnDone, source: Source = NOBODY, request_id: str = ""
    ) -> Cancel:
        """Run the function and return at once.

        Args:
            spec: The function.
            payload: The event, as JSON.
            on_done: Called once with the result, from the pool's thread or this one. It must be quick.
            source: Who invokes the function. Sources take turns while invocations wait.
            request_id: The id of the invocation; by default a new one.

        Returns:
            What gives up on the invocation: `on_done` is not called any more. A function that has begun runs on, as on
            Lambda.

        Raises:
            RuntimeError: The pool is closed.
        """
        invocation = Invocation(spec, payload, on_done, source, request_id or str(uuid.uuid4()))
        if len(payload) > MAX_PAYLOAD_BYTES:
            on_done(outcome.request_too_large(invocation.request_id, len(payload)))
            return lambda: None
        if spec.refusal is not None:
            on_done(outcome.refused(invocation.request_id, spec.refusal))
            return lambda: None
        with self._lock:
            if self._closing:
                raise RuntimeError("the worker pool is closed")
            worker = self._idle_worker(invocation.sandbox)
            if worker is None:
                self._waiting.add(invocation)
                self._wake()
            else:
                deadline = self._occupy(worker, invocation)
        if worker is not None:
            worker.send_invocation(invocation, deadline)
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
            return [worker.process.pid for worker in self._workers()]

    def _workers(self) -> list[Worker]:
        spare = [self._processes.spare] if self._processes.spare else []
        return [*self._staff.idle, *self._staff.busy, *spare]

    def _cancel(self, invocation: Invocation) -> None:
        with self._lock:
            invocation.on_done = None
            self._waiting.remove(invocation)

    def _idle_worker(self, sandbox: Hashable) -> Worker | None:
        """Return an idle worker of the function, if an invocation may start now without overtaking another one."""
        if self._waiting.count(sandbox) or not self._staff.has_place():
            return None
        return self._staff.take_idle(sandbox)

    def _occupy(self, worker: Worker, invocation: Invocation) -> float:
        """Give the worker the invocation, which the caller sends. Return the deadline in seconds of the wall clock."""
        timeout = invocation.spec.timeout
        worker.spec = invocation.spec  # the name may be another one
        self._set_timer(self._staff.begin(worker, timeout, invocation), worker)
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
                try:
                    self._step()
                except Exception:  # one mistake must not stop all functions
                    self._report(ReportKind.MISTAKE, traceback.format_exc().rstrip())
                    time.sleep(RETRY_SECONDS)
        finally:
            self._end_all()

    def _step(self) -> None:
        with self._lock:
            while self._staff.outdated:
                self._processes.end(self._staff.outdated.pop())
            self._serve()
            self._start_ahead()
            hopeless = self._take_hopeless()
            timeout = self._sleep_seconds()
        for invocation in hopeless:
            self._finish(invocation, outcome.not_started(invocation.request_id, self._processes.failure))
        for key, _ in self._selector.select(timeout):
            worker: Worker | None = key.data
            if worker is None:
                with contextlib.suppress(BlockingIOError):
                    self._wake_receiver.recv(4096)
            elif not worker.ended:
                self._read(worker, key.fd)
        self._expire()

    def _sleep_seconds(self) -> float | None:
        """Return how long nothing needs to be done, in seconds; None for ever."""
        if self._staff.outdated:
            return 0.0
        now = time.monotonic()
        self._next_wake = self._timers[0][0] if self._timers else float("inf")
        if self._processes.retry_at > now:
            self._next_wake = min(self._next_wake, self._processes.retry_at)
        if self._waiting:
            self._next_wake = min(self._next_wake, now + RETRY_SECONDS)
        return None if self._next_wake == float("inf") else max(0.0, self._next_wake - now)

    def _read(self, worker: Worker, descriptor: int) -> None:
        if descriptor == worker.output:
            if not worker.drain_output():
                self._selector.unregister(descriptor)
            return
        messages, closed = worker.receive()
        for message in messages:
            self._handle(worker, message)
        if not worker.ended and (closed or self._processes.reports_end(worker, descriptor)):
            self._lose(worker)

    def _handle(self, worker: Worker, message: Message) -> None:
        operation = message.header["op"]
        if operation == "started":
            self._processes.confirm(worker)
            return
        if operation == "out-of-memory":
            worker.out_of_memory = True
            return
        worker.take_log()
        if operation == "init-error" or message.header.get("error"):
            worker.write_error(message.payload)
        log = worker.take_log()
        with self._lock:
            work = self._staff.end(worker)
            if work is None:
                return
            invocation = work.invocation
            if operation == "init-error":
                invocation = self._next_waiting(worker)
                worker.attribute_to(invocation)
                self._processes.end(worker)
            else:
                self._release(worker, has_turn=operation == "ready")
        if operation == "ready" or invocation is None:
            return
        error = outcome.UNHANDLED if operation == "init-error" or message.header["error"] else None
        self._finish(invocation, InvocationResult(message.payload, error, invocation.request_id, log))

    def _next_waiting(self, worker: Worker) -> Invocation | None:
        assert worker.spec is not None
        return self._waiting.take(worker.spec.sandbox)

    def _release(self, worker: Worker, *, has_turn: bool) -> None:
        """Make the worker idle, and let the next invocations start: its own function's, or those in turn."""
        assert worker.spec is not None
        self._staff.add_idle(worker)
        if has_turn and self._waiting.count(worker.spec.sandbox):
            self._send_next(worker.spec.sandbox)
        if self._waiting:
            self._serve()
        if worker not in self._staff.busy:
            worker.attribute_to(None)
            self._set_timer(worker.idle_since + self._keep_seconds(), worker)

    def _keep_seconds(self) -> float:
        """Return how long an idle worker is kept."""
        return min(self._idle_seconds, SURPLUS_IDLE_SECONDS) if self._staff.has_surplus() else self._idle_seconds

    def _lose(self, worker: Worker) -> None:
        """Clean up after a worker whose process has ended."""
        with self._lock:
            work = self._staff.end(worker)
            self._staff.forget_idle(worker)
            log = worker.take_log()
            invocation = None
            if work and worker.started:  # without an invocation, it ended while it was being initialised
                invocation = work.invocation or self._next_waiting(worker)
                worker.attribute_to(invocation)
            code = self._processes.end(worker, EXIT_GRACE_SECONDS)
            if not worker.started:
                self._processes.fail(f"it ended with status {code}")
                return
        if invocation is not None:
            if worker.out_of_memory:
                text = f"Out of memory: the function needs more than its {invocation.spec.memory} MB"
                self._report(ReportKind.MEMORY, text, invocation)
            else:
                self._report(ReportKind.EXIT, outcome.exit_reason(code), invocation)
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
                timeout = invocation.spec.timeout
                self._report(ReportKind.TIMEOUT, outcome.timeout_reason(timeout), invocation)
                self._finish(invocation, outcome.timed_out(invocation.request_id, timeout, log))

    def _check_time(self, worker: Worker) -> tuple[Invocation | None, str]:
        """End the worker if its time is over. Return the invocation that fails with it, and its log."""
        work = self._staff.busy.get(worker)
        due = work.deadline if work else worker.idle_since + self._keep_seconds()
        if due > time.monotonic():
            self._set_timer(due, worker)
            return None, ""
        if work is None:
            self._staff.forget_idle(worker)
            self._processes.end(worker)
            return None, ""
        messages, _ = worker.receive()
        for message in messages:  # it may have answered at the last moment
            self._handle(worker, message)
        if self._staff.busy.get(worker) is not work:
            return None, ""
        self._staff.end(worker)
        log = worker.take_log()
        invocation = work.invocation or self._next_waiting(worker)
        worker.attribute_to(invocation)
        self._processes.end(worker)
        return invocation, log

    def _finish(self, invocation: Invocation, result: InvocationResult) -> None:
        ended, spec = time.time(), invocation.spec
        began = invocation.began or ended
        trace = trace_of(invocation)
        self._on_end(InvocationEnd(began, ended, spec.name, spec.memory, invocation.request_id, trace))
        with self._lock:
            on_done, invocation.on_done = invocation.on_done, None
        if on_done is None:
            return
        try:
            on_done(result)
        except Exception as error:  # a caller's mistake must not stop everybody's functions
            text = f"The caller failed on the function's result: {error!r}"
            self._report(ReportKind.MISTAKE, text, invocation)

    def _report(self, kind: ReportKind, text: str, invocation: Invocation | None = None) -> None:
        if invocation is None:
            self._listener(WorkerReport(time.time(), kind, text))
            return
        name, request_id, source = invocation.spec.name, invocation.request_id, invocation.source
        self._listener(WorkerReport(time.time(), kind, text, name, request_id, source))

    # -- who is next

    def _serve(self) -> None:
        """Let waiting invocations start, in turn, as far as there are places and workers."""
        starting = self._staff.count_starting()
        served = True
        while served and self._waiting:
            served = False
            for sandbox in self._waiting.turns(newest=self._staff.is_bound_reached()):
                if not self._staff.has_place():
                    return
                served = self._send_next(sandbox) or self._start_for(sandbox, starting) or served

    def _send_next(self, sandbox: Hashable) -> bool:
        """Send the function's next invocation to an idle worker. Return whether there was one."""
        worker = self._staff.take_idle(sandbox)
        if worker is None:
            return False
        invocation = self._waiting.take(sandbox, newest=self._staff.is_bound_reached())
        assert invocation is not None
        deadline = self._occupy(worker, invocation)
        worker.send_invocation(invocation, deadline)
        return True

    def _start_for(self, sandbox: Hashable, starting: Counter[Hashable]) -> bool:
        """Start a worker for the function's waiting invocations. Return whether one was needed and could be started."""
        invocation = self._waiting.next(sandbox)
        if invocation is None or starting[sandbox] >= self._waiting.count(sandbox):
            return False
        if starting.total() >= self._max_starting or not self._make_room():
            return False
        if not self._initialise(invocation.spec):
            return False
        starting[sandbox] += 1
        self._waiting.end_turn(sandbox)
        return True

    def _start_ahead(self) -> None:
        """Start the workers that are to be warm, and keep one interpreter in reserve."""
        starting = self._staff.count_starting()
        while self._wanted and starting.total() < self._max_starting and self._make_room():
            spec = self._wanted.pop()
            if self._staff.has_idle(spec.sandbox) or starting[spec.sandbox]:
                continue
            if not self._initialise(spec):
                self._wanted.append(spec)
                return
            starting[spec.sandbox] += 1
        if not starting and not self._closing:
            self._processes.keep_spare()

    def _initialise(self, spec: FunctionSpec) -> bool:
        """Start a worker of the function. Return False if no process can be started at present."""
        worker = self._processes.obtain()
        if worker is None:
            return False
        self._set_timer(self._staff.begin(worker, max(self._init_seconds, spec.timeout)), worker)
        worker.send_init(spec)
        return True

    def _make_room(self) -> bool:
        """Return whether one more worker may start, after ending an idle worker of another function if need be."""
        if self._processes.is_pausing():
            return False
        failing = self._processes.failing_since is not None
        if self._staff.has_room() and not (failing and self._staff.idle):
            return True
        if self._staff.idle:
            oldest = min(self._staff.idle, key=lambda worker: worker.idle_since)
            self._staff.forget_idle(oldest)
            self._processes.end(oldest)
            return True
        return self._staff.is_stalled()

    def _take_hopeless(self) -> list[Invocation]:
        """Take the invocations out of the line for which there has been no process for too long."""
        if self._processes.failing_since is None or self._staff.busy:
            return []
        latest = time.monotonic() - GIVE_UP_SECONDS
        if self._processes.failing_since > latest:
            return []
        hopeless = [invocation for invocation in self._waiting if invocation.arrived <= latest]
        for invocation in hopeless:
            self._waiting.remove(invocation)
        return hopeless

    def _end_all(self) -> None:
        with self._lock:
            self._closing = True
            workers = [*self._workers(), *self._staff.outdated]
            running = [work.invocation for work in self._staff.busy.values() if work.invocation]
            waiting = list(self._waiting)
            self._staff.clear()
            self._waiting = WaitingLine()
            for worker in workers:
                self._processes.end(worker)
            self._selector.close()
            self._wake_receiver.close()
            self._wake_sender.close()
        for invocation in running + waiting:
            self._finish(invocation, outcome.exited(invocation.request_id, -9, ""))
