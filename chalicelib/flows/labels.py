"""Labels of runs: values of the input by which runs are found, as a flow's `labels` declares them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

MAX_LABELS = 5
MAX_VALUE = 256
"""Characters of a value; what is longer is cut, and what is searched as well."""
NAME = r"[A-Za-z][A-Za-z0-9_-]{0,63}"

_STEP = re.compile(r"""\.([A-Za-z_][\w-]*)|\[(\d+)\]|\['((?:[^'\\]|\\.)+)'\]|\["((?:[^"\\]|\\.)+)"\]""")
_NAME = re.compile(NAME)

Step = str | int


def is_name(name: str) -> bool:
    """Whether a label may have this name."""
    return _NAME.fullmatch(name) is not None


def parse_path(path: str) -> tuple[Step, ...]:
    """Return the keys and indexes of a reference path: `$.order.lines[0]`, `$['order id']`.

    Raises:
        ValueError: It isn't a reference path, or it names no part of the input.
    """
    steps: list[Step] = []
    position = 1
    while position < len(path):
        found = _STEP.match(path, position)
        if found is None:
            break
        name, index, *quoted = found.groups()
        key = name or next((re.sub(r"\\(.)", r"\1", text) for text in quoted if text), None)
        steps.append(int(index) if key is None else key)
        position = found.end()
    if not path.startswith("$") or position != len(path) or not steps:
        raise ValueError(f"{path!r} is not a reference path to a part of the input, such as $.order_id")
    return tuple(steps)


def of_input(labels: Mapping[str, str], value: Any) -> dict[str, str]:
    """Return the labels of a run with this input. One whose path leads nowhere, or to an object or a list, is left out.

    Args:
        labels: Reference paths by the labels' names.
        value: The input.
    """
    found = {name: text_of(_at(value, parse_path(path))) for name, path in labels.items()}
    return {name: text for name, text in found.items() if text is not None}


def text_of(value: Any) -> str | None:
    """Return the text of a label's value; None if it cannot be one."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (str, int, float)):
        return str(value)[:MAX_VALUE]
    return None


def _at(value: Any, steps: tuple[Step, ...]) -> Any:
    for step in steps:
        fits = isinstance(value, dict) if isinstance(step, str) else isinstance(value, list)
        if not fits or (step not in value if isinstance(step, str) else step >= len(value)):
            return None
        value = value[step]
    return value
