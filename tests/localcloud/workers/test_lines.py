"""What functions print, and what the pool reports, as data that names the invocation."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from localcloud.workers import FunctionLine, PoolEntry, ReportKind, Source, WorkerPool, WorkerReport
from localcloud.workers.limits import Limits
from localcloud.workers.lines import as_text
from tests.localcloud.workers.conftest import Functions, wait_until

ORDER = Source("machine", "order-1", "Charge", "/States/Charge", (3,), 2, "order-1", "Root=1-2-3")


def printed(entries: list[PoolEntry]) -> list[FunctionLine]:
    return [entry for entry in entries if isinstance(entry, FunctionLine)]


def reports(entries: list[PoolEntry]) -> list[WorkerReport]:
    return [entry for entry in entries if isinstance(entry, WorkerReport)]


def test_a_line_names_its_invocation(functions: Functions, entries: list[PoolEntry]) -> None:
    functions.write("""
        import sys
        def handler(event, context):
            print("out", event)
            print("err", event, file=sys.stderr)
            print("no end", event, end="")
    """)
    results = [functions.start(functions.spec(), number, source)() for number, source in ((1, ORDER), (2, Source()))]
    assert [(line.text, line.request_id, line.source) for line in printed(entries)] == [
        (f"{text} {number}", result.request_id, source)
        for number, result, source in zip((1, 2), results, (ORDER, Source()), strict=True)
        for text in ("out", "err", "no end")
    ]
    assert all(line.function == "handler" and line.time > 1.7e9 for line in printed(entries))


def test_lines_are_there_when_the_result_is(functions: Functions, entries: list[PoolEntry]) -> None:
    functions.write("def handler(event, context):\n    for n in range(500): print(event, n)")
    for number in range(5):
        functions.call(functions.spec(), number)
        assert printed(entries)[-1].text == f"{number} 499"
    assert len({line.request_id for line in printed(entries)}) == 5


@pytest.mark.parametrize("ending", ["", "raise ValueError('no')", "os._exit(3)"])
def test_an_initialisation_belongs_to_the_invocation_that_waits(
    functions: Functions, entries: list[PoolEntry], ending: str
) -> None:
    functions.write(f"import os\nprint('loading')\n{ending}\ndef handler(event, context): pass")
    result = functions.start(functions.spec(), None, ORDER)()
    lines = printed(entries)
    assert lines[0].text == "loading"
    assert {(line.request_id, line.source) for line in lines} == {(result.request_id, ORDER)}


def test_an_initialisation_nobody_waits_for_belongs_to_nobody(functions: Functions, entries: list[PoolEntry]) -> None:
    functions.write("print('loading')\ndef handler(event, context): print('running')")
    functions.pool.warm(functions.spec())
    wait_until(lambda: bool(entries))
    result = functions.result(functions.spec())
    assert [(line.text, line.request_id) for line in printed(entries)] == [
        ("loading", ""),
        ("running", result.request_id),
    ]


def test_a_thread_between_invocations_belongs_to_nobody(functions: Functions, entries: list[PoolEntry]) -> None:
    functions.write("""
        import os, threading, time
        def late():
            while not os.path.exists("go"): time.sleep(0.01)
            print("late")
        def handler(event, context): threading.Thread(target=late).start()
    """)
    functions.call(functions.spec())
    (functions.folder / "go").touch()
    wait_until(lambda: bool(entries))
    assert [(line.text, line.request_id) for line in printed(entries)] == [("late", "")]


def test_an_error_is_one_entry_after_what_was_printed(functions: Functions, entries: list[PoolEntry]) -> None:
    functions.write("def handler(event, context):\n    print('working', end='')\n    raise ValueError('two\\nlines')")
    result = functions.start(functions.spec(), None, ORDER)()
    first, error = printed(entries)
    assert (first.text, first.is_error, error.is_error) == ("working", False, True)
    head = "[ERROR] ValueError: two\nlines\nTraceback (most recent call last):\n"
    assert error.text.startswith(f'{head}  File "{functions.folder}/fn.py", line 3, in handler')
    assert (error.request_id, error.source) == (result.request_id, ORDER)
    assert result.log == f"working{error.text}\n"


@pytest.mark.parametrize(
    ("body", "kind", "text"),
    [
        ("os._exit(3)", ReportKind.EXIT, "Runtime exited with error: exit status 3"),
        ("os.kill(os.getpid(), 11)", ReportKind.EXIT, "Runtime exited with error: signal: segmentation fault"),
        ("time.sleep(60)", ReportKind.TIMEOUT, "Task timed out after 0.50 seconds"),
        pytest.param(
            "bytearray(1 << 30)",
            ReportKind.MEMORY,
            "Out of memory: the function needs more than its 256 MB",
            marks=pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits the memory of a process"),
        ),
    ],
)
def test_the_end_of_a_process_is_reported(
    functions: Functions, entries: list[PoolEntry], body: str, kind: ReportKind, text: str
) -> None:
    functions.write(f"import os, time\ndef handler(event, context):\n    print('working')\n    {body}")
    result = functions.start(functions.spec(timeout=0.5 if kind is ReportKind.TIMEOUT else 20.0), None, ORDER)()
    assert [line.text for line in printed(entries)] == ["working"]
    [report] = reports(entries)
    assert (report.kind, report.text, report.function) == (kind, text, "handler")
    assert (report.request_id, report.source) == (result.request_id, ORDER)
    assert as_text(report) == f"[handler] {text}"


def test_a_mistake_of_whoever_takes_the_result_is_reported(tmp_path: Path, entries: list[PoolEntry]) -> None:
    pool = WorkerPool(limits=Limits(1, 1), listener=entries.append)
    functions = Functions(tmp_path, pool)
    functions.write("def handler(event, context): return event")
    try:
        pool.invoke(functions.spec(), b"1", lambda result: 1 / 0)  # type: ignore[arg-type]
        assert functions.call(functions.spec(), 2) == 2
    finally:
        pool.close()
    assert [(report.kind, report.function) for report in reports(entries)] == [(ReportKind.MISTAKE, "handler")]
    assert "division by zero" in reports(entries)[0].text
