"""The nightly sweep: records that say `RUNNING` although nothing runs are corrected, even if nobody looks at them.

An event may be lost, and an execution may never have begun. Whoever reads such a record checks it (`belief`); the sweep
checks those that nobody has read. It asks Step Functions about a bounded number of runs, at a pace that leaves most of
the quota to others, and takes those first that were not checked for the longest time.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from chalicelib.runs import belief, records, searching
from chalicelib.runs.records import RUNNING, Run

SCHEDULE = "cron(17 3 * * ? *)"
"""When the sweep runs: every night, not at a full hour, at which many others begin."""
MARGIN = 30.0
"""Seconds of an invocation that are left when the sweep ends."""
OLD_ENOUGH = 3600.0
"""Seconds since its start after which a run is looked at: the events of younger ones may still be on their way."""
MAX_CHECKS = 1_000
"""How many runs one sweep asks Step Functions about."""
MAX_CANDIDATES = 100_000
"""How many records one sweep remembers to choose from."""
PAUSE = 0.5
"""Seconds between two checks: 20 in ten seconds, of the 50 that `quota` grants to all."""
_PAGE = 1_000

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep did: how many records said `RUNNING`, how many of these it checked, and how many it corrected."""

    running: int
    checked: int
    corrected: int


def sweep(seconds_left: Callable[[], float], *, sleep: Callable[[float], None] = time.sleep) -> Swept:
    """Check the records that say `RUNNING`, and correct those that are wrong.

    Args:
        seconds_left: Returns for how long the sweep may go on.
        sleep: Waits for so many seconds.
    """
    candidates = _candidates(seconds_left)
    checked = corrected = 0
    for key in candidates[:MAX_CHECKS]:
        if seconds_left() <= 0:
            break
        run = records.get(*key)
        if run is None or run.ended or belief.until_doubt(run) > 0:
            continue
        found = belief.Checks(1).of([run])[0]
        checked += 1
        if found.ended:
            corrected += 1
            _log.warning("%s: its record said RUNNING; corrected to %s", run.execution_arn, found.status)
        sleep(PAUSE)
    done = Swept(len(candidates), checked, corrected)
    _log.info("%d records say RUNNING, %d were checked, %d corrected", done.running, done.checked, done.corrected)
    return done


def _candidates(seconds_left: Callable[[], float]) -> list[tuple[str, str]]:
    """Return the keys of the records that say `RUNNING`, those first that were not checked for the longest time."""
    wanted = searching.Filter(status=RUNNING, began_to=time.time() - OLD_ENOUGH)
    found: list[tuple[str, str, str]] = []
    for portion in searching.Search(None, wanted, page_size=_PAGE).portions():
        found += [(_last_checked(run), run.user_id, run.execution_id) for run in portion.runs if not run.ended]
        if len(found) >= MAX_CANDIDATES or seconds_left() <= 0:
            break
    return [(user_id, execution_id) for _, user_id, execution_id in sorted(found)]


def _last_checked(run: Run) -> str:
    return run.checked_date or run.attempt_date or run.start_date


def nightly(context: Any) -> dict[str, int]:
    """Sweep for as long as the Lambda function may run.

    Args:
        context: The invocation's context.
    """
    done = sweep(lambda: float(context.get_remaining_time_in_millis()) / 1000 - MARGIN)
    return {"running": done.running, "checked": done.checked, "corrected": done.corrected}
