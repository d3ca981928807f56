from __future__ import annotations

import json
import os
import urllib.error
import urllib.parse
import urllib.request

TIMEOUT = 5
"""Seconds that the API may take to answer."""


class RateLimited(Exception):
    """The API refused because there were too many calls: try again later."""


class RatesUnavailable(Exception):
    """The API failed or didn't answer: try again."""


class RateRefused(Exception):
    """The API refused the currency: trying again changes nothing."""


class KeyRefused(Exception):
    """The API refused the key: all other calls will fail as well."""


def handler(currency: str) -> dict[str, float | str]:
    """Fetch the exchange rate of a currency from the API at RATES_URL, with the secret RATES_KEY.

    Raises:
        RateLimited: There were too many calls.
        RatesUnavailable: The API failed or didn't answer.
        RateRefused: The currency is wrong.
        KeyRefused: The key is wrong.
    """
    request = urllib.request.Request(  # noqa: S310 - the operator sets the address
        f"{os.environ['RATES_URL']}/rates/{urllib.parse.quote(currency, safe='')}",
        headers={"Authorization": f"Bearer {os.environ['RATES_KEY']}"},
    )
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:  # noqa: S310
            return {"currency": currency, "rate": float(json.load(answer)["rate"])}
    except urllib.error.HTTPError as error:  # messages never contain the key
        if error.code == 429:
            raise RateLimited(f"too many calls; Retry-After: {error.headers.get('Retry-After')}") from None
        if error.code >= 500:
            raise RatesUnavailable(f"the API answered {error.code}") from None
        if error.code in (401, 403):
            raise KeyRefused(f"the API answered {error.code}: check the secret RATES_KEY") from None
        raise RateRefused(f"the API answered {error.code} to {currency!r}") from None
    except OSError as error:
        raise RatesUnavailable(f"no answer from the API: {error}") from None
