"""A proxy in front of the local cloud that loses, delays and falsifies calls, as networks and services do."""

from __future__ import annotations

import contextlib
import http.client
import http.server
import socket
import struct
import threading
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

FAULTS = ("reset", "500", "throttle", "hang", "late reset", "late 500", "late hang")
"""What can happen to a call. After a late fault the work is done although the caller has no answer."""


@dataclass
class Fault:
    """What happens to calls of `operation` whose body contains `about`."""

    operation: str
    kind: str
    about: str = ""
    times: int | None = None
    """How often, None for always."""


@dataclass
class FaultyAws:
    """Forwards calls to `endpoint`, except where a fault applies."""

    endpoint: str
    faults: list[Fault] = field(default_factory=list)
    delay: float = 0.0
    """Seconds by which every answer is late."""
    forwarded: list[str] = field(default_factory=list)
    """The operations that reached the cloud."""

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()

    def count(self, operation: str) -> int:
        """How often an operation reached the cloud."""
        return self.forwarded.count(operation)

    def fault_of(self, operation: str, body: bytes) -> str:
        """The kind of fault that meets a call, the empty string for none."""
        with self._lock:
            for fault in self.faults:
                if fault.operation == operation and fault.about.encode() in body and fault.times != 0:
                    if fault.times is not None:
                        fault.times -= 1
                    return fault.kind
        return ""

    def forward(self, headers: dict[str, str], body: bytes, operation: str) -> tuple[int, bytes]:
        self.forwarded.append(operation)
        connection = http.client.HTTPConnection(urlsplit(self.endpoint).netloc, timeout=30)
        try:
            connection.request("POST", "/", body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def _handler(self) -> type[http.server.BaseHTTPRequestHandler]:
        proxy = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True
            wbufsize = -1

            def handle(self) -> None:
                with contextlib.suppress(OSError, ValueError):  # the caller has gone, or was reset
                    super().handle()

            def finish(self) -> None:
                with contextlib.suppress(OSError, ValueError):
                    super().finish()

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                operation = self.headers.get("X-Amz-Target", "").rpartition(".")[2]
                kind = proxy.fault_of(operation, body)
                answer = (200, b"{}")
                if not kind or kind.startswith("late"):
                    answer = proxy.forward(dict(self.headers.items()), body, operation)
                time.sleep(proxy.delay)
                match kind.rpartition(" ")[2]:
                    case "reset":
                        linger = struct.pack("ii", 1, 0)
                        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                        self.connection.close()
                        self.close_connection = True
                    case "hang":
                        proxy._closing.wait(20)
                        self.close_connection = True
                    case "500":
                        self._reply(500, b'{"__type": "InternalServerError"}')
                    case "throttle":
                        self._reply(400, b'{"__type": "ThrottlingException"}')
                    case _:
                        self._reply(*answer)

            def _reply(self, status: int, body: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Type", "application/x-amz-json-1.0")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
                self.wfile.flush()

            def log_message(self, *_: Any) -> None:
                pass

        return Handler
