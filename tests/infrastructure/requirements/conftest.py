"""A package index of the tests' own, and a Python that packages can be installed for."""

from __future__ import annotations

import importlib.metadata
import os
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from chalicelib.settings import PROJECT

VERSIONS = {name: importlib.metadata.version(name) for name in ("annotated-types", "pydantic", "six")}
LOCK = "".join(f"{name}=={version}\n" for name, version in VERSIONS.items())
SHIPPED_LOCK = LOCK.replace(f"six=={VERSIONS['six']}\n", "")


@dataclass(frozen=True)
class Project:
    """A folder with requirements files, whose commands run with a virtual environment of its own."""

    root: Path
    index: Path

    def run(self, *arguments: str) -> tuple[int, str]:
        """Run the command line; its exit code, and what it prints."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "AWS_"))}
        done = subprocess.run(
            [self.root / ".venv" / "bin" / "python", "-m", "infrastructure.requirements", *arguments],
            cwd=PROJECT,
            env={
                **kept,
                "PIP_NO_INDEX": "1",
                "PIP_FIND_LINKS": str(self.index),
                "PIP_CONFIG_FILE": os.devnull,
                "PACKAGE": "",
            },
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    def command(self, name: str, *packages: str) -> tuple[int, str]:
        return self.run("--root", str(self.root), name, *packages)

    def texts(self) -> dict[str, str]:
        return {file.name: file.read_text() for file in self.root.glob("requirements*")}

    def installed(self, package: str) -> bool:
        return any((self.root / ".venv").glob(f"lib/*/site-packages/{package}-*.dist-info"))


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Wheels: `plain` needs `helper`, `clash` another pydantic, `native` exists for this machine only."""
    folder = tmp_path_factory.mktemp("index")
    for version in ("1.0", "1.1"):
        write_wheel(folder, "plain", version, requires=("helper>=2", 'absent; extra == "more"'))
    write_wheel(folder, "helper", "2.0")
    write_wheel(folder, "clash", "1.0", requires=("pydantic<2",))
    write_wheel(folder, "pydantic", "1.9")
    write_wheel(folder, "pydantic", VERSIONS["pydantic"])
    tag = f"cp{sys.version_info[0]}{sys.version_info[1]}"
    write_wheel(folder, "native", "1.0", tag=f"{tag}-{tag}-linux_{os.uname().machine}")
    write_wheel(folder, "large", "1.0", size=210 * 1024 * 1024)
    return folder


def write_wheel(
    folder: Path, name: str, version: str, *, requires: tuple[str, ...] = (), tag: str = "py3-none-any", size: int = 0
) -> None:
    """Write a wheel with one module of `size` bytes more than it needs."""
    info = f"{name}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nProvides-Extra: more\n"
    metadata += "".join(f"Requires-Dist: {need}\n" for need in requires)
    with zipfile.ZipFile(folder / f"{name}-{version}-{tag}.whl", "w", zipfile.ZIP_DEFLATED) as wheel:
        wheel.writestr(f"{name}.py", f"VERSION = {version!r}\n")
        if size:
            wheel.writestr(f"{name}.bin", bytes(size), compresslevel=1)
        wheel.writestr(f"{info}/METADATA", metadata)
        wheel.writestr(f"{info}/WHEEL", f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n")
        wheel.writestr(f"{info}/RECORD", f"{name}.py,,\n{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n")


def write_environment(folder: Path) -> Path:
    """Write a virtual environment that has the packages of this Python, and can be given others."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    packages = next(folder.glob("lib/*/site-packages"))
    here = [path for path in sys.path if path.endswith("site-packages")]
    (packages / "here.pth").write_text("\n".join(here) + "\n")
    return folder


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_environment(tmp_path_factory.mktemp("environment") / "venv")


@pytest.fixture
def project(tmp_path: Path, index: Path, environment: Path) -> Project:
    root = tmp_path / "project"
    root.mkdir()
    (root / "app.py").touch()
    shutil.copytree(environment, root / ".venv", symlinks=True)
    (root / "requirements.in").write_text("# mine\npydantic\n")
    (root / "requirements-local.in").write_text("-r requirements.in\nsix\n")
    (root / "requirements-dev.in").write_text("-r requirements-local.in\n")
    (root / "requirements.txt").write_text(SHIPPED_LOCK)
    (root / "requirements-local.txt").write_text(LOCK)
    (root / "requirements-dev.txt").write_text(LOCK + "\n# The following packages are unsafe:\npip==26.2.1\n")
    return Project(root, index)
