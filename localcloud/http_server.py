"""A threaded HTTP/1.1 server on the loopback interface, for the AWS endpoint and the API.

`http.server` waits 40 ms for Nagle's algorithm on kept connections, reads no chunked bodies, drops the connection on
what it does not understand, and parses headers with the e-mail package. This one answers everything, in one write.
`http_reading` reads the requests, `handover` passes kept connections to another process.
"""

from __future__ import annotations

import contextlib
import select
import socket
import sys
import threading
import time
import traceback
from email.utils import formatdate
from http import HTTPStatus
from socketserver import BaseRequestHandler, TCPServer, ThreadingMixIn
from typing import Any

from chalicelib.errors import TITLES
from localcloud.browsers import AllowedHosts, refused_host
from localcloud.handover import Handover
from localcloud.http_messages import Malformed, Request, Response
from localcloud.http_reading import RequestReader
from localcloud.sockets import BACKLOG, received_at

IDLE_SECONDS = 120.0
"""How long a kept connection may wait for its next request."""
HEADER_SECONDS = 20.0
"""How long the headers of a request may take to arrive, from their first byte."""
BODY_SECONDS = 120.0
"""How long a whole request may take to arrive."""
READ_BYTES = 65_536

# RFC 9110's phrases, where those of HTTPStatus depend on the version of Python.
_REASONS = {**{status.value: status.phrase for status in HTTPStatus}, **TITLES}


class HttpServer(ThreadingMixIn, TCPServer):
    """A server with a thread for each connection. Bind it to a loopback address; port 0 chooses a free port."""

    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True
    request_queue_size = BACKLOG

    def __init__(self, address: tuple[str, int], handler: Any, listener: socket.socket | None = None) -> None:
        """Listen on `address`, or accept from `listener`, which already does.

        Raises:
            OSError: The address is taken.
        """
        self.handover = Handover(self.process_request)
        self._connections = 0
        self._none_left = threading.Condition()
        super().__init__(address, handler, bind_and_activate=listener is None)
        if listener is not None:
            self.socket.close()
            self.socket = listener
            listener.setblocking(False)  # another process may accept the connection first
            self.server_address = listener.getsockname()

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Log a mistake of ours; a client that has gone isn't worth a line."""
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
        """Release the server's resources; its connections end with their next answer."""
        if not self.handover.draining:
            self.handover.begin()
        super().server_close()
        self.handover.close()

    def drain(self, seconds: float, successor: socket.socket | None = None) -> bool:
        """Accept nothing more and answer the requests under way.

        Args:
            seconds: How long to wait for the answers.
            successor: Where connections without a request go, to a server that receives there; they are closed
                if it is None.

        Returns:
            Whether all requests were answered in time.
        """
        self.shutdown()
        self.handover.begin(successor)
        with self._none_left:
            return self._none_left.wait_for(lambda: not self._connections, seconds)


class HttpConnection(BaseRequestHandler):
    """One connection. A subclass answers requests with `respond` and words refusals with `refuse`."""

    max_body_bytes: int
    allowed_hosts: AllowedHosts
    header_seconds = HEADER_SECONDS
    body_seconds = BODY_SECONDS
    server: HttpServer
    request: socket.socket

    def admit(self, request: Request) -> None:
        """Look at a request before its body is read.

        Raises:
            Malformed: It is refused.
        """
        host = request.headers.get("host")
        if not self.allowed_hosts.allow(host):
            raise Malformed(403, refused_host(host or ""), request)

    def respond(self, request: Request) -> Response:
        """Answer `request`; what it raises becomes a 500 by `refuse`."""
        raise NotImplementedError

    def refuse(self, status: int, detail: str, request: Request | None) -> Response:
        """Return the answer to what could not be handled."""
        raise NotImplementedError

    def setup(self) -> None:
        self.connection = self.request
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)
        self._reader = RequestReader(self.max_body_bytes, self.admit)
        self._idle = select.poll()
        self._idle.register(self.connection, select.POLLIN)
        self._idle.register(self.server.handover.signal, select.POLLIN)

    def handle(self) -> None:
        """Answer requests until the connection ends."""
        try:
            while self._receive():
                while self._reader.requests:
                    if not self._answer(self._reader.requests.popleft()):
                        return
        except Malformed as error:
            head = error.request is not None and error.request.method == "HEAD"
            self._write(self.refuse(error.status, error.detail, error.request), keep=False, head=head)
            self._discard_input()
        except (ConnectionError, TimeoutError):
            return

    def _receive(self) -> bool:
        """Read until a request is complete; False when the connection has ended or belongs to another server."""
        reader = self._reader
        began = time.monotonic()
        while not reader.requests:
            if not reader.begun:
                if not self._idle.poll(IDLE_SECONDS * 1000):
                    return False
                if self.server.handover.draining:
                    self.server.handover.pass_on(self.connection)
                    return False
                began = time.monotonic()
            limit = self.header_seconds if reader.in_headers else self.body_seconds
            left = began + limit - time.monotonic()
            if left <= 0:
                raise Malformed(408, f"The request took longer than {limit:g} s to arrive.")
            self.connection.settimeout(left)
            try:
                data = self.connection.recv(READ_BYTES)
            except TimeoutError:
                continue
            if not data:
                reader.end()
                return False
            try:
                reader.feed(data)
            except Malformed:
                while reader.requests:  # those before are answered first
                    if not self._answer(reader.requests.popleft()):
                        return False
                raise
            for request in reader.requests:
                request.received_at = received_at(self.connection)
            if reader.expects_continue():
                self.connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        return True

    def _answer(self, request: Request) -> bool:
        """Serve one request; return whether the connection is kept."""
        self.connection.settimeout(IDLE_SECONDS)
        try:
            response = self.respond(request)
            keep = _wants_keep_alive(request) and not self.server.handover.draining
        except Malformed as error:
            response, keep = self.refuse(error.status, error.detail, request), False
        except (ConnectionError, TimeoutError):
            raise
        except Exception:
            traceback.print_exc()
            response, keep = self.refuse(500, "The server failed; its log says why.", request), True
        self._write(response, keep=keep, head=request.method == "HEAD")
        return keep

    def _write(self, response: Response, *, keep: bool, head: bool) -> None:
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
        """Read a little more before closing, or the refusal may be lost to a connection reset."""
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_WR)
            ends = time.monotonic() + 1.0
            for _ in range(1024):
                self.connection.settimeout(max(0.01, ends - time.monotonic()))
                if not self.connection.recv(READ_BYTES):
                    break


def _wants_keep_alive(request: Request) -> bool:
    option = request.headers.get("connection", "").lower()
    if request.version == "HTTP/1.0":
        return "keep-alive" in option
    return "close" not in option


_date_cache: tuple[int, str] = (0, "")


def _date() -> str:
    global _date_cache  # noqa: PLW0603 - one string a second for all threads
    now = int(time.time())
    second, text = _date_cache
    if second != now:
        text = formatdate(now, usegmt=True)
        _date_cache = (now, text)
    return text
