"""What clients in numbers do to the API of `make run`, and whether each of them gets what was promised.

    python benchmarks/load.py [SCENARIO ...] [--clients 1000]

Each scenario is a function of a server and the number of clients. It prints what it measured and returns what it found
wrong; `SCENARIOS` lists them. Without names all of them run, each on the same server.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parent.parent
START_SECONDS = 60.0
WAIT_SECONDS = 20
WAIT_FLOW = """
name: loadWaits
definition: {StartAt: W, States: {W: {Type: Wait, Seconds: 600, End: true}}}
"""


@dataclass
class Server:
    """A running `make run`."""

    port: int
    token: str

    def call(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Make one request on a connection of its own; status and document of the answer."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=120)
        try:
            content = None if body is None else json.dumps(body)
            connection.request(method, path, content, {"Authorization": f"Bearer {self.token}"})
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()


Scenario = Callable[[Server, int], list[str]]


def waiting(server: Server, clients: int) -> list[str]:
    """All clients wait for a run that does not end; another one makes ordinary requests meanwhile."""
    with ThreadPoolExecutor(20) as pool:
        started = list(pool.map(lambda _: server.call("POST", "/run/loadWaits", {}), range(clients)))
    refused = [status for status, _ in started if status != 202]
    runs = [document["executionId"] for status, document in started if status == 202]
    took: list[float] = []
    statuses: list[int] = []

    def wait(execution: str) -> None:
        began = time.monotonic()
        status, _ = server.call("GET", f"/run/loadWaits/{execution}?wait={WAIT_SECONDS}")
        took.append(time.monotonic() - began)
        statuses.append(status)

    threads = [threading.Thread(target=wait, args=(run,)) for run in runs]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    opened = time.monotonic() - began
    others: list[float] = []
    while time.monotonic() - began < WAIT_SECONDS - 2:
        if time.monotonic() - began > max(opened, 3.0):
            others.append(_seconds(lambda: server.call("GET", "/auth/verify")))
            others.append(_seconds(lambda: server.call("GET", "/runs?limit=10")))
        time.sleep(0.1)
    for thread in threads:
        thread.join()
    late, slow = max(took) - WAIT_SECONDS, statistics.quantiles(others, n=20)[-1]
    print(
        f"waiting: {len(runs)} requests with wait={WAIT_SECONDS}, the last ended {1000 * late:.0f} ms late; "
        f"{len(others)} other requests, median {1000 * statistics.median(others):.0f} ms, p95 {1000 * slow:.0f} ms, "
        f"slowest {1000 * max(others):.0f} ms"
    )
    wrong = [f"{len(refused)} starts were refused"] if refused else []
    if set(statuses) != {200}:
        wrong.append(f"answers with the status {sorted(set(statuses) - {200})}")
    if late > 1.0:
        wrong.append(f"a request ended {late:.1f} s after its time")
    if slow > 0.2:
        wrong.append(f"p95 of other requests is {1000 * slow:.0f} ms, more than 200")
    return wrong


def usage(server: Server, clients: int) -> list[str]:
    """The calls counted are the calls made."""
    calls = 3 * clients
    before = _counted(server)
    with ThreadPoolExecutor(50) as pool:
        statuses = list(pool.map(lambda _: server.call("POST", "/run/helloWorldFlow", {})[0], range(calls)))
    deadline = time.monotonic() + 10
    readings = 1
    while (counted := _counted(server) - before - readings) < calls and time.monotonic() < deadline:
        readings += 1
        time.sleep(0.2)
    print(f"usage: {calls} starts by 50 clients, {counted} counted, {statuses.count(202)} accepted")
    return [] if counted == calls else [f"{calls} calls were made and {counted} counted"]


SCENARIOS: dict[str, Scenario] = {"usage": usage, "waiting": waiting}


def _seconds(call: Callable[[], Any]) -> float:
    began = time.monotonic()
    call()
    return time.monotonic() - began


def _counted(server: Server) -> int:
    return sum(month["apiCalls"] for month in server.call("GET", "/usage")[1]["usage"])


@contextmanager
def running(folder: Path, flows: Mapping[str, str] | None = None) -> Iterator[Server]:
    """`make run` in a copy of the project with the flow `loadWaits`, and with others by their names."""
    project = folder / "project"
    names = subprocess.run(["git", "ls-files", "-z"], cwd=PROJECT, capture_output=True, check=True).stdout.split(b"\0")
    for name in filter(None, (os.fsdecode(name) for name in names)):
        target = project / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((PROJECT / name).read_bytes())
    for name, text in {"loadWaits": WAIT_FLOW, **(flows or {})}.items():
        (project / "flows" / f"{name}.yml").write_text(text)
    with socket.socket() as first, socket.socket() as second:
        first.bind(("127.0.0.1", 0))
        second.bind(("127.0.0.1", 0))
        port, aws_port = first.getsockname()[1], second.getsockname()[1]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    process = subprocess.Popen(
        [sys.executable, "-m", "localcloud", "run"],
        cwd=project,
        env={**environment, "PORT": str(port), "AWS_PORT": str(aws_port)},
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield _wait_for(project / ".localcloud" / "session.json", port, process)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)


def _wait_for(session: Path, port: int, process: subprocess.Popen[bytes]) -> Server:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            server = Server(port, json.loads(session.read_text())["idToken"])
            if server.call("GET", "/auth/verify")[0] == 200:
                return server
        except (OSError, ValueError, KeyError):
            pass
        time.sleep(0.1)
    raise SystemExit("make run did not answer")


def main() -> int:
    """Run the scenarios; the exit code says whether all promises were kept."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenario", nargs="*", choices=[[], *SCENARIOS], help="what to run; everything by default")
    parser.add_argument("--clients", type=int, default=1000)
    arguments = parser.parse_args()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    wrong: list[str] = []
    with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as server:
        for name in arguments.scenario or SCENARIOS:
            wrong += [f"{name}: {problem}" for problem in SCENARIOS[name](server, arguments.clients)]
    for problem in wrong:
        print(problem)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
