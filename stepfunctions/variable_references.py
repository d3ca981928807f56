"""The variables that each state refers to: `variableReferences` of DescribeStateMachine."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from asl.language.model import (
    Flow,
    MapState,
    ParallelState,
    QueryLanguage,
    load_definition,
    parse_definition,
)

_PATH_VARIABLE = re.compile(r"(?<![\w$.'])\$([^\W\d]\w*)")
_JSONATA_VARIABLE = re.compile(r"\$([^\W\d]\w*)(\s*\()?")
_JSONATA_LOCAL = re.compile(r"\$([^\W\d]\w*)\s*:=|function\s*\(([^)]*)\)")
_JSONATA_QUOTED = re.compile(r""""(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|/\*.*?\*/""", re.DOTALL)
_QUOTED = re.compile(r"'(?:[^'\\]|\\.)*'")
# These fields contain other states.
_INNER_STATES = frozenset({"Branches", "ItemProcessor", "Iterator"})


@lru_cache(maxsize=256)
def _references(definition: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    machine = parse_definition(definition)
    document = load_definition(definition)
    found = []
    for state, written in _written_states(machine, document):
        names: set[str] = set()
        for value in (value for key, value in written.items() if key not in _INNER_STATES):
            names.update(_names(value, state.query_language is QueryLanguage.JSONATA))
        if isinstance(state, MapState):
            processor = written.get("ItemProcessor", written.get("Iterator", {}))
            names.update(_names(processor.get("ProcessorConfig"), state.query_language is QueryLanguage.JSONATA))
        if names:
            found.append((state.name, tuple(sorted(names))))
    return tuple(found)


def variable_references(definition: str) -> dict[str, list[str]]:
    """Return the names of the variables that each state's fields refer to, by the name of the state.

    States without references are left out. `definition` must be valid.
    """
    return {state: list(names) for state, names in _references(definition)}


def _written_states(flow: Flow, document: dict[str, Any]) -> Iterator[tuple[Any, dict[str, Any]]]:
    """Yield every state's model with its JSON object."""
    for name, state in flow.states.items():
        written = document["States"][name]
        yield state, written
        if isinstance(state, ParallelState):
            for branch, inner in zip(state.branches, written["Branches"], strict=True):
                yield from _written_states(branch, inner)
        elif isinstance(state, MapState):
            yield from _written_states(state.item_processor, written.get("ItemProcessor", written.get("Iterator")))


def _names(value: Any, jsonata: bool) -> Iterator[str]:
    match value:
        case dict():
            for item in value.values():
                yield from _names(item, jsonata)
        case list():
            for item in value:
                yield from _names(item, jsonata)
        case str() if jsonata and value.startswith("{%"):
            yield from _jsonata_names(value)
        case str() if not jsonata and value.startswith(("$", "States.")):
            yield from _PATH_VARIABLE.findall(_QUOTED.sub("''", value))


def _jsonata_names(expression: str) -> Iterator[str]:
    expression = _JSONATA_QUOTED.sub("", expression)
    local = {"states"}
    for name, parameters in _JSONATA_LOCAL.findall(expression):
        local.add(name)
        local.update(re.findall(r"\$(\w+)", parameters))
    for name, called in _JSONATA_VARIABLE.findall(expression):
        if not called and name not in local:
            yield name
