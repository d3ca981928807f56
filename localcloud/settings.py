"""How this cloud is set up, and where it leaves word of itself."""

from __future__ import annotations

import json
import os
import shutil
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chalicelib.names import Names
from chalicelib.settings import PROJECT

HOST = "127.0.0.1"
DEFAULT_ENDPOINT_PORT = 4566
STATE_FOLDER = ".localcloud"
CLOUD_FILE = "cloud.json"
SESSION_FILE = "session.json"
KEPT_FOLDER = "state"
FUNCTIONS_URL = "LOCALCLOUD_FUNCTIONS_URL"
"""The variable that says where a local cloud runs the functions that are called over HTTP."""

# Developers' own settings that would send clients elsewhere.
FOREIGN_VARIABLES = (
    *("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN", "AWS_ROLE_ARN"),
    *("AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CA_BUNDLE", "AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT"),
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
)


class SetupError(Exception):
    """The cloud cannot start; the message is one line that says what to do."""


@dataclass(frozen=True, slots=True)
class CloudSettings:
    """The settings of a cloud.

    Attributes:
        root: The project's folder.
        stage, region, account: They name everything in the cloud.
        api_url: Where the API is served: its console may use the endpoint from a browser. Empty if there is none.
        moto_api: Whether moto's own routes (`/moto-api/...`), which show and reset everything, are served. For tests.
        keep: Whether what is in the cloud is there after a restart.
        iam: What happens to calls that the caller's role does not allow: `enforce`, `warn` or `off`.
        beside: The name of this cloud's own folder, if it runs beside another one of the project; else empty.
    """

    root: Path = PROJECT
    stage: str = "local"
    region: str = "us-east-1"
    account: str = "123456789012"
    api_url: str = ""
    moto_api: bool = False
    keep: bool = True
    iam: str = "enforce"
    beside: str = ""

    @classmethod
    def from_environment(cls, root: Path = PROJECT, *, api_url: str = "") -> CloudSettings:
        """Return settings with stage, region and account from `STAGE`, `AWS_REGION` and `ACCOUNT_ID`.

        `STATE=memory` keeps nothing. `IAM` is `enforce`, `warn` (the default) or `off`.

        Args:
            root: The project's folder.
            api_url: Where the API is served.

        Raises:
            SetupError: `STATE` or `IAM` has another value.
        """
        environ = os.environ
        state = environ.get("STATE") or "disk"
        if state not in ("disk", "memory"):
            raise SetupError(f"STATE is {state!r}: set it to disk or memory.")
        iam = environ.get("IAM") or "warn"
        if iam not in ("enforce", "warn", "off"):
            raise SetupError(f"IAM is {iam!r}: set it to enforce, warn or off.")
        return cls(
            root=root,
            stage=environ.get("STAGE") or "local",
            region=environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION") or "us-east-1",
            account=environ.get("ACCOUNT_ID") or "123456789012",
            api_url=api_url,
            moto_api=environ.get("LOCALCLOUD_MOTO_API") == "1",
            keep=state == "disk",
            iam=iam,
        )

    @property
    def names(self) -> Names:
        return Names(stage=self.stage, region=self.region, account=self.account)

    @property
    def state_folder(self) -> Path:
        return self.root / STATE_FOLDER / self.beside

    @property
    def kept_folder(self) -> Path:
        """What is there after a restart."""
        return self.state_folder / KEPT_FOLDER

    @property
    def functions_folder(self) -> Path:
        """Where the code of functions is unpacked that were created by the API."""
        return self.state_folder / "functions"

    @property
    def cloud_file(self) -> Path:
        return self.state_folder / CLOUD_FILE

    @property
    def session_file(self) -> Path:
        return self.state_folder / SESSION_FILE


def prepare_state_folder(settings: CloudSettings) -> None:
    """Make the folder for what the cloud leaves on disk. Raises SetupError where that is not possible."""
    folder = settings.state_folder
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        probe = folder / f".writable.{os.getpid()}"
        try:
            probe.write_bytes(b"x" * 4096)  # a full disk may still have room for an empty file
        finally:
            probe.unlink(missing_ok=True)
    except OSError as error:
        raise SetupError(
            f"Cannot write to {folder} ({error.strerror}): make it writable for you, and make room on the disk."
        ) from None


def remove_leftovers(settings: CloudSettings) -> None:
    """Remove what a cloud that was killed has left: a session that is none any more, and unpacked code."""
    settings.session_file.unlink(missing_ok=True)
    settings.cloud_file.unlink(missing_ok=True)
    shutil.rmtree(settings.functions_folder, ignore_errors=True)


def write_private(path: Path, document: dict[str, Any], *, durable: bool = False) -> None:
    """Write a JSON file that only its owner may read, in one step.

    Args:
        path: The file.
        document: What it contains.
        durable: Whether the file must be on the disk, to survive a power cut, when this returns.

    Raises:
        OSError: It cannot be written; a file that was there before stays as it was.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, stat.S_IRUSR | stat.S_IWUSR)
    try:
        with open(descriptor, "w", encoding="utf-8") as file:  # noqa: PTH123 - a descriptor, not a path
            json.dump(document, file, indent=2)
            file.write("\n")
            if durable:
                file.flush()
                os.fsync(file.fileno())
        temporary.replace(path)
    except OSError:  # such as a full disk
        temporary.unlink(missing_ok=True)
        raise


def remove_if_ours(path: Path, field: str, value: object) -> None:
    """Remove a file that still is the one we wrote: its `field` has our `value`."""
    try:
        if json.loads(path.read_text()).get(field) == value:
            path.unlink()
    except (OSError, ValueError):
        pass


def clean_environment(cloud: Mapping[str, str]) -> dict[str, str]:
    """This process's environment, pointed at the cloud and at nothing else of AWS."""
    kept = {name: value for name, value in os.environ.items() if name not in FOREIGN_VARIABLES}
    return {**kept, **cloud}
