"""How far a record is believed, and what is inferred where Step Functions doesn't know the execution.

Events keep records up to date. A record that says `RUNNING` for suspiciously long, or that repeats an inference, is
checked with DescribeExecution: 10 s after the start, then after 20 s, 40 s and so on, later every 10 minutes. The
record keeps the time of the last check, so all processes share the schedule, and `quota` bounds all checks together.
Whatever Step Functions says outranks what was inferred (`records.update`).
"""

from __future__ import annotations

import logging
import math
import time
from dataclasses import replace
from datetime import datetime

from chalicelib import times
from chalicelib.errors import is_throttling, is_unanswered
from chalicelib.runs import executions, quota, records
from chalicelib.runs.records import NEVER_BEGAN, Outcome, Run

FIRST_DOUBT, LONGEST_TRUST = 10.0, 600.0  # seconds that a record is believed, first and later
LONGEST_EXPRESS = 330.0  # seconds; Step Functions ends an EXPRESS execution after 300
CHECK_TIMEOUT = 0.8  # seconds that a check waits for Step Functions
PAUSE_AFTER_FAILURE = 5.0  # seconds without checks in this process after one that got no answer
MAY_BEGIN = 120.0
"""Seconds after an attempt to start in which the execution may still begin: a request ends after 29 s at the latest,
and DescribeExecution is only eventually consistent."""

_log = logging.getLogger(__name__)


def until_doubt(run: Run) -> float:
    """Return in how many seconds the run is to be checked; never if its end is known."""
    if run.ended and (run.is_express or not run.inferred):
        return math.inf
    now, began = time.time(), _seconds(run.attempt_date or run.start_date)
    if run.is_express:
        return began + LONGEST_EXPRESS - now
    last = began if run.checked_date is None else _seconds(run.checked_date)
    return last + min(max(last - began, FIRST_DOUBT), LONGEST_TRUST) - now


def may_begin(run: Run) -> bool:
    """Return whether an execution that doesn't exist may still begin, from a request that is under way."""
    return not run.redrive_count and time.time() - _seconds(run.attempt_date or run.start_date) < MAY_BEGIN


def checked(run: Run) -> Run:
    """Return the run, checked if it is doubtful and as the record has it otherwise.

    A check that gets no answer, or for which the quota's share is used up, changes nothing.
    """
    return Checks(1).of([run], inferred=True)[0]


class Checks:
    """The checks that one request may make.

    Args:
        number: How many.
    """

    def __init__(self, number: int) -> None:
        self._left = number

    def of(self, runs: list[Run], *, inferred: bool = False) -> list[Run]:
        """Return the runs with the oldest of the doubtful ones checked.

        Args:
            runs: Runs, the newest first.
            inferred: Whether to check ends that were inferred, too.
        """
        doubtful = [i for i, run in enumerate(runs) if (inferred or not run.ended) and until_doubt(run) <= 0]
        chosen = doubtful[len(doubtful) - min(self._left, len(doubtful)) :][::-1]
        if not chosen or time.monotonic() < _pause.until:
            return runs
        self._left -= len(chosen)
        result = list(runs)
        try:
            asked = [i for i in chosen if not runs[i].is_express]
            granted = not asked or quota.take(len(asked))
            for i in chosen:
                if runs[i].is_express:
                    result[i] = _given_up(runs[i])
                elif granted:
                    result[i] = refreshed(runs[i], patience=CHECK_TIMEOUT)
        except Exception as error:
            if not (is_throttling(error) or is_unanswered(error)):
                raise
            _log.warning("a run could not be checked: %s", type(error).__name__)
            _pause.until = time.monotonic() + PAUSE_AFTER_FAILURE
        return result


class _Pause:
    """When this process may check again after a check without an answer, by the monotonic clock."""

    until = 0.0


_pause = _Pause()


def forget() -> None:
    """Check again at once."""
    _pause.until = 0.0


def refreshed(run: Run, *, patience: float | None = None) -> Run:
    """Return the run as Step Functions says it is, and bring its record up to date.

    Args:
        run: The run of a STANDARD flow.
        patience: How many seconds to wait for the one answer; None for the usual time and a second try.
    """
    try:
        outcome = executions.describe(run.execution_arn, patience=patience).outcome
    except executions.DoesNotExist:
        return _checked_now(run) if run.inferred or may_begin(run) else _never_began(run)
    news = outcome.status != run.status or (outcome.redrive_count or 0) > run.redrive_count or run.inferred
    if not news:
        return _checked_now(run)
    if not records.update(run.user_id, run.execution_id, run.execution_arn, outcome):
        _checked_now(run)  # the record knows better
    return _stored(run)


def _never_began(run: Run) -> Run:
    cause = "Step Functions doesn't know the execution: it never began, or it was deleted."
    records.infer(run, Outcome("FAILED", times.now(), error=NEVER_BEGAN, cause=cause))
    return _stored(run)


def _given_up(run: Run) -> Run:
    """An EXPRESS run whose process died: nobody can tell what became of it."""
    cause = "The API lost the execution. EXPRESS executions keep no record; make the flow STANDARD to have one."
    records.infer(run, Outcome("TIMED_OUT", times.now(), error="States.Timeout", cause=cause))
    return _stored(run)


def _checked_now(run: Run) -> Run:
    now = times.now()
    records.mark_checked(run, now)
    return replace(run, checked_date=now)


def _stored(run: Run) -> Run:
    return records.get(run.user_id, run.execution_id) or run


def _seconds(date: str) -> float:
    return datetime.fromisoformat(date).timestamp()
