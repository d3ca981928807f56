"""What keeps executions beyond the end of the process, as the engine sees it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from asl.engine.execution import Execution
    from asl.engine.history import Event

Decode = Callable[[Any], "list[Event]"]


@dataclass(frozen=True, slots=True)
class RecordedExecution:
    """An execution as it was written down.

    `events` decodes its history, given the JSON value of its input. `place` is the position of a Map Run's child among
    the run's inputs, `items` how many items its input has. Dates are in seconds since the epoch; `input` and `output`
    are JSON strings.
    """

    arn: str
    name: str
    input: str
    start_date: float
    events: Decode
    status: str = "RUNNING"
    stop_date: float | None = None
    output: str | None = None
    error: str | None = None
    cause: str | None = None
    redrive_count: int = 0
    redrive_date: float | None = None
    trace_header: str | None = None
    place: int = 0
    items: int = 1


class Journal(Protocol):
    """Writes executions down. The engine's driver calls it, so no method may wait."""

    def appended(self, execution: Execution) -> None:
        """The execution has begun, has a new status, or has new events: they must be written soon."""

    def holds_back(self, execution: Execution) -> bool:
        """Whether nobody may see the execution's end before it is durable. Then `ending` is called for it."""

    def ending(self, execution: Execution, status: str, event: Event, tell: Callable[[], None]) -> None:
        """Write the last event and the status, which nobody may see yet; call `tell` once they are durable.

        Args:
            execution: still RUNNING for everybody else.
            status: its status from `tell` on.
            event: its last event, which is not in its history yet.
            tell: may be called from any thread.
        """

    def children(self, map_run_arn: str) -> Sequence[RecordedExecution]:
        """The children of a Map Run that were written down, in the order of their starts."""
