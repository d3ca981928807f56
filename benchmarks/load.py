"""What clients in numbers do to the API of `make run`, and whether each of them gets what was promised.

    python benchmarks/load.py [SCENARIO ...]
        [--starts 10000] [--waiting 1000] [--items 10000] [--minutes 30] [--rate 160]

Each scenario is a function of a server and the amounts. It prints what it measured and returns what it found wrong;
`SCENARIOS` lists them. Without names all but `soak` and `memory`, which take long, run on the same server.
"""

from __future__ import annotations

import argparse
import contextlib
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
CLIENTS = 50  # that start flows at once
FLOW = "helloWorldFlow"
MIN_STARTS, MIN_ENDS, MAX_P99 = 200.0, 150.0, 1.0  # a second, a second, seconds
MAX_MAP_SECONDS = 30.0
MAX_GROWTH = 0.05  # of memory, while runs come and go
FLOWS = {
    "loadWaits": "definition: {StartAt: W, States: {W: {Type: Wait, Seconds: 600, End: true}}}",
    "loadMaps": """definition:
  StartAt: M
  States:
    M:
      Type: Map
      ItemsPath: $.items
      MaxConcurrency: 40
      ItemProcessor:
        ProcessorConfig: {Mode: DISTRIBUTED, ExecutionType: STANDARD}
        StartAt: P
        States: {P: {Type: Pass, End: true}}
      ResultPath: null
      End: true""",
}


@dataclass(frozen=True, slots=True)
class Amounts:
    """How much of everything."""

    starts: int
    waiting: int
    items: int
    minutes: float
    rate: float
    """Starts a second in `soak`."""


@dataclass
class Server:
    """A running `make run`."""

    port: int
    token: str
    process_id: int

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


Scenario = Callable[[Server, Amounts], list[str]]


class Starter:
    """Starts runs, on one connection that is kept."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._connection = HTTPConnection("127.0.0.1", server.port, timeout=120)
        self.seconds: list[float] = []
        self.runs: list[str] = []
        self.throttled = 0
        self.wrong: list[str] = []

    def start(self) -> None:
        """Start one run; a 429 is tried again after the time that it says."""
        while True:
            began = time.monotonic()
            self._connection.request("POST", f"/run/{FLOW}", "{}", {"Authorization": f"Bearer {self._server.token}"})
            answer = self._connection.getresponse()
            content = answer.read()
            if answer.status != 429 or "retry-after" not in answer.headers:
                break
            self.throttled += 1
            time.sleep(float(answer.headers["retry-after"]))
        self.seconds.append(time.monotonic() - began)
        if answer.status == 202:
            self.runs.append(json.loads(content)["executionId"])
        else:
            self.wrong.append(f"a start was answered with {answer.status}: {content[:200]!r}")


def starts(server: Server, amounts: Amounts) -> list[str]:
    """Many clients start a flow with one function, as fast as they can."""
    before, began = _processor_seconds(server), time.monotonic()
    starters = [Starter(server) for _ in range(CLIENTS)]

    def work(starter: Starter) -> None:
        for _ in range(amounts.starts // CLIENTS):
            starter.start()

    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(work, starters))
    started = time.monotonic() - began
    runs = [run for starter in starters for run in starter.runs]
    wrong = [problem for starter in starters for problem in starter.wrong]
    _wait_for_ends(server, [run for starter in starters for run in starter.runs[-10:]])
    ended = time.monotonic() - began
    after = _processor_seconds(server)
    seconds = [second for starter in starters for second in starter.seconds]
    p99 = statistics.quantiles(seconds, n=100)[-1]
    spent = {role: 1000 * (after[role] - before.get(role, 0.0)) / len(runs) for role in sorted(after)}
    print(
        f"starts: {len(runs)} by {CLIENTS} clients, {len(runs) / started:.0f} starts/s (limit {MIN_STARTS:.0f}), "
        f"{len(runs) / ended:.0f} ends/s (limit {MIN_ENDS:.0f}), median {1000 * statistics.median(seconds):.0f} ms, "
        f"p99 {1000 * p99:.0f} ms (limit {1000 * MAX_P99:.0f}), {sum(s.throttled for s in starters)} throttled\n"
        f"        processor time of a run: {sum(spent.values()):.1f} ms ("
        + ", ".join(f"{role} {value:.1f}" for role, value in spent.items())
        + f"); load of the machine {os.getloadavg()[0]:.1f}"
    )
    if len(runs) / started < MIN_STARTS:
        wrong.append(f"{len(runs) / started:.0f} starts a second")
    if len(runs) / ended < MIN_ENDS:
        wrong.append(f"{len(runs) / ended:.0f} ends a second")
    if p99 > MAX_P99:
        wrong.append(f"the 99th percentile of a start is {p99:.1f} s")
    return wrong


def maps(server: Server, amounts: Amounts) -> list[str]:
    """One run maps over many items."""
    began = time.monotonic()
    items = {"items": list(range(amounts.items))}
    status, document = server.call("POST", "/run/loadMaps?wait=25", items)
    while status in (200, 202) and document.get("runStatus", document.get("status")) == "RUNNING":
        status, document = server.call("GET", f"/run/loadMaps/{document['executionId']}?wait=25")
    seconds = time.monotonic() - began
    print(f"map: {amounts.items} items in {seconds:.1f} s (limit {MAX_MAP_SECONDS:.0f})")
    if document.get("status") != "SUCCEEDED":
        return [f"the run ended with {status} {document}"]
    return [] if seconds <= MAX_MAP_SECONDS else [f"{amounts.items} items took {seconds:.0f} s"]


def soak(server: Server, amounts: Amounts) -> list[str]:
    """Runs start at an even rate for a long time: memory stays the same, and no start is slow."""
    ends = time.monotonic() + 60 * amounts.minutes
    starters = [Starter(server) for _ in range(CLIENTS)]

    def work(starter: Starter) -> None:
        due = time.monotonic()
        while due < ends:
            time.sleep(max(0.0, due - time.monotonic()))
            starter.start()
            due += CLIENTS / amounts.rate

    samples: list[tuple[float, float]] = []
    with ThreadPoolExecutor(CLIENTS) as pool:
        working = [pool.submit(work, starter) for starter in starters]
        while not all(one.done() for one in working):
            time.sleep(min(10.0, 6 * amounts.minutes))
            samples.append((time.monotonic(), _memory(server)))
        for one in working:
            one.result()
    runs = sum(len(starter.runs) for starter in starters)
    wrong = [problem for starter in starters for problem in starter.wrong]
    return wrong + _growth("soak", runs, [memory for _, memory in samples])


def memory(server: Server, amounts: Amounts) -> list[str]:
    """Many runs, one after another as fast as they go: what has ended takes no memory."""
    samples: list[float] = []
    wrong: list[str] = []
    started = 0
    for _ in range(10):
        starters = [Starter(server) for _ in range(CLIENTS)]

        def work(starter: Starter) -> None:
            for _ in range(amounts.starts // CLIENTS // 10):
                starter.start()

        with ThreadPoolExecutor(CLIENTS) as pool:
            list(pool.map(work, starters))
        wrong += [problem for starter in starters for problem in starter.wrong]
        _wait_for_ends(server, [run for starter in starters for run in starter.runs[-3:]])
        started += sum(len(starter.runs) for starter in starters)
        samples.append(_memory(server))
    return wrong + _growth("memory", started, samples)


def _growth(scenario: str, runs: int, samples: list[float]) -> list[str]:
    """Compare the memory after a fifth of the time with that at the end."""
    first, last = samples[len(samples) // 5], samples[-1]
    growth = last / first - 1
    print(
        f"{scenario}: {runs} runs, {first:.0f} MB after a fifth of the time, {last:.0f} MB at the end, "
        f"{100 * growth:+.1f} % (limit {100 * MAX_GROWTH:+.0f} %): " + " ".join(f"{sample:.0f}" for sample in samples)
    )
    return [] if growth <= MAX_GROWTH else [f"memory grew by {100 * growth:.1f} %"]


def waiting(server: Server, amounts: Amounts) -> list[str]:
    """All clients wait for a run that does not end; another one makes ordinary requests meanwhile."""
    clients = amounts.waiting
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
        f"waiting: {len(runs)} requests with wait={WAIT_SECONDS}, the last ended {1000 * late:.0f} ms late "
        f"(limit 1000); {len(others)} other requests, median {1000 * statistics.median(others):.0f} ms, "
        f"p95 {1000 * slow:.0f} ms (limit 200), slowest {1000 * max(others):.0f} ms"
    )
    wrong = [f"{len(refused)} starts were refused"] if refused else []
    if set(statuses) != {200}:
        wrong.append(f"answers with the status {sorted(set(statuses) - {200})}")
    if late > 1.0:
        wrong.append(f"a request ended {late:.1f} s after its time")
    if slow > 0.2:
        wrong.append(f"p95 of other requests is {1000 * slow:.0f} ms, more than 200")
    return wrong


def usage(server: Server, amounts: Amounts) -> list[str]:
    """The calls counted are the calls made."""
    calls = 3 * amounts.waiting
    before = _counted(server)
    with ThreadPoolExecutor(CLIENTS) as pool:
        statuses = list(pool.map(lambda _: server.call("POST", f"/run/{FLOW}", {})[0], range(calls)))
    deadline = time.monotonic() + 10
    readings = 1
    while (counted := _counted(server) - before - readings) < calls and time.monotonic() < deadline:
        readings += 1
        time.sleep(0.2)
    print(f"usage: {calls} starts by {CLIENTS} clients, {counted} counted, {statuses.count(202)} accepted")
    return [] if counted == calls else [f"{calls} calls were made and {counted} counted"]


SCENARIOS: dict[str, Scenario] = {
    "starts": starts,
    "map": maps,
    "usage": usage,
    "waiting": waiting,
    "soak": soak,
    "memory": memory,
}
LONG = ("soak", "memory")


def _wait_for_ends(server: Server, runs: list[str]) -> None:
    """Return once the runs have ended: the last ones to start, as all end nearly in the order of their starts."""
    for run in runs:
        while server.call("GET", f"/run/{FLOW}/{run}?wait=25")[1].get("status") == "RUNNING":
            pass


def _processes(server: Server) -> dict[int, str]:
    """Return the roles of `make run` and its children, by process id. Linux alone."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                parents[int(entry.name)] = int(_stat(int(entry.name))[1])
    found = {server.process_id: "cloud"}
    pending = [server.process_id]
    while pending:
        parent = pending.pop()
        for child in [process for process, its in parents.items() if its == parent]:
            pending.append(child)
            with contextlib.suppress(OSError):
                command = Path(f"/proc/{child}/cmdline").read_bytes()
                found[child] = "api" if b"api_process" in command else "workers"
    return found


def _stat(process: int) -> list[str]:
    """Return the fields of a process's `stat` from its state on."""
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()


def _processor_seconds(server: Server) -> dict[str, float]:
    """Return the processor time that the processes of each role have used, in seconds."""
    spent: dict[str, float] = {}
    for process, role in _processes(server).items():
        with contextlib.suppress(OSError):
            fields = _stat(process)
            spent[role] = spent.get(role, 0.0) + (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return spent


def _memory(server: Server) -> float:
    """Return the resident memory of cloud and API in MB."""
    pages = 0
    for process, role in _processes(server).items():
        if role != "workers":
            with contextlib.suppress(OSError):
                pages += int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def _seconds(call: Callable[[], Any]) -> float:
    began = time.monotonic()
    call()
    return time.monotonic() - began


def _counted(server: Server) -> int:
    return sum(month["apiCalls"] for month in server.call("GET", "/usage")[1]["usage"])


@contextmanager
def running(folder: Path, flows: Mapping[str, str] | None = None) -> Iterator[Server]:
    """`make run` in a copy of the project with the flows of the scenarios, and with others by their names."""
    project = folder / "project"
    names = subprocess.run(["git", "ls-files", "-z"], cwd=PROJECT, capture_output=True, check=True).stdout.split(b"\0")
    for name in filter(None, (os.fsdecode(name) for name in names)):
        target = project / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((PROJECT / name).read_bytes())
    for flow, definition in FLOWS.items():
        (project / "flows" / f"{flow}.yml").write_text(f"name: {flow}\n{definition}\n")
    for flow, text in (flows or {}).items():
        (project / "flows" / f"{flow}.yml").write_text(text)
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
        process.wait(120)


def _wait_for(session: Path, port: int, process: subprocess.Popen[bytes]) -> Server:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            server = Server(port, json.loads(session.read_text())["idToken"], process.pid)
            if server.call("GET", "/auth/verify")[0] == 200:
                return server
        except (OSError, ValueError, KeyError):
            pass
        time.sleep(0.1)
    raise SystemExit("make run did not answer")


def main() -> int:
    """Run the scenarios; the exit code says whether all promises were kept."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenario", nargs="*", choices=[[], *SCENARIOS], help="what to run; all but the long ones")
    parser.add_argument("--starts", type=int, default=10_000)
    parser.add_argument("--waiting", type=int, default=1000)
    parser.add_argument("--items", type=int, default=10_000)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--rate", type=float, default=0.8 * MIN_STARTS)
    arguments = parser.parse_args()
    amounts = Amounts(arguments.starts, arguments.waiting, arguments.items, arguments.minutes, arguments.rate)
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    wrong: list[str] = []
    with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as server:
        for name in arguments.scenario or [name for name in SCENARIOS if name not in LONG]:
            wrong += [f"{name}: {problem}" for problem in SCENARIOS[name](server, amounts)]
    for problem in wrong:
        print(f"BROKEN {problem}")
    if not wrong:
        print("all limits are kept")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
