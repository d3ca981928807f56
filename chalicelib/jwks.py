"""The public keys that tokens are signed with: fetched by HTTP, kept, fetched again when an unknown one is named."""

from __future__ import annotations

import json
import logging
import threading
import time
from typing import Any

from chalicelib.errors import Unavailable
from chalicelib.settings import settings

KEEP_SECONDS = 3600.0
TIMEOUT = 5.0  # seconds; asked once an hour, and a busy machine may take long
REFETCHES = 5
PAUSE_SECONDS = 1.0  # after a failed request, so that callers do not queue for one that fails again
REFETCH_WINDOW = 60.0  # seconds in which unknown keys cause at most REFETCHES requests

_log = logging.getLogger(__name__)


class KeySet:
    """The keys at one URL. Made-up key ids cannot cause a flood of requests: refetching is limited."""

    def __init__(self, url: str):
        self._url = url
        self._keys: dict[str, Any] = {}
        self._fetched = float("-inf")
        self._failed = float("-inf")
        self._refetches: list[float] = []
        self._lock = threading.Lock()

    def key(self, kid: str) -> Any:
        """Return the key `kid`, None if the pool does not have it.

        Raises:
            Unavailable: The keys could not be fetched, so that nobody knows whether the pool has this one.
        """
        now = time.monotonic()
        found = self._keys.get(kid)
        if found is not None and now - self._fetched < KEEP_SECONDS:
            return found
        with self._lock:
            if self._fetched > now:  # another thread has fetched meanwhile
                return self._keys.get(kid)
            if now - self._failed >= PAUSE_SECONDS and self._may_fetch(now, found):
                self._fetch()
            found = self._keys.get(kid)
            if found is None and (not self._keys or self._failed > self._fetched):
                raise Unavailable("The keys to verify tokens with could not be fetched. Try again.")
            return found

    def _may_fetch(self, now: float, found: Any) -> bool:
        if found is not None or not self._keys:
            return True
        self._refetches = [at for at in self._refetches if now - at < REFETCH_WINDOW]
        if len(self._refetches) >= REFETCHES:
            return False
        self._refetches.append(now)
        return True

    def _fetch(self) -> None:
        import urllib.request

        from jose import jwk

        try:
            if not self._url.startswith(("http://", "https://")):
                raise ValueError("JWKS_URL must be an http or https URL")
            with urllib.request.urlopen(self._url, timeout=TIMEOUT) as answer:  # noqa: S310 - the scheme is checked
                listed = json.load(answer)["keys"]
            keys = {str(key["kid"]): jwk.construct(key, "RS256") for key in listed if key.get("kty") == "RSA"}
        except Exception as error:
            _log.warning("The keys at %s could not be fetched: %s", self._url, error)
            self._failed = time.monotonic()
            return
        self._keys = keys
        self._fetched = time.monotonic()


_sets: dict[str, KeySet] = {}


def key(kid: str) -> Any:
    """Return the key `kid` of the stage's user pool, as `KeySet.key` does."""
    url = settings.jwks_url
    return _sets.setdefault(url, KeySet(url)).key(kid)


def forget() -> None:
    """Forget all keys."""
    _sets.clear()
