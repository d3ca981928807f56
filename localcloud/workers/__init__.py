"""Runs functions in subprocesses, as Lambda would.

`pool` hands invocations to workers, `worker` is the parent's side of one subprocess, `bootstrap` the program that runs
in it, `outcome` words what went wrong as Lambda does.
"""

from localcloud.workers.pool import WorkerPool
from localcloud.workers.spec import FunctionSpec, InvocationResult

__all__ = ["FunctionSpec", "InvocationResult", "WorkerPool"]
