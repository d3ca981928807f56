"""What a cloud is built on: its port, moto's services with the user pool and tables, and the environment of clients."""

from __future__ import annotations

import contextlib
import os
import socket

from localcloud import seeding
from localcloud.client import InProcessClient
from localcloud.discovery import running_cloud
from localcloud.moto_app import MotoApplication, forget_everything
from localcloud.settings import HOST, CloudSettings, SetupError, prepare_state_folder, remove_leftovers
from localcloud.signing_key import load_signing_key, sign_with


class Foundation:
    """The part of a cloud that does not know the project. Clients that connect already wait for the rest.

    Attributes:
        settings: What the cloud was told.
        endpoint: The URL of the AWS endpoint.
        environment: The environment variables that a process must have to use this cloud.
        listener: The socket of the endpoint, listening.
        moto: The services that moto emulates.
        client: Calls them in this process.
        user_pool: The stage's user pool.
    """

    def __init__(self, settings: CloudSettings) -> None:
        """Take the port, and create what exists from the start.

        Raises:
            SetupError: The port is taken, or the folder for the state cannot be written to.
        """
        tidy(settings)
        self.settings = settings
        self._closers = contextlib.ExitStack()
        try:
            self.listener = self._closers.enter_context(listen(settings.port))
        except OSError as error:
            raise port_error(settings.port, "AWS_PORT", error) from None
        port = self.listener.getsockname()[1]
        self.endpoint = f"http://{HOST}:{port}"
        sign_with(load_signing_key(settings.kept_folder))
        self.moto = MotoApplication(port, settings.account, own_api=settings.moto_api)
        self._closers.callback(forget_everything)
        self.client = InProcessClient(self.moto.respond, settings.region)
        self.user_pool = seeding.seed_user_pool(self.client, settings.names)
        seeding.seed_tables(self.client, settings.names)
        self.environment = _environment(settings, self.endpoint, self.user_pool)

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
        "ACCOUNT_ID": settings.account,
        # A secret that a developer puts is there at the next call; asking costs little here.
        "SECRETS_REFRESH_SECONDS": os.environ.get("SECRETS_REFRESH_SECONDS") or "1",
        "USER_POOL_ID": user_pool.id,
        "USER_POOL_CLIENT_ID": user_pool.client_id,
        "TOKEN_ISSUER": f"https://cognito-idp.{settings.region}.amazonaws.com/{user_pool.id}",
        "JWKS_URL": f"{endpoint}/{user_pool.id}/.well-known/jwks.json",
    }


def tidy(settings: CloudSettings) -> None:
    """Prepare the folder of a cloud that is about to start, and remove what one that was killed has left.

    Raises:
        SetupError: The folder cannot be written to.
    """
    prepare_state_folder(settings)
    if running_cloud(settings.root) is None:
        remove_leftovers(settings)


def listen(port: int) -> socket.socket:
    """Return a listening socket on the loopback interface.

    Args:
        port: Its port, 0 for any free one.

    Raises:
        OSError: The port is taken.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
        listener.listen(512)
    except OSError:
        listener.close()
        raise
    return listener


def port_error(port: int, variable: str, error: OSError) -> SetupError:
    """Return the error, of one line, about a port that cannot be used."""
    return SetupError(f"Port {port} cannot be used ({error.strerror}): free it, or choose another with {variable}.")
