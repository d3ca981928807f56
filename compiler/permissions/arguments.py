"""The arguments of a task, as far as the definition shows them: literal, computed at run time, or absent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Arguments:
    """The `Parameters` (JSONPath) or `Arguments` (JSONata) of a Task state. Names are not case-sensitive."""

    values: Mapping[str, Any]
    computed_as_a_whole: bool = False

    @staticmethod
    def of(state: Mapping[str, Any]) -> Arguments:
        """Return the arguments of a state."""
        value = state["Arguments"] if "Arguments" in state else state.get("Parameters", {})
        return Arguments(value) if isinstance(value, dict) else Arguments({}, computed_as_a_whole=True)

    def literal(self, name: str) -> str | None:
        """Return an argument that is a literal string; None if it is computed or absent."""
        value = self._find(name)
        return value if isinstance(value, str) and not is_expression(value) else None

    def given(self, name: str) -> bool:
        """Return whether the argument is present in any form."""
        return self.computed_as_a_whole or self._find(name) is not None or self._find(name + ".$") is not None

    def nested(self, name: str) -> Arguments:
        """Return the members of an argument that is an object."""
        value = self._find(name)
        return Arguments(value) if isinstance(value, dict) else Arguments({}, self.given(name))

    def items(self, name: str) -> list[Arguments]:
        """Return the items of an argument that is a list of objects."""
        value = self._find(name)
        if not isinstance(value, list):
            return [Arguments({}, computed_as_a_whole=True)] if self.given(name) else []
        return [
            Arguments(item) if isinstance(item, dict) else Arguments({}, computed_as_a_whole=True) for item in value
        ]

    def literals(self, name: str) -> list[str] | None:
        """Return an argument that is a list of literal strings; None if any of them is computed, or it is absent."""
        value = self._find(name)
        if not isinstance(value, list) or not value:
            return None
        return value if all(isinstance(item, str) and not is_expression(item) for item in value) else None

    def _find(self, name: str) -> Any:
        if name in self.values:
            return self.values[name]
        lower = name.lower()
        return next((value for key, value in self.values.items() if key.lower() == lower), None)


def is_expression(text: str) -> bool:
    """Return whether a string is JSONata: `{% ... %}`."""
    return text.startswith("{%") and text.endswith("%}")


def strings_in(value: Any) -> Iterator[str]:
    """Yield every string in a value, at any depth."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from strings_in(item)
    elif isinstance(value, list):
        for item in value:
            yield from strings_in(item)
