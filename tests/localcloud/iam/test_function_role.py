"""The role of functions while its file has a mistake."""

from __future__ import annotations

from pathlib import Path

import pytest

from chalicelib.names import Names
from compiler.permissions.function_role import FILE
from localcloud.iam.function_role import FunctionRole

NAMES = Names(stage="local", region="us-east-1", account="123456789012")
ALLOWING = "iamRoleStatements:\n  - {Effect: Allow, Action: 's3:GetObject', Resource: '*'}\n"


def test_a_mistake_at_the_start_leaves_the_applications_permissions(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / FILE).write_text("iamRoleStatements: [{Effect: Permit, Action: 's3:*', Resource: '*'}]\n")
    role = FunctionRole(tmp_path, NAMES, "arn:aws:cognito-idp:us-east-1:123456789012:userpool/p")
    broken = role()
    assert broken is not None
    assert role() is broken
    said = capsys.readouterr().err
    assert said.count("functions have only the application's own permissions") == 1
    (tmp_path / FILE).write_text(ALLOWING)
    fixed = role()
    assert fixed is not None
    assert fixed.policies != broken.policies
    (tmp_path / FILE).write_text("iamRoleStatements: nothing\n")
    assert role() is fixed
    assert "the permissions before apply" in capsys.readouterr().err
