from __future__ import annotations

import json
import os
import urllib.error
import urllib.request
from typing import Any

TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "order_status",
            "description": "Returns where an order is.",
            "parameters": {
                "type": "object",
                "properties": {"order_id": {"type": "string"}},
                "required": ["order_id"],
            },
        },
    }
]
"""What the model may call; `agent_tool` runs it."""


class ModelBusy(Exception):
    """The model is overloaded or failed: try again later."""


class ModelRefused(Exception):
    """The model's service refused the request: trying again changes nothing."""


def handler(messages: list[dict[str, Any]]) -> dict[str, Any]:
    """Ask the model at MODEL_URL, a chat completions endpoint, with the secret MODEL_KEY.

    Returns:
        `message` to append to the conversation, `calls` with the tools that the model wants to use (`id`, `name`,
        `arguments`), and its `answer` if there are none.

    Raises:
        ModelBusy: The model is overloaded, failed or didn't answer.
        ModelRefused: Its service refused the request.
    """
    body = {"model": os.environ.get("MODEL_NAME", "default"), "messages": messages, "tools": TOOLS}
    request = urllib.request.Request(  # noqa: S310 - the operator sets the address
        os.environ["MODEL_URL"],
        json.dumps(body).encode(),
        {"Content-Type": "application/json", "Authorization": f"Bearer {os.environ['MODEL_KEY']}"},
    )
    try:
        with urllib.request.urlopen(request, timeout=110) as answer:  # noqa: S310
            message = json.load(answer)["choices"][0]["message"]
    except urllib.error.HTTPError as error:
        kind = ModelBusy if error.code == 429 or error.code >= 500 else ModelRefused
        raise kind(f"the model's service answered {error.code}") from None
    except OSError as error:
        raise ModelBusy(f"no answer from the model's service: {error}") from None
    calls = [
        {"id": call["id"], "name": call["function"]["name"], "arguments": call["function"]["arguments"]}
        for call in message.get("tool_calls") or []
    ]
    return {"message": message, "calls": calls, "answer": message.get("content") or ""}
