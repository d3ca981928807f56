"""Runs: executions of flows, and their records.

A run is a record in DynamoDB before it is an execution: `starting` writes it, `status_events` keeps it up to date from
EventBridge, `finding` reads it and `waiting` waits for its end, `listing` pages through a user's, `control` stops and
redrives, `history` has the events, `states` what became of the states, `logs` what functions wrote. `belief` asks Step
Functions, within `quota`, where the events stay away, and `sweeping` does so every night. `status_pattern` says which
events are of use.
"""

from chalicelib.runs.records import Run
from chalicelib.runs.status_events import on_status_change

__all__ = ["Run", "on_status_change"]
