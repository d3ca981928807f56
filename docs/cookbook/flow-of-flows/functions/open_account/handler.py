from __future__ import annotations


class AccountExists(Exception):
    """The customer has an account already."""


def handler(customer: str) -> dict[str, str]:
    """Open an account.

    Raises:
        AccountExists: The customer has one.
    """
    if customer == "existing":
        raise AccountExists(f"{customer} has an account")
    return {"account": f"account-{customer}"}  # here, write it to your database
