"""JSON texts in requests: inputs of executions, outputs of tasks."""

from __future__ import annotations

import json

from localcloud.stepfunctions.errors import ServiceError


def check_json(text: str, code: str, words: str) -> None:
    """Refuse a text that is not JSON.

    Raises:
        ServiceError: with `code` and the message `<words>: '<what is wrong>'`.
    """
    try:
        json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        what = "the JSON text is nested too deep" if isinstance(error, RecursionError) else str(error)
        raise ServiceError(code, f"{words}: '{what}'") from None


def same_json(one: str, other: str) -> bool:
    """Whether two JSON texts have the same value."""
    return one == other or json.loads(one) == json.loads(other)


def _refuse_constant(constant: str) -> None:
    raise ValueError(f"Unrecognized token '{constant}'")
