"""An inputSchema that is not valid JSON Schema."""

from __future__ import annotations

from collections.abc import Iterator

from compiler.checks.base import Check, FileView, Finding, flow
from compiler.diagnostic import Severity
from compiler.input_schemas import TYPES, schema_faults


def _file(view: FileView) -> Iterator[Finding]:
    schema = view.flow.input_schema
    if schema is None:
        return
    for pointer, message, hint in schema_faults(schema, "/inputSchema"):
        yield Finding(pointer, message, hint)
    kind = schema.get("type")
    if kind in TYPES and kind != "object":
        yield Finding("/inputSchema/type", "The input of a flow must be an object.", "use `type: object`")


CHECK = Check(
    id="input-schema",
    severity=Severity.ERROR,
    summary="The inputSchema is not valid JSON Schema",
    description="POST /run validates inputs against it: with a mistake in it, every input could be rejected.",
    source="https://json-schema.org/draft/2020-12/json-schema-validation",
    wrong=flow("inputSchema:\n  type: object\n  properties:\n    id: {type: text}  # <-\n"),
    right=flow("inputSchema:\n  type: object\n  properties:\n    id: {type: string}\n"),
    file=_file,
)
