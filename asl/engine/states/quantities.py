"""Numbers that a state's fields hold: constants, paths or JSONata."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from asl.engine.branch import Branch
from asl.engine.failures import ITEM_READER_FAILED, StateFailure, framed
from asl.engine.states.fields import Expression
from asl.language.errors import QUERY_EVALUATION, RUNTIME, ExpressionError
from asl.language.values import is_number, json_text

_LARGEST = 2**63 - 1
_INTEGER = re.compile(r"[+-]?\d{1,20}", re.ASCII)


def whole_number(value: object, *, computed: bool) -> int | None:
    """Return an integer that a Java long can hold, or None for any other value.

    Args:
        value: A JSON value.
        computed: Whether JSONata computed it, which has only doubles: 2.0 is an integer then. In a document, 2.0 isn't.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    if isinstance(value, float) and not (computed and value.is_integer()):
        return None
    return int(value) if -_LARGEST - 1 <= value <= _LARGEST else None


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number of a Map state, such as `MaxConcurrency` or `ToleratedFailureCount`.

    `field` is the field's name, without `Path`. A path may lead to a number or to a string that contains one. `whole`
    means that the number must be an integer; otherwise it is a percentage. `of_reader` means that the field is one of
    an ItemReader, which itself refuses a negative number when it reads.
    """

    field: str
    constant: float | None = None
    expression: Expression | None = None
    path: str | None = None
    whole: bool = True
    of_reader: bool = False

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
        number = self._whole(value) if self.whole else _number(value)
        if number is None and self.of_reader and self.path is not None:
            # AWS quotes differently here, and names no state.
            raise StateFailure(ITEM_READER_FAILED, self._wrong_type(value, "'"))
        if number is None:
            raise self._problem(branch, self._wrong_type(value))
        if not self.whole and not 0 <= number <= 100:
            raise self._problem(branch, f"{self.field} must be between 0 and 100.")
        if number < 0 and not self.of_reader:
            raise self._problem(branch, f"{self.field} cannot be negative.")
        return number

    def _whole(self, value: object) -> int | None:
        if isinstance(value, str) and self.path is not None and _INTEGER.fullmatch(value):
            value = int(value)
        return whole_number(value, computed=self.path is None)

    def _wrong_type(self, value: object, quote: str = '"') -> str:
        kind = "integer" if self.whole else "float"
        shown = value if isinstance(value, str) else json_text(value)
        if self.path is None:
            return f"The {self.field} field is not an integer: {shown}"
        shown = f"{quote}{shown}{quote}"
        return f"The {self.field}Path field refers to value {shown} which is not a valid {kind}: {self.path}"

    def _problem(self, branch: Branch, cause: str) -> StateFailure:
        if self.path is not None:
            problem = ExpressionError(RUNTIME, cause)
        else:
            problem = ExpressionError(QUERY_EVALUATION, cause, self.field)
        return framed(problem, branch.state.name, branch.entered_id)


def _number(value: object) -> float | None:
    if not isinstance(value, str) and not is_number(value):
        return None
    try:
        number = float(value)  # type: ignore[arg-type]
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None
