"""A threaded HTTP/1.1 server on the loopback interface, for the AWS endpoint and the API.

`http.server` waits 40 ms for Nagle's algorithm on kept connections, reads no chunked bodies, drops the connection on
what it does not understand, and parses headers with the e-mail package. This one answers everything, in one write, and
parses what HTTP/1.1 needs (RFC 9112).
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
import sys
import threading
import time
import traceback
from collections.abc import Iterable
from dataclasses import dataclass
from email.utils import formatdate
from http import HTTPStatus
from io import BufferedReader
from socketserver import StreamRequestHandler, TCPServer, ThreadingMixIn
from typing import Any, cast

MAX_LINE_BYTES = 65536
MAX_HEADERS = 200
IDLE_TIMEOUT = 120.0  # seconds a kept connection may wait for its next request

_REASONS = {status.value: status.phrase for status in HTTPStatus}
_TOKEN = frozenset("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")


def is_token(text: str) -> bool:
    """Whether `text` may be a method or a header's name (RFC 9110, 5.6.2)."""
    return bool(text) and _TOKEN.issuperset(text)


@dataclass(slots=True)
class Request:
    """An HTTP request. `headers` has lower-case names; repeated ones are joined by `, ` as RFC 9110 allows."""

    method: str
    target: str
    version: str
    headers: dict[str, str]
    header_list: list[tuple[str, str]]
    body: bytes


@dataclass(slots=True)
class Response:
    """An HTTP response. `Content-Length`, `Date` and `Connection` are added."""

    status: int
    headers: Iterable[tuple[str, str]] = ()
    body: bytes = b""


class Malformed(Exception):
    """What arrived is no acceptable HTTP request: it is answered with `status`, and the connection is closed."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail


class HttpServer(ThreadingMixIn, TCPServer):
    """A thread a connection. Bind it to a loopback address; port 0 chooses a free port.

    A server that ends hands its kept connections to its successor, another process: closed, each might just have got
    a request, which its client would see fail (RFC 9112, 9.5).
    """

    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True
    request_queue_size = 512

    def __init__(self, address: tuple[str, int], handler: Any, listener: socket.socket | None = None) -> None:
        """Listen on `address`, or accept from `listener`, which already does."""
        self.successor: socket.socket | None = None  # takes the connections that a draining server keeps
        self.draining = False
        # The reading end becomes readable, for all who wait, when the server begins to drain.
        self.drain_signal, self._begin_drain = os.pipe()
        self._receiver: threading.Thread | None = None
        self._connections = 0
        self._none_left = threading.Condition()
        super().__init__(address, handler, bind_and_activate=listener is None)
        if listener is not None:
            self.socket.close()
            self.socket = listener
            listener.setblocking(False)  # another process may accept what this one was told of
            self.server_address = listener.getsockname()

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that has gone is no event; anything else is a mistake of ours and goes to the log."""
        if not isinstance(sys.exception(), OSError):
            traceback.print_exc()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve a connection in a thread of its own."""
        with self._none_left:
            self._connections += 1
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """End a connection that was served."""
        super().shutdown_request(request)
        with self._none_left:
            self._connections -= 1
            self._none_left.notify_all()

    def server_close(self) -> None:
        """Let go of what the server holds; its connections end with their next answer."""
        self._stop_waiting()
        super().server_close()
        for descriptor in (self.drain_signal, self._begin_drain):
            os.close(descriptor)

    def receive(self, predecessor: socket.socket) -> None:
        """Serve, from now on, the connections that a draining server sends over `predecessor`."""
        predecessor.setblocking(False)  # `recv_fds` passes no flags on (Python 3.11)
        self._receiver = threading.Thread(target=self._receive, args=(predecessor,), name="handover", daemon=True)
        self._receiver.start()

    def _receive(self, predecessor: socket.socket) -> None:
        while True:
            select.select([predecessor.fileno(), self.drain_signal], [], [])
            if self.draining:
                return
            with contextlib.suppress(BlockingIOError):  # another process that listens here has taken it
                data, descriptors, _, _ = socket.recv_fds(predecessor, 1, 1)
                if not data:  # nobody can send any more
                    return
                for descriptor in descriptors:
                    connection = socket.socket(fileno=descriptor)
                    with contextlib.suppress(OSError):  # its client has gone
                        self.process_request(connection, connection.getpeername())

    def drain(self, seconds: float, successor: socket.socket | None = None) -> bool:
        """Accept no more, answer requests under way within `seconds`; whether all were.

        Other connections are closed, or sent over `successor` to a server that receives there.
        """
        self.successor = successor
        self.shutdown()
        self._stop_waiting()
        with self._none_left:
            return self._none_left.wait_for(lambda: not self._connections, seconds)

    def _stop_waiting(self) -> None:
        """Wake the threads that wait for a connection or a request."""
        self.draining = True
        os.write(self._begin_drain, b"d")  # nobody reads it: it stays there for all
        if self._receiver is not None:
            self._receiver.join()


class HttpConnection(StreamRequestHandler):
    """One connection. A subclass answers requests by `respond` and words refusals by `refuse`."""

    disable_nagle_algorithm = True
    rbufsize = 65536
    timeout = IDLE_TIMEOUT
    max_body_bytes: int | None = None
    server: HttpServer

    def respond(self, request: Request) -> Response:
        """Answer `request`; what it raises becomes a 500 by `refuse`."""
        raise NotImplementedError

    def refuse(self, status: int, detail: str, request: Request | None) -> Response:
        """The answer to what could not be handled."""
        raise NotImplementedError

    def setup(self) -> None:
        super().setup()
        self._waiting = select.poll()
        self._waiting.register(self.connection, select.POLLIN)
        self._waiting.register(self.server.drain_signal, select.POLLIN)

    def handle(self) -> None:
        try:
            while self._await_request() and self._handle_one():
                pass
        except (ConnectionError, TimeoutError):
            return

    def _await_request(self) -> bool:
        """Wait until there is something to read; False when the connection is not to be read from any more."""
        self.connection.settimeout(0)
        buffered = cast(BufferedReader, self.rfile).peek(1)
        self.connection.settimeout(self.timeout)
        if buffered:  # pipelined, or as quick as that
            return True
        if not self._waiting.poll(self.timeout * 1000):
            return False
        if self.server.draining:
            self._hand_over()
            return False
        return True

    def _hand_over(self) -> None:
        """Let the server's successor go on with this connection: all that was read of it is answered."""
        if self.server.successor is not None:
            with contextlib.suppress(OSError):
                socket.send_fds(self.server.successor, [b"c"], [self.connection.fileno()])
                os.close(self.connection.detach())  # or it would be shut down, for both processes

    def _handle_one(self) -> bool:
        """Serve one request; whether the connection is kept."""
        line = self.rfile.readline(MAX_LINE_BYTES + 1)
        if line in (b"\r\n", b"\n"):  # RFC 9112, 2.2: ignore an empty line before a request
            line = self.rfile.readline(MAX_LINE_BYTES + 1)
        if not line:
            return False
        request = None
        try:
            request = self._read_request(line)
            response = self.respond(request)
            keep = _wants_keep_alive(request) and not self.server.draining
        except Malformed as error:
            response, keep = self.refuse(error.status, error.detail, None), False
        except (ConnectionError, TimeoutError):
            raise
        except Exception:
            traceback.print_exc()
            response, keep = self.refuse(500, "The server failed; its log says why.", request), True
        self._write(response, keep, head=request is not None and request.method == "HEAD")
        if not keep and request is None:
            self._discard_input()
        return keep

    def _read_request(self, line: bytes) -> Request:
        if len(line) > MAX_LINE_BYTES:
            raise Malformed(414, "The request line is too long.")
        words = line.decode("latin-1").rstrip("\r\n").split(" ")
        if len(words) != 3 or not words[2].startswith("HTTP/") or not is_token(words[0]):
            raise Malformed(400, "The request line is not `METHOD TARGET HTTP/1.1`.")
        method, target, version = words
        if version not in ("HTTP/1.1", "HTTP/1.0"):
            raise Malformed(505, "Only HTTP/1.1 is spoken here.")
        headers: dict[str, str] = {}
        pairs: list[tuple[str, str]] = []
        while True:
            line = self.rfile.readline(MAX_LINE_BYTES + 1)
            if line in (b"\r\n", b"\n", b""):
                break
            name, colon, value = line.decode("latin-1").partition(":")
            if not colon or not is_token(name):
                raise Malformed(400, "A header line is not `Name: value`.")
            if len(line) > MAX_LINE_BYTES or len(pairs) >= MAX_HEADERS:
                raise Malformed(431, "The headers are too large.")
            value = value.strip(" \t\r\n")
            pairs.append((name, value))
            lower = name.lower()
            headers[lower] = f"{headers[lower]}, {value}" if lower in headers else value
        return Request(method, target, version, headers, pairs, self._read_body(headers))

    def _read_body(self, headers: dict[str, str]) -> bytes:
        chunked = "transfer-encoding" in headers
        length = headers.get("content-length")
        if not chunked and (length is None or length == "0"):
            return b""
        if length is not None and (not length.isascii() or not length.isdigit() or len(length) > 18):
            raise Malformed(400, "The header Content-Length is not a number.")
        if not chunked and length is not None:
            self._check_size(int(length))
        if headers.get("expect", "").lower() == "100-continue":
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if chunked:
            if headers["transfer-encoding"].lower() != "chunked" or length is not None:
                raise Malformed(
                    400, "Of transfer codings only `chunked` is understood, and no Content-Length beside it."
                )
            return self._read_chunks()
        return self._read_exactly(int(length or 0))

    def _read_chunks(self) -> bytes:
        body = bytearray()
        while True:
            line = self.rfile.readline(MAX_LINE_BYTES)
            size_text = line.split(b";", 1)[0].strip()
            try:
                if not size_text or not set(size_text) <= set(b"0123456789abcdefABCDEF"):
                    raise ValueError
                size = int(size_text, 16)
            except ValueError:
                raise Malformed(400, "A chunk of the body has no proper size.") from None
            self._check_size(len(body) + size)
            if size == 0:
                break
            body += self._read_exactly(size)
            if self.rfile.readline(3) not in (b"\r\n", b"\n"):
                raise Malformed(400, "A chunk of the body is longer than its size.")
        while self.rfile.readline(MAX_LINE_BYTES) not in (b"\r\n", b"\n", b""):  # trailers
            pass
        return bytes(body)

    def _read_exactly(self, size: int) -> bytes:
        data = self.rfile.read(size)
        if len(data) < size:
            raise Malformed(400, "The body ended before its length was reached.")
        return data

    def _check_size(self, size: int) -> None:
        if self.max_body_bytes is not None and size > self.max_body_bytes:
            raise Malformed(413, f"The body is larger than {self.max_body_bytes} bytes.")

    def _write(self, response: Response, keep: bool, *, head: bool) -> None:
        status = response.status
        lines = [f"HTTP/1.1 {status} {_REASONS.get(status, '')}\r\nDate: {_date()}\r\n"]
        has_length = False
        for name, value in response.headers:
            lower = name.lower()
            if lower in ("connection", "transfer-encoding", "date", "keep-alive"):
                continue
            if lower == "content-length":
                if not head:  # what is sent counts, whatever the application says
                    continue
                has_length = True
            if "\n" in value or "\r" in value:  # would end the header, and begin what the client takes for another
                value = value.replace("\r", "").replace("\n", " ")
            lines.append(f"{name}: {value}\r\n")
        if not has_length and status >= 200 and status not in (204, 304):
            lines.append(f"Content-Length: {len(response.body)}\r\n")
        lines.append("\r\n" if keep else "Connection: close\r\n\r\n")
        data = "".join(lines).encode("latin-1", "replace")
        self.connection.sendall(data if head else data + response.body)

    def _discard_input(self) -> None:
        """Read on a little before closing, or the refusal may be lost to a connection reset."""
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_WR)
            self.connection.settimeout(1.0)
            for _ in range(1024):
                if not self.rfile.read1(65536):
                    break


def _wants_keep_alive(request: Request) -> bool:
    option = request.headers.get("connection", "").lower()
    if request.version == "HTTP/1.0":
        return "keep-alive" in option
    return "close" not in option


_date_cache: tuple[int, str] = (0, "")


def _date() -> str:
    global _date_cache  # noqa: PLW0603 - one text a second for all threads
    now = int(time.time())
    second, text = _date_cache
    if second != now:
        text = formatdate(now, usegmt=True)
        _date_cache = (now, text)
    return text
