"""The X-Ray trace of a run, by which its functions are found: nothing is put into payloads.

StartExecution's `traceHeader` names the trace, and Step Functions hands it down to the functions and flows that the run
calls. The trace's id is derived from the execution's, so that nobody has to keep it.
https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

from chalicelib.runs.ids import made_at

_ROOT = re.compile(r"(?:^|;)\s*Root=(1-[0-9a-f]{8}-[0-9a-f]{24})", re.IGNORECASE)


def trace_id(execution_id: str) -> str | None:
    """Return the id of the trace of a run that the API started: `1-<seconds>-<24 digits>`; None for other ids."""
    seconds = made_at(execution_id)
    if seconds is None:
        return None
    return f"1-{int(seconds):08x}-{hashlib.sha256(execution_id.encode()).hexdigest()[:24]}"


def trace_header(execution_id: str) -> str:
    """Return the `traceHeader` to start a run with. It is sampled: Lambda names no trace in its log otherwise."""
    return f"Root={trace_id(execution_id)};Sampled=1"


def root_of(header: str | None) -> str | None:
    """Return the trace's id in a trace header, None if there is none."""
    match = _ROOT.search(header or "")
    return None if match is None else match[1].lower()


def segment_id(run_arn: str, path: str, iterations: Iterable[int], attempt: int) -> str:
    """Return the id of the segment of a task's attempt, as the local cloud gives it: 16 hexadecimal digits.

    On AWS, X-Ray draws these ids at random. The local cloud derives them, so that a line of the log, which names the
    segment, leads to the attempt without doubt.

    Args:
        run_arn: The execution that was started.
        path: The task's JSON pointer in the definition.
        iterations: The index of the item in each Map around it, the outermost first.
        attempt: 1 for the first attempt.
    """
    text = "\n".join([run_arn, path, ".".join(map(str, iterations)), str(attempt)])
    return hashlib.sha256(text.encode()).hexdigest()[:16]
