"""A recorded history in the place of one that grows: what is appended again is found."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from asl.engine.history import (
    ITERATION_ABORTED,
    ITERATION_FAILED,
    ITERATION_STARTED,
    ITERATION_SUCCEEDED,
    STATE_ENTERED,
    STATE_EXITED,
    Event,
)

ENTRIES = frozenset(STATE_ENTERED.values())
EXITS = frozenset(STATE_EXITED.values())
_OF_ITERATIONS = frozenset((ITERATION_STARTED, ITERATION_SUCCEEDED, ITERATION_FAILED, ITERATION_ABORTED))


class ReplayLog(list[Event]):
    """A recorded history, as the list that states append to.

    An event that is appended while `find` is set, or that is one of those in `again`, is there already: `len` then
    gives its id, which is `last` then, and the index -1 the recorded event.
    """

    def __init__(self, events: list[Event]) -> None:
        super().__init__(events)
        self.find: Callable[[Event], int] | None = None
        self.again: dict[tuple[Any, ...], int] = {}
        self.last = 0

    def append(self, event: Event) -> None:
        """Add an event, or find it."""
        if self.find is not None:
            self.last = self.find(event)
        else:
            self.last = self.again.pop(key_of(event), 0) if self.again else 0
            if not self.last:
                super().append(event)

    def __len__(self) -> int:
        return self.last or super().__len__()

    def __getitem__(self, place: Any) -> Any:
        return super().__getitem__(self.last - 1 if place == -1 and self.last else place)


def key_of(event: Event) -> tuple[Any, ...]:
    """What tells an event from the others of a history: of a branch that goes one way only, or of two side by side."""
    kind: Any = event[0]
    if kind in ENTRIES or kind in EXITS:
        return kind, event[2], event[3]
    return (kind, event[2], event[4]) if kind in _OF_ITERATIONS else (kind, event[2])
