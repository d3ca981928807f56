"""`make run` ends when make alone is told to."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.end_to_end import server as servers

ROOT = Path(__file__).resolve().parents[2]
CODE = """
import sys, threading
from localcloud.interrupted_make import follow_make
from localcloud.stopping import Stop
stop = Stop()
follow_make(stop)
print("waiting", threading.active_count(), flush=True)
print("stopped" if stop.wait(float(sys.argv[1])) else "not stopped", flush=True)
"""


@pytest.mark.skipif(shutil.which("make") is None or sys.platform != "linux", reason="needs make and /proc")
@pytest.mark.parametrize(("number", "ends"), [(signal.SIGINT, True), (signal.SIGKILL, True), (None, False)])
def test_a_signal_to_make_alone(tmp_path: Path, number: signal.Signals | None, ends: bool) -> None:
    (tmp_path / "code.py").write_text(CODE)
    command = f"PYTHONPATH={ROOT} exec {sys.executable} code.py {30 if ends else 1.5}"
    (tmp_path / "Makefile").write_text(f"run:\n\t@{command}\n")
    make = subprocess.Popen(
        ["make", "run"],
        cwd=tmp_path,
        env=servers.environment(),  # without what an outer make says
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert make.stdout is not None and make.stderr is not None
    assert make.stdout.readline() == "waiting 2\n"
    if number is not None:
        make.send_signal(number)
    assert make.stdout.readline() == ("stopped\n" if ends else "not stopped\n")
    make.communicate(timeout=30)


def test_without_make_nothing_is_watched(tmp_path: Path) -> None:
    (tmp_path / "code.py").write_text(CODE)
    done = subprocess.run(
        [sys.executable, "code.py", "0"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "waiting 1\nnot stopped\n"
