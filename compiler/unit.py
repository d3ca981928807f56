"""One file on its own: everything about a flow that does not depend on other files.

This is the expensive part of compiling and the part that is cached by content. What depends on other files (names,
functions, cycles) is linked anew each time, see `compiler.linker`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from compiler.checks import FILE_CHECKS
from compiler.checks.base import FileView
from compiler.definitions import definition_diagnostics
from compiler.diagnostic import Diagnostic, Severity
from compiler.extensions import Shorthand, expand_shorthands
from compiler.file_schema import Violation, violations
from compiler.locating import diagnostic_of
from compiler.model import Flow, build_flow
from compiler.permissions import Statement, derive_statements
from compiler.placeholders import names_in
from compiler.repair import is_about_shape, repaired
from compiler.shortform import expand
from compiler.silencing import Silence, find_silences
from compiler.source import Source


@dataclass(frozen=True, slots=True)
class Unit:
    """A file after all stages that need nothing but the file.

    `flow` is None when the file does not even have the shape of one; `name` is then a guess for messages. `head` is
    what the file says beside the definition, `text` the definition as JSON, and `placeholders` are its `${...}`.
    `origins` leads from pointers of an expanded definition to those of its short form.
    """

    path: str
    name: str
    flow: Flow | None
    head: dict[str, Any] | None
    text: str
    placeholders: tuple[str, ...]
    origins: dict[str, str]
    statements: tuple[Statement, ...]
    diagnostics: tuple[Diagnostic, ...]
    silences: tuple[Silence, ...]


def compile_unit(
    path: str, text: str, flows: frozenset[str] = frozenset(), shorthands: Mapping[str, Shorthand] | None = None
) -> Unit:
    """Compile one file; whatever is wrong with it is in the result's diagnostics.

    `flows` are the names that mean flows in `steps:`, and `shorthands` what plugins add there; a plain definition
    does not depend on them.
    """
    source = Source(path, text)
    silences = find_silences(source)
    value = source.value
    name = path.rpartition("/")[2].rpartition(".")[0]
    found = source.problems
    if not isinstance(value, dict):
        if not found:
            message = "A flow's file holds keys such as `name:`, not a list or a text."
            source.report("file-shape", message, source.position(""))
        return _shapeless(path, name, found, silences)
    if isinstance(value.get("name"), str) and value["name"]:
        name = value["name"]
    if shorthands and "steps" in value:
        problems: list[Violation] = []
        value = {**value, "steps": expand_shorthands(value["steps"], shorthands, "/steps", problems)}
        found += [_violation(item, source) for item in problems]
    wrong = list(violations(value))
    found += [_violation(item, source) for item in wrong]
    if wrong:
        value = repaired(value, wrong, name)
    if value is None:
        definition = source.value.get("definition")
        if isinstance(definition, dict):
            found += definition_diagnostics(source, definition, _json(definition), _machine_type(source.value), {})
        return _shapeless(path, name, found, silences)
    flow = build_flow(value)
    origins: dict[str, str] = {}
    complete = not wrong
    if flow.definition is None:
        own = {entry.name for entry in flow.functions}
        expansion = expand(value["steps"], flows - own)
        found += [_violation(item, source) for item in expansion.problems]
        complete = complete and not expansion.problems
        flow = replace(flow, definition=expansion.definition if not expansion.problems else {})
        origins = expansion.origins if not expansion.problems else {}
    definition = flow.definition or {}
    definition_text = _json(definition)
    if definition or isinstance(source.value.get("definition"), dict):
        found += definition_diagnostics(source, definition, definition_text, _machine_type(value), origins)
    placeholders = names_in(definition_text + _json(flow.written_permissions))
    view = FileView(flow, placeholders, "steps" in value, complete)
    shapes = {item.pointer for item in wrong}
    for check in FILE_CHECKS:
        assert check.file is not None
        found += [
            diagnostic_of(check, finding, source, origins)
            for finding in check.file(view)
            if not is_about_shape(finding.pointer, shapes)
        ]
    statements = derive_statements(flow.name, definition, flow.permissions, flow.denied)
    head = {key: item for key, item in value.items() if key not in ("definition", "steps")}
    return Unit(path, name, flow, head, definition_text, placeholders, origins, statements, tuple(found), silences)


def _machine_type(value: Mapping[str, Any]) -> str:
    return "EXPRESS" if value.get("type") == "EXPRESS" else "STANDARD"


def _shapeless(path: str, name: str, found: list[Diagnostic], silences: tuple[Silence, ...]) -> Unit:
    return Unit(path, name, None, None, "", (), {}, (), tuple(found), silences)


def _violation(item: Violation, source: Source) -> Diagnostic:
    starts_with_key = not item.message.startswith(("the ", "item ", "a "))  # keys stay as they are written
    message = item.message if starts_with_key else item.message[:1].upper() + item.message[1:]
    position = source.position(item.pointer, key=item.at_key)
    return Diagnostic(item.check, Severity.ERROR, message, source.path, position, item.pointer, item.hint)


def _json(definition: Any) -> str:
    return json.dumps(definition, ensure_ascii=False, separators=(",", ":"))
