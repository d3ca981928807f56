"""The one place where the engine's work is done, in order: a fair queue of ready calls, a heap of timers, an inbox.

Whoever holds the lock drives: usually the engine's own thread, which is started when there is something to wait for; a
caller who waits for the end of an execution drives as well while it can, so that a flow that never blocks runs from
start to end without changing threads. What comes from outside (a start, a task's result) goes through the inbox.
Nothing polls: the thread sleeps until the next timer or the next entry of the inbox.

One thread drives at any time, but not always the same one. A call that has to wait for something (`elsewhere`) stays on
its thread, and another thread drives meanwhile. When the call can continue, its lane queues for a turn, in which the
driver lends its place to the call's thread until the call ends or waits again.
"""

from __future__ import annotations

import heapq
import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from itertools import count
from typing import Any, TypeVar

from asl.engine.clock import Clock
from asl.engine.lanes import Account, Call, Lane, Lanes

_log = logging.getLogger(__name__)

TURN = 0.01
"""After how many seconds a lane gives way to others, and a branch to what else there is to do."""

T = TypeVar("T")


class Abandoned(BaseException):
    """A call that was `elsewhere` must not continue: what it belongs to is over, or the scheduler is closed."""


class Timer:
    """A call that will be made at a time, unless it is cancelled."""

    __slots__ = ("args", "by_date", "call", "cancelled")

    def __init__(self, call: Callable[..., Any], args: tuple[Any, ...], by_date: bool = False) -> None:
        self.call = call
        self.by_date = by_date
        self.args = args
        self.cancelled = False

    def cancel(self) -> None:
        """Never make the call."""
        self.cancelled = True
        self.args = ()


class _Loan:
    """The driver's place, lent to the thread of a call that continues."""

    __slots__ = ("back", "go", "lent")

    def __init__(self) -> None:
        self.go = threading.Event()
        self.back = threading.Event()
        self.lent = False


class _Drive:
    """One thread's time as the driver, which ends when `until` answers true.

    It is `lost` once another thread has taken over; then it only has its place on `loan`.
    """

    until: Callable[[], bool] | None = None
    lost = False
    loan: _Loan | None = None

    def give_back(self) -> None:
        """End the loan, if there is one."""
        loan, self.loan = self.loan, None
        if loan is not None:
            loan.back.set()


class Scheduler:
    """Runs what is ready, one call after the other, and waits for the rest."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.working = 0
        """How many tasks are really being done elsewhere; changed only by calls that this scheduler makes."""
        self._lanes = Lanes()
        self._inbox: deque[Call] = deque()
        self._timers: list[tuple[float, int, Timer]] = []
        self._sequence = count()
        self._driving = threading.Lock()
        self._driver: int | None = None
        self._drive = _Drive()
        self._serving: Lane | None = None
        self.turn_end = 0.0
        """When the present lane gives way, by `time.perf_counter`."""
        self._loans: set[_Loan] = set()
        self._condition = threading.Condition()
        self._thread: threading.Thread | None = None
        self._spares: list[tuple[threading.Thread, threading.Event]] = []
        self._woken = False
        self._closed = False
        clock.bind(self.wake)

    # Called by what the scheduler itself runs.

    def soon_in(self, lane: Lane, call: Callable[..., Any], *args: Any) -> None:
        """Make the call when it is the lane's turn, after those of the lane that are ready already."""
        self._lanes.add(lane, (call, args))

    def at(self, due: float, call: Callable[..., Any], *args: Any, by_date: bool = False) -> Timer:
        """Make the call at a time.

        Args:
            due: the time, in seconds since the epoch. Calls due at the same time keep their order.
            call: what to call.
            args: its arguments.
            by_date: whether the date counts, as of a timestamp, and not the seconds until then: it makes a difference
                if the clock is set meanwhile.
        """
        timer = Timer(call, args, by_date)
        self.set(timer, due)
        return timer

    def set(self, timer: Timer, due: float) -> None:
        """Make the call of a timer at a time."""
        heapq.heappush(self._timers, (due, next(self._sequence), timer))

    def elsewhere(self, call: Callable[[], T]) -> T:
        """Make a call that takes long without keeping the other lanes waiting; the lane is charged for its time.

        Only the calls of the present lane wait; timers and the inbox may change what the call belongs to.

        Args:
            call: Must not touch what the scheduler's calls share.

        Returns:
            What the call returns.

        Raises:
            Abandoned: The scheduler was closed in the meantime.
        """
        lane = self._serving
        if lane is None or not self.is_driving:
            return call()
        drive = self._drive
        lane.away = True
        self.working += 1
        self._leave(drive)
        began = time.perf_counter()
        try:
            return call()
        finally:
            self._return(drive, lane, time.perf_counter() - began)

    @property
    def is_long(self) -> bool:
        """Whether the present call has kept others waiting for long."""
        return self._serving is not None and time.perf_counter() > self.turn_end + TURN

    def pause(self) -> None:
        """Let others have their turn in the middle of a call. Raises as `elsewhere` does."""
        self.elsewhere(_nothing)

    # Called from any thread.

    def post(self, call: Callable[..., Any], *args: Any) -> None:
        """Make the call as soon as may be."""
        self._inbox.append((call, args))
        if not self._woken:
            self.wake()

    def post_quietly(self, call: Callable[..., Any], *args: Any) -> None:
        """As `post`, without waking the thread: whoever calls this calls `help` next."""
        self._inbox.append((call, args))

    def wake(self) -> None:
        """See to it that the thread looks again at what there is to do."""
        if self._closed:
            return
        with self._condition:
            self._woken = True
            if self._thread is None:
                self._start_thread()
            else:
                self._condition.notify()

    def help(self, until: Callable[[], bool] | None = None) -> None:
        """Do on the caller's thread what is ready now, unless another thread is at it.

        Args:
            until: Whether the caller has waited long enough; the scheduler's own thread then does the rest.
        """
        while self._driving.acquire(blocking=False):
            drive = _Drive()
            drive.until = until
            try:
                self._turn(drive)
            finally:
                if not drive.lost:
                    self._driver = None
                    self._driving.release()
            if drive.lost or self._closed:
                return
            if not self._inbox or (until is not None and until()):
                if self._inbox or self._timers or self._lanes.heap or self.working:
                    self.wake()
                return
        self.wake()

    @property
    def is_driving(self) -> bool:
        """Whether the calling thread is the one that drives, so that nothing happens while it waits."""
        return self._driver == threading.get_ident()

    @property
    def account(self) -> Account | None:
        """What the present work is charged to, if the calling thread does it for an execution."""
        lane = self._serving
        return None if lane is None or not self.is_driving else lane.account

    def close(self) -> None:
        """End the threads; what is still open stays so. A call that is elsewhere is not waited for."""
        with self._condition:
            self._closed = True
            self._condition.notify_all()
        for loan in tuple(self._loans):
            loan.go.set()
        for _, wanted in tuple(self._spares):
            wanted.set()
        # The thread may change once more before the one that drives sees that this is the end.
        joined = None
        while (thread := self._thread) is not joined and thread is not None:
            if thread is not threading.current_thread():
                thread.join()
            joined = thread

    # The work itself.

    def _turn(self, drive: _Drive) -> None:
        """Do everything that can be done without waiting, as long as this thread drives."""
        self._drive = drive
        self._driver = threading.get_ident()
        inbox, timers, lanes, ready = self._inbox, self._timers, self._lanes, self._lanes.heap
        clock, until = self.clock, drive.until
        while not self._closed:
            try:
                while not self._closed:
                    if inbox:
                        call, args = inbox.popleft()
                        call(*args)
                    elif timers and timers[0][0] <= clock.now() and not self._follow_clock():
                        timer = heapq.heappop(timers)[2]
                        if not timer.cancelled:
                            timer.call(*timer.args)
                    elif ready:
                        if not self._serve(drive, lanes.pop()) or (until is not None and until()):
                            return
                    else:
                        while timers and timers[0][2].cancelled:
                            heapq.heappop(timers)
                        if timers and (self._follow_clock() or clock.pause_until(timers[0][0], self.working > 0) == 0):
                            continue
                        return
            except KeyboardInterrupt:
                raise
            except Abandoned:
                pass
            except BaseException:
                # A call answers for its own execution; whatever it leaves unanswered must not end the others.
                _log.exception("a call of the scheduler failed")
            if drive.lost:
                return

    def _follow_clock(self) -> bool:
        """Whether the clock was set; what is due after a number of seconds is moved accordingly then."""
        change = self.clock.jump()
        if change:
            timers = self._timers
            timers[:] = [(due if timer.by_date else due + change, order, timer) for due, order, timer in timers]
            heapq.heapify(timers)
        return change != 0

    def _serve(self, drive: _Drive, lane: Lane) -> bool:
        """Make the calls of a lane until its turn is over; False if this thread no longer drives then."""
        calls, inbox = lane.calls, self._inbox
        self._serving = lane
        began = time.perf_counter()
        self.turn_end = began + TURN
        try:
            while calls:
                call, args = calls.popleft()
                call(*args)
                if drive.lost or not calls or lane.away or inbox or time.perf_counter() - began > TURN:
                    break
        finally:
            if drive.lost:
                self._give_back(drive)
            else:
                self._serving = None
                self._lanes.done(lane, time.perf_counter() - began)
        return not drive.lost

    def _main(self) -> None:
        me = threading.current_thread()
        while not self._closed:
            self._woken = False
            # Whoever waits may have done everything already; then the lock is left to those who still drive.
            delay = None
            if self._inbox or self._timers or self._lanes.heap or self.working:
                drive = _Drive()
                self._driving.acquire()
                try:
                    self._turn(drive)
                    if not drive.lost:
                        due = self._timers[0][0] if self._timers else None
                        delay = self.clock.pause_until(due, self.working > 0)
                finally:
                    if not drive.lost:
                        self._driver = None
                        self._driving.release()
                if drive.lost:
                    # The thread stays for the next time, as it has compiled expressions of its own.
                    wanted = threading.Event()
                    self._spares.append((me, wanted))
                    if not self._closed:
                        wanted.wait()
                    continue
            if delay == 0:
                continue
            with self._condition:
                if not (self._inbox or self._woken or self._closed):
                    began = time.monotonic()
                    self._condition.wait(None if delay is None else min(delay, threading.TIMEOUT_MAX))
                    self.clock.waited(time.monotonic() - began)

    def _start_thread(self) -> None:
        self._thread = threading.Thread(target=self._main, name="asl-engine", daemon=True)
        self._thread.start()

    # A call that is elsewhere.

    def _leave(self, drive: _Drive) -> None:
        """Let another thread drive: the one that lent its place, or one that takes over."""
        if drive.lost:
            self._give_back(drive)
            return
        drive.lost = True
        self._driver = self._serving = None
        with self._condition:
            self._woken = True
            if self._thread is None:
                self._start_thread()
            elif self._thread is not threading.current_thread():
                self._condition.notify()
            elif self._spares:
                self._thread, wanted = self._spares.pop()
                wanted.set()
            else:
                self._start_thread()
        self._driving.release()

    def _give_back(self, drive: _Drive) -> None:
        # Before the lender goes on: this thread may wait for the next execution at once.
        self._driver = None
        drive.give_back()

    def _return(self, drive: _Drive, lane: Lane, seconds: float) -> None:
        """Wait for the lane's next turn."""
        loan = _Loan()
        self._loans.add(loan)
        lent = False
        try:
            self.post(self._requeue, lane, loan, seconds)
            if not self._closed:
                loan.go.wait()
                lent = loan.lent
        finally:
            self._loans.discard(loan)
            if not lent:
                loan.back.set()
        if not lent:
            raise Abandoned
        drive.loan = loan
        self._drive = drive
        self._driver = threading.get_ident()

    def _requeue(self, lane: Lane, loan: _Loan, seconds: float) -> None:
        self.working -= 1
        self._lanes.back(lane, seconds, (self._lend, (loan,)))

    def _lend(self, loan: _Loan) -> None:
        drive, lane = self._drive, self._serving
        self.turn_end = time.perf_counter() + TURN
        loan.lent = True
        loan.go.set()
        loan.back.wait()
        self._drive, self._serving = drive, lane
        self._driver = threading.get_ident()


def _nothing() -> None:
    pass
