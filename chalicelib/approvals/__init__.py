"""Approvals: tasks of flows that wait for a person's answer.

A state with `.waitForTaskToken` calls the function `approvals` (`from_flow`), which writes a record with the task's
token (`opening`). `finding` lists and finds the records for those who may answer, `answering` takes the answer and
hands it to Step Functions. A function that has got a token itself opens an approval with `open_approval`.

The records are in the table of runs: an item for each approval, and an index item in the list of each group and user
who may answer (`records`).
"""

from chalicelib.approvals.opening import Opened, Question, from_flow, open_approval

__all__ = ["Opened", "Question", "from_flow", "open_approval"]
