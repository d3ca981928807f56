"""A process that cannot be started is tried again."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from localcloud.workers import PoolEntry, ReportKind, WorkerReport
from localcloud.workers import pool as pool_module
from tests.localcloud.workers.conftest import ARN, Functions, wait_until

ROOT = Path(__file__).resolve().parents[3]


def run(program: str) -> str:
    command = [sys.executable, "-c", textwrap.dedent(program)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


@pytest.mark.parametrize("limits", ["None", "Limits(100, 100)"], ids=["default", "too-many"])
def test_256_descriptors_serve_100_invocations(tmp_path: Path, limits: str) -> None:
    """As many as a process has on macOS. 100 workers would need more."""
    source = """
        import os, time
        def handler(event, context):
            while not os.path.exists("go"):
                time.sleep(0.01)
            return event
    """
    (tmp_path / "fn.py").write_text(textwrap.dedent(source))
    program = f"""
        import json, resource, sys, threading, time
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))
        from pathlib import Path
        from localcloud.workers import FunctionSpec, WorkerPool
        from localcloud.workers.limits import Limits
        from localcloud.workers.lines import as_text
        lines, results, done = [], [], threading.Semaphore(0)
        pool = WorkerPool(limits={limits}, listener=lambda entry: lines.append(as_text(entry)))
        spec = FunctionSpec("{ARN}x", "x", Path({str(tmp_path)!r}), "fn.handler", {{}}, 60, 256)
        def on_done(result):
            results.append(json.loads(result.payload))
            done.release()
        kept = [open("/dev/null") for _ in range(120)]  # a server has connections as well
        for number in range(100):
            pool.invoke(spec, str(number).encode(), on_done)
        while {limits} and not lines:
            time.sleep(0.01)
        Path({str(tmp_path / "go")!r}).touch()
        for _ in range(100):
            assert done.acquire(timeout=60), (len(results), lines)
        assert sorted(results) == list(range(100)), results
        pool.invoke(spec, b"1", on_done)
        assert done.acquire(timeout=60), "the pool has ended"
        print(json.dumps(lines))
        pool.close()
    """
    lines = json.loads(run(program))
    if limits != "None":
        assert "[workers] Could not start a process for a function (Too many open files)." in lines[0]


@pytest.mark.parametrize("interpreter", ["missing", "fails"])
def test_a_failed_start_is_tried_again(
    functions: Functions, entries: list[PoolEntry], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, interpreter: str
) -> None:
    functions.write("def one(event, context): return 1\ndef two(event, context): return 2")
    wait_until(lambda: bool(functions.pool.process_ids))
    path = tmp_path / "python"
    if interpreter == "fails":
        path.write_text("#!/bin/sh\nexit 3\n")
        path.chmod(0o700)
    with monkeypatch.context() as patched:
        patched.setattr(sys, "executable", str(path))
        assert functions.call(functions.spec("one")) == 1  # by the interpreter in reserve
        waiting = functions.start(functions.spec("two"))
        reason = {"missing": "No such file or directory", "fails": "it ended with status 3"}[interpreter]
        wait_until(
            lambda: any(f"Could not start a process for a function ({reason})" in entry.text for entry in entries)
        )
    assert json.loads(waiting().payload) == 2
    assert [entry.kind for entry in entries if isinstance(entry, WorkerReport)] == [ReportKind.START_FAILURE]


def test_invocations_fail_if_no_process_can_be_started_for_long(
    functions: Functions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wait_until(lambda: bool(functions.pool.process_ids))
    functions.write("def one(event, context): return 1\ndef two(event, context): return 2")
    with monkeypatch.context() as patched:
        patched.setattr(pool_module, "GIVE_UP_SECONDS", 0.3)
        patched.setattr(sys, "executable", str(tmp_path / "missing"))
        functions.call(functions.spec("one"))
        assert functions.failure(functions.spec("two")) == {
            "errorType": "Lambda.ServiceException",
            "errorMessage": "Could not start a process for the function: No such file or directory",
        }
    assert functions.call(functions.spec("two")) == 2


def test_a_closed_log_does_not_end_the_pool(tmp_path: Path) -> None:
    (tmp_path / "fn.py").write_text("def handler(event, context):\n    print('x')\n    return event")
    program = f"""
        import sys, threading
        from pathlib import Path
        from localcloud.workers import FunctionSpec, WorkerPool
        pool = WorkerPool()
        sys.stderr.close()
        spec = FunctionSpec("{ARN}x", "x", Path({str(tmp_path)!r}), "fn.handler", {{}}, 60, 256)
        for _ in range(2):
            done = threading.Event()
            pool.invoke(spec, b"1", lambda result: (print(result.payload.decode()), done.set()))
            assert done.wait(30)
        pool.close()
    """
    assert run(program).split() == ["1", "1"]
