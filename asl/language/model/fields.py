"""Reads the fields of one object of a definition, with their types checked."""

from __future__ import annotations

from typing import Any

from asl.language.model.classes import Quantity
from asl.language.scope import MISSING


class DefinitionError(ValueError):
    """A definition can't be read. `pointer` is the JSON pointer of the value that is wrong."""

    def __init__(self, message: str, pointer: str = "") -> None:
        super().__init__(f"{message} at {pointer or '/'}")
        self.message = message
        self.pointer = pointer


def escape_pointer(token: str) -> str:
    """Return a name as a token of a JSON pointer (RFC 6901)."""
    return token.replace("~", "~0").replace("/", "~1")


class Fields:
    """The fields of one object. Each method raises `DefinitionError` if the field has another type.

    `null` counts as absent. The rules in `asl.language.checks` diagnose each type that is demanded here.
    """

    __slots__ = ("pointer", "values")

    def __init__(self, values: Any, pointer: str) -> None:
        if not isinstance(values, dict):
            raise DefinitionError("Expected a JSON object", pointer)
        self.values = values
        self.pointer = pointer

    def at(self, name: str) -> str:
        """Return the JSON pointer of a field."""
        return f"{self.pointer}/{escape_pointer(name)}"

    def any(self, name: str) -> Any:
        """Return a field of any type, `MISSING` if it is absent."""
        return self.values.get(name, MISSING)

    def _typed(self, name: str, types: tuple[type, ...], what: str) -> Any:
        value = self.values.get(name)
        if value is not None and (not isinstance(value, types) or (isinstance(value, bool) and bool not in types)):
            raise DefinitionError(f"The field '{name}' must be {what}", self.at(name))
        return value

    def string(self, name: str) -> str:
        """Return a string that is required."""
        value = self.optional_string(name)
        if value is None:
            raise DefinitionError(f"The field '{name}' is required but was missing", self.pointer)
        return value

    def optional_string(self, name: str) -> str | None:
        """Return a string, or None."""
        value: str | None = self._typed(name, (str,), "a string")
        return value

    def comment(self) -> str | None:
        """Return the comment if it is a string. One of another type doesn't keep a definition from being read."""
        value = self.values.get("Comment")
        return value if isinstance(value, str) else None

    def optional_integer(self, name: str) -> int | None:
        """Return an integer, or None. JSON's `1.0` is the integer 1."""
        value = self._typed(name, (int, float), "an integer")
        if isinstance(value, float) and not value.is_integer():
            raise DefinitionError(f"The field '{name}' must be an integer", self.at(name))
        return None if value is None else int(value)

    def optional_number(self, name: str) -> float | None:
        """Return a number, or None."""
        value: float | None = self._typed(name, (int, float), "a number")
        return value

    def quantity(self, name: str) -> Quantity | None:
        """Return a number or a string, which may be an expression; or None."""
        value: Quantity | None = self._typed(name, (int, float, str), "a number")
        return value

    def object(self, name: str) -> Fields:
        """Return the fields of an object that is required."""
        if name not in self.values:
            raise DefinitionError(f"The field '{name}' is required but was missing", self.pointer)
        return Fields(self.values[name], self.at(name))

    def optional_object(self, name: str) -> Fields | None:
        """Return the fields of an object, or None."""
        return self.object(name) if self.values.get(name) is not None else None

    def objects(self, name: str) -> list[Fields]:
        """Return the fields of each object in an array, which is empty if it is absent."""
        items = self._typed(name, (list,), "an array") or []
        return [Fields(item, f"{self.at(name)}/{index}") for index, item in enumerate(items)]

    def strings(self, name: str) -> tuple[str, ...]:
        """Return the strings in an array, which is empty if it is absent."""
        items = self._typed(name, (list,), "an array") or []
        if not all(isinstance(item, str) for item in items):
            raise DefinitionError(f"The field '{name}' must be an array of strings", self.at(name))
        return tuple(items)
