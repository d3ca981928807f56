"""The page behind an approval's link, for people without an account: a form that needs no script."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any
from urllib.parse import parse_qsl

from chalicelib import times
from chalicelib.api.http import Answer
from chalicelib.approvals.form import Field, data_of, fields_of
from chalicelib.approvals.records import Approval
from chalicelib.errors import BadRequest, FieldError, TooLarge

FORM = "application/x-www-form-urlencoded"
_MAX_FIELDS = 1_000
_STYLE = """
:root{color-scheme:light dark;font:1rem/1.5 system-ui,sans-serif}
body{max-width:36rem;margin:2rem auto;padding:0 1rem}
.text{white-space:pre-line}
label,legend{display:block;font-weight:600;margin-top:1rem}
.check{font-weight:400}
input:not([type=checkbox]),select,textarea{font:inherit;box-sizing:border-box;width:100%;padding:.4rem}
textarea{min-height:6rem}
.note{margin:0;opacity:.8}
.wrong{margin:0;font-weight:600;color:#b3261e}
@media(prefers-color-scheme:dark){.wrong{color:#ff897d}}
[role=alert]{border:2px solid #b3261e;padding:.5rem 1rem;margin:1rem 0}
button{font:inherit;padding:.5rem 1.5rem;margin:1.5rem .5rem 0 0}
"""
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
}


def is_wanted(accept: str) -> bool:
    """Whether a request is a browser's: its header `Accept` names HTML, and JSON not before it."""
    kinds = [part.partition(";")[0].strip().lower() for part in accept.split(",")]
    return "text/html" in kinds and "application/json" not in kinds[: kinds.index("text/html")]


def is_form(content_type: str) -> bool:
    """Whether a body is that of a form."""
    return content_type.partition(";")[0].strip().lower() == FORM


def read_form(approval: Approval, body: bytes, limit: int) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the answer that a form's body means, `{decision, data}`, and its entries by the names of the fields.

    Raises:
        TooLarge: The body has more than `limit` bytes.
        BadRequest: The body is not a form.
    """
    if len(body) > limit:
        raise TooLarge(f"The answer has {len(body)} bytes; at most {limit} are accepted.")
    try:
        entries = dict(
            parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=_MAX_FIELDS)
        )
    except ValueError:
        raise BadRequest("The form can't be read.") from None
    decision = entries.get("decision", "")
    data = data_of(fields_of(approval.form), entries, with_unchecked=decision == "approve")
    return {"decision": decision, "data": data}, entries


def asking(
    approval: Approval, entries: Mapping[str, str] | None = None, problem: str = "", errors: Sequence[FieldError] = ()
) -> Answer:
    """Return the page that asks.

    Args:
        approval: What is asked.
        entries: What was entered before, if that doesn't match the form.
        problem: What is wrong with it.
        errors: What is wrong with each field.
    """
    title = approval.title or "Your approval is asked for"
    wrong = {error.field: error.message for error in errors}
    fields = fields_of(approval.form)
    if wrong and len({each.path for each in fields if _wrong_with(each, wrong)}) == len(wrong):
        problem = "Please correct what is marked below."
    lines = [f"<h1>{escape(title)}</h1>"]
    if approval.message:
        lines.append(f'<p class="text">{escape(approval.message)}</p>')
    if problem:
        lines.append(f'<div role="alert"><p>Nothing has been sent yet. {escape(problem)}</p></div>')
    lines.append('<form method="post">')
    for number, field in enumerate(fields):
        default = field.text_of(field.schema.get("default"))
        entered = default if entries is None else entries.get(field.path, "")
        lines.extend(_field(field, f"f{number}", entered, _wrong_with(field, wrong)))
    lines.append('<p><button name="decision" value="approve">Approve</button>')
    lines.append('<button name="decision" value="reject" formnovalidate>Reject</button></p></form>')
    until = times.iso(approval.expires)
    shown = f"{until[:10]} {until[11:16]} UTC"
    lines.append(f'<p class="note">You can answer once, until <time datetime="{until}">{shown}</time>.</p>')
    return _page(f"Error: {title}" if problem else title, lines, 422 if problem else 200)


def thanking(approval: Approval, decision: str) -> Answer:
    """Return the page after the answer."""
    verb = "approved" if decision == "approve" else "rejected"
    title = f"You {verb} this"
    shown = f"<p>{escape(approval.title)}</p>" if approval.title else ""
    return _page(title, [f"<h1>{title}</h1>", shown, "<p>Thank you. You can close this page.</p>"], 200)


def refusing(title: str, detail: str, status: int) -> Answer:
    """Return the page that says why nobody can answer."""
    return _page(title, [f"<h1>{escape(title)}</h1>", f"<p>{escape(detail)}</p>"], status)


def _wrong_with(field: Field, wrong: Mapping[str, str]) -> str:
    inside = (f"{field.path}.", f"{field.path}[")
    return next((text for path, text in wrong.items() if path == field.path or path.startswith(inside)), "")


def _field(field: Field, identity: str, entered: str, wrong: str) -> Iterator[str]:
    described = [part for part, there in ((f"{identity}-n", field.help), (f"{identity}-w", wrong)) if there]
    attributes = f'id="{identity}" name="{escape(field.path)}"'
    if described:
        attributes += f' aria-describedby="{" ".join(described)}"'
    if wrong:
        attributes += ' aria-invalid="true"'
    if field.required and field.kind != "boolean":
        attributes += " required"
    optional = "" if field.required or field.kind == "boolean" else " (optional)"
    if field.kind == "boolean":
        checked = " checked" if entered else ""
        box = f'<input type="checkbox" {attributes} value="true"{checked}>'
        yield f'<p><label class="check">{box} {escape(field.label)}</label></p>'
    else:
        yield f'<label for="{identity}">{escape(field.label)}{optional}</label>'
        yield from _control(field, attributes, entered)
    if field.help:
        yield f'<p class="note" id="{identity}-n">{escape(field.help)}</p>'
    if wrong:
        yield f'<p class="wrong" id="{identity}-w">{escape(wrong)}</p>'


def _control(field: Field, attributes: str, entered: str) -> Iterator[str]:
    limits = "".join(
        f' {name.lower()}="{field.schema[name]}"'
        for name in ("minLength", "maxLength")
        if type(field.schema.get(name)) is int and field.kind in ("text", "long")
    )
    if field.kind == "choice":
        yield f"<select {attributes}>"
        yield '<option value="">Choose</option>'
        for choice in field.choices:
            value = json.dumps(choice)
            selected = " selected" if value == entered else ""
            shown = choice if isinstance(choice, str) else value
            yield f'<option value="{escape(value)}"{selected}>{escape(shown)}</option>'
        yield "</select>"
    elif field.kind in ("long", "json"):
        yield f"<textarea {attributes}{limits}>\n{escape(entered)}</textarea>"
    elif field.kind == "number":
        step = "1" if field.schema.get("type") == "integer" else "any"
        bounds = "".join(
            f' {name}="{field.schema[key]}"'
            for name, key in (("min", "minimum"), ("max", "maximum"))
            if type(field.schema.get(key)) in (int, float)
        )
        yield f'<input type="number" step="{step}"{bounds} {attributes} value="{escape(entered)}">'
    else:
        yield f'<input type="{field.input_type}" {attributes}{limits} value="{escape(entered)}">'


def _page(title: str, lines: Sequence[str], status: int) -> Answer:
    body = "\n".join(lines)
    page = (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>{escape(title)}</title>\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n<meta name="robots" content="noindex">\n'
        f"<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )
    return Answer(page, status, dict(_HEADERS))
