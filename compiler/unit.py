"""One file on its own: everything about a flow that does not depend on other files.

This is the expensive part of compiling, and the part that is cached by content. What depends on other files (names,
functions, cycles) is linked again each time, see `compiler.linker`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from compiler.checks import FILE_CHECKS
from compiler.checks.base import FileView
from compiler.definitions import WrittenDefinition, definition_diagnostics
from compiler.diagnostic import Diagnostic, Severity
from compiler.extensions import Shorthand, expand_shorthands
from compiler.file_schema import Violation, violations
from compiler.locating import diagnostic_of
from compiler.model import OWN_KEY, Flow, build_flow
from compiler.permissions import Statement, derive_statements
from compiler.placeholders import names_in
from compiler.repair import is_about_shape, repaired
from compiler.shortform import expand
from compiler.silencing import Silence, find_silences
from compiler.source import Source
from compiler.step_repair import repaired_steps


@dataclass(frozen=True, slots=True)
class Unit:
    """A file after all stages that need only the file.

    `flow` is None when the file does not have the shape of a flow; `name` is then a guess for messages. `head` is the
    content of the file without the definition, `text` the definition as JSON, and `placeholders` are its `${...}`.
    `origins` maps pointers into an expanded definition to those of its short form.
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
    """Compile one file; everything that is wrong with it is in the result's diagnostics.

    Args:
        path: The file, relative to the project.
        text: Its content.
        flows: The names that mean flows in `steps:`. A file with a definition does not depend on them.
        shorthands: The step shorthands of plugins by key. Only `steps:` depends on them.
    """
    source = Source(path, text)
    silences = find_silences(source)
    read = _read(source, shorthands or {})
    if read.value is None:
        found = (*read.diagnostics, *_unread_definition(source))
        return Unit(path, read.name, None, None, "", (), {}, (), found, silences)
    body = _body_of(read, flows)
    definition = body.flow.definition or {}
    definition_text = _json(definition)
    placeholders = names_in(definition_text + _json(body.flow.written_permissions))
    found = (
        *read.diagnostics,
        *(_violation(item, source) for item in body.problems),
        *_definition_diagnostics(source, definition, definition_text, body),
        *_file_diagnostics(source, read, body, placeholders),
    )
    statements = derive_statements(body.flow.name, definition, body.flow.permissions, body.flow.denied)
    head = {
        key: item
        for key, item in read.value.items()
        if key not in ("definition", "steps") and not re.match(OWN_KEY, key)
    }
    return Unit(
        path, body.flow.name, body.flow, head, definition_text, placeholders, body.origins, statements, found, silences
    )


@dataclass(frozen=True, slots=True)
class _Read:
    """A file's value after the schema: what breaks it (`wrong`) is replaced, or `value` is None if that is too much."""

    name: str
    value: dict[str, Any] | None
    wrong: tuple[Violation, ...]
    diagnostics: tuple[Diagnostic, ...]


def _read(source: Source, shorthands: Mapping[str, Shorthand]) -> _Read:
    value = source.value
    name = source.path.rpartition("/")[2].rpartition(".")[0]
    found = list(source.problems)
    if not isinstance(value, dict):
        if not found:
            message = "A flow file must be a mapping with keys such as `name:`, not a list or a scalar."
            found.append(Diagnostic("file-shape", Severity.ERROR, message, source.path, source.position("")))
        return _Read(name, None, (), tuple(found))
    if isinstance(value.get("name"), str) and value["name"]:
        name = value["name"]
    if shorthands and "steps" in value:
        problems: list[Violation] = []
        value = {**value, "steps": expand_shorthands(value["steps"], shorthands, "/steps", problems)}
        found += [_violation(item, source) for item in problems]
    wrong = tuple(violations(value))
    found += [_violation(item, source) for item in wrong]
    return _Read(name, repaired(value, wrong, name) if wrong else value, wrong, tuple(found))


@dataclass(frozen=True, slots=True)
class _Body:
    """A flow with its definition: written as one, or expanded from steps, without what has `problems` in those."""

    flow: Flow
    origins: dict[str, str]
    problems: tuple[Violation, ...] = ()


def _body_of(read: _Read, flows: frozenset[str]) -> _Body:
    assert read.value is not None
    flow = build_flow(read.value)
    if flow.definition is not None:
        return _Body(flow, {})
    own = {entry.name for entry in flow.functions}
    steps = read.value["steps"]
    expansion = expand(steps, flows - own)
    problems = tuple(expansion.problems)
    if problems:
        expansion = expand(repaired_steps(steps, problems), flows - own)
    return _Body(replace(flow, definition=expansion.definition), expansion.origins, problems)


def _unread_definition(source: Source) -> list[Diagnostic]:
    """Find what is wrong with the definition of a file of which nothing else can be judged."""
    definition = source.value.get("definition") if isinstance(source.value, dict) else None
    if not isinstance(definition, dict):
        return []
    written = WrittenDefinition(definition, _json(definition), _machine_type(source.value), {})
    return definition_diagnostics(source, written)


def _definition_diagnostics(
    source: Source, definition: dict[str, Any], definition_text: str, body: _Body
) -> list[Diagnostic]:
    if not definition and not isinstance(source.value.get("definition"), dict):
        return []  # it was left out, and that has been reported
    return definition_diagnostics(source, WrittenDefinition(definition, definition_text, body.flow.type, body.origins))


def _file_diagnostics(source: Source, read: _Read, body: _Body, placeholders: tuple[str, ...]) -> Iterator[Diagnostic]:
    """Run the checks that look at one file."""
    assert read.value is not None
    view = FileView(body.flow, placeholders, "steps" in read.value, not read.wrong and not body.problems)
    shapes = {item.pointer for item in read.wrong}
    for check in FILE_CHECKS:
        assert check.file is not None
        for finding in check.file(view):
            if not is_about_shape(finding.pointer, shapes):
                yield diagnostic_of(check, finding, source, body.origins)


def _machine_type(value: Mapping[str, Any]) -> str:
    return "EXPRESS" if value.get("type") == "EXPRESS" else "STANDARD"


def _violation(item: Violation, source: Source) -> Diagnostic:
    starts_with_key = not item.message.startswith(("the ", "item ", "a "))  # keys stay as they are written
    message = item.message if starts_with_key else item.message[:1].upper() + item.message[1:]
    position = source.position(item.pointer, key=item.at_key)
    return Diagnostic(item.check, Severity.ERROR, message, source.path, position, item.pointer, item.hint)


def _json(definition: Any) -> str:
    return json.dumps(definition, ensure_ascii=False, separators=(",", ":"))
