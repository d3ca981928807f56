"""The project's own stages, synthesised once per test run, and small projects with flows."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from chalicelib.settings import PROJECT
from compiler import Project, compile_project
from tests.localcloud.conftest import cloud

__all__ = ["cloud"]

FAKE_AWS = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}
APP = "serverless-dynamic-workflows"

_SYNTHESISE = """
import sys
from infrastructure.stages import STAGES
from infrastructure.synthesis import new_app, synthesise
for stage, front_door in (("prod", "cdk"), ("prod", "chalice"), ("dev", "chalice")):
    synthesise(new_app(f"{sys.argv[1]}/{stage}-{front_door}"), STAGES[stage], front_door)
"""


@dataclass(frozen=True)
class Assembly:
    """A synthesised stage."""

    folder: Path

    @cached_property
    def template(self) -> dict[str, Any]:
        (file,) = self.folder.glob(f"{APP}-*.template.json")
        template: dict[str, Any] = json.loads(file.read_text())
        return template

    @cached_property
    def nested(self) -> dict[str, dict[str, Any]]:
        return {f.name.split(".")[0]: json.loads(f.read_text()) for f in sorted(self.folder.glob("*.nested.*"))}

    @cached_property
    def package(self) -> Path:
        (file,) = self.folder.glob("asset.*.zip")
        return file

    def of_type(self, kind: str) -> dict[str, dict[str, Any]]:
        """All resources of a type, including those in nested stacks."""
        templates = [self.template, *self.nested.values()]
        return {k: r for t in templates for k, r in t["Resources"].items() if r["Type"] == kind}


@pytest.fixture(scope="session")
def assemblies(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A folder with the stages `prod-cdk`, `prod-chalice` and `dev-chalice`, created by the first to need it."""
    base = tmp_path_factory.getbasetemp()
    shared = base if worker_id == "master" else base.parent
    folder = shared / "assemblies"
    with locked(shared / "assemblies.lock"):
        if not folder.is_dir():
            made = shared / "assemblies.part"
            run([sys.executable, "-c", _SYNTHESISE, str(made)])
            made.rename(folder)
    return folder


@pytest.fixture(scope="session")
def prod(assemblies: Path) -> Assembly:
    return Assembly(assemblies / "prod-cdk")


@pytest.fixture(scope="session")
def dev(assemblies: Path) -> Assembly:
    """The stage `dev` with `-c api=chalice`."""
    return Assembly(assemblies / "dev-chalice")


@pytest.fixture(scope="session")
def project_flows() -> Project:
    return compile_project(PROJECT)


@pytest.fixture
def make_project(tmp_path: Path) -> Callable[..., Path]:
    """Writes a project: flows by file name, functions by name."""

    def make(flows: Mapping[str, str], functions: tuple[str, ...] = ("ping",)) -> Path:
        for name, text in flows.items():
            file = tmp_path / "flows" / f"{name}.yml"
            file.parent.mkdir(exist_ok=True)
            file.write_text(text)
        for name in functions:
            folder = tmp_path / "chalicelib" / "lib" / name
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "handler.py").write_text("def handler(event, context):\n    return event\n")
        return tmp_path

    return make


def run(
    command: list[str], environment: Mapping[str, str] | None = None, **options: Any
) -> subprocess.CompletedProcess[str]:
    """Run a command in the project's folder without access to AWS; a failure shows its output."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "USER_POOL", "STAGE"))}
    done = subprocess.run(
        command,
        cwd=options.pop("cwd", PROJECT),
        env={**clean, **FAKE_AWS, **(environment or {})},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    if options.pop("check", True):
        assert done.returncode == 0, done.stdout + done.stderr
    return done


class locked:
    """Hold a lock between processes."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __enter__(self) -> None:
        import fcntl

        self.handle = self.file.open("w")
        fcntl.flock(self.handle, fcntl.LOCK_EX)

    def __exit__(self, *_: object) -> None:
        self.handle.close()


def statements(role: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The statements of a role's inline policies."""
    for policy in role["Properties"]["Policies"]:
        yield from policy["PolicyDocument"]["Statement"]


def as_text(value: Any) -> str:
    """A string in a template, with its expressions written as in `Fn::Sub`."""
    if isinstance(value, str):
        return value
    if "Ref" in value:
        return f"${{{value['Ref']}}}"
    if "Fn::GetAtt" in value:
        return "${" + ".".join(value["Fn::GetAtt"]) + "}"
    return "".join(as_text(part) for part in value["Fn::Join"][1])
