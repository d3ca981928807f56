"""The parent's side of one worker process: its start and end, messages, and log lines."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from localcloud.packages import STAMP
from localcloud.workers import tracing
from localcloud.workers.lines import FunctionLine, PoolListener
from localcloud.workers.spec import FunctionSpec
from localcloud.workers.waiting import Invocation

BOOTSTRAP = Path(__file__).with_name("bootstrap.py")
_LENGTHS = 8
_READ_BYTES = 1 << 20
_OUTPUT_BYTES = 16384  # read at a time, so that a function that never stops printing does not hold up the others
_PIPE_BYTES = 1 << 20  # more than a pipe can hold
_MAX_LINE_BYTES = 256 * 1024  # CloudWatch Logs splits longer events as well
_LOG_TAIL_BYTES = 4096  # what an Invoke with LogType=Tail returns
_MOST_HELD = 1000  # lines of an initialisation, until it is known for which invocation it is
# What a process needs on this machine. Functions see nothing else of the developer's environment.
_INHERITED = (
    *("PATH", "HOME", "USER", "LANG", "LC_ALL", "LC_CTYPE", "TMPDIR", "SYSTEMROOT", "LD_LIBRARY_PATH", "VIRTUAL_ENV"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE"),
    *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"),
)

Stamp = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Message:
    """What a worker sent: see `bootstrap`."""

    header: dict[str, Any]
    payload: bytes


def lambda_environment(spec: FunctionSpec) -> dict[str, str]:
    """Return the function's own variables and those that Lambda sets.

    https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime
    """
    region = spec.arn.split(":")[3]
    return {
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        **spec.environment,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_python{sys.version_info.major}.{sys.version_info.minor}",
        "AWS_LAMBDA_FUNCTION_NAME": spec.name,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(spec.memory),
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{spec.name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": f"local/[$LATEST]{os.getpid():08x}",
        "LAMBDA_TASK_ROOT": str(spec.code),
        "TZ": ":UTC",
        "_HANDLER": spec.handler,
    }


class Worker:
    """A subprocess that runs one function, one invocation at a time.

    Only the pool's own thread calls its methods, except `send_invocation`: on Linux the process dies with the thread
    that started it.

    Args:
        listener: Receives each line that the function prints.

    Raises:
        OSError: The process could not be started, for want of file descriptors, processes or memory.
    """

    def __init__(self, listener: PoolListener) -> None:
        with contextlib.ExitStack() as on_failure:
            ours, theirs = socket.socketpair()
            on_failure.callback(ours.close)
            with theirs:
                read_end, write_end = os.pipe()
                on_failure.callback(os.close, read_end)
                try:
                    self.process = self._start(theirs.fileno(), write_end)
                finally:
                    os.close(write_end)
            on_failure.pop_all()
        os.set_blocking(read_end, False)
        self.socket = ours
        self.output = read_end
        self.spec: FunctionSpec | None = None
        self.started = False  # whether the interpreter runs; one that ends before has failed to start
        self.out_of_memory = False  # whether it is ending since the function needs more than its memory
        self.idle_since = 0.0  # monotonic seconds
        self.timer_at = float("inf")  # when the pool looks at it next
        self.ended = False
        self._files: dict[str, Stamp] = {}
        self._packages: Stamp | None = None
        self._listener = listener
        self._invocation: Invocation | None = None  # whose lines it prints
        self._held: list[FunctionLine] | None = []  # lines of the initialisation; None once it is over
        self._received = bytearray()
        self._line = b""
        self._tail = ""

    @staticmethod
    def _start(connection: int, output: int) -> subprocess.Popen[bytes]:
        return subprocess.Popen[bytes](
            [sys.executable, "-P", str(BOOTSTRAP), str(os.getpid())],
            stdin=connection,
            stdout=output,
            stderr=output,
            env={name: os.environ[name] for name in _INHERITED if name in os.environ},
            start_new_session=True,  # Ctrl-C in the terminal is ours to handle, and a kill reaches its children too
        )

    def send_init(self, spec: FunctionSpec) -> None:
        """Give the worker its function. It answers `ready` or `init-error`."""
        self.spec = spec
        self._packages = _stamp(str(spec.code / STAMP))
        environment = lambda_environment(spec)
        header = {"op": "init", "code": str(spec.code), "handler": spec.handler, "memory": spec.memory}
        self._send({**header, "environment": environment}, b"")

    def send_invocation(self, invocation: Invocation, deadline: float) -> None:
        """Start an invocation. If the worker has died in the meantime, the pool learns of it from the process's end.

        Args:
            invocation: The invocation.
            deadline: When the function's time is over, in seconds of the wall clock.
        """
        self._tail = ""
        invocation.began = time.time()
        self.attribute_to(invocation)
        header = {"op": "invoke", "id": invocation.request_id, "arn": invocation.spec.arn, "deadline": deadline}
        self._send({**header, "trace": tracing.trace_of(invocation).header}, invocation.payload)

    def attribute_to(self, invocation: Invocation | None) -> None:
        """Let the lines that come from now on, and those of the initialisation, belong to an invocation or to none."""
        self._invocation = invocation
        held, self._held = self._held, None
        for line in held or ():
            self._pass_on(line)

    def _send(self, header: Mapping[str, Any], payload: bytes) -> None:
        head = json.dumps(header).encode()
        lengths = len(head).to_bytes(4, "big") + len(payload).to_bytes(4, "big")
        with contextlib.suppress(OSError):
            if len(payload) < 65536:
                self.socket.sendall(lengths + head + payload)
            else:
                self.socket.sendall(lengths + head)
                self.socket.sendall(payload)

    def receive(self) -> tuple[list[Message], bool]:
        """Return the messages that have arrived, and whether the worker has closed its end."""
        closed = False
        try:
            while chunk := self.socket.recv(_READ_BYTES, socket.MSG_DONTWAIT):
                self._received += chunk
            closed = True
        except BlockingIOError:
            pass
        except OSError:
            closed = True
        messages = []
        while (message := self._take_message()) is not None:
            messages.append(message)
            for path, stamp in message.header.get("files", {}).items():
                self._files[path] = tuple(stamp)
        return messages, closed

    def _take_message(self) -> Message | None:
        data = self._received
        if len(data) < _LENGTHS:
            return None
        body = _LENGTHS + int.from_bytes(data[:4], "big")
        end = body + int.from_bytes(data[4:8], "big")
        if len(data) < end:
            return None
        message = Message(json.loads(data[_LENGTHS:body]), bytes(data[body:end]))
        del data[:end]
        return message

    def drain_output(self, most: int = _OUTPUT_BYTES) -> bool:
        """Pass on up to about `most` bytes of what the function has printed. Return False if nothing more can come."""
        while most > 0:
            try:
                chunk = os.read(self.output, _OUTPUT_BYTES)
            except BlockingIOError:
                return True
            except OSError:
                return False
            if not chunk:
                return False
            most -= len(chunk)
            self._tail = (self._tail + chunk.decode("utf-8", "replace"))[-_LOG_TAIL_BYTES:]
            *lines, self._line = (self._line + chunk).split(b"\n")
            for line in lines:
                self._write_line(line)
            if len(self._line) >= _MAX_LINE_BYTES:
                self._write_line(self._line)
                self._line = b""
        return True

    def write_error(self, document: bytes) -> None:
        """Write to the function's log what Lambda's runtime writes of an error.

        Args:
            document: The error document: JSON with `errorType`, `errorMessage` and `stackTrace`.
        """
        error = json.loads(document)
        text = f"[ERROR] {error['errorType']}: {error['errorMessage']}"
        if error["stackTrace"]:
            text += "\nTraceback (most recent call last):\n" + "".join(error["stackTrace"]).rstrip()
        self._tail = (self._tail + text + "\n")[-_LOG_TAIL_BYTES:]
        self._write(FunctionLine(time.time(), self._name, text, is_error=True))

    @property
    def _name(self) -> str:
        return self.spec.name if self.spec else "worker"

    def _write_line(self, text: bytes) -> None:
        line = text.decode("utf-8", "replace").rstrip().replace("\r", "\n")  # breaks inside an entry: see bootstrap
        self._write(FunctionLine(time.time(), self._name, line))

    def _write(self, line: FunctionLine) -> None:
        if self._held is None:
            self._pass_on(line)
            return
        self._held.append(line)
        if len(self._held) >= _MOST_HELD:
            self.attribute_to(None)

    def _pass_on(self, line: FunctionLine) -> None:
        invocation = self._invocation
        if invocation is not None:
            line = replace(line, request_id=invocation.request_id, source=invocation.source)
        self._listener(line)

    def take_log(self) -> str:
        """Return the end of what was printed since the invocation began. Nothing printed before stays unread."""
        self.drain_output(_PIPE_BYTES)
        if self._line:  # it has no end: what the next invocation prints must not be added to it
            self._write_line(self._line)
            self._line = b""
        return self._tail

    def is_stale(self) -> bool:
        """Return whether a source file that it has loaded has changed, or packages were installed since it started."""
        if self.spec is not None and _stamp(str(self.spec.code / STAMP)) != self._packages:
            return True
        return any(_stamp(path) != stamp for path, stamp in self._files.items())

    def end(self, grace: float = 0.0) -> int:
        """Kill the process and what it started, and return its return code.

        Args:
            grace: For how many seconds to wait first for a process that is already ending, to get its own return code.
        """
        self.ended = True
        code: int | None
        try:
            code = self.process.wait(grace) if grace else self.process.poll()
        except subprocess.TimeoutExpired:
            code = None
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        if code is None:
            code = self.process.wait()
        self.drain_output(_PIPE_BYTES)
        if self._line:
            self._write_line(self._line)
        self.attribute_to(None)
        self.socket.close()
        os.close(self.output)
        return code


def _stamp(path: str) -> Stamp | None:
    try:
        status = os.stat(path)  # noqa: PTH116 - on the path of every call
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
