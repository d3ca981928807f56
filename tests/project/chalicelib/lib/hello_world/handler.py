from __future__ import annotations

from typing import Any


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Greet the world."""
    return {"statusCode": 200, "body": {"message": "Hello World"}}
