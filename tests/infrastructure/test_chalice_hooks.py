"""What Chalice's command line says before it changes anything."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

import pytest

from tests.deployments import projects


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose stage prod is configured."""
    project = projects.own_copy(tmp_path_factory.mktemp("chalice") / "project")
    file = project / ".chalice" / "config.json"
    document = json.loads(file.read_text())
    document["stages"]["prod"] = {"environment_variables": {"STAGE": "prod", "USER_POOL_ID": "us-east-1_pool"}}
    file.write_text(json.dumps(document))
    return project


@pytest.mark.parametrize(
    ("command", "variables", "message"),
    [
        ("deploy --stage prod", {}, "no AWS credentials: run `aws configure`, or choose a profile with AWS_PROFILE"),
        (
            "delete --stage prod",
            {"AWS_REGION": "", "AWS_DEFAULT_REGION": ""},
            "no region: set AWS_REGION, or choose a profile with AWS_PROFILE",
        ),
        (
            "deploy --stage dev",
            {},
            "the stage dev is not configured: run `python -m infrastructure.chalice_config --stage dev` first",
        ),
        ("deploy --stage prud", {}, "no stage 'prud': did you mean 'prod'?"),
    ],
)
def test_one_line_says_what_is_in_the_way(project: Path, command: str, variables: dict[str, str], message: str) -> None:
    done = projects.run(["chalice", *command.split()], project, variables)
    printed = done.stdout + done.stderr
    assert done.returncode != 0
    assert printed.startswith(f"Error: {message}"), printed
    assert printed.count("\n") == 1


def test_a_python_without_cdk_says_so(project: Path) -> None:
    other = shutil.which("python3", path=os.defpath)
    if other is None or Path(other).resolve() == Path(sys.executable).resolve():
        pytest.skip("the only Python is the project's")
    done = projects.run([other, "-S", "-m", "infrastructure"], project, {})
    assert done.returncode == 1
    assert done.stderr == f"error: CDK is not installed for {other}: run `make setup`\n"
