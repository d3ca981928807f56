"""The server speaks HTTP/1.1 as clients do, and answers what is none."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localcloud.browsers import AllowedHosts
from localcloud.http_messages import Request, Response
from localcloud.http_reading import RequestReader
from localcloud.http_server import HttpConnection, HttpServer


class Echo(HttpConnection):
    max_body_bytes = 1000
    allowed_hosts = AllowedHosts((".a", "a", "b"))
    slow = threading.Event()  # a slow request is being answered

    def respond(self, request: Request) -> Response:
        if request.target == "/fail":
            raise RuntimeError("a mistake")
        if request.target == "/slow":
            self.slow.set()
            time.sleep(0.3)
        if request.target == "/no-delay":
            option = self.connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
            return Response(200, [], str(bool(option)).encode())
        if request.target.startswith("/status/"):
            return Response(int(request.target.rpartition("/")[2]))
        if request.target == "/injected":
            return Response(200, [("X-A", "1\r\nX-B: 2")])
        text = f"{request.method} {request.target} {request.headers.get('x-test')} ".encode()
        return Response(200, [("Content-Type", "text/plain")], text + request.body)

    def refuse(self, status: int, detail: str, request: Request | None) -> Response:
        return Response(status, [], detail.encode())


@pytest.fixture(scope="module")
def server() -> Iterator[HttpServer]:
    server = HttpServer(("127.0.0.1", 0), Echo)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


def raw(server: HttpServer, data: bytes) -> bytes:
    """All that the server answers to `data` until it closes the connection."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        chunks = []
        while chunk := connection.recv(65536):
            chunks.append(chunk)
    return b"".join(chunks)


@pytest.mark.parametrize(
    "line", ["200 OK", "202 Accepted", "413 Content Too Large", "422 Unprocessable Content", "599 "]
)
def test_reasons_are_those_of_rfc_9110(server: HttpServer, line: str) -> None:
    answer = raw(server, f"GET /status/{line[:3]} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
    assert answer.startswith(f"HTTP/1.1 {line}\r\n".encode())


def test_keeps_the_connection(server: HttpServer) -> None:
    client = http.client.HTTPConnection("127.0.0.1", server.port)
    for number in range(3):
        client.request("POST", f"/a?n={number}", body=b"body", headers={"X-Test": "ä".encode("latin-1")})
        answer = client.getresponse()
        assert answer.status == 200
        assert answer.read() == f"POST /a?n={number} ä ".encode() + b"body"
        assert answer.getheader("Connection") is None
    client.close()


def test_answers_are_not_held_back(server: HttpServer) -> None:
    """Nagle's algorithm would keep each for 40 ms, for the acknowledgement of the one before."""
    assert raw(server, b"GET /no-delay HTTP/1.1\r\nHost: a\r\n\r\n").endswith(b"True")


def test_pipelined_requests_are_answered_in_order(server: HttpServer) -> None:
    answer = raw(server, b"GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n")
    assert answer.index(b"GET /1") < answer.index(b"GET /2")


def test_chunked_bodies_are_read(server: HttpServer) -> None:
    client = http.client.HTTPConnection("127.0.0.1", server.port)
    client.request(
        "POST", "/", body=iter([b"ab", b"cde"]), encode_chunked=True, headers={"Transfer-Encoding": "chunked"}
    )
    assert client.getresponse().read().endswith(b"abcde")
    client.request("GET", "/after")
    assert b"/after" in client.getresponse().read()
    client.close()


def test_continue_is_sent_before_the_body(server: HttpServer) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(b"PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 100 Continue\r\n\r\n")
        connection.sendall(b"hi")
        assert connection.recv(1000).startswith(b"HTTP/1.1 200 OK\r\n")


def test_head_has_no_body(server: HttpServer) -> None:
    answer = raw(server, b"HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    assert answer.endswith(b"\r\n\r\n")
    assert b"Content-Length: 12\r\n" in answer


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505),
        (b"G(T / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nBad Name: 1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 300 + b"\r\n", 431),
        (b"GET /" + b"a" * 70000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1x\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n\r\n", 413),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n7d1\r\n" + b"a" * 0x7D1, 413),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nab", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000000000000\r\n\r\n", 413),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000000000000000000\r\n\r\n", 413),
        (b"POST / HTTP/1.1\r\nHost: a\r\nExpect: miracles\r\n\r\n", 417),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: user@a\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: a\x00b\r\n\r\n", 400),
        (b"GET /\x00 HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n folded\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400),
        (b"GET / HTTP/1.1\nHost: a\n\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\n", 400),
        (b"GET", 400),
        (b"GET path HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"GET file:///etc/passwd HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n", 501),
        (b"BREW / HTTP/1.1\r\nHost: a\r\n\r\n", 501),
        (b"GET / HTTP/1.1\r\nHost: a\r\nA: " + b"b" * 140_000 + b"\r\n\r\n", 431),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;" + b"x" * 400_000 + b"\r\na\r\n", 413),
    ],
)
def test_malformed_requests_are_refused_and_the_connection_closed(
    server: HttpServer, request_bytes: bytes, status: int
) -> None:
    answer = raw(server, request_bytes)
    assert answer.startswith(f"HTTP/1.1 {status} ".encode())
    assert b"Connection: close\r\n" in answer


@pytest.mark.parametrize("step", [1, 2, 7])
def test_requests_may_arrive_in_pieces(server: HttpServer, step: int) -> None:
    data = (
        b"POST /1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\nTrailer: x\r\n\r\n"
        b"POST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi"
    )
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)
        for start in range(0, len(data), step):
            connection.sendall(data[start : start + step])
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert [line for line in answer.split(b"\r\n") if line.startswith((b"POST", b"HTTP"))] == [
        *(b"HTTP/1.1 200 OK", b"POST /1 None abcHTTP/1.1 200 OK", b"POST /2 None hi"),
    ]


@pytest.mark.parametrize("target", ["http://b:80/x?y", "http://B/x?y", "https://b/x?y"])
def test_the_absolute_form_names_host_and_path(server: HttpServer, target: str) -> None:
    answer = raw(server, f"GET {target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
    assert b"GET /x?y " in answer


def test_its_host_outranks_the_header() -> None:
    reader = RequestReader(0)
    reader.feed(b"GET http://b:80 HTTP/1.1\r\nHost: a\r\n\r\n")
    request = reader.requests.popleft()
    assert (request.target, request.headers["host"], request.header_list) == ("/", "b:80", [("Host", "b:80")])


def test_another_protocol_is_ignored_when_it_is_offered(server: HttpServer) -> None:
    first = b"GET /1 HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"
    answer = raw(server, first + b"GET /2 HTTP/1.1\r\nHost: a\r\n\r\n")
    assert answer.count(b"HTTP/1.1 200 OK") == 2


@pytest.mark.parametrize("step", [1, 5, 1000])
@pytest.mark.parametrize(
    ("framing", "body"),
    [
        (b"Content-Length: 41\r\n", b"GET /smuggled HTTP/1.1\r\nHost: a\r\nX: 1\r\n\r\n"),
        (b"Transfer-Encoding: chunked\r\n", b"2\r\n{}\r\n1\r\n \r\n0\r\nTrailer: x\r\n\r\n"),
    ],
)
def test_a_request_that_offers_another_protocol_has_its_body(framing: bytes, body: bytes, step: int) -> None:
    offer = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMA\r\n"
    data = b"POST /1 HTTP/1.1\r\nHost: a\r\n" + offer + framing + b"\r\n" + body
    data += b"GET /2 HTTP/1.1\r\nHost: a\r\n\r\n"
    reader = RequestReader(1000)
    for start in range(0, len(data), step):
        reader.feed(data[start : start + step])
    first, second = reader.requests
    assert (first.method, first.target, first.headers["upgrade"], second.target) == ("POST", "/1", "h2c", "/2")
    assert first.body == (body if b"Length" in framing else b"{} ")
    assert not reader.begun


def test_a_request_is_refused_before_its_body_is_read(server: HttpServer) -> None:
    head = b"POST / HTTP/1.1\r\nHost: evil.example\r\nContent-Length: 900\r\nExpect: 100-continue\r\n\r\n"
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(head)
        assert connection.recv(65536).startswith(b"HTTP/1.1 403 ")


def test_chunks_may_be_as_small_as_a_byte(server: HttpServer) -> None:
    chunks = b"1\r\na\r\n" * 1000 + b"0\r\n\r\n"
    answer = raw(server, b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks)
    assert answer.endswith(b"a" * 1000)


def test_what_follows_the_last_request_is_ignored(server: HttpServer) -> None:
    first = b"GET /1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    answer = raw(server, first + b"GET /2 HTTP/1.1\r\nHost: a\r\n\r\n")
    assert b"/1" in answer and b"/2" not in answer


def test_requests_before_a_malformed_one_are_answered(server: HttpServer) -> None:
    answer = raw(server, b"GET /1 HTTP/1.1\r\nHost: a\r\n\r\nnonsense\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200 OK") and b"HTTP/1.1 400 Bad Request" in answer


@pytest.mark.parametrize(
    "sent", [b"G", b"GET / HTTP/1.1\r\nHost: a\r\n", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab"]
)
def test_a_request_that_does_not_end_is_answered_after_its_time(
    server: HttpServer, sent: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Echo, "header_seconds", 0.2)
    monkeypatch.setattr(Echo, "body_seconds", 0.2)
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(sent)
        assert connection.recv(1000).startswith(b"HTTP/1.1 408 Request Timeout\r\n")


def test_mistakes_of_the_application_are_answered(server: HttpServer, capsys: pytest.CaptureFixture[str]) -> None:
    client = http.client.HTTPConnection("127.0.0.1", server.port)
    client.request("GET", "/fail")
    answer = client.getresponse()
    assert answer.status == 500
    assert b"mistake" not in answer.read()
    client.request("GET", "/")
    assert client.getresponse().status == 200
    client.close()
    assert "RuntimeError: a mistake" in capsys.readouterr().err


def test_headers_cannot_be_injected(server: HttpServer) -> None:
    answer = raw(server, b"GET /injected HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    assert b"\r\nX-B" not in answer


@given(st.binary(max_size=300))
def test_whatever_arrives_is_answered_or_closed(server: HttpServer, data: bytes) -> None:
    answer = raw(server, data)
    assert answer == b"" or answer.startswith(b"HTTP/1.1 ")


@pytest.fixture
def handover() -> Iterator[tuple[socket.socket, socket.socket]]:
    ends = socket.socketpair()
    yield ends
    for end in ends:
        end.close()


@pytest.fixture
def serve() -> Iterator[Callable[[], HttpServer]]:
    """Starts servers that share a listening socket."""
    listener, servers = socket.create_server(("127.0.0.1", 0)), []

    def start() -> HttpServer:
        server = HttpServer(listener.getsockname(), Echo, listener.dup())
        servers.append(server)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        return server

    yield start
    listener.close()
    for server in servers:
        server.shutdown()
        server.server_close()


def test_draining_finishes_what_is_under_way(serve: Callable[[], HttpServer]) -> None:
    server = serve()
    idle = socket.create_connection(("127.0.0.1", server.port), timeout=10)
    busy = http.client.HTTPConnection("127.0.0.1", server.port)
    busy.request("GET", "/slow")
    assert Echo.slow.wait(10)
    assert server.drain(10)
    answer = busy.getresponse()
    assert (answer.status, answer.getheader("Connection")) == (200, "close")
    assert idle.recv(10) == b""
    for connection in (idle, busy):
        connection.close()


def test_a_successor_takes_over_what_is_kept(
    handover: tuple[socket.socket, socket.socket], serve: Callable[[], HttpServer]
) -> None:
    """Clients call without a pause while one server follows another: none of them sees that."""
    server, failures, answers = serve(), [], [0] * 6
    ended = threading.Event()

    def call(number: int) -> None:
        client = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        try:
            while not ended.is_set():
                client.request("POST", f"/{number}", body=b"x" * number)
                text = client.getresponse().read()
                assert text == f"POST /{number} None ".encode() + b"x" * number
                answers[number] += 1
                time.sleep(0.001 * number)
        except Exception as error:
            failures.append(error)
        client.close()

    threads = [threading.Thread(target=call, args=(number,)) for number in range(len(answers))]
    for thread in threads:
        thread.start()
    silent = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    silent.connect()
    silently_kept = silent.sock
    send, receive = handover
    for _ in range(20):
        successor = serve()
        successor.handover.receive(receive)
        assert server.drain(30, send)
        before, server = list(answers), successor
        while not failures and any(now == then for now, then in zip(answers, before, strict=True)):
            time.sleep(0.001)
    silent.request("GET", "/silent")
    assert silent.getresponse().read() == b"GET /silent None "
    assert silent.sock is silently_kept
    ended.set()
    for thread in threads:
        thread.join()
    silent.close()
    assert failures == []
