from __future__ import annotations

import json
import os
import urllib.request


def handler(title: str, message: str, link: str, expires: str) -> None:
    """Send a question, with the link that answers it once, to the chat or mail gateway at APPROVAL_URL.

    Without APPROVAL_URL it is only printed, and appears in the log.
    """
    question = {"title": title, "message": message, "link": link, "expires": expires}
    url = os.environ.get("APPROVAL_URL")
    if url is None:
        print("approval requested:", json.dumps(question))
        return
    request = urllib.request.Request(  # noqa: S310 - the operator sets the address
        url, json.dumps(question).encode(), {"Content-Type": "application/json"}
    )
    urllib.request.urlopen(request, timeout=10).close()  # noqa: S310
