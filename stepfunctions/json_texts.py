"""JSON texts in requests: inputs of executions, outputs of tasks."""

from __future__ import annotations

import json

from asl.language.checks.documents import describe_syntax
from asl.language.values import read_json
from stepfunctions.errors import ServiceError


def check_json(text: str, code: str, words: str) -> None:
    """Refuse a text that is not JSON.

    Raises:
        ServiceError: with `code` and the message `<words>: '<what is wrong>'`.
    """
    try:
        read_json(text)
    except RecursionError:
        raise ServiceError(code, f"{words}: 'the JSON text is nested too deep'") from None
    except json.JSONDecodeError as error:
        what, location = describe_syntax(text, error)
        raise ServiceError(code, f"{words}: '{what}\n at {location}'") from None
    except ValueError as error:  # an integer of thousands of digits
        raise ServiceError(code, f"{words}: '{error}'") from None


def same_json(one: str, other: str) -> bool:
    """Whether two JSON texts have the same value."""
    return one == other or json.loads(one) == json.loads(other)
