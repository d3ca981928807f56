"""JSON in strings of requests: inputs of executions, outputs of tasks."""

from __future__ import annotations

import json

from asl.language.checks.documents import describe_syntax
from asl.language.values import read_json
from stepfunctions.errors import ServiceError


def check_json(string: str, code: str, prefix: str) -> None:
    """Refuse a string that is not valid JSON.

    Args:
        string: The string of a request.
        code: The code of the error.
        prefix: What the error's message begins with: `<prefix>: '<what is wrong>'`.

    Raises:
        ServiceError: With this code and message.
    """
    try:
        read_json(string)
    except RecursionError:
        raise ServiceError(code, f"{prefix}: 'the JSON is nested too deeply'") from None
    except json.JSONDecodeError as error:
        what, location = describe_syntax(string, error)
        raise ServiceError(code, f"{prefix}: '{what}\n at {location}'") from None
    except ValueError as error:  # an integer of thousands of digits
        raise ServiceError(code, f"{prefix}: '{error}'") from None


def same_json(one: str, other: str) -> bool:
    """Return whether two JSON strings have the same value."""
    return one == other or json.loads(one) == json.loads(other)
