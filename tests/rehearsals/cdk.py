"""CDK's command line against a recorded cloud."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.rehearsals import projects
from tests.rehearsals.projects import ACCOUNT, PROJECT, REGION
from tests.rehearsals.recording import RecordedCloud

COMMAND = Path("node_modules", ".bin", "cdk")
ADMINISTRATOR = "administrator"
"""The access key of who bootstraps the account, once and for all projects."""

needs_cdk = pytest.mark.skipif(
    shutil.which("node") is None or not (PROJECT / COMMAND).exists(),
    reason="CDK's command line is not installed: install Node.js and run `npm ci`",
)


def cdk(cloud: RecordedCloud, project: Path, *arguments: str, key: str = "") -> subprocess.CompletedProcess[str]:
    """Run CDK's command line in a copy of the project, as the one who deploys or with another access key."""
    # It asks the network for its newest version and for notices, and waits for both.
    alone = {"CDK_DISABLE_CLI_TELEMETRY": "true", "CDK_DISABLE_VERSION_CHECK": "true"}
    variables = {**cloud.variables(), **alone, "NO_COLOR": "1", "CI": "true"}
    if key:
        variables["AWS_ACCESS_KEY_ID"] = key
    return projects.run([str(project / COMMAND), "--no-notices", *arguments], project, variables)


def bootstrap(cloud: RecordedCloud, project: Path) -> None:
    """Prepare the account, as its administrator does once."""
    projects.must(cdk(cloud, project, "bootstrap", f"aws://{ACCOUNT}/{REGION}", key=ADMINISTRATOR))
