"""Numbers that a Map's fields hold: constants, paths or JSONata."""

from __future__ import annotations

import math
from dataclasses import dataclass

from asl.engine.branch import Branch
from asl.engine.failures import StateFailure, framed
from asl.engine.states.fields import Expression
from asl.language.errors import QUERY_EVALUATION, RUNTIME, ExpressionError
from asl.language.values import json_text


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number of a Map state, such as `MaxConcurrency` or `ToleratedFailureCount`.

    `field` is the field's name, without `Path`. A path may lead to a number or to a string that contains one. `whole`
    means that the number must be an integer, `signed` that it may be negative.
    """

    field: str
    constant: float | None = None
    expression: Expression | None = None
    path: str | None = None
    whole: bool = True
    signed: bool = False

    def of(self, branch: Branch, selected: object) -> float | None:
        """Return the number, or None if the state doesn't set one.

        Args:
            branch: Where the expression is evaluated.
            selected: The state's input after InputPath.

        Raises:
            StateFailure: The expression gives no such number.
            ExpressionError: The expression fails.
        """
        if self.expression is None:
            return self.constant
        value = self.expression(branch.scope(selected))
        number = _number(value)
        if number is None or (self.whole and not number.is_integer()):
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


def _number(value: object) -> float | None:
    if not isinstance(value, (int, float, str)) or isinstance(value, bool):
        return None
    try:
        number = float(value)
    except ValueError:
        return None
    return None if math.isnan(number) else number
