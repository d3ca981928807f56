"""The routes that plugins add to the API: what becomes of what they return and raise."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from chalicelib import plugins
from chalicelib.api.http import Answer
from chalicelib.api.plugins import answer_of, routes
from chalicelib.plugins import HookError

from .projects import listed, write

ROUTES = """
import sys
from chalicelib.api.http import Answer

def fine(call): return {"a": 1}
def text(call): return Answer("x", 201, {"X-Y": "z"})
def leaves(call): sys.exit(1)
def odd(call): return {"a": {1, 2}}
def endless(call):
    value = []
    value.append(value)
    return value
def status(call): return Answer("", 99)
def header(call): return Answer("", 200, {"A: b\\r\\nSet-Cookie": "c"})
def value(call): return Answer("", 200, {"A": "b\\r\\nSet-Cookie: c"})
def none(call): return Answer("", 200, "A: b")
"""


def view(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reference: str) -> Any:
    write(
        tmp_path,
        {".plugins/acme/hooks/routes.py": ROUTES, ".plugins/acme/hooks/leaves.py": "import sys\nsys.exit(1)\n"},
    )
    listed(tmp_path, {"name": "acme", "routes": {"GET /a/{b}": reference}})
    found = plugins.installed(tmp_path)
    monkeypatch.setattr(plugins, "installed", lambda: found)
    (route,) = routes()
    assert (route.method, route.path, route.public) == ("GET", "/plugins/acme/a/{b}", False)
    return partial(answer_of, found[0], "GET /a/{b}")


@pytest.mark.parametrize(("name", "answer"), [("fine", Answer('{"a":1}')), ("text", Answer("x", 201, {"X-Y": "z"}))])
def test_what_a_view_returns_is_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, answer: Answer
) -> None:
    sent = view(tmp_path, monkeypatch, f"hooks.routes:{name}")(None)
    assert (sent.body, sent.status, sent.headers) == (answer.body, answer.status, answer.headers)


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("hooks.routes:leaves", r"GET /a/\{b\} raised SystemExit"),
        ("hooks.routes:odd", "the result cannot be written as JSON: .*set"),
        ("hooks.routes:endless", "the result cannot be written as JSON: Circular"),
        ("hooks.routes:status", "the answer has the invalid status 99"),
        ("hooks.routes:header", "the answer has invalid headers"),
        ("hooks.routes:value", "the answer has invalid headers"),
        ("hooks.routes:none", "the answer has invalid headers"),
        ("hooks.routes:gone", "hooks.routes:gone could not be loaded: AttributeError"),
        ("hooks.leaves:x", "hooks.leaves:x could not be loaded: SystemExit: 1"),
    ],
)
def test_a_view_that_fails_is_an_error_of_its_plugin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reference: str, message: str
) -> None:
    failing = view(tmp_path, monkeypatch, reference)
    with pytest.raises(HookError, match=rf"^plugin acme: (GET /a/\{{b\}}: )?{message}"):
        failing(None)


def test_nothing_is_imported_before_the_first_call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = set(sys.modules)
    view(tmp_path, monkeypatch, "hooks.routes:fine")
    assert not [name for name in set(sys.modules) - before if name.endswith("hooks.routes")]
