from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from chalicelib.errors import Conflict, Invalid


def handler(event: Mapping[str, Any], context: object) -> dict[str, Any]:
    """Answer a question: the body is `{token, approved, comment?}`. The token is valid once.

    Raises:
        Invalid: The body isn't such an object.
        Conflict: The question was answered already, or it has expired.
    """
    body = parsed(event.get("body"))
    states = stepfunctions()
    answer = {"approved": body["approved"], "comment": str(body.get("comment", "")), "by": caller(event)}
    try:
        states.send_task_success(taskToken=body["token"], output=json.dumps(answer))
    except (states.exceptions.TaskTimedOut, states.exceptions.TaskDoesNotExist, states.exceptions.InvalidToken):
        raise Conflict("The question was answered already, or it has expired.") from None
    return answer


def parsed(text: str | None) -> dict[str, Any]:
    try:
        body = json.loads(text or "")
    except ValueError:
        body = None
    if (
        not isinstance(body, dict)
        or not isinstance(body.get("token"), str)
        or not isinstance(body.get("approved"), bool)
    ):
        raise Invalid("The body must be an object with `token`, a string, and `approved`, true or false.")
    return body


def caller(event: Mapping[str, Any]) -> str:
    """The user who answers, as API Gateway has verified it: never something that the body says."""
    claims = event["requestContext"]["authorizer"]["claims"]
    return str(claims.get("email") or claims["sub"])


@cache
def stepfunctions() -> Any:
    import boto3

    return boto3.client("stepfunctions")
