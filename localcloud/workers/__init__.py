"""Runs functions in subprocesses, as Lambda would.

`pool` hands invocations to workers. `waiting` decides whose turn it is, `staff` which workers there are and whether
there may be more, `limits` how many the machine can run, and `processes` starts and ends them. `worker` is the parent's
side of one subprocess, `bootstrap` the program that runs in it. `outcome` reports failures in Lambda's words. `lines`
is what the pool has to say, as data: what functions print, and its own reports.
"""

from localcloud.workers.lines import FunctionLine, PoolEntry, PoolListener, ReportKind, WorkerReport
from localcloud.workers.pool import WorkerPool
from localcloud.workers.spec import FunctionSpec, InvocationResult, Refusal
from localcloud.workers.waiting import Source

__all__ = [
    "FunctionLine",
    "FunctionSpec",
    "InvocationResult",
    "PoolEntry",
    "PoolListener",
    "Refusal",
    "ReportKind",
    "Source",
    "WorkerPool",
    "WorkerReport",
]
