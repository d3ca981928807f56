"""Stops values that are written out far beyond the limit of a state's data, before they are written.

A value that an expression mentions twice is held once in memory, but counts twice in JSON. A template of a megabyte can
so stand for gigabytes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from asl.language.errors import TooLarge
from asl.language.scope import Scope
from asl.language.values import json_text

MOST_CHARACTERS = 2**23
FEW_MENTIONS = 64
"""So many values within the limit of a state's data are small enough to be written without a check."""


def check_size(value: Any) -> Any:
    """Return the value. Raises `TooLarge` if it has more than `MOST_CHARACTERS` values and characters."""
    waiting = [value]
    total = 0
    while waiting:
        node = waiting.pop()
        total += len(node) if isinstance(node, str) else 1
        if isinstance(node, dict):
            total += sum(map(len, node))
            waiting.extend(node.values())
        elif isinstance(node, list):
            waiting.extend(node)
        if total + len(waiting) > MOST_CHARACTERS:
            raise TooLarge
    return value


def limited(evaluate: Callable[[Scope], Any], template: Any) -> Callable[[Scope], Any]:
    """Return the evaluator of a template with a check of its result, if the template has enough expressions for one."""
    if json_text(template).count("$") <= FEW_MENTIONS:
        return evaluate
    return lambda scope: check_size(evaluate(scope))
