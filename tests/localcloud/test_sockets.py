"""What is known of connections."""

from __future__ import annotations

import socket
import sys
import time

import pytest

from localcloud.sockets import received_at


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux knows when bytes arrived")
def test_bytes_that_wait_to_be_read_arrived_before() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_connection(listener.getsockname()) as client:
        server, _ = listener.accept()
        with server:
            client.sendall(b"a")
            sent = time.time()
            time.sleep(0.2)
            assert server.recv(1) == b"a"
            assert sent - 0.1 < received_at(server) < sent + 0.1
