"""The states of a run as the API answers, page by page and, of a running one, change by change.

The token of a page is the id of the event that last changed the page's last state. So the next page has the states that
have changed since, whether they were on no page yet or have changed after theirs, and one rule serves for both paging
and following.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chalicelib import times
from chalicelib.errors import BadRequest, Conflict, NotFound
from chalicelib.runs.definitions import recorded
from chalicelib.runs.records import Run
from chalicelib.runs.states import children
from chalicelib.runs.states.fold import Fold
from chalicelib.runs.states.outline import Outline, Place
from chalicelib.runs.states.reading import Lent
from chalicelib.runs.states.visits import RUNNING, Visit

MAX_STATES = 1_000
MAX_BYTES = 2_500_000
"""Bytes of inputs, outputs and causes in an answer. Lambda's limit is 6 MB, and quotes count twice."""
MAX_VARIABLES = 500_000
"""Characters of variables in a state of the answer; an execution may have 10 MiB of them."""
EXPRESS = (
    "Runs of EXPRESS flows have no history, so there are no states to show. See the flow's log group in CloudWatch."
)


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of a run.

    Args:
        path: The JSON pointer of a state, to get all visits of it or, with `iteration`, the states inside it.
        iteration: Indexes of iterations, joined by dots, outermost first.
        limit: The most states to return.
        token: The `next_token` of the answer before.
    """

    path: str | None
    iteration: str | None
    limit: int
    token: str | None


@dataclass(frozen=True, slots=True)
class States:
    """Some states, and the token of the next page or of what changes from now on; None if nothing follows."""

    states: list[dict[str, Any]]
    next_token: str | None


def states(run: Run, definition: Mapping[str, Any] | None, question: Question) -> States:
    """Return what became of the states of a run.

    Args:
        run: The run.
        definition: Today's definition of its flow; None if there is none. One that doesn't have the run's states is
            replaced by the one that the run was started with.
        question: Which states.

    Raises:
        BadRequest: Path, iteration or token is not valid.
        Conflict: An EXPRESS run has no history.
        NotFound: Step Functions doesn't have the history, or there is no such state or child execution.
        Unavailable: Step Functions doesn't answer.
    """
    if run.is_express:
        raise Conflict(EXPRESS)
    after = _read_token(question)
    today = Outline(definition or {})
    try:
        return _states(run, today, question, after)
    except _OtherDefinition:
        return _states(run, _recorded(run), question, after)


class _OtherDefinition(Exception):
    """The definition isn't the one that the run has."""


def _states(run: Run, outline: Outline, question: Question, after: tuple[int, int]) -> States:
    place, iteration = _place(outline, question)
    target = children.find(run.execution_arn, outline, place, iteration)
    with Lent(target.execution_arn, target.wanted, outline) as fold:
        changed = sorted(
            (visit for visit in fold.kept.values() if (visit.changed, visit.entered_id) > after),
            key=lambda visit: (visit.changed, visit.entered_id),
        )
        page = _page(changed, question.limit)
        found = [_rendered(visit, outline) for visit in sorted(page, key=lambda visit: visit.entered_id)]
        return States(found, _next_token(fold, page, len(changed), question))


def _recorded(run: Run) -> Outline:
    return Outline(recorded(run).definition, is_recorded=True)


def _place(outline: Outline, question: Question) -> tuple[Place | None, list[str]]:
    """Return the state that is asked for, and the indexes of its iteration.

    Raises:
        BadRequest: They don't fit each other.
        NotFound: The definition has no such state.
    """
    iteration = question.iteration.split(".") if question.iteration else []
    if question.path is None:
        if iteration:
            raise BadRequest("The query parameter 'iteration' needs 'path', the path of the Map state.")
        return None, []
    place = outline.at(question.path)
    if place is None:
        if not outline.is_recorded:
            raise _OtherDefinition
        raise NotFound(f"The run's definition has no state at {question.path!r}. Its paths are those of the answer.")
    inside = place.type == "Map"
    if len(iteration) not in {len(place.maps), len(place.maps) + inside}:
        around = ", ".join(repr(name) for name in (*place.maps, *((place.name,) if inside else ())))
        raise BadRequest(
            f"The query parameter 'iteration' has {len(iteration)} indexes; the path {question.path!r} needs "
            + (f"one for each of {around}, joined by dots." if around else "none.")
        )
    return place, iteration


def _page(changed: list[Visit], limit: int) -> list[Visit]:
    size, count = 0, 0
    for visit in changed[:limit]:
        texts = (visit.input, visit.output, visit.cause, *_shown_variables(visit).values(), *visit.assigned.values())
        size += sum(len(text.encode()) for text in texts if text is not None)
        size += sum(len(cause.encode()) for _, _, cause in visit.retries if cause is not None) + 500
        if count and size > MAX_BYTES:
            break
        count += 1
    return changed[:count]


def _rendered(visit: Visit, outline: Outline) -> dict[str, Any]:
    place = outline.named(visit.name)
    if (place is None or place.type != visit.type) and not outline.is_recorded:
        raise _OtherDefinition
    found: dict[str, Any] = {
        "path": None if place is None else place.path,
        "name": visit.name,
        "type": visit.type,
        "status": visit.status,
        "entered": times.iso(visit.entered),
        "exited": None if visit.exited is None else times.iso(visit.exited),
        "attempts": visit.attempts,
        "error": visit.error,
        "cause": visit.cause,
        "input": _value(visit.input),
        "output": _value(visit.output),
        "visits": visit.number,
    }
    variables = _shown_variables(visit)
    for key, values in (("variables", variables), ("assigned", visit.assigned)):
        if values:
            found[key] = {name: _value(text) for name, text in values.items()}
    dropped = visit.dropped if len(variables) == len(visit.variables) else (*visit.dropped, "variables")
    if dropped:
        found["truncated"] = list(dict.fromkeys(dropped))
    if visit.next is not None:
        found["next"] = visit.next
    if visit.retries:
        found["failedAttempts"] = [
            {"time": times.iso(moment), "error": error, "cause": cause} for moment, error, cause in visit.retries
        ]
    iterations = children.counts(visit.map_run_arn) if visit.map_run_arn is not None else visit.iteration_counts()
    if iterations is not None:
        found["iterations"] = iterations
    return found


def _shown_variables(visit: Visit) -> Mapping[str, str]:
    """Return the variables that a state could read, unless they are so large that the answer could be."""
    return visit.variables if sum(map(len, visit.variables.values())) <= MAX_VARIABLES else {}


def _value(text: str | None) -> Any:
    if text is None:
        return None
    try:
        return json.loads(text)
    except ValueError:  # Step Functions has cut it off
        return text


def _next_token(fold: Fold, page: list[Visit], changed: int, question: Question) -> str | None:
    if len(page) < changed:
        return _token(page[-1].changed, page[-1].entered_id, question)
    return _token(fold.last_id, fold.last_id, question) if fold.status == RUNNING else None


def _token(changed: int, entered: int, question: Question) -> str:
    token = json.dumps([changed, entered, question.path, question.iteration], separators=(",", ":"))
    return base64.urlsafe_b64encode(token.encode()).decode().rstrip("=")


def _read_token(question: Question) -> tuple[int, int]:
    if question.token is None:
        return 0, 0
    try:
        text = question.token + "=" * (-len(question.token) % 4)
        changed, entered, path, iteration = json.loads(base64.b64decode(text, "-_", validate=True))
        valid = type(changed) is type(entered) is int and [path, iteration] == [question.path, question.iteration]
    except (ValueError, TypeError, RecursionError):
        valid = False
    if not valid:
        raise BadRequest("The query parameter 'nextToken' did not come from these states.")
    return changed, entered
