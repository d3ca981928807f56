from __future__ import annotations

import logging
import threading
import time

import pytest

from asl import RealClock, SkippingClock
from asl.engine.lanes import Lane
from asl.engine.scheduler import Scheduler
from tests.asl.engine.conftest import LAMBDA, Lab, flow, machine, output, wait_for

TASK = {"Type": "Task", "Resource": LAMBDA + "f"}


class Panic(BaseException):
    """As an extension module raises it."""


def test_calls_are_made_in_order() -> None:
    scheduler = Scheduler(SkippingClock())
    made: list[str] = []
    now = scheduler.clock.now()

    def first() -> None:
        made.append("first")
        scheduler.at(now + 60, made.append, "late")
        scheduler.at(now + 30, made.append, "early").cancel()
        scheduler.at(now + 30, made.append, "middle")
        scheduler.soon_in(Lane(), made.append, "soon")

    scheduler.post_quietly(first)
    scheduler.help()
    assert made == ["first", "soon", "middle", "late"]


def test_timers_of_a_real_clock_wake_the_thread() -> None:
    scheduler = Scheduler(RealClock())
    fired = threading.Event()
    scheduler.post(lambda: scheduler.at(time.time() + 0.05, fired.set))
    assert fired.wait(5)
    scheduler.close()


def test_a_call_that_fails_ends_nothing(caplog: pytest.LogCaptureFixture) -> None:
    scheduler = Scheduler(RealClock())
    done = threading.Event()

    def fail() -> None:
        raise Panic

    with caplog.at_level(logging.CRITICAL):
        scheduler.post(fail)
        scheduler.post(done.set)
        assert done.wait(5)
    scheduler.close()
    scheduler.post(done.set)


def test_the_thread_ends_when_the_engine_closes(lab: Lab) -> None:
    lab.engine.start(machine(flow(("W", {"Type": "Wait", "Seconds": 5}))))
    wait_for(lambda: lab.engine.scheduler._thread is not None)
    thread = lab.engine.scheduler._thread
    lab.engine.close()
    assert thread is not None
    assert not thread.is_alive()


def test_a_panic_in_a_task_is_its_own_affair(lab: Lab) -> None:
    def panic(request: object) -> None:
        raise Panic("deep inside")

    execution = lab.run(flow(("T", TASK)), f=panic)
    assert (execution.status, execution.error) == ("FAILED", "States.Runtime")
    assert lab.engine.scheduler.working == 0
    assert output(lab.run(flow(("T", TASK)), f=lambda request: 1)) == 1


def test_waiting_inside_the_engine_is_refused(lab: Lab) -> None:
    inner = machine(flow(("P", {"Type": "Pass"})), name="inner")

    def nested(request: object) -> str:
        with pytest.raises(RuntimeError, match="cannot wait"):
            lab.engine.run(inner)
        return "refused"

    assert output(lab.run(flow(("T", TASK)), f=nested)) == "refused"
