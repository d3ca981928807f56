"""The demo user's session: printed, kept in `.localcloud/session.json`, and renewed before its token expires."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from localcloud import seeding
from localcloud.notices import notice
from localcloud.settings import remove_if_ours, write_private

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

RENEW_BEFORE = 600.0  # seconds before the token expires
RETRY_SECONDS = 30.0
LOOK_SECONDS = 10.0
"""How often the clock is looked at. It may be set, and the machine may sleep, while nothing else shows that."""


class Lifetime:
    """How long a token is valid by the machine's clock, which those who verify it go by.

    Args:
        expires_in: Seconds, from now on.
        now: The machine's clock.
    """

    def __init__(self, expires_in: float, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._issued = now()
        self._renew_after = max(RETRY_SECONDS, expires_in - RENEW_BEFORE)

    @property
    def is_ending(self) -> bool:
        """Whether it is time for another token: it expires soon, or the clock was set to before it was issued."""
        age = self._now() - self._issued
        return age >= self._renew_after or age < -RETRY_SECONDS


class Session:
    """Signs the demo user in and keeps the session file current until it is closed."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._closing = threading.Event()
        self._user = seeding.seed_demo_user(cloud.client, cloud.user_pool, cloud.store.facts)
        self._token = self._sign_in()
        self._lifetime = Lifetime(self._token.expires_in)
        self._api_url = ""

    def open(self, api_url: str) -> None:
        """Write the session file for the API at `api_url`."""
        self._api_url = api_url
        self._write()
        threading.Thread(target=self._renew, name="session", daemon=True).start()

    def close(self) -> None:
        """Remove the session file."""
        self._closing.set()
        remove_if_ours(self._cloud.settings.session_file, "password", self._user.password)

    def document(self) -> dict[str, str]:
        """What the session file says."""
        return {
            "apiUrl": self._api_url,
            "consoleUrl": f"{self._api_url}/console",
            "awsEndpoint": self._cloud.endpoint,
            "email": self._user.email,
            "password": self._user.password,
            "idToken": self._token.id_token,
        }

    def _sign_in(self) -> seeding.Token:
        return seeding.sign_in(self._cloud.client, self._cloud.user_pool, self._user)

    def _write(self) -> None:
        file = self._cloud.settings.session_file
        try:
            write_private(file, dict(self.document()))
        except OSError as error:
            notice(f"Can't write {file} ({error.strerror}): make room, or make the folder writable.")

    def _renew(self) -> None:
        pause, reported = LOOK_SECONDS, ""
        while not self._closing.wait(pause):
            pause = LOOK_SECONDS
            if not self._lifetime.is_ending:
                continue
            try:
                self._token = self._sign_in()
                self._lifetime = Lifetime(self._token.expires_in)
                reported = ""
                self._write()
            except Exception as error:
                pause = RETRY_SECONDS
                if str(error) != reported:
                    reported = str(error)
                    notice(f"The demo user's token could not be renewed: {error}")
