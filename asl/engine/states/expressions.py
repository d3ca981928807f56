"""Compiles the expressions of one state, in the state's query language."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from asl.engine.states.quantities import Quantity
from asl.language.choice import compile_choice_rule
from asl.language.jsonpath import ReferencePath, compile_path, compile_reference_path, parse_path
from asl.language.jsonpath.syntax import Root
from asl.language.model import QueryLanguage
from asl.language.scope import MISSING
from asl.language.templates import compile_payload_template, compile_template_expression

if TYPE_CHECKING:
    from asl.engine.states.fields import Expression


class Expressions:
    """The expressions of one state. `needs_context` says that one of them may look at the context object.

    Making the context object costs more than most states do, so it is made only where it may be looked at. JSONata is
    imported with the first expression in it.
    """

    def __init__(self, jsonata: bool) -> None:
        self.jsonata = jsonata
        self.needs_context = False

    def _look(self, expression: Any) -> None:
        text = expression if isinstance(expression, str) else json.dumps(expression)
        if "$$" in text or "$states" in text:
            self.needs_context = True

    def path(self, text: str, field: str) -> Expression:
        """A path."""
        self._look(text)
        return compile_path(text, field)

    def selection(self, path: Any, field: str) -> Expression | None:
        """InputPath or OutputPath; None for the whole, which it is by default. `null` selects an empty object."""
        if path is MISSING or path == "$":
            return None
        if path is None:
            return lambda _: {}
        return self.path(path, field)

    def shrinks(self, path: str) -> bool:
        """Whether a path selects one part of what it is applied to, which then cannot be larger."""
        parsed = parse_path(path)
        return parsed.definite and parsed.root is Root.DATA

    def result_path(self, path: Any) -> ReferencePath | None:
        """ResultPath; None where the result replaces the input or is discarded."""
        if path is MISSING or path is None or path == "$":
            return None
        return compile_reference_path(path)

    def template(self, template: Any) -> Expression | None:
        """A payload template, None if the state has none."""
        if template is MISSING:
            return None
        self._look(template)
        return compile_payload_template(template)

    def jsonata_template(self, template: Any, field: str) -> Expression | None:
        """A JSON value with JSONata in it, None if the state has none."""
        if template is MISSING:
            return None
        from asl.language.jsonata import compile_jsonata_template

        self._look(template)
        return compile_jsonata_template(template, field=field)

    def either_template(self, template: Any, field: str) -> Expression | None:
        """A template in the state's language."""
        return self.jsonata_template(template, field) if self.jsonata else self.template(template)

    def value(self, value: Any, field: str, expected: str | None = None) -> Expression:
        """A constant, or a JSONata expression of which a type is expected."""
        if self.jsonata and isinstance(value, str) and value.startswith("{%") and value.endswith("%}"):
            from asl.language.jsonata import compile_jsonata_field

            self._look(value)
            return compile_jsonata_field(value, field, expected)
        return lambda _: value

    def text_or_path(self, text: str | None, path: str | None, field: str) -> Expression | None:
        """Compile a string, or the path or intrinsic function that gives one."""
        if path is not None:
            self._look(path)
            return compile_template_expression(path, f"{field}Path")
        return None if text is None else self.value(text, field, "string")

    def condition(self, condition: Any, field: str) -> Expression:
        """The condition of a choice rule."""
        self._look(condition)
        language = QueryLanguage.JSONATA if self.jsonata else QueryLanguage.JSONPATH
        return compile_choice_rule(condition, language, field=field)

    def quantity(
        self, field: str, value: Any, path: str | None, *, whole: bool = True, of_reader: bool = False
    ) -> Quantity:
        """A number of a Map: a constant, a path or JSONata."""
        if path is not None:
            expression = self.path(path, f"{field}Path")
            return Quantity(field, expression=expression, path=path, whole=whole, of_reader=of_reader)
        if isinstance(value, str):
            return Quantity(field, expression=self.value(value, field, "number"), whole=whole, of_reader=of_reader)
        return Quantity(field, constant=value, whole=whole)
