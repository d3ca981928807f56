"""A folder of functions and a pool that runs them."""

from __future__ import annotations

import json
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from localcloud.workers import FunctionSpec, InvocationResult, PoolEntry, Source, WorkerPool
from localcloud.workers.waiting import NOBODY

WAIT_SECONDS = 30.0
ARN = "arn:aws:lambda:us-east-1:123456789012:function:"


class Functions:
    """A folder of functions and a pool that runs them."""

    def __init__(self, folder: Path, pool: WorkerPool) -> None:
        self.folder = folder
        self.pool = pool

    def write(self, source: str, module: str = "fn") -> None:
        (self.folder / f"{module}.py").write_text(textwrap.dedent(source))

    def spec(self, name: str = "handler", **changes: Any) -> FunctionSpec:
        values: dict[str, Any] = {
            "arn": ARN + name,
            "name": name,
            "code": self.folder,
            "handler": f"fn.{name}",
            "environment": {},
            "timeout": 20.0,
            "memory": 256,
        }
        return FunctionSpec(**{**values, **changes})

    def start(self, spec: FunctionSpec, event: Any = None, source: Source = NOBODY) -> Callable[[], InvocationResult]:
        done = threading.Event()
        results: list[InvocationResult] = []

        def on_done(result: InvocationResult) -> None:
            results.append(result)
            done.set()

        self.pool.invoke(spec, json.dumps(event).encode(), on_done, source)

        def wait() -> InvocationResult:
            assert done.wait(WAIT_SECONDS), "the invocation has not ended"
            assert len(results) == 1
            return results[0]

        return wait

    def result(self, spec: FunctionSpec, event: Any = None) -> InvocationResult:
        return self.start(spec, event)()

    def call(self, spec: FunctionSpec, event: Any = None) -> Any:
        result = self.result(spec, event)
        assert result.error is None, result.payload
        return json.loads(result.payload)

    def failure(self, spec: FunctionSpec, event: Any = None) -> dict[str, Any]:
        result = self.result(spec, event)
        assert result.error == "Unhandled"
        document: dict[str, Any] = json.loads(result.payload)
        return document


@pytest.fixture
def entries() -> list[PoolEntry]:
    return []


@pytest.fixture
def functions(tmp_path: Path, entries: list[PoolEntry]) -> Iterator[Functions]:
    pool = WorkerPool(listener=entries.append)
    yield Functions(tmp_path, pool)
    pool.close()
    assert pool.process_ids == []


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it has not happened"
        time.sleep(0.01)
