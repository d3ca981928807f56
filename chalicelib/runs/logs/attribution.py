"""Finds out which attempt of which task each invocation was.

Three rules, the surest first. The id of the trace's segment, which the local cloud derives from the attempt; X-Ray
draws it at random, so that on AWS no segment fits. The request id, which the history has of invocations that failed,
and of all through `lambda:invoke`. What is left is matched by function and time, each in the order of their beginnings;
where several attempts would fit, the match is an estimate and says so.
"""

from __future__ import annotations

import bisect
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from chalicelib.runs.logs.requests import Invocation
from chalicelib.runs.states.outline import Outline
from chalicelib.runs.states.visits import Attempt
from chalicelib.runs.trace import segment_id

TOLERANCE = 1_000
"""Milliseconds by which the clocks of Step Functions and Lambda may differ."""
_WINDOW = 256
"""How many attempts are considered for an invocation at most, or the other way round."""


class Match(NamedTuple):
    """The attempt that an invocation was: of which state, in which iterations of Maps around it, and its number.

    It is `estimated` if others would fit as well.
    """

    state: str
    indexes: tuple[int, ...]
    number: int
    estimated: bool = False


def _match(attempt: Attempt, *, estimated: bool = False) -> Match:
    return Match(attempt.visit.name, attempt.visit.indexes, attempt.number, estimated)


def attribute(
    run_arn: str,
    outline: Outline,
    attempts: Sequence[Attempt],
    invocations: Iterable[Invocation],
    *,
    traced: bool = True,
) -> Mapping[str, Match]:
    """Return the attempts by the request ids of the invocations. An invocation that fits none is left out.

    Args:
        run_arn: The run's execution.
        outline: Its definition.
        attempts: All attempts of tasks that invoke functions.
        invocations: Invocations of the run's trace, perhaps of other executions as well.
        traced: Whether they are; otherwise they are all of that time, and a match by time is an estimate.
    """
    by_segment: defaultdict[str, list[Attempt]] = defaultdict(list)
    by_request: dict[str, Attempt] = {}
    for attempt in attempts:
        place = outline.named(attempt.visit.name)
        if place is not None:
            segment = segment_id(run_arn, place.path, attempt.visit.indexes, attempt.since_redrive)
            by_segment[segment].append(attempt)
        if attempt.request_id is not None:
            by_request[attempt.request_id] = attempt
    found: dict[str, Match] = {}
    taken: set[int] = set()
    left: defaultdict[str, list[Invocation]] = defaultdict(list)
    local = False
    for invocation in invocations:
        candidates = by_segment.get(invocation.segment or "", [])
        exact = by_request.get(invocation.request_id)
        if exact is None and candidates:
            # after a redrive, and in a state that is visited again, attempts have the segment in common
            exact = next((one for one in reversed(candidates) if _fits(one, invocation)), candidates[-1])
            local = True
        if exact is not None:
            found[invocation.request_id] = _match(exact)
            taken.add(id(exact))
        else:
            left[invocation.function].append(invocation)
    if local:  # segments are derived here, so what fits none is another execution's
        return found
    for function, unknown in left.items():
        free = [one for one in attempts if one.function == function and id(one) not in taken]
        found |= _by_time(free, unknown) if traced else _nearest(free, unknown)
    return found


def _by_time(attempts: list[Attempt], invocations: list[Invocation]) -> dict[str, Match]:
    found: dict[str, Match] = {}
    attempts = sorted(attempts, key=lambda attempt: attempt.began)
    for invocation in sorted(invocations, key=lambda invocation: invocation.began):
        fitting = [place for place, one in enumerate(attempts[:_WINDOW]) if _fits(one, invocation)]
        if fitting:
            found[invocation.request_id] = _match(attempts.pop(fitting[0]), estimated=len(fitting) > 1)
    return found


def _nearest(attempts: list[Attempt], invocations: list[Invocation]) -> dict[str, Match]:
    """Match each attempt with the invocation whose beginning and end are nearest, of all that fit."""
    found: dict[str, Match] = {}
    invocations = sorted(invocations, key=lambda invocation: invocation.began)
    starts = [invocation.began for invocation in invocations]
    for attempt in sorted(attempts, key=lambda attempt: attempt.began):
        first = bisect.bisect_left(starts, attempt.began * 1000 - TOLERANCE)
        fitting = [
            one for one in invocations[first : first + _WINDOW] if one.request_id not in found and _fits(attempt, one)
        ]
        if fitting:
            nearest = min(fitting, key=lambda one: _distance(attempt, one))
            found[nearest.request_id] = _match(attempt, estimated=True)
    return found


def _distance(attempt: Attempt, invocation: Invocation) -> float:
    ended = invocation.ended if attempt.ended is None else attempt.ended * 1000
    return abs(attempt.began * 1000 - invocation.began) + abs(ended - invocation.ended)


def _fits(attempt: Attempt, invocation: Invocation) -> bool:
    began, ended = attempt.began * 1000 - TOLERANCE, (attempt.ended or float("inf")) * 1000 + TOLERANCE
    return began <= invocation.began and invocation.ended <= ended
