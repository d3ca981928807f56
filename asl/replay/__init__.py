"""Runs a definition against the recorded history of an execution, and says where it does something else.

>>> from asl.replay import replay
>>> report = replay(definition, client.get_execution_history(executionArn=arn)["events"])
>>> report.departures
[]

Tasks are not called: each answers as it did in the record, at its time. So a change of a definition can be tried on
what has happened in production. Sources: GetExecutionHistory
(https://docs.aws.amazon.com/step-functions/latest/apireference/API_GetExecutionHistory.html); the idea is that of
Temporal's replayer (https://docs.temporal.io/workflows#deterministic-constraints).
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass

from asl.engine.execution import Execution
from asl.engine.machine import StateMachine
from asl.replay.comparing import Departure, compare
from asl.replay.recording import EventData, NotAHistory, RecordedRun, read_history
from asl.replay.tasks import ReplayEngine

__all__ = ["Departure", "NotAHistory", "RecordedRun", "ReplayReport", "read_history", "replay", "replay_run"]

REPLAY_SECONDS = 60.0
"""Real seconds that a replay may take."""


@dataclass(frozen=True, slots=True)
class ReplayReport:
    """What came of a replay.

    Attributes:
        recorded: The record.
        departures: Where today's definition does something else, in the order of the record.
        notes: What could not be replayed, in words.
    """

    recorded: RecordedRun
    departures: tuple[Departure, ...]
    notes: tuple[str, ...]

    @property
    def fits(self) -> bool:
        """Whether the definition does what the record says."""
        return not self.departures


def replay(
    definition: str, events: Iterable[EventData], *, execution_arn: str | None = None, type: str = "STANDARD"
) -> ReplayReport:
    """Run a definition against a recorded history.

    Args:
        definition: The definition in Amazon States Language, a JSON text.
        events: The events, as GetExecutionHistory returns them.
        execution_arn: The ARN of the recorded execution, which the context object shows.
        type: STANDARD or EXPRESS.

    Raises:
        NotAHistory: The events are not the history of an execution.
        InvalidDefinition: The definition can't be run.
        TimeoutError: The replay takes longer than `REPLAY_SECONDS`.
    """
    return replay_run(definition, read_history(events), execution_arn=execution_arn, type=type)


def replay_run(
    definition: str, recorded: RecordedRun, *, execution_arn: str | None = None, type: str = "STANDARD"
) -> ReplayReport:
    """As `replay`, with a history that has been read."""
    region, account, flow, name = _parts(execution_arn)
    arn = f"arn:aws:states:{region}:{account}:stateMachine:{flow}"
    role = recorded.role_arn or f"arn:aws:iam::{account}:role/flow"
    machine = StateMachine(arn, flow, definition, type, role)
    done = threading.Event()
    engine = ReplayEngine(recorded, done.set, region=region, account=account)

    def changed(execution: Execution) -> None:
        if not execution.is_open:
            done.set()

    try:
        execution = engine.start(machine, recorded.input, name=name, on_change=changed)
        if not done.wait(REPLAY_SECONDS):
            raise TimeoutError(f"the replay has taken {REPLAY_SECONDS:.0f} seconds")
        today = read_history(execution.history.events())
    finally:
        engine.close()
    found = compare(recorded, today, engine.recorded_tasks.tokens)
    return ReplayReport(recorded, tuple(found), tuple(_notes(recorded)))


def _notes(recorded: RecordedRun) -> Iterable[str]:
    if recorded.redriven:
        yield "The execution was redriven: what came before the first redrive is compared."
    if recorded.map_runs:
        names = ", ".join(sorted({name for name, _ in recorded.map_runs}))
        yield f"The children of distributed Map states have records of their own; taken as recorded: {names}."
    if recorded.status == "RUNNING" and not recorded.redriven:
        yield "The execution was running: what the record has is compared."


def _parts(execution_arn: str | None) -> tuple[str, str, str, str]:
    """Return region, account, state machine and name of an execution's ARN."""
    parts = (execution_arn or "").split(":")
    if len(parts) < 8 or parts[2] != "states":
        return "us-east-1", "123456789012", "flow", "replay"
    return parts[3], parts[4], parts[6], parts[7]
