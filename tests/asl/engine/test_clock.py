from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest

from asl import Engine, RealClock, SkippingClock
from asl.engine.branch import timestamp
from tests.asl.engine.conftest import Lab, flow, machine, output


def test_real_clock_waits_for_what_is_due() -> None:
    clock = RealClock()
    assert abs(clock.now() - time.time()) < 1
    assert clock.pause_until(None, False) is None
    assert clock.pause_until(time.time() - 5, True) == 0
    assert 9 < (clock.pause_until(time.time() + 10, False) or 0) <= 10


def test_skipping_clock_jumps_only_when_nothing_is_done() -> None:
    clock = SkippingClock(datetime(2030, 1, 1, tzinfo=UTC))
    start = clock.now()
    assert clock.pause_until(start + 60, True) == 60
    assert clock.now() == start
    assert clock.pause_until(start + 60, False) == 0
    assert clock.datetime == datetime(2030, 1, 1, 0, 1, tzinfo=UTC)
    with clock.held():
        assert clock.pause_until(start + 90, False) == 30
    clock.pause_until(start + 3600, False)
    clock.waited(7)
    assert clock.now() == start + 3600, "idle time does not pass"


def test_skipping_clock_needs_a_time_zone() -> None:
    with pytest.raises(ValueError, match="time zone"):
        SkippingClock(datetime(2030, 1, 1))


def test_expressions_see_the_clock_s_time(lab: Lab) -> None:
    clock = SkippingClock(datetime(2030, 1, 1, tzinfo=UTC))
    engine = Engine(lab.functions, clock=clock)
    states = (
        ("A", {"Type": "Wait", "Seconds": 86_400}),
        ("B", {"Type": "Pass", "Output": "{% [$now(), $millis()] %}"}),
    )
    try:
        execution = engine.run(machine(flow(*states, QueryLanguage="JSONata")), "{}", timeout=20)
    finally:
        engine.close()
    assert output(execution) == ["2030-01-02T00:00:00.000Z", 1893542400000]


@pytest.mark.parametrize(("seconds", "text"), [(0, "00Z"), (0.5, "00.500Z"), (9.012, "09.012Z"), (10, "10Z")])
def test_dates_of_whole_seconds_have_no_fraction(seconds: float, text: str) -> None:
    assert timestamp(seconds) == f"1970-01-01T00:00:{text}"


def test_waits_of_a_month_end_at_once_in_order(lab: Lab) -> None:
    wait = {"Type": "Wait", "Seconds": 30 * 86_400}
    began = time.monotonic()
    execution = lab.run(flow(("A", wait), ("B", {"Type": "Wait", "Seconds": 1}), ("C", wait)))
    assert time.monotonic() - began < 30
    assert output(execution) == {}
    times = [event["timestamp"] for event in execution.history.events()]
    assert times == sorted(times)
    assert times[-1] - times[0] == pytest.approx(60 * 86_400 + 1)
    assert execution.stop_date == times[-1]


def test_timers_of_several_executions_fire_in_order(lab: Lab) -> None:
    ended: list[str] = []

    def note(execution: object) -> None:
        if execution.status == "SUCCEEDED":  # type: ignore[attr-defined]
            ended.append(execution.name)  # type: ignore[attr-defined]

    with lab.clock.held():
        started = [
            lab.engine.start(
                machine(flow(("W", {"Type": "Wait", "Seconds": seconds}))), name=str(seconds), on_change=note
            )
            for seconds in (300, 100, 200, 400)
        ]
    for execution in started:
        assert execution.wait(10)
    assert ended == ["100", "200", "300", "400"]
