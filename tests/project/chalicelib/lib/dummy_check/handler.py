from __future__ import annotations

from typing import Any


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Report whether the state's input is a greeting, as `hello_world` returns it.

    Over HTTP, or with any other input, `greeted` is false.
    """
    body = event.get("body") if isinstance(event, dict) else None
    message = body.get("message") if isinstance(body, dict) else None
    return {"statusCode": 200, "body": {"message": "Dummy check passed", "greeted": message == "Hello World"}}
