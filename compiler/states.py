"""Every state of a definition, wherever it is nested, with its pointer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from chalicelib.pointers import escape


@dataclass(frozen=True, slots=True)
class Step:
    """A state: its name, its pointer in the definition, and the query language that applies to it."""

    name: str
    pointer: str
    state: dict[str, Any]
    query_language: str


def steps_of(definition: Any, pointer: str = "", query_language: str = "JSONPath") -> Iterator[Step]:
    """Yield all states of a definition, including branches and item processors. Malformed parts are skipped."""
    if not isinstance(definition, dict) or not isinstance(definition.get("States"), dict):
        return
    language = str(definition.get("QueryLanguage", query_language))
    for name, state in definition["States"].items():
        if not isinstance(state, dict):
            continue
        at = f"{pointer}/States/{escape(name)}"
        yield Step(name, at, state, str(state.get("QueryLanguage", language)))
        branches = state.get("Branches")
        if isinstance(branches, list):
            for index, branch in enumerate(branches):
                yield from steps_of(branch, f"{at}/Branches/{index}", language)
        for key in ("ItemProcessor", "Iterator"):
            if key in state:
                yield from steps_of(state[key], f"{at}/{key}", language)
