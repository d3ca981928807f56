"""What an engine tells an observer: what a person who watches executions wants to know, as data.

The engine calls the observer on its own thread, so an observer must return at once: it puts the observation into a
queue. It hears nothing about what an earlier process did, nor about states that simply succeed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from asl.engine.branch import Branch
    from asl.engine.execution import Execution


@dataclass(frozen=True, slots=True)
class Place:
    """A state of an execution.

    Attributes:
        execution_arn: The execution.
        run_arn: The execution that was started: another one if `execution_arn` is a child of a Map Run.
        state: The state's name.
        path: Its JSON pointer in the definition.
        kind: Its type: `Task`, `Map`, ...
        iterations: The index of the item in each Map around it, the outermost first.
    """

    execution_arn: str
    run_arn: str
    state: str
    path: str
    kind: str
    iterations: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ExecutionChanged:
    """An execution has started, ended or been redriven, or continues after a restart of the process.

    For a child of a Map Run, only an unsuccessful end is reported. Times are in seconds since the epoch.

    Attributes:
        time: When.
        execution_arn: The execution.
        run_arn: The execution that was started.
        status: `RUNNING`, `SUCCEEDED`, `FAILED`, `TIMED_OUT` or `ABORTED`.
        start_date: When the execution started.
        error, cause: Why it ended without success.
        redrive_count: How often it was redriven.
        is_continued: Whether it was running when an earlier process ended, and continues.
    """

    time: float
    execution_arn: str
    run_arn: str
    status: str
    start_date: float
    error: str | None = None
    cause: str | None = None
    redrive_count: int = 0
    is_continued: bool = False


@dataclass(frozen=True, slots=True)
class AttemptFailed:
    """An attempt of a Task, Parallel or Map state has failed.

    Attributes:
        time: When, in seconds since the epoch.
        place: The state.
        attempt: 1 for the first attempt.
        error, cause: Why.
        retry_seconds: After how many seconds it is retried; None if it is not.
        caught_by: The state to which a catcher leads; None if nothing catches the error.
    """

    time: float
    place: Place
    attempt: int
    error: str | None
    cause: str | None
    retry_seconds: float | None = None
    caught_by: str | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """A state waits.

    Attributes:
        time: Since when, in seconds since the epoch.
        place: The state.
        until: For which time; None if it waits for somebody.
        resource: Whose answer a task waits for: the resource of an activity or of a task with a token.
    """

    time: float
    place: Place
    until: float | None = None
    resource: str | None = None


@dataclass(frozen=True, slots=True)
class MapSucceeded:
    """All items of a Map are done.

    Attributes:
        time: When, in seconds since the epoch.
        place: The Map.
        seconds: How long they took.
        items: How many there are.
        failed: How many of them failed and were tolerated.
    """

    time: float
    place: Place
    seconds: float
    items: int
    failed: int = 0


Observation = ExecutionChanged | AttemptFailed | Waiting | MapSucceeded
Observer = Callable[[Observation], None]


def place_of(branch: Branch) -> Place:
    """Return the state in which a branch is."""
    state, execution = branch.state, branch.execution
    return Place(execution.arn, execution.run.arn, state.name, state.pointer, state.kind, branch.iterations())


def change_of(execution: Execution, *, is_continued: bool = False) -> ExecutionChanged:
    """Return the present status of an execution."""
    return ExecutionChanged(
        time=execution.engine.now() if execution.stop_date is None else execution.stop_date,
        execution_arn=execution.arn,
        run_arn=execution.run.arn,
        status=execution.status,
        start_date=execution.start_date,
        error=execution.error,
        cause=execution.cause,
        redrive_count=execution.redrive_count,
        is_continued=is_continued,
    )
