"""What becomes of what happens: names, folded repetitions, bounds within a Map."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from asl import AttemptFailed, ExecutionChanged, MapSucceeded, Waiting
from asl.engine.observing import Place
from localcloud.story.events import (
    Event,
    FunctionFailed,
    FunctionPrinted,
    MapDone,
    Omitted,
    RequestServed,
    RequestsRepeated,
    RunEnded,
    RunStarted,
    StateWaits,
    TryFailed,
)
from localcloud.story.narrator import MOST_FAILURES, MOST_LINES, Narrator
from localcloud.workers import FunctionLine, ReportKind, Source, WorkerReport

RUN = "arn:aws:states:us-east-1:123456789012:execution:app-local-orderFlow:order-1"
CAUSE = {
    "errorType": "Declined",
    "errorMessage": "no funds",
    "requestId": "req-1",
    "stackTrace": [
        '  File "/project/chalicelib/functions/calling.py", line 41, in handler\n    return call()\n    ^^^^^^\n',
        '  File "/project/chalicelib/lib/charge/handler.py", line 11, in handler\n    raise Declined()\n',
        '  File "/venv/lib/python3/site-packages/x.py", line 1, in x\n    x()\n',
    ],
}
FRAMES = ("chalicelib/lib/charge/handler.py:11 in handler: raise Declined()",)


class Told:
    """A narrator with a clock of its own, and the events that it has told."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.narrator = Narrator(Path("/project"), "app-local-", lambda: self.now)

    def tell(self, *told: Any) -> list[Event]:
        return [event for one in told for event in self.narrator.tell(one)]

    def later(self, seconds: float) -> list[Event]:
        self.now += seconds
        return list(self.narrator.due())


def place(*iterations: int, kind: str = "Task", state: str = "Charge", path: str = "/States/Charge") -> Place:
    return Place(RUN, RUN, state, path, kind, iterations)


def source(*iterations: int) -> Source:
    return Source("machine", RUN, "Charge", "/States/Charge", iterations, 1, RUN)


def failed(cause: object = CAUSE, **changes: Any) -> AttemptFailed:
    text = cause if isinstance(cause, str) else json.dumps(cause)
    return AttemptFailed(**{"time": 1.0, "place": place(), "attempt": 1, "error": "Declined", "cause": text, **changes})


def test_a_run() -> None:
    began = ExecutionChanged(1.0, RUN, RUN, "RUNNING", 1.0)
    ended = ExecutionChanged(3.5, RUN, RUN, "FAILED", 1.0, "Declined", json.dumps(CAUSE))
    assert Told().tell(began, ended) == [
        RunStarted(1.0, "orderFlow", "order-1"),
        RunEnded(3.5, "orderFlow", "order-1", "FAILED", 2.5, "Declined", "no funds"),
    ]


def test_a_failed_try_has_only_the_users_frames() -> None:
    assert Told().tell(failed(retry_seconds=2.0)) == [
        TryFailed(1.0, "orderFlow", "order-1", "Charge", (), 1, "Declined", "no funds", FRAMES, 2.0)
    ]


def test_causes_that_are_no_error_documents() -> None:
    causes = ("no JSON", "{broken", '{"a": 1}', None)
    told = [Told().tell(failed(cause=cause) if cause else failed(cause="", error="E"))[0] for cause in causes]
    assert [event.message for event in told if isinstance(event, TryFailed)] == ["no JSON", "{broken", '{"a": 1}', ""]


def test_a_map_that_passes_a_failure_on_says_nothing() -> None:
    assert Told().tell(failed(place=place(kind="Map"))) == []
    assert len(Told().tell(failed(place=place(kind="Map"), caught_by="Undo"))) == 1


def test_the_error_of_a_function_is_told_once() -> None:
    """By the try that it fails; by itself if it fails none."""
    told = Told()
    line = FunctionLine(1000.0, "app-local-charge", "[ERROR] Declined: no", "req-1", source(), is_error=True)
    assert told.tell(line, failed()) != []
    assert told.later(10) == []
    assert told.tell(line) == []
    (event,) = told.later(10)
    assert isinstance(event, FunctionFailed)
    assert (event.function, event.message, event.run) == ("charge", "Declined: no", "order-1")


def test_functions_that_are_called_otherwise() -> None:
    stack = "".join(CAUSE["stackTrace"])
    text = f"[ERROR] Declined: no funds\nTraceback (most recent call last):\n{stack}"
    printed, error = Told().tell(
        FunctionLine(1.0, "app-local-charge", "hello", "req-1"),
        FunctionLine(2.0, "app-local-charge", text, "req-1", is_error=True),
    )
    assert printed == FunctionPrinted(1.0, "charge", "req-1", "", "", "", (), 0, "hello")
    assert error == FunctionFailed(2.0, "charge", "req-1", "", "", "", (), 0, "Declined: no funds", FRAMES)


def test_out_of_memory_is_told_beside_the_failed_try() -> None:
    report = WorkerReport(1.0, ReportKind.MEMORY, "Out of memory", "app-local-charge", "req-1", source())
    cause = {"errorType": "Runtime.ExitError", "errorMessage": "RequestId: req-1 Error: signal: killed"}
    memory, attempt = Told().tell(report, failed(cause, error="Runtime.ExitError"))
    assert isinstance(memory, FunctionFailed) and memory.message == "Out of memory"
    assert isinstance(attempt, TryFailed) and attempt.message == "signal: killed"


def test_a_crash_is_told_by_the_try_that_it_fails() -> None:
    told = Told()
    report = WorkerReport(1000.0, ReportKind.EXIT, "exit status 3", "app-local-charge", "req-1", source())
    cause = {"errorType": "Runtime.ExitError", "errorMessage": "RequestId: req-1 Error: exit status 3"}
    assert len(told.tell(report, failed(cause, error="Runtime.ExitError"))) == 1
    assert told.later(10) == []


def test_waits() -> None:
    token = "arn:aws:states:::sqs:sendMessage.waitForTaskToken"
    assert Told().tell(Waiting(1.0, place(), 31.0), Waiting(1.0, place(), resource=token)) == [
        StateWaits(1.0, "orderFlow", "order-1", "Charge", (), 31.0),
        StateWaits(1.0, "orderFlow", "order-1", "Charge", (), None, token),
    ]


def test_a_map_of_thousands_is_told_in_a_few_lines() -> None:
    told = Told()
    lines = [FunctionLine(1.0, "app-local-charge", "hi", f"r{n}", source(n)) for n in range(5000)]
    failures = [failed(place=place(n), retry_seconds=1.0) for n in range(5000)]
    each = place(kind="Map", state="Each", path="/States")
    events = told.tell(*lines, *failures, MapSucceeded(9.0, each, 8.0, 5000))
    assert len(events) == MOST_LINES + MOST_FAILURES + 3
    assert events[-3:] == [
        Omitted(9.0, "orderFlow", "order-1", "Charge", (), "lines", 5000 - MOST_LINES),
        Omitted(9.0, "orderFlow", "order-1", "Charge", (), "failed tries", 5000 - MOST_FAILURES),
        MapDone(9.0, "orderFlow", "order-1", "Each", (), 5000, 0, 8.0),
    ]


def test_what_was_only_counted_is_told_when_the_run_ends() -> None:
    told = Told()
    told.tell(*(FunctionLine(1.0, "f", "hi", "r", source(n)) for n in range(MOST_LINES + 1)))
    omitted, _ = told.tell(ExecutionChanged(2.0, RUN, RUN, "FAILED", 1.0))
    assert isinstance(omitted, Omitted) and omitted.count == 1
    assert len(told.tell(ExecutionChanged(2.0, RUN, RUN, "FAILED", 1.0))) == 1


def test_outside_a_map_every_line_is_told() -> None:
    assert len(Told().tell(*(FunctionLine(1.0, "f", "hi", "r", source()) for _ in range(500)))) == 500


def test_polling_is_folded() -> None:
    told = Told()
    poll = [RequestServed(1000.0 + n, "GET", "/run/f/1", 200, 1.0, "me") for n in range(100)]
    assert told.tell(*poll[:20]) == poll[:1]
    assert told.later(20) == []
    assert told.tell(*poll[20:36]) == []
    (first,) = told.later(16)
    assert (isinstance(first, RequestsRepeated), first.count, first.seconds) == (True, 35, 35.0)  # type: ignore[attr-defined]
    assert told.tell(*poll[36:40]) == []
    (second,) = told.later(10)
    assert (second.count, second.seconds) == (4, 4.0)  # type: ignore[attr-defined]
    assert told.later(100) == []
    assert told.tell(poll[50]) == poll[50:51]


def test_a_state_that_is_tested_alone_is_called_so() -> None:
    """The context object of TestState has made-up names of the flow, the run and the state."""
    name = "c9b610c8-5540-45cf-a9d1-607ea7cd32f3"
    arn = f"arn:aws:states:us-east-1:123456789012:execution:{name}:{name}"
    (told,) = Told().tell(FunctionLine(1.0, "f", "hi", "r", Source(arn, arn, "StateName", "", (), 1, arn)))
    assert isinstance(told, FunctionPrinted) and (told.flow, told.run, told.state) == ("tested state", name, "")


def test_files_of_the_console_are_told_only_if_they_fail() -> None:
    page = RequestServed(1000.0, "GET", "/console", 200, 1.0, None)
    file = RequestServed(1000.0, "GET", "/console/assets/index.js", 200, 1.0, None)
    missing = RequestServed(1000.0, "GET", "/console/assets/old.js", 404, 1.0, None)
    assert Told().tell(page, file, missing) == [page, missing]


def test_what_is_not_the_same_request_is_told() -> None:
    one = RequestServed(1000.0, "GET", "/runs", 200, 1.0, "me")
    others = [
        RequestServed(1000.0, "GET", "/runs", 404, 1.0, "me"),
        RequestServed(1000.0, "GET", "/runs", 200, 1.0, "you"),
        RequestServed(1000.0, "POST", "/runs", 200, 1.0, "me"),
        RequestServed(1000.0, "POST", "/runs", 200, 1.0, "me"),
    ]
    assert Told().tell(one, *others) == [one, *others]
