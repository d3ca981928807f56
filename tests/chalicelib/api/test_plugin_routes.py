"""Routes of plugins answer alike in the API's process, as in a deployed stage, and in the workers of `make run`."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from chalice.app import Request

from chalicelib import plugins
from chalicelib.api.calling import IN_PROCESS, FunctionCaller
from chalicelib.api.http import Answer, Call
from chalicelib.errors import problem_of
from chalicelib.identity import User
from chalicelib.plugins import Plugin
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

from ...plugin_manager.projects import listed, write

USER = User("ada", "ada@example.com", ("admin", "ops"), "Ada", datetime(2027, 1, 2, tzinfo=UTC), True)
VIEWS = {
    "document": "return {'a': 'ü'}",
    "answer": "return Answer(b'\\xff\\x00', 201, {'X-N': 1, 'X-M': ['1', '2']})",
    "request": "return [call.param('name'), call.query('a'), call.query_list('a'), call.headers['X-A'], call.path,"
    " call.json_object(), call.event['httpMethod'], call.request_id]",
    "caller": "return [repr(call.user), call.user.is_admin]",
    "not-json": "return {'a': {1}}",
    "odd-header": "return Answer('', 200, {'A': 'b\\r\\nSet-Cookie: c'})",
    "not-found": "raise NotFound('There is no card.')",
    "bad-request": "raise BadRequest('no', errors=[FieldError('a[0]', 'is bad')], headers={'X-A': 'b'})",
    "throttled": "from botocore.exceptions import ClientError\n"
    "    raise ClientError({'Error': {'Code': 'ThrottlingException'}}, 'GetItem')",
    "fails": "raise KeyError('of the route')",
    "exits": "sys.exit(3)",
    "interrupts": "raise KeyboardInterrupt",
}
ALONE = {
    "ends": "import os; os._exit(3)",
    "crashes": "import os; os.kill(os.getpid(), 11)",
    "eats": "return len(bytearray(4 << 30))",
    "loops": "\n    while True: pass",
    "large": "return 'x' * (6 * 1024 * 1024 + 1)",
}
"""What only a worker survives."""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose plugin has all these routes."""
    root = tmp_path_factory.mktemp("routes") / "project"
    ignored = shutil.ignore_patterns("lib", "__pycache__", "console", "catalog.json")
    shutil.copytree(PROJECT / "chalicelib", root / "chalicelib", ignore=ignored)
    (root / "localcloud").symlink_to(PROJECT / "localcloud")
    source = "import sys\nfrom chalicelib.api.http import Answer\nfrom chalicelib.errors import *\n"
    for name, body in {**VIEWS, **ALONE}.items():
        source += f"def {name.replace('-', '_')}(call):\n    {body}\n"
    write(root, {".plugins/acme/hooks/routes.py": source, ".plugins/acme/hooks/leaves.py": "import sys; sys.exit(1)\n"})
    references = {key_of(name): f"hooks.routes:{name.replace('-', '_')}" for name in (*VIEWS, *ALONE)}
    listed(root, {"name": "acme", "routes": {**references, key_of("unloadable"): "hooks.leaves:x"}})
    return root


def key_of(name: str) -> str:
    return f"POST /{name}/{{name}}"


@pytest.fixture(scope="module")
def pool() -> Iterator[WorkerPool]:
    pool = WorkerPool(limits=Limits(2, 2))
    yield pool
    pool.close()


@pytest.fixture
def serve(root: Path, pool: WorkerPool) -> Iterator[Callable[[float], WorkerCaller]]:
    """Has routes run in the pool, for so many seconds at most."""
    servers = []

    def serve(seconds: float) -> WorkerCaller:
        respond = HttpFunctions(ProjectFunctions(root, settings.names, LiveProject(root), {}), pool, seconds=seconds)
        server = endpoint_server(respond.respond, listen(0, "AWS_PORT"), AllowedHosts(), AllowedOrigins.of_api(""))
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        servers.append(server)
        return WorkerCaller(f"http://127.0.0.1:{server.port}{PATH}")

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


class Context:
    aws_request_id = "of-the-request"


def call() -> Call:
    """A request with everything that a view may ask for."""
    event: dict[str, Any] = {
        "httpMethod": "POST",
        "headers": {"x-a": "ü", "content-type": "application/json"},
        "multiValueQueryStringParameters": {"a": ["1", "2"]},
        "pathParameters": {"name": "%C3%BC"},
        "stageVariables": {},
        "body": '{"a": "ü"}',
        "requestContext": {"httpMethod": "POST", "resourcePath": "/plugins/acme/x/{name}", "path": "/plugins/acme/x/ü"},
    }
    made = Call(Request(event, Context()), {"name": "%C3%BC"}, Context.aws_request_id)
    made.set_user(USER)
    return made


def outcome(caller: FunctionCaller, plugin: Plugin, name: str) -> tuple[Any, ...]:
    """What a route answers, or the problem that it ends with."""
    try:
        answer: Answer = caller.call_route(plugin, key_of(name), call())
    except Exception as error:
        problem = problem_of(error, "")
        return problem.status, problem.detail.replace(f"{root_of(plugin)}/", ""), problem.errors, problem.headers
    return answer.status, answer.text(), answer.headers


def root_of(plugin: Plugin) -> Path:
    return plugin.folder.parent.parent


@pytest.fixture
def plugin(root: Path) -> Plugin:
    (plugin,) = plugins.installed(root)
    return plugin


@pytest.mark.parametrize("name", [*VIEWS, "unloadable"])
def test_they_answer_alike(serve: Callable[[float], WorkerCaller], plugin: Plugin, name: str) -> None:
    in_process = outcome(IN_PROCESS, plugin, name)
    assert outcome(serve(GATEWAY_SECONDS), plugin, name) == in_process
    assert in_process[0] in {200, 201, 400, 404, 500, 503}


def test_a_failure_says_where(serve: Callable[[float], WorkerCaller], plugin: Plugin) -> None:
    status, detail, *_ = outcome(serve(GATEWAY_SECONDS), plugin, "fails")
    assert status == 500
    assert ".plugins/acme/hooks/routes.py, line " in detail
    assert detail.endswith(": KeyError: 'of the route'.")
    assert detail.startswith("The route failed: plugin acme: POST /fails/{name}: ")


@pytest.mark.parametrize(
    ("name", "status", "words"),
    [
        (
            "ends",
            500,
            "POST /ends/{name} of the plugin 'acme' failed: Runtime exited with error: exit status 3.",
        ),
        ("crashes", 500, "signal: segmentation fault."),
        ("eats", 500, "when a function needs more than its memory"),
        ("large", 502, "Response payload size exceeded maximum allowed payload size (6291456 bytes)"),
    ],
)
def test_what_would_end_the_process_ends_one_call(
    serve: Callable[[float], WorkerCaller], plugin: Plugin, name: str, status: int, words: str
) -> None:
    caller = serve(GATEWAY_SECONDS)
    found = outcome(caller, plugin, name)
    assert found[0] == status
    assert words in found[1]
    assert outcome(caller, plugin, "document")[0] == 200


def test_an_endless_loop_is_ended(serve: Callable[[float], WorkerCaller], plugin: Plugin) -> None:
    assert outcome(serve(1.5), plugin, "loops")[0] == 504
    assert outcome(serve(GATEWAY_SECONDS), plugin, "document")[0] == 200


def test_a_route_that_was_removed(serve: Callable[[float], WorkerCaller], plugin: Plugin) -> None:
    gone = Plugin("gone", plugin.folder, routes={key_of("document"): "hooks.routes:document"})
    assert outcome(serve(GATEWAY_SECONDS), gone, "document")[0] == 404


def test_a_user_passes_whole() -> None:
    assert User.from_json(USER.to_json()) == USER
    nobody = User("x", None, (), "x")
    assert User.from_json(nobody.to_json()) == nobody
