"""Removes what is wrong with steps of the short form, so that the rest of them is still checked.

As little as possible is lost: a key, or else the step, whose place a state takes that does nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from copy import deepcopy
from typing import Any

from chalicelib.pointers import split
from compiler.file_schema import Violation
from compiler.shortform import OPTIONAL_KEYS, kind_of

ANY_STEP = {"state": {"Type": "Pass"}}
_LISTS_OF_STEPS = ("steps", "do", "otherwise", "parallel", "catch", "on_reject")


def repaired_steps(steps: list[Any], wrong: Iterable[Violation]) -> list[Any]:
    """Return a copy of steps without what is wrong with them.

    Args:
        steps: What is written as `steps`.
        wrong: Violations below `/steps`.
    """
    holder = {"steps": deepcopy(steps)}
    for item in wrong:
        _repair(holder, item)
    return holder["steps"]


def _repair(holder: dict[str, Any], item: Violation) -> None:
    way = _way(holder, split(item.pointer))
    at = max((index for index, (_, key, in_list) in enumerate(way) if in_list), default=None)
    if at is None:
        return  # a repair before this one has removed the step
    parent, position, _ = way[at]
    step, inner = parent[position], way[at + 1 :]
    if not isinstance(step, dict) or not _repair_step(step, inner, item) or kind_of(step) is None:
        parent[position] = ANY_STEP


def _repair_step(step: dict[str, Any], inner: list[tuple[Any, Any, bool]], item: Violation) -> bool:
    """Take out what is wrong in a step. Return whether that was possible."""
    if not inner:
        if kind_of(step) == "foreach" and "do" not in step:
            step["do"] = [ANY_STEP]
            return True
        return False
    container, key, _ = inner[-1]
    if item.at_key or item.check == "unknown-key":
        container.pop(key, None)
    elif inner[0][1] in OPTIONAL_KEYS:
        step.pop(inner[0][1])
    elif inner[0][1] != "choose" or len(inner) != 2:
        return False
    if inner[0][1] == "choose" and len(inner) > 1 and isinstance(step["choose"][inner[1][1]], dict):
        choice = step["choose"][inner[1][1]]
        if set(choice) != {"otherwise"} or item.pointer.endswith(f"/{inner[1][1]}"):
            steps = choice.get("do") or choice.get("otherwise") or [ANY_STEP]
            step["choose"][inner[1][1]] = {"when": choice.get("when", "true"), "do": steps}
    return True


def _way(value: Any, tokens: list[str]) -> list[tuple[Any, Any, bool]]:
    """Return the containers and keys on the way that a pointer goes, and whether each leads to a step.

    A single step as a branch of `parallel` is a list of one, whose index the file lacks.
    """
    way: list[tuple[Any, Any, bool]] = []
    name = ""
    for token in tokens:
        if isinstance(value, list) and token.isdigit() and int(token) < len(value):
            is_step = name in _LISTS_OF_STEPS and not isinstance(value[int(token)], list)
            entry = value[int(token)]
            if name == "catch" and isinstance(entry, dict) and kind_of(entry) is None and "do" in entry:
                is_step = False  # an entry with the errors that it catches
            way.append((value, int(token), is_step))
            value = entry
        elif isinstance(value, dict) and token in value:
            way.append((value, token, False))
            value, name = value[token], token
        elif token != "0" or not way or not way[-1][2]:  # noqa: S105 - a part of a pointer
            break
    return way
