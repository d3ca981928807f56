"""Continues an execution of which only the recorded events are left.

The execution is interpreted again from its start, on the compiled definition, with the recorded history as the script.
`asl.engine.replaying.Replay` stands in for the engine, and lets happen next whatever makes the next recorded event.
Nothing is done and nothing is written meanwhile. A task's outcome, a delay that is over and the end of a branch come in
the order in which the history has them, so that joins and failures of branches are as they were. What an event holds
(an output, variables, a task's payload and token) is taken from the event and not from the expression, which may have
been random.

Where the record ends, the engine takes over: timers are set for the time for which they were due, tasks without an
outcome are given to the runner again, and each branch continues with its next step. A step that the end of the process
had interrupted is taken again; `asl.engine.replay_log.ReplayLog` gives it the events that it has written already.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from asl.engine.jsontext import loads

if TYPE_CHECKING:
    from asl.engine.engine import Engine
    from asl.engine.execution import Execution, OnChange
    from asl.engine.journal import RecordedExecution
    from asl.engine.machine import StateMachine
    from asl.engine.map_run import MapRun

from asl.engine.observing import change_of
from asl.engine.replay_log import ReplayLog
from asl.engine.replaying import Replay

_log = logging.getLogger(__name__)


def recovered(
    engine: Engine,
    machine: StateMachine,
    recorded: RecordedExecution,
    on_change: OnChange | None,
    map_run: MapRun | None = None,
) -> Execution:
    """An execution as it was written down. `replay` lets it continue.

    Raises:
        ValueError: its input or its output is not JSON.
    """
    from asl.engine.execution import Execution

    execution = Execution(
        engine,
        machine,
        recorded.arn,
        recorded.name,
        input_text=recorded.input,
        input_value=loads(recorded.input),
        trace_header=recorded.trace_header,
        on_change=on_change,
        map_run=map_run,
    )
    execution.take_over(recorded)
    return execution


def resume(execution: Execution) -> None:
    """Let an execution that was running continue, unless it has been stopped since. The driver calls it."""
    if execution.is_open:
        if execution.engine.observer is not None:
            execution.engine.observer(change_of(execution, is_continued=True))
        replay(execution)


def replay(execution: Execution) -> None:
    """Bring an execution to where its record ends, and let it continue if it has not ended there."""
    engine = execution.engine
    execution.unplayed = False
    execution.map_runs.clear()
    try:
        log = ReplayLog(execution.history.raw)
        if not log:
            execution.begin_as_recorded()
            return
        execution.history.raw = log
        stand_in = Replay(execution, log)
        shown = execution.error, execution.cause
        log.find, execution.engine = stand_in.find, stand_in  # type: ignore[assignment]
        try:
            stand_in.run()
        finally:
            execution.engine = engine
            execution.error, execution.cause = shown
            log.find, log.last = None, 0
            execution.end_of_replay()
        stand_in.hand_over()
    except Exception as problem:
        _log.exception("%s cannot be recovered", execution.arn)
        execution.fail_recovery(f"The execution cannot be recovered: {problem}")
