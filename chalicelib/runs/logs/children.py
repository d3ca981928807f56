"""Which attempts invocations of the child executions of distributed Maps were, in the local cloud.

The history of a run has no events of its children. The local cloud derives the segment of an attempt from the item's
place in the Map, so trying the places finds it without asking for thousands of histories.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from chalicelib.runs.logs.attribution import Match
from chalicelib.runs.logs.requests import Invocation
from chalicelib.runs.states.outline import Outline, Place
from chalicelib.runs.trace import segment_id

MAX_TRIED = 50_000
"""How many places are tried for a run."""
_ATTEMPTS = 4


def children(
    run_arn: str, outline: Outline, invocations: Iterable[Invocation], known: Mapping[str, Match]
) -> dict[str, Match]:
    """Return the attempts by the request ids of those invocations that were made in child executions.

    Args:
        run_arn: The run's execution.
        outline: Its definition.
        invocations: Invocations of the run's trace.
        known: The attempts of the run itself.
    """
    tasks = outline.in_distributed_maps()
    left = {one.segment: one.request_id for one in invocations if one.segment and one.request_id not in known}
    found: dict[str, Match] = {}
    if not tasks or not left:
        return found
    for task, indexes, number in _places(tasks):
        request_id = left.pop(segment_id(run_arn, task.path, indexes, number), None)
        if request_id is not None:
            found[request_id] = Match(task.name, indexes, number)
            if not left:
                break
    return found


def _places(tasks: list[Place]) -> Iterator[tuple[Place, tuple[int, ...], int]]:
    """Yield attempts, those of low indexes first."""
    share = MAX_TRIED // (_ATTEMPTS * len(tasks))
    for task in tasks:
        depth = len(task.maps)
        width = int(share ** (1 / depth))
        for number in range(width**depth):
            indexes = tuple(number // width**level % width for level in reversed(range(depth)))
            for attempt in range(1, _ATTEMPTS + 1):
                yield task, indexes, attempt
