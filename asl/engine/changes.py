"""What AWS Step Functions has changed, and when.

The engine does as the service does today. An execution that began earlier, as recorded ones did (which run by a clock
that shows their time), behaves as the service did then.
"""

from __future__ import annotations

from datetime import UTC, datetime

from asl.engine.execution import Execution


def _day(year: int, month: int, day: int) -> float:
    return datetime(year, month, day, tzinfo=UTC).timestamp()


REDRIVE_IS_TOLD = _day(2023, 11, 15)
"""The answer of `startExecution.sync` has RedriveCount and RedriveStatus, since executions can be redriven
(https://aws.amazon.com/about-aws/whats-new/2023/11/aws-step-functions-redrive-failed-executions/)."""

EXIT_FOLLOWS_MAP_RUN_STARTED = _day(2024, 11, 1)
"""The exit of a distributed Map follows the start of its Map Run, in recorded answers since November 2024. It followed
the Map Run's end in those up to June 2024."""

OBJECTS_ARE_ITEMS = _day(2025, 9, 18)
"""A data set in JSON may be an object, whose members are the items, since ItemsPointer selects one
(https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itemreader.html)."""


def applies(change: float, execution: Execution) -> bool:
    """Return whether a change was made before an execution began."""
    return execution.start_date >= change
