"""Findings that only follow from another mistake: the state that nothing reaches because a `Next` is misspelled."""

from __future__ import annotations

import re
from collections.abc import Iterable

from asl.language.choice import OPERATORS
from asl.language.diagnosis import Diagnosis
from chalicelib.flows.suggestions import nearest, suggestion
from chalicelib.pointers import join, split

UNKNOWN_FIELD = re.compile(r"Field '(.*)' is not supported", re.DOTALL)
_NO_OPERATOR = "This object should have a comparison operator"
_REQUIRED = re.compile(r"These fields are required: \[(.*)\]|This object should have only one .*: \[(.*)\]")


def without_consequences(found: list[Diagnosis]) -> list[Diagnosis]:
    """Return the findings without those that go away when another one is fixed."""
    if len(found) < 2:
        return found
    mistakes = _Mistakes(found)
    return [item for item in found if not mistakes.explain(item)]


class _Mistakes:
    """The findings about one definition that others may follow from."""

    def __init__(self, found: Iterable[Diagnosis]) -> None:
        self._dangling: set[str] = set()  # machines, by pointer, with a transition to a state that does not exist
        self._untold: set[str] = set()  # machines with a state whose transitions can't be read
        self._stateless: set[str] = set()  # pointers of malformed values
        self._unknown_fields: dict[str, list[str]] = {}  # names by the pointer of the object
        for item in found:
            if item.check == "dangling-target":
                self._dangling.add(_machine_of(item.pointer))
            if item.check == "flow-shape":
                self._stateless.add(item.pointer)
            if _hides_transitions(item):
                self._untold.add(_machine_of(item.pointer))
            unknown = UNKNOWN_FIELD.fullmatch(item.message)
            if unknown:
                self._unknown_fields.setdefault(item.pointer.rpartition("/")[0], []).append(unknown[1])

    def explain(self, item: Diagnosis) -> bool:
        """Return whether `item` follows from one of these."""
        if item.check == "unreachable-state":
            return _machine_of(item.pointer) in self._dangling | self._untold
        if item.check in ("no-terminal-state", "endless-loop"):
            return bool(self._untold)
        if item.check == "dangling-target":
            return f"{_machine_of(item.pointer)}/States" in self._stateless
        return self._explain_missing_field(item)

    def _explain_missing_field(self, item: Diagnosis) -> bool:
        """Return whether a required field is there under a misspelled name."""
        misspelled = self._unknown_fields.get(item.pointer)
        if not misspelled:
            return False
        if item.message.startswith(_NO_OPERATOR):
            return any(nearest(name, OPERATORS) for name in misspelled)
        required = _REQUIRED.fullmatch(item.message)
        names = (required[1] or required[2]).split(", ") if required else ()
        return any(nearest(name, names) for name in misspelled)


def _hides_transitions(item: Diagnosis) -> bool:
    """Return whether a finding is that a state says nothing, or nothing legible, about what follows it."""
    return (
        (item.check == "required-field" and "Next, End" in item.message)
        or (item.check == "unknown-field" and bool(suggestion(split(item.pointer)[-1], ("Next", "End", "Default"))))
        or item.check == "state-type"
        or (item.check in ("flow-shape", "value-type") and split(item.pointer)[-1:] != ["StartAt"])
    )


def _machine_of(pointer: str) -> str:
    """Return the pointer of the state machine, branch or processor that contains what `pointer` points to."""
    tokens = split(pointer)
    at = 0
    while tokens[at : at + 1] == ["States"]:
        inner = tokens[at + 2 : at + 3]
        step = {"Branches": 4, "ItemProcessor": 3, "Iterator": 3}.get(inner[0] if inner else "", 0)
        if not step or len(tokens) <= at + step:
            break
        at += step
    return join(*tokens[:at])
