"""How fast the API answers under `make run`, compared with a stock `chalice local` in the same run.

    python benchmarks/gateway.py [--rounds 5] [--seconds 1.0]

Starts both servers, sends requests to them in turn over one connection at a time, and prints medians and ratios. The
client only writes and reads bytes on a socket, so that its own cost is negligible.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
START_SECONDS = 60.0
MINIMUM_KEPT = 1500.0  # requests a second on one kept connection
MAXIMUM_RUN = 0.050  # seconds of a warm run of helloWorldFlow
MAXIMUM_START = 5.0  # seconds until a second `make run` answers
RUNS = 30
CALLS = 300

STOCK_APP = """
from chalice import Chalice
app = Chalice(app_name="stock")

@app.route("/health")
def health():
    return {"status": "ok"}
"""


class Connection:
    """One HTTP/1.1 connection."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffer = b""

    def request(self, data: bytes) -> tuple[int, bytes]:
        """Send the bytes of a request. Return status and body of the answer."""
        self._socket.sendall(data)
        while b"\r\n\r\n" not in self._buffer:
            self._receive()
        head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        lines = head.lower().split(b"\r\n")
        length = next(int(line[15:]) for line in lines if line.startswith(b"content-length:"))
        while len(self._buffer) < length:
            self._receive()
        body, self._buffer = self._buffer[:length], self._buffer[length:]
        return int(head[9:12]), body

    def close(self) -> None:
        self._socket.close()

    def _receive(self) -> None:
        chunk = self._socket.recv(65536)
        if not chunk:
            raise ConnectionError("The server closed the connection.")
        self._buffer += chunk


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("The server did not start in time.")
        time.sleep(0.1)


def answers(port: int) -> bool:
    try:
        connection = Connection(port)
        try:
            return connection.request(HEALTH)[0] == 200
        finally:
            connection.close()
    except OSError:
        return False


HEALTH = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"


@contextmanager
def process(command: list[str], folder: Path, **variables: str) -> Iterator[None]:
    environment = {**os.environ, "AWS_DEFAULT_REGION": "us-east-1", **variables}
    running = subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield
    finally:
        running.send_signal(signal.SIGINT)
        try:
            running.wait(15)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()


@contextmanager
def stock_server() -> Iterator[tuple[int, float]]:
    """Run a new Chalice project under `chalice local`. Yield its port, and the seconds until it answered."""
    port = free_port()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "app.py").write_text(STOCK_APP)
        (folder / "requirements.txt").touch()
        (folder / ".chalice").mkdir()
        config = {"version": "2.0", "app_name": "stock", "stages": {"dev": {}}}
        (folder / ".chalice" / "config.json").write_text(json.dumps(config))
        chalice = str(Path(sys.executable).with_name("chalice"))
        began = time.perf_counter()
        with process([chalice, "local", "--no-autoreload", "--port", str(port)], folder):
            wait_for(lambda: answers(port))
            yield port, time.perf_counter() - began


@contextmanager
def project_server() -> Iterator[tuple[int, str, float]]:
    """Run this project under `make run`. Yield its port, a token, and the seconds until it answered."""
    port = free_port()
    session = PROJECT / ".localcloud" / "session.json"
    if session.exists():
        raise SystemExit("Stop `make run` first: the benchmark starts its own.")
    began = time.perf_counter()
    with process([sys.executable, "-m", "localcloud", "run"], PROJECT, PORT=str(port), AWS_PORT="0"):
        wait_for(session.exists)
        wait_for(lambda: answers(port))
        took = time.perf_counter() - began
        yield port, json.loads(session.read_text())["idToken"], took


def kept_rate(port: int, seconds: float) -> float:
    """Return the requests a second on one persistent connection."""
    connection = Connection(port)
    connection.request(HEALTH)
    count, began = 0, time.perf_counter()
    while time.perf_counter() - began < seconds:
        connection.request(HEALTH)
        count += 1
    rate = count / (time.perf_counter() - began)
    connection.close()
    return rate


def new_rate(port: int, seconds: float) -> float:
    """Return the requests a second with a new connection for each."""
    closing = HEALTH.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    count, began = 0, time.perf_counter()
    while time.perf_counter() - began < seconds:
        connection = Connection(port)
        connection.request(closing)
        connection.close()
        count += 1
    return count / (time.perf_counter() - began)


def post(path: str, token: str, body: bytes = b"") -> bytes:
    """Return the bytes of a request."""
    headers = {"Host": "localhost", "Authorization": token, "Content-Length": str(len(body))}
    lines = [f"POST {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode() + body


def call_seconds(port: int, token: str) -> list[float]:
    """Return how many seconds warm calls of the function `ping` take."""
    data = post("/lib/ping", token)
    connection = Connection(port)
    took = []
    for number in range(CALLS + 20):
        began = time.perf_counter()
        status, answer = connection.request(data)
        if number >= 20:
            took.append(time.perf_counter() - began)
        if status != 200:
            raise SystemExit(f"ping did not answer: {status} {answer.decode()}")
    connection.close()
    return took


def run_seconds(port: int, token: str) -> list[float]:
    """Return how many seconds warm runs of helloWorldFlow take, from the request to the finished run."""
    data = post("/run/helloWorldFlow?wait=5", token, b'{"name": "Ada"}')
    connection = Connection(port)
    took = []
    for number in range(RUNS + 5):
        began = time.perf_counter()
        status, answer = connection.request(data)
        if number >= 5:
            took.append(time.perf_counter() - began)
        if status != 200 or json.loads(answer)["status"] != "SUCCEEDED":
            raise SystemExit(f"helloWorldFlow did not succeed: {status} {answer.decode()}")
    connection.close()
    return took


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.0, help="of each measurement")
    options = parser.parse_args()
    figures: dict[str, list[float]] = {"stock kept": [], "stock new": [], "kept": [], "new": []}
    with project_server():
        pass  # the first start of a clone compiles what it imports
    with stock_server() as (stock, stock_start), project_server() as (port, token, start):
        for _ in range(options.rounds):
            figures["stock kept"].append(kept_rate(stock, options.seconds))
            figures["kept"].append(kept_rate(port, options.seconds))
            figures["stock new"].append(new_rate(stock, options.seconds))
            figures["new"].append(new_rate(port, options.seconds))
        calls = call_seconds(port, token)
        took = run_seconds(port, token)
    rates = {name: statistics.median(values) for name, values in figures.items()}
    median, slowest = statistics.median(took), max(took)
    print("| | `chalice local` | `make run` | ratio |")
    print("|---|---|---|---|")
    for name, label in (("kept", "one kept connection"), ("new", "a connection each")):
        ratio = rates[name] / rates[f"stock {name}"]
        print(f"| GET /health, {label}, requests/s | {rates[f'stock {name}']:.0f} | {rates[name]:.0f} | {ratio:.1f} |")
    print(f"| POST /lib/ping, warm, median, ms | | {statistics.median(calls) * 1e3:.1f} | |")
    label = "POST /run/helloWorldFlow?wait=5, warm, median (slowest), ms"
    print(f"| {label} | | {median * 1e3:.0f} ({slowest * 1e3:.0f}) | |")
    print(f"| start until it answers, s | {stock_start:.1f} | {start:.1f} | {start / stock_start:.1f} |")
    return 0 if rates["kept"] >= MINIMUM_KEPT and median <= MAXIMUM_RUN and start <= MAXIMUM_START else 1


if __name__ == "__main__":
    sys.exit(main())
