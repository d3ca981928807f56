"""The X-Ray trace of an invocation, as Lambda tells its function and its log."""

from __future__ import annotations

import hashlib
from typing import NamedTuple

from chalicelib.runs.trace import root_of, segment_id
from localcloud.workers.waiting import Invocation


class Trace(NamedTuple):
    """The ids of an invocation's trace and of its segment in it.

    Lambda makes up a trace for an invocation that comes without one, and doesn't sample it.
    """

    root: str
    segment: str
    sampled: bool

    @property
    def header(self) -> str:
        """The value of `_X_AMZN_TRACE_ID`."""
        return f"Root={self.root};Parent={self.segment};Sampled={int(self.sampled)}"


def trace_of(invocation: Invocation) -> Trace:
    """Return the trace of an invocation: that of the run, for a task."""
    source = invocation.source
    digest = hashlib.sha256(invocation.request_id.encode()).hexdigest()
    root = root_of(source.trace_header)
    sampled = root is not None and "sampled=0" not in (source.trace_header or "").lower()
    if root is None:
        root = f"1-{int(invocation.began):08x}-{digest[:24]}"
    if not source.path:
        return Trace(root, digest[24:40], sampled)
    return Trace(root, segment_id(source.run, source.path, source.iterations, source.attempt), sampled)
