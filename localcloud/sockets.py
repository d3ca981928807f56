"""Listening sockets of the loopback interface."""

from __future__ import annotations

import socket

from localcloud.settings import HOST, SetupError


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
        listener.listen(512)
    except OSError as error:
        listener.close()
        message = f"Port {port} cannot be used ({error.strerror}): free it, or choose another with {variable}."
        raise SetupError(message) from None
    return listener
