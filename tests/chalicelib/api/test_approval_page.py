"""The page behind a link: what it shows, and that nothing in it is taken for HTML."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlencode

import pytest

from chalicelib.api import approval_page
from chalicelib.api.http import Answer
from chalicelib.approvals.records import Approval
from chalicelib.errors import BadRequest, FieldError, TooLarge

EVIL = "\"'><script>alert(1)</script>&amp;"


def approval(form: Any = None, **changes: Any) -> Approval:
    values: dict[str, Any] = {"title": "A desk", "message": "May this\nbe bought?", **changes}
    return Approval("id", "token", groups=(), users=(), form=form, created=0.0, expires=1_795_756_243.0, **values)


class Page(HTMLParser):
    """The elements of a page, with their attributes and texts."""

    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(str(answer.body))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


FORM = {
    "properties": {
        "limit": {"type": "integer", "minimum": 1, "maximum": 9, "description": "In euros"},
        "reason": {"type": "string", "maxLength": 400},
        "urgent": {"type": "boolean", "default": True},
        "size": {"enum": ["S", "M"], "default": "M"},
    },
    "required": ["limit"],
}


def test_a_form_without_script() -> None:
    page = Page(approval_page.asking(approval(FORM)))
    limit, urgent = page.all("input")
    assert (limit["type"], limit["min"], limit["max"], limit["step"]) == ("number", "1", "9", "1")
    assert "required" in limit
    assert limit["aria-describedby"] == "f0-n"
    assert "checked" in urgent
    assert page.all("textarea")[0]["maxlength"] == "400"
    assert ["selected" in each for each in page.all("option")] == [False, False, True]
    labels = {each["for"] for each in page.all("label") if "for" in each}
    assert labels == {each["id"] for each in (limit, *page.all("textarea"), *page.all("select"))}
    assert [each["value"] for each in page.all("button")] == ["approve", "reject"]
    assert page.all("form") == [{"method": "post"}]
    assert page.all("html") == [{"lang": "en"}]
    assert page.all("time")[0]["datetime"] == "2026-11-27T05:10:43.000Z"
    assert page.all("script") == []


def test_nothing_is_taken_for_html() -> None:
    form = {
        "properties": {
            EVIL: {"type": "string", "title": EVIL, "description": EVIL, "default": EVIL, "maxLength": EVIL},
            "choice": {"enum": [EVIL], "default": EVIL},
            "long": {"type": "string", "maxLength": 999, "default": f"</textarea>{EVIL}"},
            "number": {"type": "number", "minimum": EVIL, "default": EVIL},
        }
    }
    asked = approval(form, title=EVIL, message=EVIL)
    errors = [FieldError(f"data.{EVIL}", EVIL)]
    for answer in (
        approval_page.asking(asked),
        approval_page.asking(asked, {f"data.{EVIL}": EVIL, "data.long": EVIL}, EVIL, errors),
        approval_page.thanking(asked, "approve"),
        approval_page.refusing(EVIL, EVIL, 404),
    ):
        page = Page(answer)
        assert page.all("script") == []
        allowed = {"html", "head", "meta", "title", "style", "body", "main", "h1", "p", "form", "label", "input", "br"}
        assert {tag for tag, _ in page.elements} <= allowed | {"select", "option", "textarea", "button", "time", "div"}
        assert EVIL in "".join(page.texts)


def test_what_is_wrong_is_said_at_its_field() -> None:
    errors = [FieldError("data.limit", "-1 is less than the minimum of 1")]
    entries = {"data.limit": "-1", "data.size": '"S"', "decision": "approve"}
    answer = approval_page.asking(approval(FORM), entries, "It doesn't match.", errors)
    page = Page(answer)
    assert answer.status == 422
    limit, urgent = page.all("input")
    assert (limit["value"], limit["aria-invalid"], limit["aria-describedby"]) == ("-1", "true", "f0-n f0-w")
    assert "checked" not in urgent
    assert {"role": "alert"} in page.all("div")
    assert "-1 is less than the minimum of 1" in page.texts
    assert "Nothing has been sent yet. Please correct what is marked below." in page.texts
    elsewhere = approval_page.asking(
        approval(FORM), entries, "It doesn't match.", [FieldError("data.x", "is required")]
    )
    assert "Nothing has been sent yet. It doesn't match." in Page(elsewhere).texts
    assert ["selected" in each for each in page.all("option")] == [False, True, False]
    assert "Error: A desk" in page.texts


def test_the_policy_allows_this_style_and_nothing_else() -> None:
    answer = approval_page.asking(approval())
    style = re.search(r"<style>(.*?)</style>", str(answer.body), re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    policy = str(answer.headers["Content-Security-Policy"])
    assert policy == (
        f"default-src 'none'; style-src 'sha256-{digest}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    assert " style=" not in str(answer.body)


@pytest.mark.parametrize(
    ("accept", "wanted"),
    [
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", True),
        ("Text/HTML;q=0.9", True),
        ("*/*", False),
        ("application/json", False),
        ("application/json, text/html", False),
        ("", False),
    ],
)
def test_who_gets_the_page(accept: str, wanted: bool) -> None:
    assert approval_page.is_wanted(accept) is wanted


def test_the_answer_of_a_form() -> None:
    body = urlencode({"decision": "approve", "data.limit": "5", "data.reason": "ä&ö", "data.other": "x"}).encode()
    given, entries = approval_page.read_form(approval(FORM), body, 1_000)
    assert given == {"decision": "approve", "data": {"limit": 5, "reason": "ä&ö", "urgent": False}}
    assert entries["data.reason"] == "ä&ö"
    assert approval_page.read_form(approval(FORM), b"decision=reject", 1_000)[0] == {"decision": "reject", "data": {}}


@pytest.mark.parametrize("body", [b"\xff", b"decision=%FF", b"&".join(b"a=1" for _ in range(1_001))])
def test_a_form_that_cannot_be_read(body: bytes) -> None:
    with pytest.raises(BadRequest):
        approval_page.read_form(approval(FORM), body, 10_000)


def test_a_form_that_is_too_large() -> None:
    with pytest.raises(TooLarge):
        approval_page.read_form(approval(FORM), b"a" * 11, 10)
