"""Listening sockets of the loopback interface, and waiting for any descriptor."""

from __future__ import annotations

import contextlib
import errno
import selectors
import socket
import struct
import sys
import time
from pathlib import Path
from typing import Any

from localcloud.settings import HOST, SetupError

BACKLOG = 4096
"""Connections that may wait to be accepted. Beyond that, and beyond the system's own limit, clients try again after a
second, which a thousand requests at once would notice."""
_LISTEN = "0A"  # TCP_LISTEN in /proc/net/tcp
_LAST_DATA_RECEIVED = struct.Struct("52xI")  # tcpi_last_data_recv of tcp(7)'s `struct tcp_info`, in milliseconds


def listen(port: int, variable: str) -> socket.socket:
    """Return a listening socket on the loopback interface.

    Args:
        port: Its port, 0 for any free one.
        variable: The environment variable that chooses the port, for the error.

    Raises:
        SetupError: The port cannot be used.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        holder = port_holder(port) if error.errno == errno.EADDRINUSE else None
        user = "free it" if holder is None else f"{holder} listens there. Stop it"
        message = f"Port {port} cannot be used ({error.strerror}): {user}, or choose another with {variable}."
        raise SetupError(message) from None
    return listener


def port_holder(port: int) -> str | None:
    """Say which process listens on a port, by proc(5); None where that cannot be known.

    Args:
        port: A port of the loopback interface.
    """
    try:
        rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        found = {row[9] for row in rows if row[3] == _LISTEN and int(row[1].rsplit(":", 1)[1], 16) == port}
    except (OSError, ValueError, IndexError):
        return None
    links = {f"socket:[{inode}]" for inode in found}
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has ended, or belongs to somebody else
            if any(str(entry.readlink()) in links for entry in (process / "fd").iterdir()):
                return _description(process)
    return None


def _description(process: Path) -> str:
    words = (process / "cmdline").read_bytes().decode(errors="replace").split("\0")
    if "localcloud" in words or "localcloud.api_process" in words:
        return f"the project in {(process / 'cwd').readlink()} (process {process.name})"
    command = " ".join(words).strip()
    return f"`{command[:60]}` (process {process.name})"


def received_at(connection: socket.socket) -> float:
    """Return when the bytes that arrived last on a TCP connection did so, in seconds since 1970.

    A thread that has just read them may have waited for its turn meanwhile. Only Linux knows; elsewhere it is now.
    """
    now = time.time()
    if sys.platform != "linux":
        return now
    information = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _LAST_DATA_RECEIVED.size)
    (milliseconds,) = _LAST_DATA_RECEIVED.unpack(information)
    return now - float(milliseconds) / 1000


def wait_readable(*sources: Any, seconds: float | None = None) -> bool:
    """Wait until one of the sources can be read, and return whether one can; `select()` knows only 1,024 descriptors.

    Args:
        sources: Sockets, files or descriptors.
        seconds: How long to wait; None for ever.
    """
    with selectors.DefaultSelector() as selector:
        for source in sources:
            selector.register(source, selectors.EVENT_READ)
        return bool(selector.select(seconds))
