from __future__ import annotations

import re
from typing import Any


class InvalidContact(Exception):
    """The contact cannot be imported: trying again changes nothing."""


def handler(email: str, name: str = "") -> dict[str, Any]:
    """Import one contact.

    Raises:
        InvalidContact: The email address is not valid.
    """
    if re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s.]+", email) is None:
        raise InvalidContact(f"{email!r} is not an email address")
    return {
        "email": email.lower(),
        "name": name,
    }  # here, write it to its table: with the address as the key, a retry is safe
