"""Events as JSON strings and back.

The string of an event is a JSON array: the kind's name, the timestamp, the previous event's id, the marks, the payload.
Marks spare what a history says again and again: `{"4": 0}` says that the value at index 4 of the event is the
execution's input, `{"4": 1}` that it is the one at index 4 of the previous event. Both are null in the array itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from asl.engine import history
from asl.engine.history import ACTIVITY_EVENTS, LAMBDA_EVENTS, SERVICE_EVENTS, Event, EventKind
from asl.engine.jsontext import dumps, loads
from asl.engine.resources import TaskResource, parse_resource

_INPUT, _PREVIOUS = 0, 1
_VALUE = 4
"""Where most events have the one value that may be large."""


def _kinds() -> Iterable[EventKind]:
    for found in vars(history).values():
        if isinstance(found, EventKind):
            yield found
    for kinds in (history.STATE_ENTERED, history.STATE_EXITED, history.STATE_ABORTED):
        yield from kinds.values()
    for family in (LAMBDA_EVENTS, ACTIVITY_EVENTS, SERVICE_EVENTS):
        yield from vars(family).values()


_BY_NAME = {kind.name: kind for kind in _kinds()}


def encode_event(event: Event, events: Sequence[Event], input_value: Any) -> str:
    """The JSON string of an event.

    Args:
        event: the event.
        events: the history up to it, at least as far as the event that it follows.
        input_value: the execution's input.

    Returns:
        A string without line breaks.
    """
    kind, timestamp, previous, *payload = event
    marks: dict[str, int] = {}
    for index, value in enumerate(payload, 3):
        if isinstance(value, TaskResource):
            payload[index - 3] = value.arn
        elif value is input_value and isinstance(value, (dict, list, str)):
            marks[str(index)] = _INPUT
            payload[index - 3] = None
        elif index == _VALUE and previous and isinstance(value, (dict, list, str)):
            before = events[previous - 1]
            if len(before) > _VALUE and value is before[_VALUE]:
                marks[str(index)] = _PREVIOUS
                payload[index - 3] = None
    return dumps([kind.name, timestamp, previous, marks or 0, *payload])


def decode_events(lines: Iterable[str], input_value: Any) -> list[Event]:
    """The history of an execution.

    Args:
        lines: the JSON strings of all events, in order.
        input_value: the execution's input, which the events then share.

    Raises:
        ValueError: a line is not an event.
    """
    events: list[Event] = []
    for line in lines:
        try:
            name, timestamp, previous, marks, *payload = loads(line)
            kind = _BY_NAME[name]
            if kind in _OF_TASKS:
                payload[0] = parse_resource(payload[0])
            if marks:
                for index, mark in marks.items():
                    place = int(index)
                    payload[place - 3] = input_value if mark == _INPUT else events[previous - 1][place]
        except (KeyError, IndexError, TypeError, AttributeError) as problem:
            raise ValueError(f"not an event: {line[:200]}") from problem
        events.append((kind, timestamp, previous, *payload))
    return events


_FAMILIES = (LAMBDA_EVENTS, ACTIVITY_EVENTS, SERVICE_EVENTS)
_OF_TASKS = frozenset(kind for family in _FAMILIES for kind in vars(family).values())
