"""Numbers that a Map's fields hold: constants, paths or JSONata."""

from __future__ import annotations

import math

from asl.engine.branch import Branch
from asl.engine.failures import StateFailure, framed
from asl.engine.states.fields import Expression
from asl.language.errors import QUERY_EVALUATION, RUNTIME, ExpressionError
from asl.language.values import json_text


class Quantity:
    """`MaxConcurrency`, `ToleratedFailureCount` and their like.

    `field` is the field's name, without `Path`. A path may lead to a number or to a text that is one.
    """

    __slots__ = ("constant", "expression", "field", "path", "signed", "whole")

    def __init__(
        self,
        field: str,
        constant: float | None = None,
        expression: Expression | None = None,
        path: str | None = None,
        *,
        whole: bool = True,
        signed: bool = False,
    ) -> None:
        self.field = field
        self.constant = constant
        self.expression = expression
        self.path = path
        self.whole = whole
        self.signed = signed

    def of(self, branch: Branch, selected: object) -> float | None:
        """The number, None if the state sets none."""
        if self.expression is None:
            return self.constant
        value = self.expression(branch.scope(selected))
        number: float | None = None
        if isinstance(value, (int, float, str)) and not isinstance(value, bool):
            try:
                number = float(value)
            except ValueError:
                number = None
        if number is None or math.isnan(number) or (self.whole and number != int(number)):
            kind = "integer" if self.whole else "number"
            shown = value if isinstance(value, str) else json_text(value)
            name = f"{self.field}Path" if self.path is not None else self.field
            raise self._problem(
                branch, f'The {name} field refers to value "{shown}" which is not a valid {kind}: {self.path}'
            )
        if number < 0 and not self.signed:
            raise self._problem(branch, f"{self.field} cannot be negative.")
        return number

    def _problem(self, branch: Branch, cause: str) -> StateFailure:
        if self.path is not None:
            problem = ExpressionError(RUNTIME, cause)
        else:
            problem = ExpressionError(QUERY_EVALUATION, cause, self.field)
        return framed(problem, branch.state.name, branch.entered_id)
