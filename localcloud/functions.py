"""The functions that can be invoked: the project's, and those created by Lambda's API."""

from __future__ import annotations

import hashlib
import io
import re
import shutil
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from localcloud.notices import notice
from localcloud.workers import FunctionSpec, Refusal

# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
MAX_UNZIPPED_BYTES = 250 * 1024 * 1024
# function:NAME[:QUALIFIER], preceded by any part of the rest of the ARN
FUNCTION_NAME = re.compile(
    r"^(?:arn:[a-z-]+:lambda:(?P<region>[a-z0-9-]+):)?(?:(?P<account>\d{12}):)?(?:function:)?"
    r"(?P<name>[A-Za-z0-9_-]+)(?::(?P<qualifier>\$LATEST|[A-Za-z0-9_-]+))?$"
)

CREATED_FUNCTIONS = "moto.awslambda.models:LambdaBackend"
"""The back end with the functions created by Lambda's API."""

ProjectFunctions = Callable[[str], FunctionSpec | None]


class FunctionRegistry:
    """Finds functions by name or ARN.

    Args:
        region: The region of the project's functions, and of names without one.
        account: Their account.
        environment: Variables of functions created by the API, in addition to their own: their clients find this
            endpoint by them.
        folder: Where their code is unpacked.
        project: Finds the project's functions by their full name.
        has_created: Whether there are functions created by the API from the start.
        credentials: Returns variables with credentials for a session's name, what to call it for people, and the ARN
            of its role: functions created by the API have roles of their own.
    """

    def __init__(  # noqa: PLR0913  (what it finds functions by, and what it gives them)
        self,
        region: str,
        account: str,
        environment: Mapping[str, str],
        folder: Path,
        project: ProjectFunctions,
        *,
        has_created: bool = False,
        credentials: Callable[[str, str, str], dict[str, str]] = lambda _session, _label, _role: {},
    ) -> None:
        self._region = region
        self._account = account
        self._environment = environment
        self._folder = folder
        self._has_created = has_created
        self._project = project
        self._credentials = credentials

    def resolve(self, arn_or_name: str) -> FunctionSpec | None:
        """Return the function, or None if it doesn't exist. One whose code cannot be unpacked has a `refusal`."""
        match = FUNCTION_NAME.match(arn_or_name)
        if match is None:
            return None
        region, account = match["region"] or self._region, match["account"] or self._account
        if region == self._region and account == self._account:
            spec = self._project(match["name"])
            if spec is not None:
                return spec
        return self._created(match["name"], match["qualifier"], region, account)

    def _created(self, name: str, qualifier: str | None, region: str, account: str) -> FunctionSpec | None:
        if not self._has_created and "moto.awslambda.models" not in sys.modules:  # nothing has been created yet
            return None
        from moto.awslambda.exceptions import UnknownFunctionException
        from moto.awslambda.models import lambda_backends

        try:
            function = lambda_backends[account][region].get_function(name, qualifier)
        except UnknownFunctionException:
            return None
        runtime = str(function.run_time or "")
        if not runtime.startswith("python"):
            notice(f"[{name}] Cannot run this function: only Python runtimes are supported; got {runtime!r}")
            return None
        environment = {
            **self._environment,
            **self._credentials(name, f"function {name}", str(function.role)),
            **{key: str(value) for key, value in function.environment_vars.items()},
        }
        code, refusal = self._folder, None
        try:
            code = self._unpack(function)
        except UnpackError as error:
            message = f"Lambda could not unzip the deployment package: {error}"
            refusal = Refusal("InvalidZipFileException", message)
        return FunctionSpec(
            arn=function.function_arn,
            name=name,
            code=code,
            handler=str(function.handler),
            environment=environment,
            timeout=float(function.timeout),
            memory=int(function.memory_size),
            refusal=refusal,
        )

    def _unpack(self, function: Any) -> Path:
        """Return the folder of the function's code, which is unpacked once for each content.

        Raises:
            UnpackError: The code is not a zip archive that Lambda accepts.
        """
        digest = hashlib.sha256(function.code_sha_256.encode()).hexdigest()[:32]  # moto keeps the hash of the zip
        folder = self._folder / digest
        if folder.is_dir():
            return folder
        self._folder.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix=f"{digest}.", suffix=".partial", dir=self._folder))
        try:
            unpack(function.code_bytes, partial)
            partial.rename(folder)
        except OSError as error:
            if not folder.is_dir():  # or else another thread was faster
                raise UnpackError(str(error)) from error
        finally:
            shutil.rmtree(partial, ignore_errors=True)
        return folder


class UnpackError(Exception):
    """Code that cannot be unpacked."""


def unpack(content: bytes, folder: Path) -> None:
    """Unpack a function's deployment package.

    Args:
        content: The zip archive.
        folder: An existing folder for its files.

    Raises:
        UnpackError: It is not a zip archive, is damaged or encrypted, is too large, or contains a path that leads out
            of the folder.
        OSError: A file cannot be written.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
            for member in members:
                path = PurePosixPath(member.filename.replace("\\", "/"))
                if path.is_absolute() or ".." in path.parts:
                    raise UnpackError(f"the path {member.filename!r} is outside the package")
            if sum(member.file_size for member in members) >= MAX_UNZIPPED_BYTES:
                raise UnpackError(f"unzipped size must be smaller than {MAX_UNZIPPED_BYTES} bytes")
            archive.extractall(folder)
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError) as error:
        raise UnpackError(str(error)) from error
