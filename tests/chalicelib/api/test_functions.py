"""Functions over HTTP."""

from __future__ import annotations

import base64
import logging
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chalicelib.errors import DomainError
from chalicelib.functions import discovery
from chalicelib.functions.calling import call_from_flow

from ..conftest import Api

Write = Callable[..., Path]


@pytest.fixture(autouse=True)
def nothing_but_functions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither secrets nor usage: there is no cloud here."""
    monkeypatch.setattr("chalicelib.secrets.load", lambda: None)
    monkeypatch.setattr("chalicelib.secrets.reload", lambda: None)
    monkeypatch.setattr("chalicelib.usage._increment", lambda user: None)


class TestShipped:
    def test_ping_is_exactly_the_text(self, api: Api) -> None:
        reply = api.post("/lib/ping")
        assert (reply.status, reply.text) == (200, "I am alive")
        assert reply.headers["Content-Type"].startswith("text/plain")

    def test_hello_world_and_dummy_check(self, api: Api) -> None:
        assert api.post("/lib/hello_world", {}).json() == {"message": "Hello World"}
        assert api.post("/lib/dummy_check").json() == {"message": "Dummy check passed", "greeted": False}

    def test_a_typed_function_computes(self, api: Api) -> None:
        item = {"sku": "TEA", "quantity": 3, "unit_price": 9.99}
        priced = api.post("/lib/price_order", {"items": [item], "country": "FR", "coupon": "WELCOME10"}).json()
        assert priced == {
            "lines": [{"sku": "TEA", "quantity": 3, "amount": 29.97}],
            "discount": 3,
            "shipping": 4.9,
            "net": 31.87,
            "vat": 6.37,
            "total": 38.24,
            "currency": "EUR",
        }


class TestLambdaStyle:
    def test_the_event_is_api_gateways(self, api: Api, function_project: Write) -> None:
        function_project(my__fn="def handler(event, context):\n    return [event, context.aws_request_id]")
        reply = api.post("/lib/my-fn/?a=1&a=2&b=", {"x": "ü"}, headers={"X-Custom": "y"})
        event, request_id = reply.json()
        assert event["httpMethod"] == "POST"
        assert event["path"].rstrip("/") == "/lib/my-fn"
        assert event["resource"] == "/lib/{function_name}"
        assert event["pathParameters"] == {"function_name": "my-fn"}
        assert event["queryStringParameters"] == {"a": "2", "b": ""}
        assert event["multiValueQueryStringParameters"] == {"a": ["1", "2"], "b": [""]}
        assert event["headers"]["x-custom"] == "y"
        assert event["body"] in ('{"x": "ü"}', '{"x": "\\u00fc"}')
        assert event["isBase64Encoded"] is False
        assert event["requestContext"]["authorizer"]["claims"]["sub"] == api.user
        assert event["requestContext"]["requestId"] == request_id == reply.headers["X-Request-Id"]

    def test_a_body_that_is_no_text_is_encoded(self, api: Api, function_project: Write) -> None:
        function_project(fn="def handler(event, context): return [event['body'], event['isBase64Encoded']]")
        assert api.post("/lib/fn", b"\xff\x00").json() == [base64.b64encode(b"\xff\x00").decode(), True]
        assert api.post("/lib/fn").json() == [None, False]

    @pytest.mark.parametrize(
        ("returned", "status", "text", "content_type"),
        [
            ("{'statusCode': 201, 'body': {'a': 1}}", 201, '{"a":1}', "application/json"),
            ("{'statusCode': '404', 'body': 'gone'}", 404, "gone", "text/plain; charset=utf-8"),
            ("{'statusCode': 200, 'body': '{\"a\": 1}'}", 200, '{"a": 1}', "application/json"),
            ("{'statusCode': 204}", 204, "", "application/json"),
            ("{'statusCode': 200, 'body': '<p>', 'headers': {'content-type': 'text/html'}}", 200, "<p>", "text/html"),
            ("{'statusCode': 200, 'body': 'aGk=', 'isBase64Encoded': True, 'headers': {'Content-Type': 'text/x'}}",
             200, "hi", "text/x"),
            ("{'status': 'success'}", 200, '{"status":"success"}', "application/json"),
            ("None", 200, "null", "application/json"),
            ("'text'", 200, '"text"', "application/json"),
            ("[1, 2.5]", 200, "[1,2.5]", "application/json"),
        ],
    )  # fmt: skip
    def test_answers(
        self, api: Api, function_project: Write, returned: str, status: int, text: str, content_type: str
    ) -> None:
        function_project(fn=f"def handler(event, context): return {returned}")
        reply = api.post("/lib/fn")
        assert (reply.status, reply.text, reply.headers["Content-Type"]) == (status, text, content_type)

    @pytest.mark.parametrize(
        ("returned", "body", "content_type"),
        [
            ("{'statusCode': 200, 'body': b'raw'}", b"raw", "application/octet-stream"),
            ("{'statusCode': 200, 'body': b'\\xff', 'headers': {'Content-Type': 'x/y'}}", b"\xff", "x/y"),
            ("{'statusCode': 200, 'body': 'x', 'headers': {'content-type': 'image/png'}}", b"x", "image/png"),
        ],
    )
    def test_a_body_is_sent_whatever_its_media_type(
        self, api: Api, function_project: Write, returned: str, body: bytes, content_type: str
    ) -> None:
        function_project(fn=f"def handler(event, context): return {returned}")
        reply = api.post("/lib/fn", headers={"Accept": "*/*"})
        assert (reply.status, reply.body, reply.headers["Content-Type"]) == (200, body, content_type)

    @pytest.mark.parametrize("accept", ["image/*", "*/*", "text/html", "image/png", None])
    def test_a_picture_is_sent_whatever_the_client_accepts(
        self, api: Api, function_project: Write, accept: str | None
    ) -> None:
        picture = "{'statusCode': 200, 'body': b'\\x89PNG', 'headers': {'Content-Type': 'image/png'}}"
        function_project(fn=f"def handler(event, context): return {picture}")
        reply = api.post("/lib/fn", headers={"Accept": accept} if accept else {})
        assert (reply.status, reply.body, reply.headers["Content-Type"]) == (200, b"\x89PNG", "image/png")

    def test_the_context_has_the_arn_of_the_function(self, api: Api, function_project: Write) -> None:
        function_project(fn="def handler(event, context): return context.invoked_function_arn")
        assert re.fullmatch(r"arn:aws:lambda:[\w-]+:\d{12}:function:[\w-]+-api", api.post("/lib/fn").json())

    @pytest.mark.parametrize("returned", ["'\\ud800'", "{'statusCode': 200, 'body': 'a\\ud800'}"])
    def test_half_of_a_surrogate_pair_is_no_answer(self, api: Api, function_project: Write, returned: str) -> None:
        function_project(fn=f"def handler(event, context): return {returned}")
        assert "unpaired surrogate" in api.post("/lib/fn").problem(500)["detail"]

    def test_headers(self, api: Api, function_project: Write) -> None:
        function_project(
            fn="def handler(event, context): return {'statusCode': 302, 'headers': {'Location': '/x', 'X-N': 1}}"
        )
        reply = api.post("/lib/fn")
        assert (reply.status, reply.headers["Location"], reply.headers["X-N"]) == (302, "/x", "1")


def test_decimals_keep_their_digits(api: Api, function_project: Write) -> None:
    function_project(
        fn="""
from decimal import Decimal
def handler(amount: Decimal, rate: float = 0.0): return {"amount": amount, "rate": rate, "type": type(rate).__name__}
"""
    )
    reply = api.post("/lib/fn", b'{"amount": 12345678901234567.890123456789, "rate": 0.10}')
    assert reply.text == '{"amount":12345678901234567.890123456789,"rate":0.1,"type":"float"}'
    assert api.post("/lib/fn", b'{"amount": "1E-30"}').text == '{"amount":1E-30,"rate":0.0,"type":"float"}'


@pytest.mark.parametrize("number", ["1e400", "9" * 5000, "-1e400"])
def test_a_number_that_is_too_large_is_told_in_words_for_a_user(api: Api, function_project: Write, number: str) -> None:
    function_project(fn="def handler(b: float = 0, n: int = 0): return b")
    for name in ("b", "n", "unknown"):
        assert "too large" in api.post("/lib/fn", f'{{"{name}": {number}}}'.encode()).problem(400)["detail"]


class TestTypedStyle:
    SOURCE = """
from datetime import date
from pydantic import BaseModel
class Receipt(BaseModel):
    order_id: str
    due: date
def handler(order_id: str, due: date, amount: float = 1.0) -> Receipt:
    '''Write a receipt.

    More about it.
    '''
    return Receipt(order_id=order_id, due=due)
"""

    def test_binding(self, api: Api, function_project: Write) -> None:
        function_project(receipt=self.SOURCE)
        body = {"order_id": "A", "due": "2026-01-02", "extra": 1}
        assert api.post("/lib/receipt", body).json() == {"order_id": "A", "due": "2026-01-02"}

    def test_a_body_that_does_not_fit_names_each_field(self, api: Api, function_project: Write) -> None:
        function_project(receipt=self.SOURCE)
        problem = api.post("/lib/receipt", {"due": "soon", "amount": []}).problem(422)
        assert [error["field"] for error in problem["errors"]] == ["order_id", "due", "amount"]
        assert len(api.post("/lib/receipt").problem(422)["errors"]) == 2

    @pytest.mark.parametrize("body", [b"{", b"[]", b"1", b'{"a": NaN}'])
    def test_a_body_that_is_no_object(self, api: Api, function_project: Write, body: bytes) -> None:
        function_project(receipt=self.SOURCE)
        api.post("/lib/receipt", body).problem(400)

    def test_a_validation_error_of_its_own_is_its_failure(self, api: Api, function_project: Write) -> None:
        function_project(
            fn="from pydantic import TypeAdapter\ndef handler(a: int): return TypeAdapter(int).validate_python('x')"
        )
        api.post("/lib/fn", {"a": 1}).problem(500)


class TestFailures:
    @pytest.mark.parametrize(
        "source",
        [
            "import missing_module_of_nobody",
            "this is no Python",
            "raise RuntimeError('secret of the import')",
            "def handler(event, context): raise RuntimeError('secret of the call')",
            "def handler(event, context): return object()",
            "def handler(event, context): return {'statusCode': 'no number'}",
            "import sys\ndef handler(event, context): sys.exit(3)",
            "import sys\nsys.exit(3)\ndef handler(a: int): ...",
            "raise KeyboardInterrupt",
            "def handler(event, context): raise KeyboardInterrupt",
            "x = 1",
            "def handler(a: 'Missing'): ...",
        ],
    )
    def test_one_broken_function_breaks_its_own_route_alone(
        self, api: Api, function_project: Write, caplog: pytest.LogCaptureFixture, source: str
    ) -> None:
        function_project(broken=source, fine="def handler(event, context): return 1")
        with caplog.at_level(logging.ERROR, "chalicelib"):
            problem = api.post("/lib/broken").problem(500)
        record = next(r for r in caplog.records if problem["requestId"] in r.getMessage())
        assert record.exc_info is not None
        assert api.post("/lib/fine").json() == 1
        listed = {entry["name"]: entry for entry in api.get("/lib").json()["functions"]}
        assert listed.keys() == {"broken", "fine"}

    @pytest.mark.parametrize(
        ("source", "place"),
        [
            ("import missing_module_of_nobody", "line 1: ModuleNotFoundError: No module named"),
            ("\nthis is no Python", "line 2: SyntaxError: invalid syntax"),
            (
                "def handler(event, context):\n    raise RuntimeError('of the call')",
                "line 2: RuntimeError: of the call",
            ),
            ("def handler(event, context):\n    return int(event)", "line 2: TypeError: int() argument must be"),
            ("def handler(event, context):\n    return '\\ud800'", ": ValueError: The function returned an unpaired"),
            ("def handler(event, context):\n    return object()", ": TypeError: The function returned a value of the"),
            ("import sys\nsys.exit(3)", "line 2: SystemExit: 3"),
            ("import sys\ndef handler(event, context): sys.exit(3)", "line 2: SystemExit: 3"),
            ("def helper(a):\n    assert a\ndef handler(a: int):\n    helper(a)", "line 2: AssertionError"),
            ("x = 1", " has no function `handler`. Add `def handler(event, context): ...`"),
        ],
    )
    def test_a_failure_says_where_on_this_machine_and_nothing_on_aws(
        self, api: Api, function_project: Write, clean: pytest.MonkeyPatch, source: str, place: str
    ) -> None:
        root = function_project(broken=source)
        detail = api.post("/lib/broken", {"a": 0}).problem(500)["detail"]
        assert detail.startswith(f"The function 'broken' failed: {root}/chalicelib/lib/broken/handler.py")
        assert place in detail
        clean.setenv("AWS_LAMBDA_FUNCTION_NAME", "api")
        problem = api.post("/lib/broken", {"a": 0}).problem(500)
        request_id = problem["requestId"]
        assert problem["detail"] == f"The service failed. Its log has the reason under the request id {request_id}."
        assert "errors" not in problem

    @pytest.mark.parametrize("style", ["event, context", "order_id: str = ''"])
    @pytest.mark.parametrize(
        ("raised", "status"),
        [
            ("BadRequest('no')", 400),
            ("Unauthorized('no')", 401),
            ("Forbidden('no')", 403),
            ("NotFound('no')", 404),
            ("MethodNotAllowed('no')", 405),
            ("Conflict('no')", 409),
            ("TooLarge('no')", 413),
            ("Invalid('no')", 422),
            ("TooManyRequests('no', retry_after=7)", 429),
            ("Unavailable('no')", 503),
            ("Paid('no')", 402),
        ],
    )
    def test_a_function_of_either_style_may_raise_a_problem(
        self, api: Api, function_project: Write, style: str, raised: str, status: int
    ) -> None:
        source = f"""
from chalicelib.errors import *
class Paid(DomainError):
    status = 402
def handler({style}):
    raise {raised}
"""
        root = function_project(fn=source)
        reply = api.post("/lib/fn", {})
        assert reply.problem(status)["detail"] == "no"
        assert reply.headers.get("Retry-After") == {429: "7", 503: "1"}.get(status)
        with pytest.raises(DomainError, match=r"^no$") as caught:  # in a flow, the error has the name of the class
            call_from_flow(discovery.discover(root)["fn"], {}, None)
        assert type(caught.value).__name__ == raised.partition("(")[0]

    def test_an_unknown_coupon_is_the_callers_mistake(self, api: Api) -> None:
        order = {"items": [{"sku": "A", "quantity": 1, "unit_price": 1}], "coupon": "FREE"}
        problem = api.post("/lib/price_order", order).problem(422)
        assert problem["detail"] == "The coupon 'FREE' is not known."
        assert problem["errors"] == [{"field": "coupon", "message": "is not known"}]

    @pytest.mark.parametrize(
        ("body", "status", "words"),
        [
            (b'{"b": 1e400}', 400, "a number that is too large"),
            (b'{"b": "inf"}', 422, "b: Input should be a finite number"),
            (b'{"b": ' + b"9" * 5_000 + b"}", 400, "a number that is too large"),
            (b'{"b": "' + b"9" * 5_000 + b'"}', 422, "b: Input should be"),
            (b'{"b": 1, "c": "\\ud800"}', 400, "an unpaired surrogate"),
        ],
    )
    def test_numbers_and_strings_that_nothing_can_hold(
        self, api: Api, function_project: Write, body: bytes, status: int, words: str
    ) -> None:
        function_project(fn="def handler(b: float, c: object = None): return [b, c]")
        detail = api.post("/lib/fn", body).problem(status)["detail"]
        assert words in detail
        assert "sys." not in detail

    def test_errors_of_chalice_are_answers(self, api: Api, function_project: Write) -> None:
        function_project(
            fn="from chalice import NotFoundError\ndef handler(event, context): raise NotFoundError('no such order')"
        )
        assert "no such order" in api.post("/lib/fn").problem(404)["detail"]

    def test_an_unknown_function_names_the_nearest(self, api: Api) -> None:
        assert "did you mean 'hello_world'?" in api.post("/lib/helo_world").problem(404)["detail"]

    @pytest.mark.parametrize(
        "name", ["..%2Fapi", "%2e%2e", "ping%00", "%2Fping", "orders", "lib", "p%C3%AFng", "a" * 5000]
    )
    def test_what_is_no_function(self, api: Api, name: str) -> None:
        api.post(f"/lib/{name}").problem(404)

    def test_a_name_arrives_encoded(self, api: Api) -> None:
        assert api.post("/lib/%70ing").text == "I am alive"

    def test_without_a_token(self, api: Api) -> None:
        api.token = None
        api.post("/lib/ping").problem(401)


class TestDevelopment:
    def test_added_and_edited_functions_are_served_at_the_next_call(self, api: Api, function_project: Write) -> None:
        api.post("/lib/late").problem(404)
        function_project(late="def handler(event, context): return 1")
        assert api.post("/lib/late").json() == 1
        function_project(late="def handler(event, context): return 2")
        assert api.post("/lib/late").json() == 2
        function_project(late="def handler(number: int): return number")
        assert api.post("/lib/late", {"number": "3"}).json() == 3


class TestList:
    def test_pages(self, api: Api, function_project: Write) -> None:
        source = "def handler(event, context): ..."
        function_project(a=source, b=source, c=source)
        first = api.get("/lib?limit=2").json()
        assert ([f["name"] for f in first["functions"]], first["count"]) == (["a", "b"], 2)
        rest = api.get(f"/lib?nextToken={first['nextToken']}").json()
        assert ([f["name"] for f in rest["functions"]], rest.get("nextToken")) == (["c"], None)
        api.get("/lib?nextToken=%21").problem(400)

    def test_descriptions_and_schemas(self, api: Api, function_project: Write) -> None:
        root = function_project(
            receipt=TestTypedStyle.SOURCE,
            plain='"""Module."""\ndef handler(event, context):\n    """Plain."""',
            broken='"""Module."""\nimport missing_module_of_nobody\ndef handler(event, context): ...',
            untyped="def handler(a: 'Missing'): ...",
            unreadable="\n\ndef handler(",
        )
        body = api.get("/lib").json()
        listed: dict[str, Any] = {entry["name"]: entry for entry in body["functions"]}
        assert body["count"] == 5
        assert list(listed) == sorted(listed)
        assert listed["receipt"]["description"] == "Write a receipt.\n\nMore about it."
        assert listed["receipt"]["inputSchema"]["required"] == ["order_id", "due"]
        assert listed["receipt"]["outputSchema"]["properties"]["due"] == {
            "format": "date",
            "title": "Due",
            "type": "string",
        }
        plain = {"name": "plain", "description": "Plain.", "plugin": None, "inputSchema": {"type": "object"}}
        assert listed["plain"] == {**plain, "outputSchema": {}}
        advice = "(run `make add PACKAGE=missing-module-of-nobody`)"
        for name, message, line in (
            ("broken", f"ModuleNotFoundError: No module named 'missing_module_of_nobody' {advice}", 2),
            ("unreadable", "SyntaxError: '(' was never closed", 3),
            ("untyped", "NameError: name 'Missing' is not defined", None),
        ):
            assert listed[name]["inputSchema"] is listed[name]["outputSchema"] is None
            file = f"{root}/chalicelib/lib/{name}/handler.py"
            assert listed[name]["error"] == {"message": message, "file": file, "line": line}
        assert listed["broken"]["description"] == "Module."

    def test_in_a_deployed_stage_only_the_log_says_why_one_is_broken(
        self, api: Api, function_project: Write, clean: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        function_project(
            broken="import missing_module_of_nobody\ndef handler(a: int): ...",
            unimported="raise RuntimeError('imported')\ndef handler(event, context): ...",
        )
        clean.setenv("AWS_LAMBDA_FUNCTION_NAME", "api")
        broken, unimported = api.get("/lib").json()["functions"]
        message = "The function can't be imported. The log has the reason."
        assert broken["error"] == {"message": message, "file": None, "line": None}
        assert "missing_module_of_nobody" in caplog.text
        assert "error" not in unimported

    def test_names_that_clash_on_aws_are_listed_and_logged(
        self, api: Api, function_project: Write, caplog: pytest.LogCaptureFixture
    ) -> None:
        source = "def handler(event, context): return 1"
        root = function_project(lib__a=source, lib_a=source, other=source, **{"class": source})
        with caplog.at_level(logging.WARNING, "chalicelib"):
            listed = [entry["name"] for entry in api.get("/lib").json()["functions"]]
        assert listed == ["lib-a", "lib_a", "other"]
        assert api.post("/lib/lib-a").json() == 1
        library = root / "chalicelib" / "lib"
        assert f"{library}/lib-a/handler.py and {library}/lib_a/handler.py would be the same function" in caplog.text
        assert "'class' cannot be the name of a function" in caplog.text
        api.post("/lib/nobody").problem(404)
        assert api.get("/openapi.json").status == 200

    def test_what_ships_has_schemas(self, api: Api) -> None:
        listed = api.get("/lib").json()["functions"]
        assert all(entry["description"] and entry["inputSchema"] for entry in listed)
