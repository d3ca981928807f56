"""Waiting invocations take turns."""

from __future__ import annotations

from pathlib import Path

from localcloud.workers import FunctionSpec, Source
from localcloud.workers.waiting import Invocation, WaitingLine


def invocation(function: str, flow: str = "", execution: str = "", arrived: float = 0.0) -> Invocation:
    spec = FunctionSpec(function, function, Path(), "fn.handler", {}, 1.0, 128)
    return Invocation(spec, b"", None, Source(flow, execution), arrived=arrived)


def line_of(*invocations: Invocation) -> WaitingLine:
    line = WaitingLine()
    for each in invocations:
        line.add(each)
    return line


def test_flows_take_turns_and_their_executions() -> None:
    many = [invocation("f", "map", "one") for _ in range(50)]
    other = [invocation("f", "map", "two") for _ in range(2)]
    single = invocation("f", "task", "three")
    line = line_of(*many, *other, single)
    sandbox = single.sandbox
    assert [line.take(sandbox) for _ in range(6)] == [many[0], single, other[0], many[1], other[1], many[2]]


def test_functions_take_turns() -> None:
    one, two, three = invocation("one"), invocation("one"), invocation("two")
    line = line_of(one, two, three)
    assert line.turns() == [one.sandbox, three.sandbox]
    assert line.take(one.sandbox) is one
    assert line.turns() == [three.sandbox, one.sandbox]
    line.end_turn(three.sandbox)
    assert line.turns() == [one.sandbox, three.sandbox]


def test_the_newest_can_be_taken() -> None:
    old, new, newest = (
        invocation("f", "a", arrived=1.0),
        invocation("f", "a", arrived=2.0),
        invocation("g", arrived=3.0),
    )
    line = line_of(old, new, newest)
    assert line.turns(newest=True) == [newest.sandbox, old.sandbox]
    assert line.take(old.sandbox, newest=True) is new
    assert line.take(old.sandbox, newest=True) is old
    assert line.take(old.sandbox, newest=True) is None


def test_invocations_can_leave() -> None:
    one, two = invocation("f", "a"), invocation("f", "b")
    line = line_of(one, two)
    line.remove(one)
    line.remove(one)
    assert line.count(one.sandbox) == 1
    assert list(line) == [two]
    line.remove(two)
    assert not line
    assert line.turns() == []
    assert line.next(two.sandbox) is None
