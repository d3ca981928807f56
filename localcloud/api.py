"""Starts the API's process, and restarts it when the application's code changes or the process dies.

The listening socket belongs to this process and outlives them: connections that arrive meanwhile wait in its queue. A
new process takes over only once it serves, so that a mistake in the code leaves the old one in place. The connections
that clients keep go from the old one to the new one over a pair of sockets, so that no request is lost in between.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from chalicelib.plugins import INDEX
from localcloud import packages
from localcloud.notices import INFO, notice
from localcloud.settings import clean_environment
from localcloud.sockets import wait_readable

START_SECONDS = 60.0
STOP_SECONDS = 5.0
WATCH_SECONDS = 0.3
RETRY_SECONDS = 2.0
MAX_RESTARTS = 5  # in a row without ever serving

Stamp = dict[str, tuple[int, int]]


class ApiError(Exception):
    """The application cannot be served."""


class _Process:
    """One process of the API. It is spawned before its environment is known, to import what takes time meanwhile."""

    def __init__(self, root: Path, listener: socket.socket, handover: tuple[socket.socket, socket.socket]) -> None:
        self._ready, ready_write = os.pipe()
        descriptors = (listener.fileno(), ready_write, *(end.fileno() for end in handover))
        command = [sys.executable, "-m", "localcloud.api_process", *map(str, descriptors), str(os.getpid())]
        try:
            self.popen = subprocess.Popen[bytes](
                command,
                stdin=subprocess.PIPE,
                cwd=root,
                pass_fds=descriptors,
                start_new_session=True,  # Ctrl-C in the terminal is ours to handle
            )
        except OSError:
            os.close(self._ready)
            raise
        finally:
            os.close(ready_write)

    def configure(self, environment: Mapping[str, str]) -> None:
        """Hand over the environment; the process then imports the application."""
        assert self.popen.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self.popen.stdin.write(json.dumps(dict(environment)).encode() + b"\n")
            self.popen.stdin.flush()

    def serve(self) -> None:
        """Let the process, which is ready, answer requests."""
        assert self.popen.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self.popen.stdin.write(b"serve\n")
            self.popen.stdin.flush()

    def wait_ready(self) -> bool:
        """Whether the process is ready to serve; False when it has ended, or was not in time."""
        try:
            readable = wait_readable(self._ready, seconds=START_SECONDS)
            return bool(readable and os.read(self._ready, 16))
        finally:
            os.close(self._ready)

    def stop(self, seconds: float) -> None:
        """Let requests under way finish within `seconds`."""
        if self.popen.poll() is None:
            self.popen.terminate()
            try:
                self.popen.wait(seconds)
            except subprocess.TimeoutExpired:
                self.popen.kill()
        self.popen.wait()
        if self.popen.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self.popen.stdin.close()


class Api:
    """The API on `listener`."""

    def __init__(self, root: Path, listener: socket.socket) -> None:
        self._root = root
        self._listener = listener
        self._environment: dict[str, str] = {}
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._stamp = source_stamp(root)
        self._handover = socket.socketpair()
        self._process = _Process(root, listener, self._handover)
        self._watcher: threading.Thread | None = None

    @property
    def process_id(self) -> int:
        return self._process.popen.pid

    def start(self, cloud_environment: Mapping[str, str]) -> None:
        """Import the application; requests wait for `serve`.

        Raises:
            ApiError: The application cannot be imported; the log has the reason.
        """
        self._environment = clean_environment(cloud_environment)
        self._process.configure(self._environment)
        if not self._process.wait_ready():
            self._process.stop(STOP_SECONDS)
            raise ApiError("The application cannot be served; see the error above.")

    def serve(self) -> None:
        """Answer requests from now on, and watch the application's code."""
        self._process.serve()
        self._watcher = threading.Thread(target=self._watch, name="api-watcher", daemon=True)
        self._watcher.start()

    def close(self) -> None:
        """Stop serving."""
        self._closing.set()
        if self._watcher is not None:
            self._watcher.join(START_SECONDS)
        with self._lock:
            self._process.stop(STOP_SECONDS)
        for end in self._handover:
            end.close()

    def _watch(self) -> None:
        failures = 0
        while not self._closing.wait(WATCH_SECONDS):
            stamp = source_stamp(self._root)
            died = self._process.popen.poll() is not None
            if stamp == self._stamp and not died:
                continue
            if died and stamp == self._stamp and failures >= MAX_RESTARTS:
                continue  # until a file changes
            changed = sorted(path for path, _ in set(stamp.items()) ^ set(self._stamp.items()))
            reason = f"{', '.join(dict.fromkeys(changed))} changed" if changed else "its process has ended"
            try:
                failures = 0 if self._replace(reason, died) else failures + 1
            except OSError as error:  # no descriptor or process is left: tried again until there is
                notice(f"The API's process can't be started ({error.strerror}); trying again.")
                self._closing.wait(RETRY_SECONDS)
                continue
            self._stamp = stamp

    def _replace(self, reason: str, died: bool) -> bool:
        began = time.monotonic()
        successor = _Process(self._root, self._listener, self._handover)
        successor.configure(self._environment)
        if successor.wait_ready():
            with self._lock:
                previous, self._process = self._process, successor
            successor.serve()
            seconds = time.monotonic() - began
            notice(f"API restarted in {seconds:.1f} s: {reason}", INFO)
            threading.Thread(target=previous.stop, args=(START_SECONDS,), daemon=True).start()
            return True
        successor.stop(STOP_SECONDS)
        state = "is down" if died else "still runs the code as it was"
        notice(f"The API {state}: {reason}, and the application cannot be served; see the error above.")
        return False


def source_stamp(root: Path) -> Stamp:
    """Return stamps of the files that the API's process imports or reads at its start, and so cannot reload.

    Functions and flows are not among them: the application looks after those.
    """
    stamp: Stamp = {}
    start = len(str(root)) + 1
    for path in _sources(root):
        try:
            status = os.stat(path)  # noqa: PTH116
        except OSError:
            continue
        stamp[path[start:]] = (status.st_mtime_ns, status.st_size)
    return stamp


def _sources(root: Path) -> Iterator[str]:
    yield str(root / "app.py")
    yield str(root / INDEX)
    yield str(root / packages.STAMP)
    yield str(root / ".chalice" / "config.json")
    functions = str(root / "chalicelib" / "lib")
    pending = [str(root / "chalicelib"), str(root / "compiler"), str(root / "asl" / "language")]
    while pending:
        folder = pending.pop()
        try:
            entries = list(os.scandir(folder))
        except OSError:
            continue
        for entry in entries:
            if entry.is_dir():
                if entry.path != functions and entry.name != "__pycache__":
                    pending.append(entry.path)
            elif entry.name.endswith(".py"):
                yield entry.path
