"""Checks calls that a flow's `notify` sends, signed as Standard Webhooks describes.

See https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

from sdw_client.errors import InvalidSignature

PREFIX = "whsec_"
TOLERANCE = 300.0
"""Seconds that a call may be old, or from the future."""
MAX_DIGITS = 20
"""Digits of a timestamp; Python can't compute with one of thousands."""


def verify(
    body: bytes | str, headers: Mapping[str, str], secret: str | Sequence[str], *, tolerance: float = TOLERANCE
) -> Any:
    """Check that a call was signed with the secret, a moment ago, and return what its body says.

    Answer with a status below 300 only afterwards. A call may arrive twice: `webhook-id` is then the same.

    Args:
        body: The body as it was received, before any parsing.
        headers: The headers of the call; upper and lower case are the same.
        secret: The secret, `whsec_...`; or several, while one replaces another.
        tolerance: Seconds that the call may be old.

    Raises:
        InvalidSignature: It was not, or the body is not JSON; answer with a 401 or 400.
        ValueError: The secret is not one.
    """
    content = body.encode() if isinstance(body, str) else bytes(body)
    fields = {name.lower(): value for name, value in headers.items()}
    identifier, stamp, signatures = (_field(fields, name) for name in ("id", "timestamp", "signature"))
    if not stamp.isdecimal() or not stamp.isascii() or len(stamp) > MAX_DIGITS:
        raise InvalidSignature("The header webhook-timestamp is not a number of seconds.")
    if abs(time.time() - int(stamp)) > tolerance:
        raise InvalidSignature(f"The call is more than {tolerance:g} s old or from the future, or a clock is wrong.")
    # a header that is not UTF-8 has unpaired surrogates; it must not be an exception of another kind
    signed = b".".join((identifier.encode(errors="surrogatepass"), stamp.encode(), content))
    secrets = [secret] if isinstance(secret, str) else list(secret)
    if not secrets:
        raise ValueError("Pass at least one secret.")
    expected = [hmac.new(_key(one), signed, hashlib.sha256).digest() for one in secrets]
    given = [found for text in signatures.split() if (found := _signature(text)) is not None]
    if not any(hmac.compare_digest(one, other) for one in expected for other in given):
        raise InvalidSignature("No signature of the call matches. Is this the secret of its flow?")
    try:
        return json.loads(content)
    except ValueError:
        raise InvalidSignature("The body is not JSON.") from None


def sign(body: bytes | str, secret: str, *, identifier: str, timestamp: int) -> dict[str, str]:
    """Return the headers of a call, to test a receiver.

    Args:
        body: The body.
        secret: The secret, `whsec_...`.
        identifier: What identifies the call.
        timestamp: When it is sent, in seconds since 1970.

    Raises:
        ValueError: The secret is not one.
    """
    content = body.encode() if isinstance(body, str) else bytes(body)
    signed = b".".join((identifier.encode(), str(timestamp).encode(), content))
    signature = base64.b64encode(hmac.new(_key(secret), signed, hashlib.sha256).digest()).decode()
    return {
        "webhook-id": identifier,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": f"v1,{signature}",
    }


def _field(fields: Mapping[str, str], name: str) -> str:
    found = fields.get(f"webhook-{name}", "")
    if not found:
        raise InvalidSignature(f"The call has no header webhook-{name}.")
    return found


def _key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not key:
        raise ValueError("The secret of a webhook is whsec_ and base64.")
    return key


def _signature(text: str) -> bytes | None:
    version, _, encoded = text.partition(",")
    if version != "v1":
        return None
    try:
        return base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return None
