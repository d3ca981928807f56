"""The console's files over HTTP: what is sent, how it is kept, and what is refused."""

from __future__ import annotations

import base64
import gzip
from pathlib import Path
from typing import Any

import pytest

from chalicelib import settings
from chalicelib.api.console import NOT_BUILT, pool_endpoint

from ..conftest import Api, Reply

SCRIPT = b"export const answer = 42;"


@pytest.fixture
def anyone(api: Api) -> Api:
    api.token = None
    return api


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(settings, "PROJECT", tmp_path)
    folder = tmp_path / "chalicelib" / "console"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text('<meta content="%POOL_ENDPOINT%"><script src="./assets/index-1.js"></script>')
    (folder / "assets" / "index-1.js").write_bytes(SCRIPT)
    (folder / "assets" / "index-1.js.br").write_bytes(b"brotli")
    (folder / "assets" / "index-1.js.gz").write_bytes(gzip.compress(SCRIPT))
    (folder / "assets" / "other-2.css").write_bytes(b"a{}")
    (tmp_path / "secret.js").write_text("secret")
    return folder


class TestPage:
    @pytest.mark.parametrize(
        "path", ["/console", "/console/", "/console/flows", "/console/flows/x", "/console/runs/x/y"]
    )
    def test_every_address_shows_it(self, anyone: Api, built: Path, path: str) -> None:
        reply = anyone.get(path)
        assert (reply.status, reply.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
        assert 'src="/console/assets/index-1.js"' in reply.text

    def test_nothing_but_the_console_the_api_and_the_pool_may_be_used(
        self, anyone: Api, built: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
        monkeypatch.setenv("USER_POOL_ID", "eu-west-1_abc")
        reply = anyone.get("/console")
        assert reply.headers["Content-Security-Policy"] == (
            "default-src 'none'; script-src 'self'; style-src 'self'; "
            "connect-src 'self' https://cognito-idp.eu-west-1.amazonaws.com; img-src 'self' data:; "
            "frame-ancestors 'none'; base-uri 'none'; form-action 'self'; require-trusted-types-for 'script'"
        )
        assert reply.headers["X-Content-Type-Options"] == "nosniff"
        assert reply.headers["Referrer-Policy"] == "no-referrer"
        assert 'content="https://cognito-idp.eu-west-1.amazonaws.com"' in reply.text

    def test_it_is_asked_for_each_time_and_sent_when_it_has_changed(self, anyone: Api, built: Path) -> None:
        first = anyone.get("/console")
        assert first.headers["Cache-Control"] == "no-cache"
        again = anyone.get("/console", headers={"If-None-Match": f'W/"x", {first.headers["ETag"]}'})
        assert (again.status, again.text) == (304, "")
        (built / "index.html").write_text("other")
        assert anyone.get("/console", headers={"If-None-Match": first.headers["ETag"]}).status == 200

    def test_one_that_is_not_built_says_how_to_get_it(
        self, anyone: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(settings, "PROJECT", tmp_path)
        reply = anyone.get("/console/flows")
        assert (reply.status, reply.text) == (200, NOT_BUILT)
        assert "make console" in reply.text


class TestAssets:
    def get(self, api: Api, encodings: str = "") -> Reply:
        return api.get("/console/assets/index-1.js", headers={"Accept-Encoding": encodings} if encodings else {})

    def test_they_are_kept_for_a_year(self, anyone: Api, built: Path) -> None:
        reply = self.get(anyone)
        assert reply.body == SCRIPT
        assert reply.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert reply.headers["Content-Type"] == "text/javascript; charset=utf-8"
        assert reply.headers["X-Content-Type-Options"] == "nosniff"
        assert "Content-Encoding" not in reply.headers

    @pytest.mark.parametrize(
        ("accepted", "sent"),
        [
            ("gzip, deflate, br, zstd", "br"),
            ("gzip", "gzip"),
            ("br;q=0, gzip;q=0.5", "gzip"),
            ("br;q=0.0", None),
            ("identity", None),
        ],
    )
    def test_the_best_encoding_is_sent(self, anyone: Api, built: Path, accepted: str, sent: str | None) -> None:
        reply = self.get(anyone, accepted)
        assert reply.headers.get("Content-Encoding") == sent
        assert "Accept-Encoding" in reply.headers["Vary"]
        assert reply.body == {"br": b"brotli", "gzip": gzip.compress(SCRIPT), None: SCRIPT}[sent]

    def test_a_file_without_encodings_is_sent_as_it_is(self, anyone: Api, built: Path) -> None:
        assert anyone.get("/console/assets/other-2.css", headers={"Accept-Encoding": "br"}).body == b"a{}"

    @pytest.mark.parametrize(
        "name",
        [
            "missing.js",
            "index-1.js.br",
            "index.html",
            "..%2f..%2f..%2fsecret.js",
            "%2e%2e%2fsecret.js",
            ".js",
            "a%00.js",
        ],
    )
    def test_nothing_else_is_found(self, anyone: Api, built: Path, name: str) -> None:
        assert anyone.get(f"/console/assets/{name}").status == 404


def test_on_aws_addresses_begin_with_the_stage_and_files_are_encoded(built: Path) -> None:
    def call(route: str, path: str, parameters: dict[str, str]) -> dict[str, Any]:
        import app

        headers = {"host": "abc.execute-api.eu-west-1.amazonaws.com", "accept-encoding": "br"}
        context = {"resourcePath": route, "httpMethod": "GET", "path": f"/api{path}"}
        event = {
            "resource": route,
            "path": path,
            "httpMethod": "GET",
            "headers": headers,
            "body": None,
            "multiValueHeaders": {name: [value] for name, value in headers.items()},
            "multiValueQueryStringParameters": None,
            "pathParameters": parameters,
            "stageVariables": None,
            "requestContext": context,
            "isBase64Encoded": False,
        }
        answer: dict[str, Any] = app.app(event, None)
        return answer

    page = call("/console/{page}/{name}", "/console/flows/x", {"page": "flows", "name": "x"})
    assert 'src="/api/console/assets/index-1.js"' in page["body"]
    assert not page.get("isBase64Encoded")
    asset = call("/console/{page}/{name}", "/console/assets/index-1.js", {"page": "assets", "name": "index-1.js"})
    assert asset["isBase64Encoded"] and base64.b64decode(asset["body"]) == b"brotli"


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1:8000", "http://127.0.0.1:8001"),
        ("localhost:8000", "http://localhost:8001"),
        ("[::1]:8000", "http://[::1]:8001"),
        ("evil.example.com", "http://127.0.0.1:8001"),
        (None, "http://127.0.0.1:8001"),
    ],
)
def test_a_local_pool_is_named_as_the_page_is(host: str | None, expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:8001")
    assert pool_endpoint(host) == expected
