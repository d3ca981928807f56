"""Which functions can be invoked: the project's, and those created by Lambda's API."""

from __future__ import annotations

import hashlib
import io
import re
import shutil
import sys
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from localcloud.workers import FunctionSpec

# function:NAME[:QUALIFIER] with as much of the ARN before it as the caller likes
_NAME = re.compile(
    r"^(?:arn:[a-z-]+:lambda:(?P<region>[a-z0-9-]+):)?(?:(?P<account>\d{12}):)?(?:function:)?"
    r"(?P<name>[A-Za-z0-9_-]+)(?::(?P<qualifier>\$LATEST|[A-Za-z0-9_-]+))?$"
)

CREATED_FUNCTIONS = "moto.awslambda.models:LambdaBackend"
"""What holds the functions created by Lambda's API."""

ProjectFunctions = Callable[[str], FunctionSpec | None]


class FunctionRegistry:
    """Finds functions by name or ARN.

    `project` answers for the project's functions by their full name; `environment` is what functions created by the
    API get besides their own variables, so that their clients find this endpoint; unpacked code is in `folder`.
    `has_created` says that there are such functions from the start.
    """

    def __init__(
        self, region: str, account: str, environment: Mapping[str, str], folder: Path, *, has_created: bool = False
    ) -> None:
        self._region = region
        self._account = account
        self._environment = environment
        self._folder = folder
        self._has_created = has_created
        self._project: ProjectFunctions = lambda _name: None

    def serve_project(self, project: ProjectFunctions) -> None:
        """Let `project` answer for the project's functions."""
        self._project = project

    def resolve(self, arn_or_name: str) -> FunctionSpec | None:
        """The function, or None where there is none of that name."""
        match = _NAME.match(arn_or_name)
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
            sys.stderr.write(f"[{name}] cannot run here: only Python functions do, and its runtime is {runtime!r}\n")
            return None
        environment = {**self._environment, **{key: str(value) for key, value in function.environment_vars.items()}}
        return FunctionSpec(
            arn=function.function_arn,
            name=name,
            code=self._unpack(function),
            handler=str(function.handler),
            environment=environment,
            timeout=float(function.timeout),
            memory=int(function.memory_size),
        )

    def _unpack(self, function: Any) -> Path:
        """The folder of the function's code, unpacked once for each content."""
        digest = hashlib.sha256(function.code_sha_256.encode()).hexdigest()[:32]  # moto keeps the hash of the zip
        folder = self._folder / digest
        if not folder.is_dir():
            partial = self._folder / f"{digest}.{id(function):x}.partial"
            with zipfile.ZipFile(io.BytesIO(function.code_bytes)) as archive:
                archive.extractall(partial)
            try:
                partial.rename(folder)
            except OSError:  # another thread was faster
                shutil.rmtree(partial, ignore_errors=True)
        return folder
