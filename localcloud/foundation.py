"""What a cloud is built on: its port, moto's services with the user pool and tables, and the environment of clients."""

from __future__ import annotations

import contextlib
import os
import socket

from localcloud import seeding, user_pools
from localcloud.client import InProcessClient
from localcloud.iam.created_roles import CreatedRoles
from localcloud.iam.function_role import FunctionRole
from localcloud.iam.permissions import Mode, Permissions
from localcloud.moto_app import MotoApplication, forget_everything
from localcloud.settings import FUNCTIONS_URL, HOST, CloudSettings, prepare_state_folder
from localcloud.signing_key import load_signing_key, sign_with
from localcloud.state.kept import Kept
from localcloud.state.store import Store


class Foundation:
    """The part of a cloud that does not know the project. Clients that connect already wait for the rest.

    Attributes:
        settings: What the cloud was told.
        endpoint: The URL of the AWS endpoint.
        environment: The environment variables that a process must have to use this cloud.
        listener: The socket of the endpoint, listening.
        store: What the cloud keeps.
        kept: What the services that moto emulates keep; None if they keep nothing.
        moto: The services that moto emulates.
        client: Calls them in this process.
        user_pool: The stage's user pool.
        permissions: What callers may do.
        application_credentials: The variables of the API's process with the credentials of its role.
    """

    def __init__(self, settings: CloudSettings, listener: socket.socket) -> None:
        """Create what exists from the start.

        Args:
            settings: The settings of the cloud.
            listener: The socket of the endpoint; it is closed with the foundation.

        Raises:
            SetupError: The folder for the state cannot be written to, or another cloud uses it.
        """
        prepare_state_folder(settings)
        self.settings = settings
        self._closers = contextlib.ExitStack()
        self.listener = self._closers.enter_context(listener)
        port = listener.getsockname()[1]
        self.endpoint = f"http://{HOST}:{port}"
        try:
            self.store = Store(settings)
        except BaseException:
            self.close()
            raise
        self._closers.callback(self.store.close)
        sign_with(load_signing_key(settings.kept_folder if settings.keep else None))
        user_pools.install()
        self.kept = Kept(self.store.database) if self.store.database is not None else None
        if self.kept is not None:
            self._closers.callback(self.kept.close)
        self.moto = MotoApplication(port, settings.account, self.kept, own_api=settings.moto_api)
        self._closers.callback(forget_everything)
        self.client = InProcessClient(self.moto.respond, settings.region)
        self.user_pool = seeding.seed_user_pool(self.client, settings.names)
        seeding.seed_tables(self.client, settings.names)
        self.environment = _environment(settings, self.endpoint, self.user_pool)
        self.permissions = self._permissions()
        self.application_credentials = self.permissions.credentials(settings.names.resource("api"), "the API")

    def _permissions(self) -> Permissions:
        settings, names = self.settings, self.settings.names
        pool = f"arn:aws:cognito-idp:{names.region}:{names.account}:userpool/{self.user_pool.id}"
        role = FunctionRole(settings.root, names, pool)
        return Permissions(Mode(settings.iam), names, role, CreatedRoles(names.account, self.kept))

    def close(self) -> None:
        """Release the port and empty moto's services."""
        self._closers.close()


def _environment(settings: CloudSettings, endpoint: str, user_pool: seeding.UserPool) -> dict[str, str]:
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "localcloud",
        "AWS_SECRET_ACCESS_KEY": "localcloud",
        "AWS_REGION": settings.region,
        "AWS_DEFAULT_REGION": settings.region,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",  # StartSyncExecution would go to the host `sync-127.0.0.1`
        "STAGE": settings.stage,
        "API_URL": settings.api_url,
        "ACCOUNT_ID": settings.account,
        # A secret that a developer puts is there at the next call; asking costs little here.
        "SECRETS_REFRESH_SECONDS": os.environ.get("SECRETS_REFRESH_SECONDS") or "1",
        "USER_POOL_ID": user_pool.id,
        "USER_POOL_CLIENT_ID": user_pool.client_id,
        "TOKEN_ISSUER": f"https://cognito-idp.{settings.region}.amazonaws.com/{user_pool.id}",
        # Functions see nothing else of this process's environment: theirs are to be in a run's trace as well, and
        # webhooks may go to a network that the developer names.
        **{name: value for name, value in os.environ.items() if name.startswith(("OTEL_", "WEBHOOK_NETWORKS"))},
        FUNCTIONS_URL: f"{endpoint}/_localcloud/functions/",
        "JWKS_URL": f"{endpoint}/{user_pool.id}/.well-known/jwks.json",
    }
