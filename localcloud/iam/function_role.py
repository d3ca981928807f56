"""The role that the API and all functions of a stage share, as `lambda-permissions.yml` and plugins say now."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any

from chalicelib import plugins
from chalicelib.names import Names
from compiler.permissions.function_role import FILE, application_statements, function_role_policy
from compiler.permissions.granted import PermissionsError
from localcloud.iam.policies import Policies, PolicyError
from localcloud.iam.roles import Role
from localcloud.notices import notice

_PLACE = f"`iamRoleStatements:` in {FILE}"


class FunctionRole:
    """The role of functions: call it for the role by the files as they are now.

    Args:
        root: The project's folder.
        names: The stage's names.
        user_pool_arn: The ARN of its user pool.
    """

    def __init__(self, root: Path, names: Names, user_pool_arn: str) -> None:
        self._root = root
        self._names = names
        self._user_pool_arn = user_pool_arn
        self._lock = threading.Lock()
        self._stamp: Any = None
        self._role: Role | None = None

    @property
    def arn(self) -> str:
        """Its ARN; infrastructure gives the role this name."""
        return f"arn:{self._names.partition}:iam::{self._names.account}:role/{self._names.resource(self._names.region)}"

    def __call__(self) -> Role | None:
        """Return the role. What is wrong with the file is reported once."""
        try:
            status = os.stat(self._root / FILE)  # noqa: PTH116 - asked at every call of a function
            stamp: Any = (status.st_mtime_ns, status.st_size, status.st_ino, plugins.installed(self._root))
        except OSError:
            stamp = (None, plugins.installed(self._root))
        if stamp != self._stamp:
            with self._lock:
                if stamp != self._stamp:
                    self._read()
                    self._stamp = stamp
        return self._role

    def _read(self) -> None:
        try:
            policy = function_role_policy(self._names, self._user_pool_arn, self._root, workbench=True)
            self._role = Role(self.arn, Policies.read([policy]), _PLACE)
        except (PermissionsError, PolicyError) as error:  # while somebody is writing it, the last one remains
            meanwhile = "the permissions before apply"
            if self._role is None:
                meanwhile = "functions have only the application's own permissions"
                statements = application_statements(self._names, self._user_pool_arn)
                own = {"Version": "2012-10-17", "Statement": statements}
                self._role = Role(self.arn, Policies.read([own]), _PLACE)
            notice(f"permissions: {error}; until it is fixed, {meanwhile}")
