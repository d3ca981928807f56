"""Functions over HTTP, shipped ones and those that appear, change and break while the server runs."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from chalicelib.names import Names

from . import server as servers
from .client import Client, eventually, problem
from .conftest import Aws
from .server import Server


@pytest.fixture
def write_function(server: Server) -> Iterator[Callable[[str, str], None]]:
    """Writes a function's handler into the running project, and removes it after the test."""
    written: set[Path] = set()

    def write(name: str, source: str) -> None:
        file = server.project / "chalicelib" / "lib" / name / "handler.py"
        file.parent.mkdir(exist_ok=True)
        written.add(file)
        file.write_text(source)

    yield write
    for file in written:
        file.unlink()


class TestShipped:
    def test_ping_is_exactly_its_text(self, demo: Client) -> None:
        answer = demo.post("/lib/ping")
        assert answer.status_code == 200
        assert answer.content == b"I am alive"
        assert answer.headers["Content-Type"].startswith("text/plain")

    def test_hello_world(self, demo: Client) -> None:
        answer = demo.post("/lib/hello_world", {})
        assert answer.status_code == 200
        assert answer.json() == {"message": "Hello World"}

    def test_dummy_check(self, demo: Client) -> None:
        assert demo.post("/lib/dummy_check", {}).json()["message"] == "Dummy check passed"

    def test_a_typed_function_computes(self, demo: Client) -> None:
        order = {"items": [{"sku": "A-1", "quantity": 3, "unit_price": "20.00"}], "country": "DE"}
        answer = demo.post("/lib/price_order", order)
        assert answer.status_code == 200, answer.text
        priced = answer.json()
        assert float(priced["net"]) == 60.0
        assert float(priced["vat"]) == 11.4
        assert float(priced["total"]) == 71.4

    def test_a_typed_function_names_each_bad_field(self, demo: Client) -> None:
        document = problem(demo.post("/lib/price_order", {"items": [{"sku": "A-1"}], "country": 7}), 422)
        fields = " ".join(error["field"] for error in document["errors"])
        assert "quantity" in fields
        assert "unit_price" in fields
        assert "country" in fields

    def test_the_list_has_each_with_its_description_and_schema(self, demo: Client) -> None:
        listed = {function["name"]: function for page in demo.pages("/lib", "functions") for function in page}
        error = listed["e2e-broken-import"]["error"]
        assert error["message"] == "RuntimeError: the-secret-reason"
        assert error["file"] == "chalicelib/lib/e2e-broken-import/handler.py"
        assert {"ping", "hello_world", "dummy_check", "price_order", "e2e-sleeper"} <= set(listed)
        assert "VAT" in listed["price_order"]["description"]
        assert {"items", "country", "coupon"} == set(listed["price_order"]["inputSchema"]["properties"])
        assert listed["ping"]["inputSchema"] == {"type": "object"}

    def test_an_unknown_function_is_not_found(self, demo: Client) -> None:
        problem(demo.post("/lib/pingg", {}), 404)


class TestBroken:
    def test_one_that_cannot_be_imported_breaks_its_own_route_alone(self, demo: Client, server: Server) -> None:
        document = problem(demo.post("/lib/e2e-broken-import", {}), 500)
        assert "e2e-broken-import/handler.py, line" in document["detail"]  # this is not AWS
        assert "RuntimeError: the-secret-reason" in document["detail"]
        assert document["requestId"]
        assert demo.post("/lib/ping").content == b"I am alive"
        eventually(lambda: 'raise RuntimeError("the-secret-reason")' in server.log)
        eventually(lambda: document["requestId"] in server.log)

    def test_two_names_that_clash_end_the_start_and_name_both_files(self, tmp_path: Path) -> None:
        project = servers.copy_project(tmp_path / "project", overlay=False)
        for name in ("twice-named", "twice_named"):
            folder = project / "chalicelib" / "lib" / name
            folder.mkdir()
            (folder / "handler.py").write_text("def handler(event, context):\n    return {}\n")
        with pytest.raises(RuntimeError) as ended:
            servers.start(project)
        assert "twice-named/handler.py" in str(ended.value)
        assert "twice_named/handler.py" in str(ended.value)
        assert "Traceback" not in str(ended.value)


class TestWhileRunning:
    def test_a_new_function_is_served_at_the_next_call(
        self, demo: Client, write_function: Callable[[str, str], None]
    ) -> None:
        name = f"e2e-new-{secrets.token_hex(4)}"
        problem(demo.post(f"/lib/{name}", {}), 404)
        write_function(name, "def handler(event, context):\n    return {'version': 1}\n")
        assert demo.post(f"/lib/{name}", {}).json() == {"version": 1}
        assert name in [function["name"] for page in demo.pages("/lib", "functions") for function in page]

    def test_an_edited_function_is_served_at_the_next_call(
        self, demo: Client, write_function: Callable[[str, str], None]
    ) -> None:
        name = f"e2e-edited-{secrets.token_hex(4)}"
        for version in range(1, 6):
            # Same length, within one second: neither size nor a coarse time stamp tells them apart.
            write_function(
                name, f"def handler(count: int) -> dict[str, int]:\n    return {{'sum': count + {version}}}\n"
            )
            answer = demo.post(f"/lib/{name}", {"count": 10})
            assert (answer.status_code, answer.json()) == (200, {"sum": 10 + version})

    def test_a_function_breaks_and_is_repaired(self, demo: Client, write_function: Callable[[str, str], None]) -> None:
        name = f"e2e-repaired-{secrets.token_hex(4)}"
        write_function(name, "def handler(event, context):\n    return {'ok': True}\n")
        assert demo.post(f"/lib/{name}", {}).status_code == 200
        write_function(name, "def handler(event, context)\n    return {'ok': True}\n")
        problem(demo.post(f"/lib/{name}", {}), 500)
        assert demo.post("/lib/ping").content == b"I am alive"
        write_function(name, "def handler(event, context):\n    return {'ok': 'again'}\n")
        assert demo.post(f"/lib/{name}", {}).json() == {"ok": "again"}

    def test_a_removed_function_is_gone(self, demo: Client, server: Server) -> None:
        name = f"e2e_removed_{secrets.token_hex(4)}"
        file = server.project / "chalicelib" / "lib" / name / "handler.py"
        file.parent.mkdir()
        file.write_text("def handler(event, context):\n    return {}\n")
        assert demo.post(f"/lib/{name}", {}).status_code == 200
        file.unlink()
        problem(demo.post(f"/lib/{name}", {}), 404)


@pytest.mark.parametrize("parameters", ["event, context", "order_id: str = ''"])
def test_what_a_function_raises_is_a_problem_over_http_and_an_errors_name_in_a_flow(
    demo: Client, aws: Aws, write_function: Callable[[str, str], None], parameters: str
) -> None:
    name = f"e2e_raising_{secrets.token_hex(4)}"
    source = "from chalicelib.errors import NotFound\n\nclass UnknownOrder(NotFound):\n    pass\n\n"
    write_function(name, f"{source}def handler({parameters}):\n    raise UnknownOrder('There is no such order.')\n")
    assert problem(demo.post(f"/lib/{name}", {}), 404)["detail"] == "There is no such order."
    invoked = aws("lambda").invoke(FunctionName=Names("local", "us-east-1", "123456789012").resource(name))
    assert json.loads(invoked["Payload"].read())["errorType"] == "UnknownOrder"


def test_a_function_called_over_http_gets_the_proxy_event(
    user: Client, write_function: Callable[[str, str], None]
) -> None:
    name = f"e2e_event_{secrets.token_hex(4)}"
    source = """
def handler(event, context):
    claims = event["requestContext"]["authorizer"]["claims"]
    body = {
        "method": event["httpMethod"], "body": event["body"], "query": event["queryStringParameters"],
        "user": claims["sub"], "left": context.get_remaining_time_in_millis() > 0, "id": context.aws_request_id,
    }
    return {"statusCode": 201, "headers": {"X-Made": "here"}, "body": body}
"""
    write_function(name, source)
    answer = user.call("POST", f"/lib/{name}", params={"a": "1"}, json={"b": 2})
    assert answer.status_code == 201
    assert answer.headers["X-Made"] == "here"
    seen = answer.json()
    assert seen["method"] == "POST"
    assert seen["body"] == '{"b": 2}'
    assert seen["query"] == {"a": "1"}
    assert seen["user"] == user.get("/auth/verify").json()["user"]["id"]
    assert seen["left"] is True
