"""Runs: executions of flows, and their records.

A run is a record in DynamoDB before it is an execution: `starting` writes it, `status_events` keeps it up to date from
EventBridge, `finding` reads it (and asks Step Functions only if no event arrives), `listing` pages through it,
`control` stops and redrives, `history` reads the events.
"""

from chalicelib.runs.records import Run
from chalicelib.runs.status_events import on_status_change

__all__ = ["Run", "on_status_change"]
