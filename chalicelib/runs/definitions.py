"""The definition that a run was started with, which may no longer be its flow's."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from typing import Any, NamedTuple

from chalicelib import aws
from chalicelib.errors import Conflict
from chalicelib.runs.records import Run
from chalicelib.runs.states.reading import called

MAX_KEPT = 8
EXPRESS = "Step Functions doesn't keep which definition a run of an EXPRESS flow had."


class Recorded(NamedTuple):
    """The definition of an execution's state machine, and the role that it runs with."""

    definition: dict[str, Any]
    role_arn: str


_kept: OrderedDict[str, Recorded] = OrderedDict()
_lock = threading.Lock()


def recorded(run: Run) -> Recorded:
    """Return the definition that a run was started with, by a call that AWS allows rarely; it is kept for a while.

    Raises:
        Conflict: The run is of an EXPRESS flow.
        NotFound: Step Functions doesn't know the execution any more.
        Unavailable: Step Functions doesn't answer.
    """
    if run.is_express:
        raise Conflict(EXPRESS)
    with _lock:
        known = _kept.get(run.execution_arn)
    if known is not None:
        return known
    found = called(aws.stepfunctions().describe_state_machine_for_execution, executionArn=run.execution_arn)
    known = Recorded(json.loads(found["definition"]), found["roleArn"])
    with _lock:
        _kept[run.execution_arn] = known
        while len(_kept) > MAX_KEPT:
            _kept.popitem(last=False)
    return known
