"""Labels that cannot be read from an input."""

from __future__ import annotations

from collections.abc import Iterator

from chalicelib.flows.labels import MAX_LABELS, NAME, is_name, parse_path
from chalicelib.pointers import escape
from compiler.checks.base import Check, FileView, Finding, flow
from compiler.diagnostic import Severity


def _file(view: FileView) -> Iterator[Finding]:
    for index, (name, path) in enumerate(view.flow.labels.items()):
        pointer = f"/labels/{escape(name)}"
        if index == MAX_LABELS:
            message = f"A flow has at most {MAX_LABELS} labels; this one has {len(view.flow.labels)}."
            yield Finding(pointer, message, "remove labels that nobody searches for", at_key=True)
        if not is_name(name):
            message = f"The label's name {name!r} is not allowed: it must match {NAME}."
            yield Finding(pointer, message, "use letters, digits, - and _, at most 64", at_key=True)
        try:
            steps = parse_path(path)
        except ValueError as error:
            yield Finding(pointer, f"{error}.", "a reference path has names and indexes only")
            continue
        schema = view.flow.input_schema or {}
        properties = schema.get("properties")
        if isinstance(properties, dict) and schema.get("additionalProperties") is False and steps[0] not in properties:
            yield Finding(pointer, f"The inputSchema has no property {steps[0]!r}, so the label never has a value.")


CHECK = Check(
    id="labels",
    severity=Severity.ERROR,
    summary="A label cannot be read from the input",
    description=(
        "Labels are read from the input when a run starts, and `GET /runs?label=NAME:VALUE` finds runs by them. Each "
        "is a reference path; a flow has at most five."
    ),
    source="https://states-language.net/spec.html#ref-paths",
    wrong=flow("labels:\n  order: order_id  # <-\n"),
    right=flow("labels:\n  order: $.order_id\n"),
    file=_file,
)
