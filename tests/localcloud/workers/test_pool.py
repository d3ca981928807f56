"""Functions run as on Lambda: each in a process of its own, with Lambda's limits and Lambda's words."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from localcloud.workers import InvocationResult, PoolEntry, Refusal, WorkerPool, staff
from localcloud.workers import pool as pool_module
from localcloud.workers.limits import Limits, usable_cores
from localcloud.workers.spec import MAX_PAYLOAD_BYTES
from tests.localcloud.workers.conftest import ARN, Functions, wait_until


def is_running(process_id: int) -> bool:
    try:
        state = Path(f"/proc/{process_id}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_gives_the_event_and_returns_the_result(functions: Functions) -> None:
    functions.write("def handler(event, context): return {'got': event, 'text': 'grüße'}")
    assert functions.call(functions.spec(), {"a": [1, None, "ü"]}) == {"got": {"a": [1, None, "ü"]}, "text": "grüße"}


def test_context_is_lambdas(functions: Functions) -> None:
    functions.write("""
        def handler(event, context):
            return [context.aws_request_id, context.function_name, context.function_version,
                    context.memory_limit_in_mb, context.invoked_function_arn, context.log_group_name,
                    context.get_remaining_time_in_millis()]
    """)
    result = functions.result(functions.spec(timeout=7.0))
    request_id, name, version, memory, arn, log_group, left = json.loads(result.payload)
    assert request_id == result.request_id
    assert (name, version, memory, arn) == ("handler", "$LATEST", "256", ARN + "handler")
    assert log_group == "/aws/lambda/handler"
    assert 0 < left <= 7000


def test_environment_is_the_functions_own(functions: Functions, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEVELOPERS_SECRET", "x")
    functions.write("""
        import os, time
        def handler(event, context):
            return [os.environ.get("DEVELOPERS_SECRET"), os.environ["MINE"], os.environ["AWS_LAMBDA_FUNCTION_NAME"],
                    os.environ["AWS_REGION"], time.strftime("%Z"), os.getcwd()]
    """)
    answer = functions.call(functions.spec(environment={"MINE": "1"}))
    assert answer == [None, "1", "handler", "us-east-1", "UTC", str(functions.folder)]
    assert functions.call(functions.spec(environment={"MINE": "2"}))[1] == "2"


def test_module_state_lasts_while_the_worker_is_warm(functions: Functions) -> None:
    functions.write("""
        import os
        calls = 0
        def handler(event, context):
            global calls
            calls += 1
            return [os.getpid(), calls]
    """)
    first = functions.call(functions.spec())
    assert functions.call(functions.spec()) == [first[0], 2]


def test_functions_do_not_share_workers(functions: Functions) -> None:
    functions.write("""
        import os
        def one(event, context): return os.getpid()
        def two(event, context): return os.getpid()
    """)
    assert functions.call(functions.spec("one")) != functions.call(functions.spec("two"))


def test_concurrent_invocations_have_a_worker_each(functions: Functions) -> None:
    functions.write("""
        import os, time
        def handler(event, context):
            time.sleep(0.5)
            return os.getpid()
    """)
    waiting = [functions.start(functions.spec()) for _ in range(6)]
    assert len({json.loads(wait().payload) for wait in waiting}) > 1


def test_a_burst_is_served_by_few_workers(functions: Functions) -> None:
    functions.write("def handler(event, context): return event")
    functions.call(functions.spec())
    waiting = [functions.start(functions.spec(), number) for number in range(300)]
    assert [json.loads(wait().payload) for wait in waiting] == list(range(300))
    assert len(functions.pool.process_ids) <= 8 * usable_cores() + 1  # and the interpreter in reserve


def test_the_number_of_workers_is_bounded(tmp_path: Path) -> None:
    pool = WorkerPool(limits=Limits(2, 2), listener=lambda entry: None)
    functions = Functions(tmp_path, pool)
    functions.write("""
        import os, time
        def one(event, context): time.sleep(0.05); return os.getpid()
        def two(event, context): return os.getpid()
    """)
    try:
        waiting = [functions.start(functions.spec(name)) for name in ["one"] * 6 + ["two"] * 2]
        assert all(wait().error is None for wait in waiting)
        assert len(pool.process_ids) <= 3  # two workers and the interpreter in reserve
    finally:
        pool.close()


def test_error_has_lambdas_shape(functions: Functions, entries: list[PoolEntry]) -> None:
    functions.write("""
        class PaymentDeclined(Exception): pass
        def handler(event, context):
            print("charging")
            raise PaymentDeclined("no funds")
    """)
    result = functions.result(functions.spec())
    error = json.loads(result.payload)
    assert (error["errorType"], error["errorMessage"]) == ("PaymentDeclined", "no funds")
    assert error["requestId"] == result.request_id
    assert len(error["stackTrace"]) == 1
    assert error["stackTrace"][0].startswith(f'  File "{functions.folder}/fn.py", line 5, in handler')
    assert [entry.text.splitlines()[0] for entry in entries] == ["charging", "[ERROR] PaymentDeclined: no funds"]
    assert result.log.startswith("charging\n")


@pytest.mark.parametrize(
    ("source", "handler", "error_type", "message"),
    [
        ("import missing_module", "fn.handler", "Runtime.ImportModuleError", "No module named 'missing_module'"),
        ("def handler(:", "fn.handler", "Runtime.UserCodeSyntaxError", "Syntax error in module 'fn'"),
        ("x = 1", "fn.handler", "Runtime.HandlerNotFound", "Handler 'handler' missing on module 'fn'"),
        ("x = 1", "handler", "Runtime.MalformedHandlerName", "Bad handler 'handler'"),
        ("raise ValueError('at import')", "fn.handler", "ValueError", "at import"),
        ("def handler(e, c): return {1, 2}", "fn.handler", "Runtime.MarshalError", "set is not JSON serializable"),
        ("def handler(e, c): return 'x' * 6291457", "fn.handler", "Function.ResponseSizeTooLarge", "6291456 bytes"),
    ],
)
def test_runtime_errors(functions: Functions, source: str, handler: str, error_type: str, message: str) -> None:
    functions.write(source)
    error = functions.failure(functions.spec(handler=handler))
    assert error["errorType"] == error_type
    assert message in error["errorMessage"]


def test_a_fixed_import_error_is_noticed(functions: Functions) -> None:
    functions.write("import missing_module")
    assert functions.failure(functions.spec())["errorType"] == "Runtime.ImportModuleError"
    functions.write("def handler(event, context): return 'fixed'")
    assert functions.call(functions.spec()) == "fixed"


def test_timeout_kills_only_its_worker(functions: Functions) -> None:
    functions.write("""
        import os, time
        def slow(event, context): time.sleep(60)
        def handler(event, context): return os.getpid()
    """)
    other = functions.call(functions.spec())
    result = functions.result(functions.spec("slow", timeout=0.3))
    error = json.loads(result.payload)
    assert error == {
        "errorType": "Sandbox.Timedout",
        "errorMessage": f"RequestId: {result.request_id} Error: Task timed out after 0.30 seconds",
    }
    assert functions.call(functions.spec()) == other


def test_timeout_ends_what_the_function_started(functions: Functions) -> None:
    functions.write("""
        import subprocess, sys, time
        def handler(event, context):
            child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
            open("child", "w").write(str(child.pid))
            time.sleep(60)
    """)
    functions.failure(functions.spec(timeout=1.0))
    child = int((functions.folder / "child").read_text())
    wait_until(lambda: not is_running(child))


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("os._exit(3)", "Runtime exited with error: exit status 3"),
        ("os._exit(0)", "Runtime exited without providing a reason"),
        ("sys.exit(4)", "Runtime exited with error: exit status 4"),
        ("os.kill(os.getpid(), signal.SIGKILL)", "Runtime exited with error: signal: killed"),
        ("os.kill(os.getpid(), signal.SIGSEGV)", "Runtime exited with error: signal: segmentation fault"),
    ],
)
def test_a_crash_fails_one_invocation(functions: Functions, body: str, reason: str) -> None:
    functions.write(f"import os, signal, sys\ndef handler(event, context):\n    if event: {body}\n    return 'well'")
    result = functions.result(functions.spec(), True)
    assert json.loads(result.payload) == {
        "errorType": "Runtime.ExitError",
        "errorMessage": f"RequestId: {result.request_id} Error: {reason}",
    }
    assert functions.call(functions.spec(), False) == "well"


def test_a_crash_at_import_fails_the_invocation(functions: Functions) -> None:
    functions.write("import os\nos._exit(9)")
    assert functions.failure(functions.spec())["errorMessage"].endswith("exit status 9")


@pytest.mark.skipif(sys.platform != "linux", reason="other systems cannot limit the memory of a process")
def test_too_much_memory_at_import_fails_the_invocation(functions: Functions) -> None:
    functions.write("blocks = [bytearray(1 << 20) for _ in range(1024)]\ndef handler(event, context): return 1")
    assert functions.failure(functions.spec())["errorMessage"].endswith("signal: killed")


def test_a_missing_code_folder_is_an_import_error(functions: Functions) -> None:
    error = functions.failure(functions.spec(code=functions.folder / "missing"))
    assert error["errorType"] == "Runtime.ImportModuleError"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_handler_is_an_error_document(functions: Functions) -> None:
    functions.write("def handler(event, context): return 1")
    (functions.folder / "fn.py").chmod(0)
    assert functions.failure(functions.spec())["errorType"] == "PermissionError"


@pytest.mark.parametrize(
    "source", [b"\x00\x00", b"\xff = 1", b"def handler(event, context):\n\treturn 1\n        return 2"]
)
def test_a_handler_that_is_not_python_is_a_syntax_error(functions: Functions, source: bytes) -> None:
    (functions.folder / "fn.py").write_bytes(source)
    assert functions.failure(functions.spec())["errorType"] == "Runtime.UserCodeSyntaxError"


@pytest.mark.parametrize("line", ["print('x' * 99, flush=True)", "sys.stdout.write('x' * 65536)", "print(flush=True)"])
@pytest.mark.thorough
def test_endless_output_holds_nobody_up(functions: Functions, entries: list[PoolEntry], line: str) -> None:
    functions.write(f"""
        import sys
        def endless(event, context):
            while True: {line}
        def handler(event, context): return event
    """)
    functions.call(functions.spec(), 0)
    endless = functions.start(functions.spec("endless", timeout=1.0))
    wait_until(lambda: any(entry.function == "endless" for entry in entries))
    assert [functions.call(functions.spec(), number) for number in range(20)] == list(range(20))
    result = endless()
    assert json.loads(result.payload)["errorType"] == "Sandbox.Timedout"
    assert len(result.log) <= 4096
    assert max(len(entry.text) for entry in entries) < 1 << 20


@pytest.mark.parametrize("body", ["sys.stdout.close()", "sys.stdout = None", "os.close(1)", "os.chdir('/')"])
def test_a_function_may_spoil_its_process(functions: Functions, body: str) -> None:
    functions.write(f"import os, sys\ndef handler(event, context):\n    {body}\n    return event")
    assert functions.call(functions.spec(), 7) == 7


def test_a_crash_is_noticed_though_a_child_lives_on(functions: Functions) -> None:
    functions.write("""
        import os, time
        def handler(event, context):
            if os.fork() == 0:
                time.sleep(60)
            os._exit(5)
    """)
    began = time.monotonic()
    assert functions.failure(functions.spec())["errorMessage"].endswith("exit status 5")
    assert time.monotonic() - began < 10


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not limit the memory of a process so")
def test_too_much_memory_ends_the_worker(functions: Functions) -> None:
    functions.write("""
        def handler(event, context):
            return sum(len(block) for block in [bytearray(1 << 20) for _ in range(event)])
    """)
    assert functions.call(functions.spec(memory=256), 64) == 64 << 20
    assert functions.failure(functions.spec(memory=256), 1024)["errorMessage"].endswith("signal: killed")


def test_a_killed_worker_fails_its_invocation(functions: Functions) -> None:
    functions.write("""
        import os, time
        def handler(event, context):
            open("pid", "w").write(str(os.getpid()))
            time.sleep(60)
    """)
    waiting = functions.start(functions.spec())
    pid_file = functions.folder / "pid"
    wait_until(lambda: pid_file.is_file() and bool(pid_file.read_text()))
    os.kill(int(pid_file.read_text()), signal.SIGKILL)
    assert json.loads(waiting().payload)["errorMessage"].endswith("signal: killed")


def test_large_payloads(functions: Functions) -> None:
    functions.write("def handler(event, context): return event")
    text = "x" * (MAX_PAYLOAD_BYTES - 2)
    assert functions.call(functions.spec(), text) == text
    assert functions.failure(functions.spec(), text + "x")["errorType"] == "RequestEntityTooLargeException"


def test_changed_code_is_run_at_the_next_call(functions: Functions) -> None:
    """Also where the change has the same length and falls into the same second."""
    functions.write("from helper import VALUE\ndef handler(event, context): return VALUE")
    for number in range(4):
        functions.write(f"VALUE = {number}", "helper")
        assert functions.call(functions.spec()) == number


def test_a_worker_outlives_changes_of_files_it_has_not_loaded(functions: Functions) -> None:
    functions.write("import os\ndef handler(event, context): return os.getpid()")
    process = functions.call(functions.spec())
    functions.write("x = 1", "unrelated")
    assert functions.call(functions.spec()) == process


def test_modules_loaded_late_are_watched(functions: Functions) -> None:
    functions.write("def handler(event, context):\n    import late\n    return late.VALUE")
    functions.write("VALUE = 'a'", "late")
    assert functions.call(functions.spec()) == "a"
    functions.write("VALUE = 'b'", "late")
    assert functions.call(functions.spec()) == "b"


def test_idle_workers_are_ended(tmp_path: Path) -> None:
    pool = WorkerPool(idle_seconds=0.2, listener=lambda entry: None)
    functions = Functions(tmp_path, pool)
    functions.write("import os\ndef handler(event, context): return os.getpid()")
    try:
        process = functions.call(functions.spec())
        wait_until(lambda: process not in pool.process_ids)
        wait_until(lambda: not is_running(process))
    finally:
        pool.close()


def test_workers_of_a_burst_end_earlier(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool_module, "SURPLUS_IDLE_SECONDS", 0.1)
    monkeypatch.setattr(staff, "LONG_SECONDS", 0.05)
    pool = WorkerPool(limits=Limits(1, 4), listener=lambda entry: None)
    functions = Functions(tmp_path, pool)
    functions.write("import time\ndef handler(event, context): time.sleep(0.5)")
    try:
        waiting = [functions.start(functions.spec()) for _ in range(3)]
        wait_until(lambda: len(pool.process_ids) > 2)
        for wait in waiting:
            wait()
        wait_until(lambda: len(pool.process_ids) == 2)  # one worker and the interpreter in reserve
    finally:
        pool.close()


def test_a_cancelled_invocation_is_not_reported(functions: Functions) -> None:
    functions.write("import time\ndef handler(event, context): time.sleep(event)")
    results: list[InvocationResult] = []
    cancel = functions.pool.invoke(functions.spec(), b"0.3", results.append)
    cancel()
    functions.call(functions.spec(), 0.6)
    assert results == []


def test_closing_fails_what_runs(tmp_path: Path) -> None:
    functions = Functions(tmp_path, WorkerPool(listener=lambda entry: None))
    functions.write("import time\ndef handler(event, context):\n    open('began', 'w')\n    time.sleep(60)")
    waiting = functions.start(functions.spec())
    wait_until((tmp_path / "began").exists)
    functions.pool.close()
    assert json.loads(waiting().payload)["errorType"] == "Runtime.ExitError"
    with pytest.raises(RuntimeError, match="closed"):
        functions.pool.invoke(functions.spec(), b"{}", lambda result: None)


def test_decimals_and_bytes_are_marshalled(functions: Functions) -> None:
    functions.write("""
        from decimal import Decimal
        def handler(event, context): return {"i": Decimal("3"), "f": Decimal("1.5")}
        def raw(event, context): return b'{"a": 1}'
    """)
    assert functions.call(functions.spec()) == {"i": 3, "f": 1.5}
    assert functions.call(functions.spec("raw")) == {"a": 1}


def test_a_refused_function_fails(functions: Functions) -> None:
    error = functions.failure(functions.spec(refusal=Refusal("InvalidZipFileException", "no zip")))
    assert error == {"errorType": "Lambda.InvalidZipFileException", "errorMessage": "no zip"}


def test_a_warmed_function_has_a_worker(functions: Functions) -> None:
    functions.write("import os\nopen('loaded', 'a').write('x')\ndef handler(event, context): return os.getpid()")
    functions.pool.warm(functions.spec())
    wait_until((functions.folder / "loaded").exists)
    functions.call(functions.spec())
    assert (functions.folder / "loaded").read_text() == "x"


def test_workers_end_with_their_parent(tmp_path: Path) -> None:
    (tmp_path / "fn.py").write_text("import os, time\ndef handler(event, context):\n    time.sleep(60)")
    program = f"""
        import time
        from pathlib import Path
        from localcloud.workers import FunctionSpec, WorkerPool
        pool = WorkerPool()
        spec = FunctionSpec("{ARN}x", "x", Path({str(tmp_path)!r}), "fn.handler", {{}}, 60, 256)
        pool.invoke(spec, b"1", print)
        while len(pool.process_ids) < 2:
            time.sleep(0.01)
        print(*pool.process_ids, flush=True)
        time.sleep(60)
    """
    root = Path(__file__).resolve().parents[3]
    parent = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program)], cwd=root, stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    workers = [int(word) for word in parent.stdout.readline().split()]
    assert len(workers) == 2
    assert all(is_running(worker) for worker in workers)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    for worker in workers:
        wait_until(lambda worker=worker: not is_running(worker))
