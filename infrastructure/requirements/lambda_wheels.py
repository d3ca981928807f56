"""Whether packages run on Lambda, and how much of its limits they take: their wheels for its processors are looked at.

A wheel is a zip whose files are those that the deployed package gets, so its directory has their sizes.
"""

from __future__ import annotations

import re
import sys
import tempfile
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from infrastructure.requirements.errors import RequirementError
from infrastructure.requirements.resolving import Resolved, run_pip

MACHINES = {"arm64": "aarch64", "x86_64": "x86_64"}
"""The names of Lambda's architectures in the names of wheels."""

_MISSING = re.compile(r"(?:No matching distribution found for|satisfies the requirement) ([^\s(]+)")


@dataclass(frozen=True, slots=True)
class Size:
    """Bytes of files, as they are and in a zip."""

    unzipped: int = 0
    zipped: int = 0

    def __add__(self, other: Size) -> Size:
        return Size(self.unzipped + other.unzipped, self.zipped + other.zipped)


def check_wheels(packages: Iterable[Resolved], architectures: Iterable[str]) -> Size:
    """Check that each package has a wheel for Lambda with this version of Python, or consists of Python only.

    Args:
        packages: What is to be deployed.
        architectures: Lambda's names of processors: those of the stages.

    Returns:
        The size of all packages together, for the architecture where it is largest.

    Raises:
        RequirementError: One has none.
    """
    every = list(packages)
    wheels = [package.pin.constraint for package in every if not package.is_source]
    sources = [package.pin.constraint for package in every if package.is_source]
    sizes = []
    for architecture in sorted(set(architectures)):
        with tempfile.TemporaryDirectory(prefix="wheels-") as folder:
            if wheels:
                _download(wheels, architecture, folder)
            if sources:
                _build(sources, folder)
            sizes.append(sum(map(_size, sorted(Path(folder).glob("*.whl"))), Size()))
    return max(sizes, key=lambda size: size.unzipped, default=Size())


def _download(pins: list[str], architecture: str, folder: str) -> None:
    from chalice.deploy.packager import DependencyBuilder
    from chalice.utils import OSUtils

    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    abi = f"cp{version.replace('.', '')}"
    # Chalice knows which versions of the C library Lambda's runtimes have.
    platforms = DependencyBuilder(OSUtils(), architecture=architecture)._get_pip_platforms(abi)
    options = [f"--platform={platform}" for platform in reversed(platforms)]
    options += ["--only-binary=:all:", "--implementation=cp", f"--python-version={version}", f"--abi={abi}"]
    options += ["--no-deps", f"--dest={folder}"]
    done = run_pip("download", *options, *pins)
    if done.returncode == 0:
        return
    missing = _MISSING.search(done.stdout + done.stderr)
    if missing is None:
        raise RequirementError(f"wheels for Lambda could not be fetched: {done.stderr.strip().splitlines()[-1]}")
    name, _, pinned = missing[1].partition("==")
    raise RequirementError(
        f"{name} {pinned} has no wheel for Lambda (Python {version}, {architecture}): name a version that has one, "
        "or change the stages' architecture in infrastructure/stages.py"
    )


def _build(pins: list[str], folder: str) -> None:
    """Build wheels of packages that the index has as source only; those of plain Python run anywhere."""
    done = run_pip("wheel", "--no-deps", f"--wheel-dir={folder}", *pins)
    if done.returncode:
        raise RequirementError(
            f"{', '.join(pins)}: the index has no wheel, and the source can't be built: "
            f"{(done.stderr.strip().splitlines() or ['no reason given'])[-1]}"
        )
    for wheel in Path(folder).glob("*.whl"):
        if any(wheel.name.lower().startswith(_file_name(pin)) for pin in pins) and not wheel.stem.endswith("-none-any"):
            name, version = wheel.name.split("-")[:2]
            raise RequirementError(
                f"{name} {version} has no wheel for Lambda, only source that must be compiled: name a version that has "
                "one, or build it yourself and put it into vendor/"
            )


def _file_name(pin: str) -> str:
    return pin.partition("==")[0].replace("-", "_") + "-"


def _size(wheel: Path) -> Size:
    with zipfile.ZipFile(wheel) as archive:
        entries = archive.infolist()
    return Size(sum(entry.file_size for entry in entries), sum(entry.compress_size for entry in entries))
