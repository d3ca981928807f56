"""Whatever arrives on either port is answered or closed: never a 500, and the server goes on.

`FUZZ_SECONDS` makes each test as long as that; the seed is printed, and `FUZZ_SEED` repeats it.
"""

from __future__ import annotations

import json
import os
import random
import re
import socket
import time
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest

from .client import PROTECTED, PUBLIC, Client
from .server import Server

SECONDS = float(os.environ.get("FUZZ_SECONDS", "3"))
SEED = int(os.environ.get("FUZZ_SEED", "20261126"))
BYTES = (
    b"\x00",
    b"\r",
    b"\n",
    b"\r\n",
    b"\xff",
    b"\xed\xa0\x80",
    b" ",
    b"\t",
    b":",
    b"%",
    b"%00",
    b"%zz",
    b"../",
    b"//",
)
VALUES = (
    *(None, True, False, 0, -1, 1.5, 10**30, -(10**400), "", "x" * 5000, "\ud800", "\u0000", "💥", [], {}),
    *([[[[[]]]]], {"a": {"a": {"a": 1}}}, {"": ""}, {"__proto__": 1}, [None] * 1000),
)
NUMBERS = ("1e400", "-1e400", "NaN", "Infinity", "9" * 5000, "0.1e-400", "01", "1.")
HEADERS = (
    *(
        "Authorization",
        "Content-Type",
        "Accept",
        "Accept-Encoding",
        "Idempotency-Key",
        "Origin",
        "Range",
        "If-None-Match",
    ),
    *(
        "X-Forwarded-Host",
        "X-HTTP-Method-Override",
        "Cookie",
        "Transfer-Encoding",
        "Content-Length",
        "Expect",
        "Upgrade",
    ),
    *("X-Amz-Target", "X-Amz-Date", "Host", "Connection", "Sec-Fetch-Site", "X-Amz-Content-Sha256"),
)
TARGETS = (
    *(
        "AWSStepFunctions.StartExecution",
        "DynamoDB_20120810.PutItem",
        "AmazonSSM.GetParametersByPath",
        "AWSEvents.PutRule",
    ),
    *("AWSCognitoIdentityProviderService.InitiateAuth", "AWSStepFunctions.Nothing", "Nothing", ""),
)


class Fuzzer:
    """Makes requests that begin well and go wrong somewhere."""

    def __init__(self, seed: int, host: str, token: str) -> None:
        self.random = random.Random(seed)
        self.host = host
        self.token = token

    def value(self, depth: int = 0) -> object:
        if depth < 3 and self.random.random() < 0.4:
            return {self.word(): self.value(depth + 1) for _ in range(self.random.randrange(4))}
        return self.random.choice(VALUES)

    def word(self) -> str:
        return self.random.choice(("order_id", "items", "name", "input", "", "$", "__user_id", "x" * 300, "\u0000"))

    def body(self) -> bytes:
        kind = self.random.random()
        if kind < 0.15:
            return self.random.randbytes(self.random.randrange(200))
        text = json.dumps(self.value())
        if kind < 0.3:
            text = f'{{"a": {self.random.choice(NUMBERS)}}}'
        elif kind < 0.4:
            text = "[" * 20_000
        elif kind < 0.5:
            text = text[: self.random.randrange(len(text) + 1)]
        return text.encode("utf-8", "surrogatepass")

    def query(self) -> str:
        names = ("wait", "limit", "nextToken", "flow", "status", "startDate", "endDate", "reverseOrder", "a%00", "")
        values = ("1", "-1", "1e9", "NaN", "x" * 2000, "%ff", "%00", "", "2026-13", "eyJhIjoxfQ", "' OR 1=1")
        pairs = (f"{self.random.choice(names)}={self.random.choice(values)}" for _ in range(self.random.randrange(4)))
        return "?" + "&".join(pairs)

    def damage(self, data: bytes) -> bytes:
        """Change, drop or repeat a few bytes."""
        for _ in range(self.random.randrange(3)):
            at = self.random.randrange(len(data) + 1)
            piece = self.random.choice((*BYTES, b"", data[at : at + 20], self.random.randbytes(2)))
            data = data[:at] + piece + data[at + self.random.randrange(4) :]
        return data

    def request(self, method: str, path: str, *, aws: bool = False) -> bytes:
        headers = [("Host", self.host), ("Authorization", self.token)]
        body = self.body() if self.random.random() < 0.7 else b""
        if body and self.random.random() < 0.9:
            headers.append(("Content-Length", str(len(body))))
        if aws:
            headers.append(("X-Amz-Target", self.random.choice(TARGETS)))
        for _ in range(self.random.randrange(3)):
            value = self.random.choice((*TARGETS, "*/*", "image/*", "0", "x" * 9000, "\x01", "gzip"))
            headers.append((self.random.choice(HEADERS), value))
        if self.random.random() < 0.2:
            method = self.random.choice(("HEAD", "OPTIONS", "PUT", "PATCH", "TRACE", "BREW", "get", "", "DELETE"))
        target = path + (self.query() if self.random.random() < 0.5 else "")
        head = f"{method} {target} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in headers)
        data = head.encode("latin-1", "replace") + b"\r\n" + body
        return self.damage(data) if self.random.random() < 0.6 else data


def exchange(address: tuple[str, int], data: bytes) -> bytes:
    """Everything that the server answers until it closes the connection, or waits for more."""
    with socket.create_connection(address, timeout=30) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        chunks = []
        try:
            while chunk := connection.recv(65536):
                chunks.append(chunk)
        except ConnectionResetError:  # the server has refused the rest of what was sent
            pass
    return b"".join(chunks)


def fuzz(url: str, make: Callable[[Fuzzer], bytes], token: str) -> None:
    address = urlsplit(url)
    fuzzer = Fuzzer(SEED, address.netloc, token)
    began, count = time.monotonic(), 0
    while time.monotonic() - began < SECONDS:
        data = make(fuzzer)
        answer = exchange((str(address.hostname), int(address.port or 0)), data)
        count += 1
        assert answer == b"" or answer.startswith(b"HTTP/1.1 "), data
        statuses = re.findall(rb"^HTTP/1\.1 (\d+)", answer, re.M)
        assert not {b"500", b"502", b"504"} & set(statuses), (bytes(data), bytes(answer[:500]))
    assert count > 10 * min(SECONDS, 3), f"only {count} requests"


@pytest.fixture
def routes(user: Client) -> list[tuple[str, str]]:
    run = f"/run/dummy2StepFlow/{user.run('dummy2StepFlow', {'name': 'Ada'})['executionId']}"
    functions = [
        ("POST", f"/lib/{name}") for name in ("ping", "price_order", "hello_world", "validate_order", "nothing")
    ]
    return [
        *PROTECTED,
        *(("GET", path) for path in PUBLIC),
        *functions,
        ("POST", "/run/orderFlow"),
        *(("GET", run + part) for part in ("", "/history", "/states", "/logs", "/definition")),
        *(("POST", run + part) for part in ("/redrive", "/rerun", "/states/test")),
        ("GET", "/%2e%2e/x"),
    ]


def test_the_api(server: Server, user: Client, routes: list[tuple[str, str]]) -> None:
    fuzz(user.url, lambda fuzzer: fuzzer.request(*fuzzer.random.choice(routes)), user.token or "")
    assert user.get("/auth/verify").status_code == 200


def test_the_aws_endpoint(server: Server, user: Client) -> None:
    """Moto itself answers 500 to some nonsense, as its services do; what is ours must not."""
    paths = ("/", "/2015-03-31/functions/x/invocations", "/_localcloud/health", "/_aws/execute-api/x/y", "//", "/%00")
    ours = ("AWSStepFunctions.StartExecution", "AWSStepFunctions.CreateStateMachine", "AWSStepFunctions.TestState")

    def make(fuzzer: Fuzzer) -> bytes:
        path = fuzzer.random.choice(paths[1:4])
        if fuzzer.random.random() < 0.5:
            return fuzzer.request("POST", path)
        data = fuzzer.request("POST", "/")
        name = fuzzer.random.choice(ours).encode()
        return data.replace(b"\r\n", b"\r\nX-Amz-Target: " + name + b"\r\n", 1)

    fuzz(server.session["awsEndpoint"], make, "AWS4-HMAC-SHA256 Credential=x/20200101/us-east-1/states/aws4_request")
    assert user.get("/runs").status_code == 200
