"""The arguments of a task, as far as the definition shows them: literal, computed at run time, or absent."""

from __future__ import annotations

from collections.abc import Mapping
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

    def value(self, name: str) -> Any:
        """Return an argument as it is written; None if it is computed or absent."""
        return self._find(name)

    def at(self, path: str) -> Any:
        """Return the argument at a path such as `Settings.RoleArn`, computed or not; None if it is absent."""
        *outer, last = path.split(".")
        inner = self
        for name in outer:
            inner = inner.nested(name)
        found = inner._find(last)
        return inner._find(last + ".$") if found is None else found

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
