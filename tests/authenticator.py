"""An authenticator app, such as users have on their phones."""

from __future__ import annotations

import base64
import time

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

PERIOD = 30
ENOUGH = 2.0
"""Seconds in which a code can be entered."""


def code(secret: str) -> str:
    """What the app shows for a key (RFC 6238).

    The local user pool refuses a code as soon as the next one is shown. Shortly before that, this
    waits for the next one.
    """
    left = PERIOD - time.time() % PERIOD
    if left < ENOUGH:
        time.sleep(left)
    key = base64.b32decode(secret.upper() + "=" * (-len(secret) % 8))
    return TOTP(key, 6, SHA1(), PERIOD, enforce_key_length=False).generate(time.time()).decode()
