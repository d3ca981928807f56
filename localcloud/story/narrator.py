"""Makes the story's events of what happens: knows the names that people use, and folds what would repeat itself.

A Map of thousands of items must not fill the terminal. What functions print and what fails within the iterations of a
Map is told up to a bound, and counted from there on. GET requests that repeat themselves, as of a client that waits for
the end of a run, are told once and then counted.

Only the writer's thread calls it.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from asl import AttemptFailed, ExecutionChanged, MapSucceeded, Observation, Waiting
from asl.engine.observing import Place
from localcloud.story.events import (
    Event,
    FunctionFailed,
    FunctionPrinted,
    ItemFailed,
    MapDone,
    Notice,
    Omitted,
    RequestServed,
    RequestsRepeated,
    RunEnded,
    RunStarted,
    StateWaits,
    TryFailed,
)
from localcloud.story.frames import OwnFrames
from localcloud.workers import FunctionLine, PoolEntry, ReportKind, Source, WorkerReport

Told = Observation | PoolEntry | RequestServed | Notice
"""What the story is made of."""

CONSOLE_FILES = "/console/assets/"
"""The console's own files, which are not told: one page loads a dozen of them."""

TESTED_STATE = "tested state"
"""Stands for the flow of a state that is run alone."""

MOST_LINES = 20
"""How many lines of functions are told of each state in a Map, for each run."""
MOST_FAILURES = 10
"""How many failed tries, waits and failed items are told of each state in a Map, for each run."""
REPEAT_SECONDS = 30.0
"""How often a request that keeps repeating itself is told."""
QUIET_SECONDS = 5.0
"""For how long a request must not repeat itself, for its repetitions to be told."""
PATIENCE_SECONDS = 1.0
"""How long an error of a function waits for the failed try that it causes, which tells more."""
RUNNING = "RUNNING"


@dataclass(slots=True)
class _Repeated:
    """Repetitions of a request that were not told yet. `since` is when the last one was told."""

    last: RequestServed
    since: float
    count: int = 0


_Key = tuple[str, str, str]
"""What is counted of a run: a state's path and name, and what happened in it."""


class Narrator:
    """Makes events of what happens.

    Args:
        root: The project's folder.
        prefix: What the names of all functions and state machines of the stage begin with.
        now: The clock, in seconds since the epoch.
    """

    def __init__(self, root: Path, prefix: str, now: Callable[[], float] = time.time) -> None:
        self._own = OwnFrames(root)
        self._prefix = prefix
        self._now = now
        self._requests: dict[tuple[str, str, int, str | None], _Repeated] = {}
        self._counts: dict[str, Counter[_Key]] = {}
        self._errors: dict[str, FunctionFailed] = {}

    def tell(self, told: Told) -> Iterator[Event]:
        """Yield the events of what happened, and what is due by now."""
        match told:
            case FunctionLine():
                yield from self._line(told)
            case RequestServed():
                yield from self._request(told)
            case ExecutionChanged():
                yield from self._changed(told)
            case AttemptFailed():
                yield from self._failed(told)
            case Waiting():
                if self._fits(told.place, "waits", MOST_FAILURES):
                    waits_for = None if told.until is not None else told.resource
                    yield StateWaits(
                        told.time, *self._run(told.place.run_arn), *_state(told.place), told.until, waits_for
                    )
            case MapSucceeded():
                yield from self._map_done(told)
            case WorkerReport():
                yield from self._report(told)
            case Notice():
                yield told

    def due(self, *, everything: bool = False) -> Iterator[Event]:
        """Yield what has waited for long enough, or everything that waits."""
        now = self._now()
        for request_id, failed in list(self._errors.items()):
            if everything or now - failed.time >= PATIENCE_SECONDS:
                del self._errors[request_id]
                yield failed
        for key, repeated in list(self._requests.items()):
            is_quiet = now - repeated.last.time >= QUIET_SECONDS
            if everything or is_quiet or now - repeated.since >= REPEAT_SECONDS:
                yield from _repetitions(repeated)
                if everything or is_quiet:
                    del self._requests[key]
                else:
                    repeated.since, repeated.count = repeated.last.time, 0

    # -- requests

    def _request(self, request: RequestServed) -> Iterable[Event]:
        if request.method != "GET":
            return (request,)
        if request.path.startswith(CONSOLE_FILES) and request.status < 400:
            return ()
        key = (request.method, request.path, request.status, request.user)
        repeated = self._requests.get(key)
        if repeated is None:
            self._requests[key] = _Repeated(request, request.time)
            return (request,)
        repeated.last = request
        repeated.count += 1
        return ()

    # -- runs

    def _changed(self, change: ExecutionChanged) -> Iterator[Event]:
        flow, run = self._run(change.run_arn)
        is_item = change.execution_arn != change.run_arn
        if change.status == RUNNING:
            how = "continued" if change.is_continued else "redriven" if change.redrive_count else "started"
            yield RunStarted(change.time, flow, run, how)
            return
        failure = self._own.failure(change.cause)
        if is_item:
            place = Place(change.execution_arn, change.run_arn, "", "", "", (0,))
            if self._fits(place, "failed items", MOST_FAILURES):
                item = change.execution_arn.rsplit(":", 1)[1]
                yield ItemFailed(change.time, flow, run, item, change.status, change.error, failure.message)
            return
        yield from self._omitted(change.run_arn, change.time)
        seconds = max(0.0, change.time - change.start_date)
        yield RunEnded(change.time, flow, run, change.status, seconds, change.error, failure.message)

    def _failed(self, attempt: AttemptFailed) -> Iterator[Event]:
        failure = self._own.failure(attempt.cause)
        self._errors.pop(failure.request_id, None)
        is_passed_on = attempt.place.kind != "Task" and attempt.retry_seconds is None and attempt.caught_by is None
        if is_passed_on:  # the try inside it was told, and the run's end is
            return
        if self._fits(attempt.place, "failed tries", MOST_FAILURES):
            yield TryFailed(
                attempt.time,
                *self._run(attempt.place.run_arn),
                *_state(attempt.place),
                attempt.attempt,
                attempt.error,
                failure.message,
                failure.frames,
                attempt.retry_seconds,
                attempt.caught_by,
            )

    def _map_done(self, done: MapSucceeded) -> Iterator[Event]:
        if not self._fits(done.place, "finished Maps", MOST_FAILURES):
            return
        if not done.place.iterations:
            yield from self._omitted(done.place.run_arn, done.time, done.place.path)
        flow, run = self._run(done.place.run_arn)
        yield MapDone(done.time, flow, run, *_state(done.place), done.items, done.failed, done.seconds)

    # -- functions

    def _line(self, line: FunctionLine) -> Iterator[Event]:
        if line.is_error:
            head, _, traceback = line.text.partition("\nTraceback (most recent call last):\n")
            frames = self._own.of(traceback.splitlines())
            message = head.removeprefix("[ERROR] ")
            yield from self._function_failed(line, message, frames)
        elif self._fits_source(line.source, "lines", MOST_LINES):
            yield FunctionPrinted(line.time, *self._invocation(line), line.text)

    def _report(self, report: WorkerReport) -> Iterator[Event]:
        if report.function:
            yield from self._function_failed(report, report.text, (), is_told_anyway=report.kind is ReportKind.MEMORY)
        else:
            message, *details = report.text.splitlines()
            yield Notice(report.time, message, "error", tuple(details))

    def _function_failed(
        self,
        entry: FunctionLine | WorkerReport,
        message: str,
        frames: tuple[str, ...],
        *,
        is_told_anyway: bool = False,
    ) -> Iterator[Event]:
        failed = FunctionFailed(entry.time, *self._invocation(entry), message, frames)
        if entry.source.run and not is_told_anyway:
            self._errors[entry.request_id] = failed  # in most cases it fails a try, which tells it
        elif self._fits_source(entry.source, "failures", MOST_FAILURES):
            yield failed

    def _invocation(self, entry: FunctionLine | WorkerReport) -> tuple[str, str, str, str, str, tuple[int, ...], int]:
        source = entry.source
        flow, run = self._run(source.run) if source.run else ("", "")
        function = entry.function.removeprefix(self._prefix)
        state = "" if flow == TESTED_STATE else source.state
        return function, entry.request_id, flow, run, state, source.iterations, source.attempt

    def _run(self, arn: str) -> tuple[str, str]:
        """The flow's name and the execution's. An EXPRESS execution's ARN has another id behind its name."""
        parts = arn.split(":")
        if parts[6] == parts[7]:  # the names that TestState makes up
            return TESTED_STATE, parts[7]
        return parts[6].removeprefix(self._prefix).lstrip("-"), parts[7]

    # -- what repeats itself

    def _fits_source(self, source: Source, what: str, most: int) -> bool:
        place = Place(source.execution, source.run, source.state, source.path, "Task", source.iterations)
        return self._fits(place, what, most)

    def _fits(self, place: Place, what: str, most: int) -> bool:
        """Whether it is still to be told, and not only counted: of a state in a Map, only so much is."""
        if not place.iterations:
            return True
        counts = self._counts.setdefault(place.run_arn, Counter())
        key = (place.path, place.state, what)
        counts[key] += 1
        return counts[key] <= most

    def _omitted(self, run_arn: str, when: float, below: str = "") -> Iterator[Event]:
        """Yield how much was only counted, of a run or of what is below a state of it, and forget that."""
        flow, run = self._run(run_arn)
        counts = self._counts.get(run_arn, Counter())
        for key in [key for key in counts if key[0].startswith(below)]:
            _, state, what = key
            more = counts.pop(key) - (MOST_LINES if what == "lines" else MOST_FAILURES)
            if more > 0:
                yield Omitted(when, flow, run, state, (), what, more)
        if not counts:
            self._counts.pop(run_arn, None)


def _state(place: Place) -> tuple[str, tuple[int, ...]]:
    return place.state, place.iterations


def _repetitions(repeated: _Repeated) -> Iterator[Event]:
    if repeated.count:
        last = repeated.last
        seconds = last.time - repeated.since
        yield RequestsRepeated(last.time, last.method, last.path, last.status, repeated.count, seconds, last.user)
