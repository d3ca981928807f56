"""Functions answer alike in the API's process, as in a deployed stage, and in the workers of `make run`."""

from __future__ import annotations

import json
import re
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from chalicelib.functions import discovery
from chalicelib.settings import PROJECT, settings
from compiler.live_project import LiveProject
from localcloud.browsers import AllowedHosts, AllowedOrigins
from localcloud.endpoint import endpoint_server
from localcloud.http_functions import GATEWAY_SECONDS, PATH, HttpFunctions
from localcloud.project import ProjectFunctions
from localcloud.sockets import listen
from localcloud.worker_caller import WorkerCaller
from localcloud.workers import WorkerPool
from localcloud.workers.limits import Limits

from ..conftest import Api, IdentityProvider, Reply

SECONDS = 1.5
"""How long a call may take where its end is waited for; 29 s are API Gateway's."""

LAMBDA = {
    "text": "return {'statusCode': 200, 'body': 'I am alive'}",
    "document": "return {'statusCode': 201, 'body': {'a': 'ü'}, 'headers': {'X-N': 1}}",
    "json-text": "return {'statusCode': '404', 'body': '[1]'}",
    "no-body": "return {'statusCode': 204}",
    "many": "return {'statusCode': 200, 'body': '', 'multiValueHeaders': {'X-M': ['1', '2']}}",
    "encoded": "return {'statusCode': 200, 'body': '/wA=', 'isBase64Encoded': True, 'headers': {'A': 'b'}}",
    "badly-encoded": "return {'statusCode': 200, 'body': 'a', 'isBase64Encoded': True}",
    "raw": "return {'statusCode': 200, 'body': b'\\xff\\x00'}",
    "half": "return {'statusCode': 200, 'body': 'a\\ud800b'}",
    "half-as-json": "return '\\ud800'",
    "plain": "return {'status': 'success', 'when': __import__('datetime').date(2026, 1, 2)}",
    "nothing": "return None",
    "not-json": "return object()",
    "no-number": "return {'statusCode': 'none'}",
    "odd-status": "return {'statusCode': 99999, 'body': ''}",
    "event": "event['requestContext'].pop('requestId'); event['headers'].pop('authorization');"
    " event['multiValueHeaders'].pop('authorization'); return event",
    "context": "return [context.aws_request_id == event['requestContext']['requestId'],"
    " 0 < context.get_remaining_time_in_millis() <= 29000, context.function_version]",
    "sum": "return sum(json.loads(event['body']))",
    "exits": "sys.exit(3)",
    "interrupts": "raise KeyboardInterrupt",
    "fails": "raise RuntimeError('of the call')",
    "fails-deeper": "helper({})",
    "fails-elsewhere": "return int(event)",
    "cause": "\n    try: helper({})\n    except KeyError as e: raise ValueError('bad') from e",
    "not-found": "raise NotFound('There is no order.')",
    "bad-request": "raise BadRequest('no', errors=[FieldError('a[0]', 'is bad')], headers={'X-A': 'b'})",
    "busy": "raise TooManyRequests('no', retry_after=7)",
    "derived": "raise Paid('no')",
    "not-a-status": "raise Odd('no')",
    "own-500": "raise DomainError('I failed.')",
    "of-chalice": "from chalice import ConflictError\n    raise ConflictError('no')",
    "throttled": "from botocore.exceptions import ClientError\n"
    "    raise ClientError({'Error': {'Code': 'ThrottlingException'}}, 'GetItem')",
    "large": "return {'statusCode': 200, 'body': 'x' * (6 * 1024 * 1024 + 1)}",
    "fairly-large": "return {'statusCode': 200, 'body': '\"' * (5 * 1024 * 1024)}",
}
"""The bodies of handlers of the Lambda style."""

TYPED = {
    "typed": "(order_id: str, amount: float = 1.0): return {'order': order_id, 'amount': amount}",
    "typed-failing": "(order_id: str): return [][1]",
    "typed-conflict": "(order_id: str): raise Conflict('no')",
    "typed-async": "(order_id: str): return (lambda: work(order_id))()",
    "typed-keywords": "(**rest): return rest",
    "typed-unresolved": "(order_id: 'Missing'): ...",
}
"""The handlers of the other style, from their parameters on."""

MODULES = {
    "no-module": "import missing_module_of_nobody",
    "no-python": "\nthis is no Python",
    "exits-early": "import sys\nsys.exit(3)\ndef handler(a: int): ...",
    "no-handler": "x = 1",
}

PREAMBLE = """
import json, sys
from chalicelib.errors import *
class Paid(DomainError):
    status = 402
class Odd(DomainError):
    status = 42
def helper(values):
    return values["missing"]
async def work(value):
    return value
"""

ALONE = {
    "ends": "import os\ndef handler(event, context): os._exit(3)",
    "crashes": "import os\ndef handler(event, context): os.kill(os.getpid(), 11)",
    "eats": "def handler(event, context): return len(bytearray(4 << 30))",
    "loops": "import json, os\ndef handler(event, context):\n"
    "    open(json.loads(event['body']), 'w').write(str(os.getpid()))\n    while True: pass",
    "prints": "def handler(event, context): print('first'); print('second')",
    "process": "import os\ndef handler(event, context): return os.getpid()",
    "counts": "from chalicelib.usage import track_usage_middleware\n"
    "@track_usage_middleware\ndef handler(event, context): return 'counted'",
}
"""Handlers that only a worker survives or that tell where they run."""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with all these functions."""
    root = tmp_path_factory.mktemp("calling") / "project"
    ignored = shutil.ignore_patterns("lib", "__pycache__", "console", "catalog.json")
    shutil.copytree(PROJECT / "chalicelib", root / "chalicelib", ignore=ignored)
    (root / "localcloud").symlink_to(PROJECT / "localcloud")
    sources = {
        **{name: f"{PREAMBLE}def handler(event, context):\n    {body}\n" for name, body in LAMBDA.items()},
        **{name: f"{PREAMBLE}def handler{rest}\n" for name, rest in TYPED.items()},
        **MODULES,
        **ALONE,
    }
    for name, source in sources.items():
        write(root, name, source)
    (root / "chalicelib" / "lib" / "__init__.py").touch()
    return root


def eventually(check: Callable[[], Any]) -> Any:
    """Repeat `check` until it returns something true, and return that."""
    deadline = time.monotonic() + 20
    while not (found := check()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return found


def write(root: Path, name: str, source: str) -> None:
    file = root / "chalicelib" / "lib" / name / "handler.py"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(source)


@pytest.fixture(scope="module")
def pool() -> Iterator[WorkerPool]:
    pool = WorkerPool(limits=Limits(4, 4))
    yield pool
    pool.close()


@contextmanager
def serving(root: Path, pool: WorkerPool, seconds: float) -> Iterator[WorkerCaller]:
    """Have functions run in the pool, for this many seconds at most."""
    functions = ProjectFunctions(root, settings.names, LiveProject(root), {})
    respond = HttpFunctions(functions, pool, seconds=seconds).respond
    server = endpoint_server(respond, listen(0, "AWS_PORT"), AllowedHosts(), AllowedOrigins.of_api(""))
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield WorkerCaller(f"http://127.0.0.1:{server.port}{PATH}")
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def caller(root: Path, pool: WorkerPool) -> Iterator[WorkerCaller]:
    with serving(root, pool, GATEWAY_SECONDS) as caller:
        yield caller


@pytest.fixture
def worker_api(root: Path, caller: WorkerCaller, provider: IdentityProvider, monkeypatch: pytest.MonkeyPatch) -> Api:
    """The API as `make run` serves it, without a cloud behind it."""
    monkeypatch.setattr("chalicelib.secrets.load", lambda: None)
    monkeypatch.setattr("chalicelib.secrets.reload", lambda: None)
    monkeypatch.setattr("chalicelib.usage._increment", lambda batch: None)
    monkeypatch.setattr("chalicelib.functions.served", lambda: discovery.served(root))
    monkeypatch.setattr("chalicelib.functions.find", lambda name: discovery.find(name, root))
    return Api(provider, "ada", None, caller)


@pytest.fixture
def api(worker_api: Api, provider: IdentityProvider) -> Api:
    """The API as in a deployed stage, for the same user."""
    same = Api(provider, "ada")
    same.token = worker_api.token
    return same


def comparable(reply: Reply, root: Path) -> tuple[Any, ...]:
    """What must be the same: everything but ids, times, the folder, and words that tell of the process."""
    headers = {name: value for name, value in reply.headers.items() if name != "X-Request-Id"}
    body = re.sub(rb'"requestTimeEpoch":[0-9]+', b"", reply.body.replace(f"{root}/".encode(), b""))
    if headers["Content-Type"] == "application/problem+json":
        problem = json.loads(body)
        assert problem.pop("requestId") == reply.headers["X-Request-Id"]
        if problem["status"] == 502:
            del problem["detail"]
        return reply.status, headers, problem
    return reply.status, headers, body


class TestAlike:
    @pytest.mark.parametrize("name", [*LAMBDA, *MODULES])
    def test_lambda_style(self, api: Api, worker_api: Api, root: Path, name: str) -> None:
        path, body = f"/lib/{name}?a=1&a=2", [1, 2]
        one, other = api.post(path, body), worker_api.post(path, body)
        assert comparable(one, root) == comparable(other, root)

    @pytest.mark.parametrize("name", TYPED)
    @pytest.mark.parametrize(
        "body",
        [b'{"order_id": "\xc3\xbc", "amount": "2"}', b'{"amount": []}', b"", b"[]", b"{", b'{"a": NaN}', b"\xff"],
    )
    def test_typed(self, api: Api, worker_api: Api, root: Path, name: str, body: bytes) -> None:
        one, other = api.post(f"/lib/{name}", body), worker_api.post(f"/lib/{name}", body)
        assert comparable(one, root) == comparable(other, root)

    @pytest.mark.parametrize("body", [b"", "grüße".encode(), b"\xff\x00", b'"' * 2_000_000, bytes(range(256)) * 10_000])
    def test_bodies(self, api: Api, worker_api: Api, root: Path, body: bytes) -> None:
        one, other = api.post("/lib/event", body), worker_api.post("/lib/event", body)
        assert comparable(one, root) == comparable(other, root)
        assert one.status == 200

    def test_the_list(self, api: Api, worker_api: Api, root: Path) -> None:
        one, other = (listed(each, root) for each in (api, worker_api))
        assert one == other
        place = {"file": "chalicelib/lib/no-python/handler.py", "line": 2}
        assert one["no-python"]["error"] == {"message": "SyntaxError: invalid syntax", **place}


def listed(api: Api, root: Path) -> dict[str, Any]:
    """The functions that the API lists, by name."""
    answer = json.loads(api.get("/lib?limit=100").body.replace(f"{root}/".encode(), b""))
    return {function["name"]: function for function in answer["functions"]}


class TestInWorkers:
    @pytest.mark.parametrize(
        ("name", "status", "words"),
        [
            ("ends", 500, "The function 'ends' failed: Runtime exited with error: exit status 3."),
            ("crashes", 500, "The function 'crashes' failed: Runtime exited with error: signal: segmentation fault."),
            ("eats", 500, "when a function needs more than its memory"),
            ("large", 502, "Response payload size exceeded maximum allowed payload size (6291456 bytes)"),
        ],
    )
    def test_what_would_end_the_process_ends_one_call(
        self, worker_api: Api, name: str, status: int, words: str
    ) -> None:
        assert words in worker_api.post(f"/lib/{name}").problem(status)["detail"]
        assert worker_api.post("/lib/text").text == "I am alive"

    def test_an_endless_loop_holds_up_no_other_call_and_is_ended(
        self, worker_api: Api, root: Path, pool: WorkerPool, provider: IdentityProvider, tmp_path: Path
    ) -> None:
        file = tmp_path / "pid"
        with serving(root, pool, SECONDS) as impatient, ThreadPoolExecutor() as threads:
            looping = threads.submit(Api(provider, "ada", None, impatient).post, "/lib/loops", str(file))
            pid = int(eventually(lambda: file.exists() and file.read_text()))
            assert worker_api.post("/lib/text").text == "I am alive"
            assert looping.result().problem(504)["detail"].startswith("The response took longer than 29 seconds.")
        eventually(lambda: pid not in pool.process_ids)

    def test_calls_beyond_the_number_of_workers_get_their_answers(self, worker_api: Api) -> None:
        with ThreadPoolExecutor(12) as threads:
            calls = [threads.submit(worker_api.post, "/lib/sum", [number]) for number in range(12)]
            assert [call.result().json() for call in calls] == list(range(12))

    def test_functions_run_outside_of_the_apis_process(self, worker_api: Api, pool: WorkerPool) -> None:
        assert worker_api.post("/lib/process").json() in pool.process_ids

    def test_edits_count_at_the_next_call(self, worker_api: Api, root: Path) -> None:
        source = "from .helper import VALUE\ndef handler(event, context): return VALUE"
        write(root, "edited", source)
        assert "ModuleNotFoundError" in worker_api.post("/lib/edited").problem(500)["detail"]
        for value in (1, 2, 3):
            (root / "chalicelib" / "lib" / "edited" / "helper.py").write_text(f"VALUE = {value}")
            assert worker_api.post("/lib/edited").json() == value
        write(root, "edited", source.replace("VALUE", "VALUE +"))
        assert "SyntaxError" in worker_api.post("/lib/edited").problem(500)["detail"]
        write(root, "edited", "def handler(number: int): return number")
        assert worker_api.post("/lib/edited", {"number": "7"}).json() == 7

    def test_output_appears_under_the_functions_name(self, worker_api: Api, capsys: pytest.CaptureFixture[str]) -> None:
        worker_api.post("/lib/prints")
        worker_api.post("/lib/fails-deeper")
        worker_api.post("/lib/text")
        printed = capsys.readouterr().err
        assert "-prints] second\n" in printed
        error = printed.partition("-fails-deeper] ")[2].partition("\n[")[0]
        assert error.startswith("[ERROR] KeyError: 'missing'\nTraceback (most recent call last):\n  File ")
        assert error.count("  File ") == error.count("lib/fails-deeper/handler.py") == 2  # no frame of the framework

    def test_a_call_is_counted_once(self, worker_api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
        counted: list[int] = []
        monkeypatch.setattr("chalicelib.usage._increment", lambda batch: counted.append(batch.calls))
        assert worker_api.post("/lib/counts").json() == "counted"
        assert sum(counted) == 1

    def test_a_request_that_lambda_would_not_take(self, worker_api: Api) -> None:
        assert "Lambda takes 6291456" in worker_api.post("/lib/text", b"x" * 6_300_000).problem(413)["detail"]

    def test_an_import_that_ends_the_process_is_shown_in_the_list(self, worker_api: Api, root: Path) -> None:
        write(root, "ends-early", "import os\nos._exit(3)")
        found = listed(worker_api, root)
        assert "exit status 3" in found["ends-early"]["error"]["message"]
        assert found["ends-early"]["error"]["file"] == "chalicelib/lib/ends-early/handler.py"
        assert "error" not in found["text"]
        assert worker_api.get("/openapi.json").status == 200
        assert "exit status 3" in worker_api.post("/lib/ends-early").problem(500)["detail"]

    def test_without_a_cloud_the_caller_may_try_again(self, worker_api: Api, provider: IdentityProvider) -> None:
        nobody = WorkerCaller("http://127.0.0.1:9/")
        assert "doesn't answer" in Api(provider, "ada", None, nobody).post("/lib/text").problem(503)["detail"]
