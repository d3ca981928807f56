"""How many workers this machine can run: a rule from its cores, its memory and the process's file descriptors."""

from __future__ import annotations

import os
import resource
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from localcloud.settings import SetupError

VARIABLE = "LOCALCLOUD_WORKERS"
RUNNING_PER_CORE = 8  # most functions wait for I/O most of the time
WORKERS_PER_CORE = 32
MIN_WORKERS = 4
MAX_WORKERS = 1000  # the default concurrency of an AWS account
WORKER_MEMORY = 64 * 1024 * 1024  # a worker that has loaded boto3
WORKER_DESCRIPTORS = 3  # a socket, a pipe and a handle of the process
_MEMORY_INFO = Path("/proc/meminfo")
_CONTAINER_LIMIT = Path("/sys/fs/cgroup/memory.max")
_CONTAINER_USE = Path("/sys/fs/cgroup/memory.current")


@dataclass(frozen=True, slots=True)
class Machine:
    """What workers need: cores, available memory in bytes, and how many file descriptors a process may have."""

    cores: int
    memory: int
    descriptors: int


@dataclass(frozen=True, slots=True)
class Limits:
    """How many workers there may be.

    `running` bounds the invocations that run at once, not counting those that have been running for so long that they
    probably wait for something. `workers` bounds the processes. `most` bounds them when every worker is taken and
    nothing ends, which happens when functions wait for functions that wait for a worker.
    """

    running: int
    workers: int

    @property
    def most(self) -> int:
        return max(2 * self.workers, self.workers + MIN_WORKERS)


def limits_for(machine: Machine) -> Limits:
    """Return the default limits on a machine: workers take at most half of its memory and of the descriptors."""
    by_memory = machine.memory // 2 // WORKER_MEMORY
    by_descriptors = machine.descriptors // 2 // WORKER_DESCRIPTORS
    workers = min(WORKERS_PER_CORE * machine.cores, by_memory, by_descriptors, MAX_WORKERS)
    workers = max(workers, MIN_WORKERS)
    return Limits(min(RUNNING_PER_CORE * machine.cores, workers), workers)


def configured_limits(environment: Mapping[str, str] = os.environ) -> Limits:
    """Return the limits that LOCALCLOUD_WORKERS sets, or the default limits on this machine.

    Raises:
        SetupError: The variable is not a number of workers.
    """
    value = environment.get(VARIABLE)
    if not value:
        return limits_for(this_machine())
    if not value.isascii() or not value.isdigit() or not 1 <= int(value) <= MAX_WORKERS:
        raise SetupError(f"{VARIABLE} must be a number from 1 to {MAX_WORKERS}; got {value!r}.")
    return Limits(int(value), int(value))


def this_machine() -> Machine:
    """Return what this process may use of the machine, or of the container in which it runs."""
    descriptors = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if descriptors == resource.RLIM_INFINITY:
        descriptors = 1 << 20
    return Machine(usable_cores(), min(_available_memory(), _memory_left_in_container()), descriptors)


def usable_cores() -> int:
    """Return the number of cores on which this process may run."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _available_memory() -> int:
    try:
        for line in _MEMORY_INFO.read_text().splitlines():
            name, _, amount = line.partition(":")
            if name == "MemAvailable":
                return int(amount.split()[0]) * 1024
    except (OSError, ValueError, IndexError):
        pass
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2  # other systems do not say what is in use


def _memory_left_in_container() -> int:
    """Return what the control group may still use; a very large number where it has no limit."""
    try:
        return max(0, int(_CONTAINER_LIMIT.read_text()) - int(_CONTAINER_USE.read_text()))
    except (OSError, ValueError):  # there is no group, or its limit is `max`
        return 1 << 62
