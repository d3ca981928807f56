"""Removes the parts of a file that break the schema, so that everything else that is wrong is found in the same run.

A required part is replaced by a neutral one. What a check finds about a replacement is dropped with `is_about_shape`,
since the part itself has been reported.
"""

from __future__ import annotations

from collections.abc import Iterable
from copy import deepcopy
from typing import Any

from chalicelib.pointers import split
from compiler.file_schema import Violation, violations
from compiler.step_repair import ANY_STEP, repaired_steps

SHAPE_CHECKS = frozenset({"file-shape", "flow-name", "missing-key", "unknown-key"})
_ANY_FUNCTION = {"name": "", "handler": ""}


def repaired(value: dict[str, Any], wrong: Iterable[Violation], name: str) -> dict[str, Any] | None:
    """Return a copy of a file's value that the schema allows, or None if too little of it is left to check.

    Args:
        value: The file's value.
        wrong: The violations to remove.
        name: The flow's name if the file has no valid one.
    """
    every = list(wrong)
    in_steps = [item for item in every if item.pointer.startswith("/steps/") and isinstance(value["steps"], list)]
    rest = [item for item in every if item not in in_steps]
    for spared in (in_steps, []):  # first with as much of each step as possible, or else without the steps
        copy = {**value, "steps": repaired_steps(value["steps"], spared)} if spared else value
        copy = _repair_all(copy, rest if spared else every, name)
        if not isinstance(copy.get("functions", []), list):
            return None  # every name would be unknown
        if all(item.check == "flow-name" for item in violations(copy)):
            return copy
    return None


def is_about_shape(pointer: str, shapes: Iterable[str]) -> bool:
    """Return whether a finding is about a part whose shape has been reported; `shapes` are the pointers of these."""
    return any(shape and (pointer == shape or pointer.startswith(shape + "/")) for shape in shapes)


def _repair_all(value: dict[str, Any], wrong: Iterable[Violation], name: str) -> dict[str, Any]:
    copy = deepcopy(value)
    for item in wrong:
        _repair(copy, split(item.pointer), name)
    return copy


def _repair(value: dict[str, Any], tokens: list[str], name: str) -> None:
    if not tokens:
        value.setdefault("name", name)
        if "steps" not in value:
            value.setdefault("definition", {})
        return
    key, inner = tokens[0], tokens[1:]
    match key:
        case "name":
            if not isinstance(value["name"], str) or not value["name"]:
                value["name"] = name
        case "definition":
            value["definition"] = {}
        case "steps":
            if inner and isinstance(value["steps"], list):
                value["steps"][int(inner[0])] = ANY_STEP
            else:
                value.pop("steps", None)
                value.setdefault("definition", {})
        case "functions":
            if inner:
                _repair_function(value["functions"], int(inner[0]), inner[1:])
        case "notify" if inner:
            _repair_webhook(value, inner)
        case "labels" if inner and isinstance(value.get("labels"), dict):
            value["labels"].pop(inner[0], None)
        case "schedule" if inner and inner[0] != "expression":
            value["schedule"].pop(inner[0], None)
        case _:
            value.pop(key, None)


def _repair_function(functions: list[Any], index: int, inner: list[str]) -> None:
    entry = functions[index]
    if not isinstance(entry, dict):
        functions[index] = dict(_ANY_FUNCTION)
    elif not inner:
        functions[index] = _ANY_FUNCTION | entry
    elif inner[0] in _ANY_FUNCTION:
        entry[inner[0]] = ""
    else:
        entry.pop(inner[0], None)


def _repair_webhook(value: dict[str, Any], inner: list[str]) -> None:
    """Repair one webhook; it keeps its place, so that what is found about those behind it names theirs."""
    listed = isinstance(value["notify"], list)
    index, rest = (int(inner[0]), inner[1:]) if listed else (0, inner)
    entry = value["notify"][index] if listed else value["notify"]
    any_url = f"https://{index}.invalid/"
    if not isinstance(entry, dict):
        entry = {"url": any_url}
    elif not rest:
        entry = {"url": any_url, **entry}
    elif rest[0] == "url":
        entry = {**entry, "url": any_url}
    else:
        entry = {key: item for key, item in entry.items() if key != rest[0]}
    if listed:
        value["notify"][index] = entry
    else:
        value["notify"] = entry
