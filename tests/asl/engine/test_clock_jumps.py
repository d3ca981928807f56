"""Somebody sets the machine's clock, by hours: a number of seconds stays a number of seconds."""

from __future__ import annotations

import pytest

from asl import RealClock
from asl.engine.clock import LONGEST_PAUSE
from asl.engine.scheduler import Scheduler

HOUR = 3600.0


class Machine:
    """Two clocks that the test moves: the one that can be set, and the one that can't."""

    def __init__(self) -> None:
        self.date = 1_700_000_000.0
        self.steady = 50.0
        self.clock = RealClock(lambda: self.date, lambda: self.steady)
        self.scheduler = Scheduler(self.clock)
        self.start = self.date
        self.called: list[tuple[str, float]] = []

    def at(self, seconds: float, name: str, *, by_date: bool = False) -> None:
        self.scheduler.at(self.start + seconds, self._call, name, by_date=by_date)

    def _call(self, name: str) -> None:
        self.called.append((name, self.steady - 50.0))

    def pass_time(self, seconds: float) -> None:
        for _ in range(round(seconds)):
            self.date += 1
            self.steady += 1
            self.scheduler._turn(_drive())


def _drive() -> object:
    from asl.engine.scheduler import _Drive

    return _Drive()


@pytest.fixture
def machine() -> Machine:
    return Machine()


@pytest.mark.parametrize("jump", [3 * HOUR, -3 * HOUR, 0.0])
def test_seconds_are_seconds(machine: Machine, jump: float) -> None:
    machine.at(10, "ten")
    machine.at(20, "twenty")
    machine.pass_time(5)
    machine.date += jump
    machine.pass_time(20)
    assert machine.called == [("ten", 10), ("twenty", 20)]


def test_a_date_is_a_date(machine: Machine) -> None:
    machine.at(HOUR, "date", by_date=True)
    machine.at(HOUR, "seconds")
    machine.pass_time(5)
    machine.date += 2 * HOUR
    machine.pass_time(1)
    assert machine.called == [("date", 6)]


def test_corrections_of_the_clock_move_nothing(machine: Machine) -> None:
    machine.at(10, "ten")
    machine.date += 0.5
    machine.pass_time(9)
    assert machine.called == []
    machine.pass_time(1)
    assert machine.called == [("ten", 10)]


def test_a_long_pause_is_measured_again(machine: Machine) -> None:
    assert machine.clock.pause_until(machine.date + HOUR, False) == LONGEST_PAUSE
    assert machine.clock.pause_until(machine.date + 1, False) == 1
