"""Asks pip which versions of packages fit those that are pinned. It decides; nothing here compares versions."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from infrastructure.requirements.errors import RequirementError
from infrastructure.requirements.files import Pin, name_of
from plugin_manager.requirements import reason_of_pip

_UNREACHABLE = ("NewConnectionError", "NameResolutionError", "Max retries exceeded", "ConnectTimeout", "ProxyError")
_OPTIONS = ("--disable-pip-version-check", "--no-input", "--progress-bar=off")


@dataclass(frozen=True, slots=True)
class Resolved:
    """A version that pip has chosen, and whether the index has it only as source."""

    pin: Pin
    is_source: bool


def resolve(wanted: Iterable[Requirement], pins: Mapping[str, Pin]) -> dict[str, Resolved]:
    """Return requirements and all that they need, at the versions that are pinned or the newest that fit those.

    Raises:
        RequirementError: There is no such package or version, it conflicts with the pins, or no index can be reached.
    """
    asked = {name_of(requirement): requirement for requirement in wanted}
    with tempfile.TemporaryDirectory(prefix="resolve-") as folder:
        report = Path(folder, "report.json")
        options = ["--dry-run", "--ignore-installed", f"--report={report}", constraints(pins, Path(folder))]
        done = run_pip("install", *options, *map(str, asked.values()))
        if done.returncode:
            raise RequirementError(_explain(done, pins))
        document = json.loads(report.read_text(encoding="utf-8"))
    found: dict[str, Resolved] = {}
    for item in document["install"]:
        name = canonicalize_name(item["metadata"]["name"])
        extras = {*item.get("requested_extras", ()), *(asked[name].extras if name in asked else ())}
        pin = Pin(name, item["metadata"]["version"], frozenset(extras))
        found[name] = Resolved(pin, not item["download_info"]["url"].endswith(".whl"))
    return found


def install(wanted: Iterable[Pin], pins: Mapping[str, Pin]) -> None:
    """Install packages at their pinned versions, for the Python that runs this.

    Raises:
        RequirementError: pip cannot install one.
    """
    with tempfile.TemporaryDirectory(prefix="install-") as folder:
        options = ["--no-deps", constraints(pins, Path(folder))]  # `wanted` holds what they need
        done = run_pip("install", *options, *(pin.line for pin in wanted))
    if done.returncode:
        raise RequirementError(_explain(done, pins))


def constraints(pins: Mapping[str, Pin], folder: Path) -> str:
    """Write the pins into a folder, and return the option of pip that keeps to them."""
    file = folder / "pins.txt"
    file.write_text("".join(f"{pin.constraint}\n" for pin in pins.values()), encoding="utf-8")
    return f"--constraint={file}"


def run_pip(command: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run pip in the environment of the Python that runs this. Its warnings are not shown."""
    return subprocess.run(  # noqa: S603 - a list, without a shell
        [sys.executable, "-m", "pip", command, *_OPTIONS, *arguments],
        env={**os.environ, "PIP_NO_COLOR": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def _explain(done: subprocess.CompletedProcess[str], pins: Mapping[str, Pin]) -> str:
    """Return in one line why pip failed."""
    printed = done.stdout + done.stderr
    if any(sign in printed for sign in _UNREACHABLE):
        return "the package index can't be reached: check the network, or pip's settings (pip config list)"
    for line in printed.splitlines():
        text = line.removeprefix("ERROR: ")
        if text.startswith("Could not find a version that satisfies the requirement "):
            return _not_found(text, pins)
    reason = reason_of_pip(done).replace("The user requested", "you asked for")
    return f"conflict: {reason}" if "the project pins" in reason else reason


def _not_found(line: str, pins: Mapping[str, Pin]) -> str:
    """Explain pip's `Could not find a version that satisfies the requirement a==9 (from versions: 1, 2)`."""
    asked, _, rest = line.removeprefix("Could not find a version that satisfies the requirement ").partition(" (from ")
    versions = rest.rpartition("versions: ")[2].rstrip(")").split(", ")
    asked = asked.partition(" (")[0]
    name = canonicalize_name(Requirement(asked.partition(";")[0].strip()).name)
    if versions in ([""], ["none"]):
        return f"there is no package {name!r} on the index for Python {sys.version_info[0]}.{sys.version_info[1]}"
    newest = ", ".join(reversed(versions[-3:]))
    if name in pins:
        return f"{asked} conflicts with {pins[name].constraint}, which the project pins"
    return f"there is no version {asked}; the newest are {newest}"
