from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from chalicelib import aws
from chalicelib.errors import BadRequest, Forbidden
from chalicelib.settings import settings

FLOW = "paymentEvent"


def handler(event: Mapping[str, Any], context: object) -> dict[str, Any]:
    """Check the signature of a webhook's payload and start the flow with it. A repeated delivery starts nothing.

    The header X-Signature is `sha256=` and the HMAC of the body with the secret WEBHOOK_SECRET, in hexadecimal digits.

    Raises:
        Forbidden: The signature is missing or wrong.
        BadRequest: The payload isn't a JSON object with an `id`.
    """
    body = event.get("body") or ""
    raw = base64.b64decode(body) if event.get("isBase64Encoded") else body.encode()
    headers = {name.lower(): value for name, value in event["headers"].items()}
    expected = "sha256=" + hmac.new(os.environ["WEBHOOK_SECRET"].encode(), raw, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected.encode(), headers.get("x-signature", "").encode()):
        raise Forbidden("The signature of the payload is wrong.")
    payload = parsed(raw)
    # The id is the name of the execution, and Step Functions starts only one of a name in 90 days.
    name = hashlib.sha256(str(payload["id"]).encode()).hexdigest()
    machine = settings.names.state_machine_arn(FLOW)
    states = aws.stepfunctions()
    with suppress(states.exceptions.ExecutionAlreadyExists):
        states.start_execution(stateMachineArn=machine, name=name, input=json.dumps(payload))
    return {"statusCode": 202, "body": {"received": payload["id"]}}


def parsed(raw: bytes) -> dict[str, Any]:
    try:
        payload = json.loads(raw)
    except ValueError:
        payload = None
    if not isinstance(payload, dict) or "id" not in payload:
        raise BadRequest("The payload must be a JSON object with an `id`.")
    return payload
