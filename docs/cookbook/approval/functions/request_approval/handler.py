from __future__ import annotations

import json
import os
import urllib.request
from typing import Any


def handler(token: str, question: str) -> dict[str, Any]:
    """Send a question with the token that answers it to the chat or mail gateway at APPROVAL_URL.

    Without APPROVAL_URL the message is only printed, and appears in the log.
    """
    message = {"question": question, "token": token, "answer": "POST /lib/decide_approval"}
    url = os.environ.get("APPROVAL_URL")
    if url is None:
        print("approval requested:", json.dumps(message))
        return {"sent": False}
    request = urllib.request.Request(  # noqa: S310 - the operator sets the address
        url, json.dumps(message).encode(), {"Content-Type": "application/json"}
    )
    urllib.request.urlopen(request, timeout=10).close()  # noqa: S310
    return {"sent": True}
