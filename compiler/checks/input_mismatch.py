"""Inputs that do not match the flow's own inputSchema."""

from __future__ import annotations

from collections.abc import Iterator

from compiler.checks.base import Check, FileView, Finding, flow
from compiler.diagnostic import Severity
from compiler.input_schemas import schema_faults, value_faults


def _file(view: FileView) -> Iterator[Finding]:
    schema = view.flow.input_schema
    if schema is None or any(True for _ in schema_faults(schema, "")):
        return
    examples = schema.get("examples", ()) if isinstance(schema, dict) else ()
    inputs = [(f"/inputSchema/examples/{index}", example) for index, example in enumerate(examples)]
    if view.flow.input is not None:
        inputs.append(("/input", view.flow.input))
    for pointer, value in inputs:
        for place, message in value_faults(value, schema):
            yield Finding(pointer + place, message)


CHECK = Check(
    id="input-mismatch",
    severity=Severity.ERROR,
    summary="The schedule's input or an example does not match the inputSchema",
    description="The inputs of scheduled runs are not checked at run time, and examples are what readers try first.",
    source="https://json-schema.org/draft/2020-12/json-schema-validation",
    wrong=flow("input: {id: 1}  # <-\ninputSchema:\n  type: object\n  properties:\n    id: {type: string}\n"),
    right=flow("input: {id: one}\ninputSchema:\n  type: object\n  properties:\n    id: {type: string}\n"),
    file=_file,
)
