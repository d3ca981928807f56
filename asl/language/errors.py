"""The two ways in which an expression can be wrong: when it is read, and when it is evaluated."""

from __future__ import annotations

DATA_LIMIT_EXCEEDED = "States.DataLimitExceeded"
RUNTIME = "States.Runtime"
QUERY_EVALUATION = "States.QueryEvaluationError"
INTRINSIC_FAILURE = "States.IntrinsicFailure"
RESULT_PATH_MATCH_FAILURE = "States.ResultPathMatchFailure"


class ExpressionError(Exception):
    """An expression could not be evaluated.

    `error` is the error's name in the States Language (`States.Runtime`, `States.QueryEvaluationError`, ...).
    `cause` is complete in AWS's words, with the name of the field where AWS names it, but without the "An error
    occurred while executing the state ..." that an engine puts before it. `location` is the field inside the state
    that holds a JSONata expression, `Output/result`, as the `EvaluationFailed` event has it; None where AWS gives none.
    """

    def __init__(self, error: str, cause: str, location: str | None = None) -> None:
        super().__init__(f"{error}: {cause}")
        self.error = error
        self.cause = cause
        self.location = location


class TooLarge(ExpressionError):
    """A value is far larger than the data of a state may be."""

    def __init__(self) -> None:
        super().__init__(
            DATA_LIMIT_EXCEEDED, "The result has a size exceeding the maximum number of bytes service limit."
        )


class SyntaxProblem(ValueError):
    """An expression can't be compiled. `position` is where in `text` the problem is, from 0; -1 if unknown."""

    def __init__(self, message: str, text: str = "", position: int = -1) -> None:
        super().__init__(message)
        self.message = message
        self.text = text
        self.position = position
