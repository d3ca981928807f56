"""The X-Ray trace of a run, by which its functions are found: nothing is put into payloads.

StartExecution's `traceHeader` names the trace, and Step Functions hands it down to the functions and flows that the run
calls. The trace's id has all digits of the execution's, so that nobody has to keep it, and a flow that was started by
another one leads back to the run in which it all began.
https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

from chalicelib.runs.ids import is_id, of_parts, parts_of

_ROOT = re.compile(r"(?:^|;)\s*Root=(1-[0-9a-f]{8}-[0-9a-f]{24})", re.IGNORECASE)


def trace_id(execution_id: str) -> str | None:
    """Return the id of the trace of a run that the API started: `1-<seconds>-<24 digits>`; None for other ids."""
    if not is_id(execution_id):
        return None
    milliseconds, fraction, random = parts_of(execution_id)
    seconds, rest = divmod(milliseconds, 1000)
    return f"1-{seconds:08x}-{(rest << 12 | fraction) << 62 | random:021x}{_check(execution_id)}"


def execution_id_of(trace: str) -> str | None:
    """Return the id of the run whose trace this is; None if it is the trace of something else."""
    seconds, digits = int(trace[2:10], 16), int(trace[11:32], 16)
    rest, fraction, random = digits >> 74, digits >> 62 & 0xFFF, digits & (1 << 62) - 1
    if rest >= 1000:
        return None
    found = of_parts(seconds * 1000 + rest, fraction, random)
    return found if trace[32:] == _check(found) else None


def _check(execution_id: str) -> str:
    """Return three digits, which tell a trace of ours from others."""
    return hashlib.sha256(execution_id.encode()).hexdigest()[:3]


def trace_header(execution_id: str, parent: str | None = None) -> str:
    """Return the `traceHeader` to start a run with. It is sampled: Lambda names no trace in its log otherwise.

    Args:
        execution_id: The run's id.
        parent: The id of the segment that the run's are below.
    """
    above = "" if parent is None else f"Parent={parent};"
    return f"Root={trace_id(execution_id)};{above}Sampled=1"


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
