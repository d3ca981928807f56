from __future__ import annotations

from pydantic import BaseModel, Field

SLICE = 500
"""How many rows one call exports: choose it so that a call takes about a minute."""


class Progress(BaseModel):
    rows: int
    exported: int
    done: bool


def handler(rows: int = Field(ge=0), exported: int = Field(default=0, ge=0)) -> Progress:
    """Export the next slice of the rows, and return how far the job is."""
    exported = min(rows, exported + SLICE)  # here, read the rows from `exported` on and write them to their destination
    return Progress(rows=rows, exported=exported, done=exported == rows)
