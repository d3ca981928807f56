from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any


def order_status(order_id: str) -> str:
    return f"{order_id} was shipped yesterday"  # here, read your database, as the user who asks


TOOLS: dict[str, Callable[..., str]] = {"order_status": order_status}
"""Only what is listed here can be called, whatever the model asks for."""


def handler(id: str, name: str, arguments: str) -> dict[str, Any]:
    """Run a tool for the model. What is wrong with the call is the result, so that the model can correct itself."""
    try:
        content = TOOLS[name](**json.loads(arguments))
    except KeyError:
        content = f"error: there is no tool {name!r}"
    except (TypeError, ValueError) as error:
        content = f"error: {error}"
    return {"role": "tool", "tool_call_id": id, "content": content}
