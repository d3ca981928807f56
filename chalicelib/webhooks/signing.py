"""Secrets and signatures of webhooks."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets

PREFIX = "whsec_"
DEFAULT_SECRET = "WEBHOOK_SECRET"  # noqa: S105 - a name
"""The secret that signs a flow's webhooks if its `notify` names no other."""
_MIN_BYTES, _MAX_BYTES = 24, 64
_MAX_SECRETS = 2


def new_secret() -> str:
    """Return a new secret: 32 random bytes."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def keys_of(value: str) -> list[bytes]:
    """Return the keys in the value of a secret: one, or the new and the former one with a space between them.

    Raises:
        ValueError: The value is not such a secret; the message doesn't contain it.
    """
    parts = value.split()
    if not 1 <= len(parts) <= _MAX_SECRETS:
        raise ValueError("must be one secret, or two with a space between them while one replaces the other")
    return [_key(part) for part in parts]


def signatures(keys: list[bytes], identifier: str, timestamp: int, body: bytes) -> str:
    """Return the header `webhook-signature`: a signature for each key.

    Args:
        keys: The keys, from `keys_of`.
        identifier: The header `webhook-id`.
        timestamp: The header `webhook-timestamp`, in seconds since 1970.
        body: The body of the call.
    """
    signed = b".".join((identifier.encode(), str(timestamp).encode(), body))
    made = (base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode() for key in keys)
    return " ".join(f"v1,{signature}" for signature in made)


def _key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error:
        key = b""
    if not secret.startswith(PREFIX) or not _MIN_BYTES <= len(key) <= _MAX_BYTES:
        raise ValueError(f"must be {PREFIX} and {_MIN_BYTES} to {_MAX_BYTES} bytes in base64")
    return key
