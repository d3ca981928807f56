"""What a task hands to a service, as far as the definition says it: literal, computed at run time, or absent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Arguments:
    """The `Parameters` (JSONPath) or `Arguments` (JSONata) of a Task state. Names are found in any letter case."""

    values: Mapping[str, Any]
    computed_as_a_whole: bool = False

    @staticmethod
    def of(state: Mapping[str, Any]) -> Arguments:
        """The arguments of one state."""
        value = state["Arguments"] if "Arguments" in state else state.get("Parameters", {})
        return Arguments(value) if isinstance(value, dict) else Arguments({}, computed_as_a_whole=True)

    def literal(self, name: str) -> str | None:
        """The text of an argument when the definition has it, None when it is computed or absent."""
        value = self._find(name)
        return value if isinstance(value, str) and not is_expression(value) else None

    def given(self, name: str) -> bool:
        """Whether the argument is there, in whatever form."""
        return self.computed_as_a_whole or self._find(name) is not None or self._find(name + ".$") is not None

    def nested(self, name: str) -> Arguments:
        """The arguments inside of an argument."""
        value = self._find(name)
        return Arguments(value) if isinstance(value, dict) else Arguments({}, self.given(name))

    def items(self, name: str) -> list[Arguments]:
        """The objects of an argument that is a list."""
        value = self._find(name)
        if not isinstance(value, list):
            return [Arguments({}, computed_as_a_whole=True)] if self.given(name) else []
        return [
            Arguments(item) if isinstance(item, dict) else Arguments({}, computed_as_a_whole=True) for item in value
        ]

    def literals(self, name: str) -> list[str] | None:
        """The texts of an argument that is a list of them, None when the definition does not have them all."""
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
    """Whether a text is JSONata: `{% ... %}`."""
    return text.startswith("{%") and text.endswith("%}")


def texts_in(value: Any) -> Iterator[str]:
    """Every text in a value, at whatever depth."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from texts_in(item)
    elif isinstance(value, list):
        for item in value:
            yield from texts_in(item)
