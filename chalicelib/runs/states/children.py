"""The child executions of distributed Maps: counts, and the way into one.

Step Functions doesn't say which item a child execution has, so children go by the names of their executions.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from chalicelib import aws
from chalicelib.errors import BadRequest, Conflict, NotFound, error_code
from chalicelib.runs.states.fold import Wanted
from chalicelib.runs.states.outline import Outline, Place
from chalicelib.runs.states.reading import Lent, called
from chalicelib.runs.states.visits import MAX_FAILED_INDEXES

_NAME = re.compile(r"[A-Za-z0-9_-]{1,80}")
_INDEX = re.compile(r"[0-9]{1,9}")


class Target(NamedTuple):
    """Whose states are wanted: an execution's, and which of them."""

    execution_arn: str
    wanted: Wanted


def find(execution_arn: str, outline: Outline, place: Place | None, iteration: list[str]) -> Target:
    """Return where the wanted states are.

    Args:
        execution_arn: The run's execution.
        outline: Its definition.
        place: A state: the Map whose iteration is wanted, or the state whose visits are; None for the run itself.
        iteration: An index for each Map around what is wanted, outermost first. In place of an index, distributed Maps
            have the name of a child execution.

    Raises:
        BadRequest: An index is not one.
        NotFound: There is no such child execution.
        Conflict: The child is of an EXPRESS Map, and has no history.
    """
    if place is None:
        return Target(execution_arn, Wanted())
    entered = len(iteration) > len(place.maps)
    levels: list[tuple[str, int]] = []
    arn = execution_arn
    for name, index in zip((*place.maps, place.name), iteration, strict=False):
        around = outline.named(name)
        if around is not None and around.children:
            arn = _child(arn, outline, around, Wanted(tuple(levels), name), index)
            levels.clear()
        elif _INDEX.fullmatch(index):
            levels.append((name, int(index)))
        else:
            raise BadRequest(
                f"The query parameter 'iteration' has {index!r} for the Map {name!r}; it must be a number."
            )
    return Target(arn, Wanted(tuple(levels), None if entered else place.name))


def _child(execution_arn: str, outline: Outline, place: Place, wanted: Wanted, name: str) -> str:
    """Return the ARN of a child execution of the last run of a distributed Map."""
    if not _NAME.fullmatch(name):
        raise BadRequest(
            f"The query parameter 'iteration' has {name!r} for the distributed Map {place.name!r}; it must be the name "
            "of a child execution."
        )
    if place.children == "EXPRESS":
        raise Conflict(f"The child executions of the Map {place.name!r} are EXPRESS: they have no history.")
    with Lent(execution_arn, wanted, outline) as fold:
        runs = [visit.map_run_arn for visit in fold.kept.values() if visit.map_run_arn is not None]
    unknown = NotFound(f"The Map {place.name!r} has no child execution {name!r}.")
    if not runs:
        raise unknown
    child_arn = runs[-1].replace(":mapRun:", ":execution:", 1).rpartition(":")[0] + f":{name}"
    try:
        found = called(aws.stepfunctions().describe_execution, executionArn=child_arn)
    except NotFound:
        raise unknown from None
    if found.get("mapRunArn") != runs[-1]:  # a child of another execution's run
        raise unknown
    return child_arn


def counts(map_run_arn: str) -> dict[str, Any] | None:
    """Return the counts of a Map Run's items, as inline Maps have them, and the names of children that failed.

    None if Step Functions doesn't have the Map Run.
    """
    try:
        items = aws.stepfunctions().describe_map_run(mapRunArn=map_run_arn)["itemCounts"]
        failed = items["failed"] + items["timedOut"]
        names = _failed(map_run_arn) if failed else []
    except Exception as error:
        if error_code(error) == "ResourceNotFound":
            return None
        raise
    return {
        "total": items["total"],
        "succeeded": items["succeeded"],
        "failed": failed,
        "running": items["running"],
        "aborted": items["aborted"],
        "failedIndexes": [],
        "failedExecutions": names,
        "mapRunArn": map_run_arn,
    }


def _failed(map_run_arn: str) -> list[str]:
    try:
        found = aws.stepfunctions().list_executions(
            mapRunArn=map_run_arn, statusFilter="FAILED", maxResults=MAX_FAILED_INDEXES
        )
    except Exception as error:
        if error_code(error) in {"StateMachineTypeNotSupported", "ValidationException"}:  # EXPRESS children
            return []
        raise
    return [child["name"] for child in found["executions"]]
