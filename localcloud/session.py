"""The demo user's session: printed, kept in `.localcloud/session.json`, and renewed before its token expires."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING

from localcloud import seeding
from localcloud.settings import remove_if_ours, write_private

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

RENEW_BEFORE = 600.0  # seconds before the token expires
RETRY_SECONDS = 30.0


class Session:
    """Signs the demo user in and keeps the session file current until it is closed."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._closing = threading.Event()
        self._user = seeding.seed_demo_user(cloud.client, cloud.user_pool, cloud.foundation.store.facts)
        self._token = self._sign_in()
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
        write_private(self._cloud.settings.session_file, dict(self.document()))

    def _renew(self) -> None:
        while not self._closing.wait(max(RETRY_SECONDS, self._token.expires_in - RENEW_BEFORE)):
            try:
                self._token = self._sign_in()
                self._write()
            except Exception as error:
                sys.stderr.write(f"The demo user's token could not be renewed: {error}\n")
