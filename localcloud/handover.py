"""Hands the kept connections of a server that ends to its successor, another process.

Closed, each might just have got a request, which its client would see fail (RFC 9112, 9.5).
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from collections.abc import Callable
from typing import Any

from localcloud.sockets import wait_readable

Serve = Callable[[socket.socket, Any], None]


class Handover:
    """What one server gives to its successor and takes from its predecessor.

    `signal` is a descriptor that becomes readable, for everybody who waits for it, when the server begins to drain.
    """

    def __init__(self, serve: Serve) -> None:
        """Prepare.

        Args:
            serve: Called with each connection that arrives from the predecessor, and its client's address.
        """
        self.draining = False
        self._serve = serve
        self._successor: socket.socket | None = None
        self._receiver: threading.Thread | None = None
        self.signal, self._begin_drain = os.pipe()

    def receive(self, predecessor: socket.socket) -> None:
        """Serve, from now on, the connections that a draining server sends over `predecessor`."""
        predecessor.setblocking(False)  # `recv_fds` passes no flags (Python 3.11)
        self._receiver = threading.Thread(target=self._receive, args=(predecessor,), name="handover", daemon=True)
        self._receiver.start()

    def begin(self, successor: socket.socket | None = None) -> None:
        """Wake everybody who waits for a connection or a request; idle connections go over `successor`, if given."""
        self._successor = successor
        self.draining = True
        os.write(self._begin_drain, b"d")  # nobody reads it, so that it stays readable for all
        if self._receiver is not None:
            self._receiver.join()

    def pass_on(self, connection: socket.socket) -> None:
        """Let the successor continue with a connection: everything that was read from it is answered."""
        if self._successor is not None:
            with contextlib.suppress(OSError):
                socket.send_fds(self._successor, [b"c"], [connection.fileno()])
                os.close(connection.detach())  # or it would be shut down, for both processes

    def close(self) -> None:
        """Release the descriptors."""
        for descriptor in (self.signal, self._begin_drain):
            os.close(descriptor)

    def _receive(self, predecessor: socket.socket) -> None:
        while True:
            wait_readable(predecessor, self.signal)
            if self.draining:
                return
            with contextlib.suppress(BlockingIOError):  # another process that listens here has taken it
                data, descriptors, _, _ = socket.recv_fds(predecessor, 1, 1)
                if not data:  # nobody is left to send anything
                    return
                for descriptor in descriptors:
                    connection = socket.socket(fileno=descriptor)
                    with contextlib.suppress(OSError):  # its client has gone
                        self._serve(connection, connection.getpeername())
