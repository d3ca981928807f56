"""One file on its own: everything about a flow that does not depend on other files.

This is the expensive part of compiling and the part that is cached by content. What depends on other files (names,
functions, cycles) is linked anew each time, see `chalicelib.flows.linker`.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from chalicelib.flows.diagnostic import Diagnostic, Severity
from chalicelib.flows.file_schema import violations
from chalicelib.flows.model import Flow, build_flow
from chalicelib.flows.permissions import Statement
from chalicelib.flows.placeholders import PLACEHOLDER, names_in
from chalicelib.flows.silencing import Silence, find_silences
from chalicelib.flows.source import Source

try:
    from asl.language import diagnose
except ImportError:

    def diagnose(*a, **k):
        return []


_SEVERITIES = {"ERROR": Severity.ERROR, "WARNING": Severity.WARNING, "ADVICE": Severity.ADVICE}


@dataclass(frozen=True, slots=True)
class Unit:
    """A file after all stages that need nothing but the file.

    `flow` is None when the file does not even have the shape of one; `name` is then a guess for messages. `text` is the
    definition as JSON, `placeholders` are its `${...}`, `origins` maps pointers of an expanded definition to those of
    the short form they come from (empty for a plain definition).
    """

    path: str
    name: str
    flow: Flow | None
    text: str
    placeholders: tuple[str, ...]
    origins: dict[str, str]
    statements: tuple[Statement, ...]
    diagnostics: tuple[Diagnostic, ...]
    silences: tuple[Silence, ...]


def compile_unit(path: str, text: str) -> Unit:
    """Compile one file; whatever is wrong with it is in the result's diagnostics."""
    source = Source(path, text)
    silences = find_silences(text)
    stem = path.rpartition("/")[2].rpartition(".")[0]
    value = source.value
    found = list(source.problems)
    if not isinstance(value, dict):
        if not found:
            source.report(
                "flow-shape", "A flow's file holds keys such as `name:`, not a list or a text.", source.position("")
            )
            found = list(source.problems)
        return Unit(path, stem, None, "", (), {}, (), tuple(found), silences)
    name = value["name"] if isinstance(value.get("name"), str) and value["name"] else stem
    wrong = list(violations(value))
    found += [
        Diagnostic(
            item.check,
            Severity.ERROR,
            item.message[:1].upper() + item.message[1:],
            path,
            source.position(item.pointer, key=item.at_key),
            item.pointer,
            item.hint,
        )
        for item in wrong
    ]
    raw = value.get("definition")
    if wrong:
        if isinstance(raw, dict):
            machine_type = "EXPRESS" if value.get("type") == "EXPRESS" else "STANDARD"
            found += definition_diagnostics(source, raw, _json(raw), machine_type)
        return Unit(path, name, None, "", (), {}, (), tuple(found), silences)
    flow = build_flow(value)
    definition = flow.definition
    assert definition is not None
    definition_text = _json(definition)
    found += definition_diagnostics(source, definition, definition_text, flow.type)
    return Unit(
        path,
        name,
        flow,
        definition_text,
        names_in(definition_text),
        {},
        (),
        tuple(found),
        silences,
    )


def _json(definition: dict[str, Any]) -> str:
    return json.dumps(definition, ensure_ascii=False, separators=(",", ":"))


_PROBE = "arn:aws:lambda:us-east-1:123456789012:function:name"
_MACHINE_PROBE = "arn:aws:states:us-east-1:123456789012:stateMachine:name"


def _probe(match: re.Match[str]) -> str:
    """Stands in for a name while the definition alone is judged: what it means is judged later."""
    return _MACHINE_PROBE if "StateMachine" in match[1] else _PROBE


def definition_diagnostics(source: Source, definition: Any, text: str, machine_type: str) -> list[Diagnostic]:
    """What `asl.language` says about the definition, at the lines of the file."""
    probed = json.loads(PLACEHOLDER.sub(_probe, text)) if "${" in text else definition
    result = []
    for item in diagnose(probed, machine_type=machine_type):
        pointer = "/definition" + item.pointer
        severity = _SEVERITIES[item.severity.name]
        result.append(Diagnostic(item.check, severity, item.message, source.path, source.position(pointer), pointer))
    return result
