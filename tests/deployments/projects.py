"""Copies of the project that commands may change, and its package for this machine's architecture."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path

from tests.end_to_end.server import PROJECT, copy_project

ARCHITECTURE = {"aarch64": "arm64", "arm64": "arm64"}.get(platform.machine(), "x86_64")
EXAMPLE_PLUGIN = PROJECT / "docs" / "examples" / "greetings-plugin"
REGION, ACCOUNT = "us-east-1", "123456789012"


def own_copy(target: Path) -> Path:
    """A copy of the project whose stages have this machine's architecture, so that what is deployed runs here."""
    copy_project(target, overlay=False)
    packages = target / ".chalice" / "deployments"
    shutil.rmtree(packages, ignore_errors=True)
    packages.mkdir()
    for installed in (PROJECT / ".chalice" / "deployments").glob(f"requirements-*-{ARCHITECTURE}"):
        shutil.copytree(installed, packages / installed.name)  # saves the download
    for name in ("Makefile", "cdk.json", "package.json", "package-lock.json"):
        shutil.copy2(PROJECT / name, target / name)
    if (PROJECT / "node_modules").is_dir():
        (target / "node_modules").symlink_to(PROJECT / "node_modules")
    settings = target / "infrastructure" / "stage.py"
    settings.write_text(settings.read_text().replace('= "arm64"', f'= "{ARCHITECTURE}"'))
    configuration = target / ".chalice" / "config.json"
    document = json.loads(configuration.read_text())
    document["lambda_architecture"] = ARCHITECTURE
    configuration.write_text(json.dumps(document))
    return target


def add_example_plugin(project: Path) -> None:
    """Add the example plugin to the project, from a folder next to it."""
    shutil.copytree(EXAMPLE_PLUGIN, project.parent / EXAMPLE_PLUGIN.name, ignore=shutil.ignore_patterns("__pycache__"))
    (project / "config.json").write_text(json.dumps({"plugins": [f"../{EXAMPLE_PLUGIN.name}"]}))
    must(run([sys.executable, "-m", "plugin_manager", "--yes"], project, {}))


def run(
    command: list[str], project: Path, variables: Mapping[str, str], *, timeout: float = 600, answer: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run a command in a copy of the project, with none of AWS's environment variables except `variables`."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "USER_POOL", "STAGE", "CDK_"))}
    environment = {
        **kept,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        **variables,
    }
    return subprocess.run(
        command,
        cwd=project,
        env=environment,
        input=answer,
        capture_output=True,
        text=True,
        check=False,
        timeout=timeout,
    )


def must(done: subprocess.CompletedProcess[str]) -> str:
    """The output of a command, which must have succeeded."""
    printed = done.stdout + done.stderr
    assert done.returncode == 0, printed
    return printed


def package(project: Path) -> Path:
    """The folder of the project's unzipped package, built by Chalice's command line."""
    out = project / "package.out"
    must(run(["chalice", "package", "--stage", "dev", str(out)], project, {}))
    task = out / "task"
    with zipfile.ZipFile(out / "deployment.zip") as archive:
        archive.extractall(task)
    return task
