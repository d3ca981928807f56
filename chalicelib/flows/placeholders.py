"""What the `${...}` of a flow's definition became in the definition of a state machine.

Only the compiler knows what a placeholder means. Here its result is compared with the definition that it came from.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_PLACEHOLDER = re.compile(r"\$\{([A-Za-z][A-Za-z0-9_:.-]*)\}")


@dataclass(slots=True)
class Comparison:
    """A flow's definition beside that of a state machine.

    `is_same` says whether they differ in nothing but placeholders. `values` has what each placeholder became, where
    both have the same place.
    """

    is_same: bool = True
    values: dict[str, str] = field(default_factory=dict)

    def filled_in(self, value: Any) -> Any:
        """Return a JSON value with all known placeholders replaced."""
        if isinstance(value, str):
            return _PLACEHOLDER.sub(lambda match: self.values.get(match[1], match[0]), value)
        if isinstance(value, Mapping):
            return {key: self.filled_in(item) for key, item in value.items()}
        return [self.filled_in(item) for item in value] if isinstance(value, list) else value


def compared(written: Any, rendered: Any) -> Comparison:
    """Compare a definition with placeholders and one without.

    Args:
        written: The flow's definition.
        rendered: A state machine's definition.
    """
    comparison = Comparison()
    _compare(written, rendered, comparison)
    return comparison


def unknown_in(value: Any) -> str | None:
    """Return the first placeholder of a JSON value, None if it has none."""
    if isinstance(value, str):
        match = _PLACEHOLDER.search(value)
        return None if match is None else match[0]
    items = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    return next((found for item in items if (found := unknown_in(item)) is not None), None)


def _compare(written: Any, rendered: Any, into: Comparison) -> None:
    if isinstance(written, Mapping) and isinstance(rendered, Mapping):
        into.is_same &= written.keys() == rendered.keys()
        for key in written.keys() & rendered.keys():
            _compare(written[key], rendered[key], into)
    elif isinstance(written, list) and isinstance(rendered, list):
        into.is_same &= len(written) == len(rendered)
        for one, other in zip(written, rendered, strict=False):
            _compare(one, other, into)
    elif isinstance(written, str) and isinstance(rendered, str):
        into.is_same &= _compare_texts(written, rendered, into.values)
    else:
        into.is_same &= type(written) is type(rendered) and written == rendered


def _compare_texts(written: str, rendered: str, values: dict[str, str]) -> bool:
    if "${" not in written:
        return written == rendered
    parts = _PLACEHOLDER.split(written)  # text, name, text, name, ..., text
    pattern = "".join("(.+?)" if number % 2 else re.escape(part) for number, part in enumerate(parts))
    match = re.fullmatch(pattern, rendered, re.DOTALL)
    if match is None:
        return False
    values.update(zip(parts[1::2], match.groups(), strict=True))
    return True
