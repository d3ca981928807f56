"""Who gets a worker while there are fewer workers than invocations."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from localcloud.workers import InvocationResult, Source, WorkerPool, staff
from localcloud.workers.limits import Limits
from tests.localcloud.workers.conftest import WAIT_SECONDS, Functions


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Functions]:
    pool = WorkerPool(limits=Limits(2, 2), listener=lambda entry: None)
    yield Functions(tmp_path, pool)
    pool.close()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staff, "LONG_SECONDS", 0.1)
    monkeypatch.setattr(staff, "STALL_SECONDS", 0.1)


@pytest.mark.parametrize("function", ["handler", "other"])
def test_a_map_does_not_starve_the_task_of_another_flow(small: Functions, function: str) -> None:
    small.write("import time\ndef handler(event, context): time.sleep(0.005)\ndef other(event, context): pass")
    ended: list[str] = []
    done = threading.Event()

    def note(name: str, last: int) -> Callable[[InvocationResult], None]:
        def on_done(result: InvocationResult) -> None:
            assert result.error is None
            ended.append(name)
            if len(ended) == last:
                done.set()

        return on_done

    for _ in range(300):
        small.pool.invoke(small.spec(), b"{}", note("map", 301), Source("map", "one"))
    small.pool.invoke(small.spec(function), b"{}", note("task", 301), Source("task", "two"))
    assert done.wait(WAIT_SECONDS)
    assert ended.index("task") < 150  # the last of all in the order of arrival


def test_the_time_of_an_invocation_begins_with_it(tmp_path: Path) -> None:
    pool = WorkerPool(limits=Limits(1, 1), listener=lambda entry: None)
    functions = Functions(tmp_path, pool)
    functions.write(
        "import time\ndef handler(event, context):\n    time.sleep(0.3)\n"
        "    return context.get_remaining_time_in_millis()"
    )
    try:
        waiting = [functions.start(functions.spec(timeout=1.0)) for _ in range(6)]
        results = [wait() for wait in waiting]
    finally:
        pool.close()
    assert [result.error for result in results] == [None] * 6
    assert all(0 < int(result.payload) <= 700 for result in results)


@pytest.mark.usefixtures("impatient")
def test_functions_that_wait_make_room(tmp_path: Path) -> None:
    """A function that waits for something takes a worker, but not a place among those that run at once."""
    pool = WorkerPool(limits=Limits(2, 8), listener=lambda entry: None)
    functions = Functions(tmp_path, pool)
    functions.write("""
        import os, time
        def handler(event, context):
            open(f"began-{event}", "w").close()
            while not os.path.exists("began-5"):
                time.sleep(0.01)
    """)
    try:
        waiting = [functions.start(functions.spec(), number) for number in range(6)]
        assert [wait().error for wait in waiting] == [None] * 6
    finally:
        pool.close()


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(("outer", "inner"), [("outer", "handler"), ("outer", "outer")])
def test_functions_that_wait_for_functions_end(small: Functions, outer: str, inner: str) -> None:
    """All workers are taken by functions that wait for one which waits for a worker."""

    class Endpoint(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            event = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            answer = small.result(small.spec(self.path[1:]), event).payload
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    small.write(f"""
        import json, urllib.request
        def handler(event, context): return event
        def outer(event, context):
            if not event: return 0
            address = "http://127.0.0.1:{server.server_port}/{inner}"
            with urllib.request.urlopen(address, json.dumps(event - 1).encode()) as answer:
                return json.load(answer)
    """)
    try:
        waiting = [small.start(small.spec(outer), 1) for _ in range(12)]
        assert [json.loads(wait().payload) for wait in waiting] == [0] * 12
        assert len(small.pool.process_ids) <= Limits(2, 2).most + 1
    finally:
        server.shutdown()
        server.server_close()
