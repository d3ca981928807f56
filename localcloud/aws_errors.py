"""Errors that AWS's clients show by their code and message, in whichever protocol they asked."""

from __future__ import annotations

import json
from xml.sax.saxutils import escape

from localcloud.http_messages import Request, Response

JSON_10 = "application/x-amz-json-1.0"


def error_response(request: Request | None, status: int, code: str, message: str) -> Response:
    """Return an error in the protocol of a request.

    Args:
        request: What is answered; None if it could not be read.
        status: The HTTP status. Clients retry 5xx, except 501.
        code: The error's code, such as `AccessDenied`.
        message: What is wrong and what to do.
    """
    sent = request.headers if request is not None else {}
    form = sent.get("content-type", "").startswith("application/x-www-form-urlencoded")
    if form or "/s3/" in sent.get("authorization", ""):
        inner = f"<Error><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
        if "/ec2/" in sent.get("authorization", ""):
            document = f"<Response><Errors>{inner}</Errors></Response>"
        else:
            document = f"<ErrorResponse>{inner}</ErrorResponse>" if form else inner
        return Response(status, [("Content-Type", "text/xml")], document.encode())
    body = json.dumps({"__type": code, "message": message}).encode()
    return Response(status, [("Content-Type", JSON_10), ("x-amzn-ErrorType", code)], body)
