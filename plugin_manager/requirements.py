"""The Python packages that plugins require. Conflicts are found before pip runs; pip installs only what is missing."""

from __future__ import annotations

import importlib.metadata
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from chalicelib.plugins import REQUIREMENTS
from plugin_manager.errors import PluginError
from plugin_manager.layout import Files

FILE = "requirements.txt"
_COMMENT = re.compile(r"(?:^|\s)#")
_OPTIONS = re.compile(r"\s+(?:--|\\)")
PROJECT_FILES = (FILE, "requirements-local.txt")
"""What the project pins: for deployment, and for this machine."""


@dataclass(frozen=True, slots=True)
class Need:
    """A requirement, and the plugin or file that has it."""

    requirement: Requirement
    owner: str

    @property
    def name(self) -> str:
        return canonicalize_name(self.requirement.name)


def plugin_needs(files: Files, plugin: str) -> list[Need]:
    """Read the requirements of a plugin.

    Args:
        files: The plugin's files.
        plugin: The plugin's name.

    Raises:
        PluginError: A line is not a package name with versions.
    """
    try:
        source = files.get(FILE, b"").decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise PluginError(
            f"plugin {plugin}: {FILE} is not valid UTF-8: unexpected byte 0x{error.object[error.start]:02x}"
        ) from None
    found = []
    for line in _lines(source):
        try:
            requirement = Requirement(line)
        except InvalidRequirement:
            raise PluginError(
                f"plugin {plugin}: {FILE}: expected a package name with versions, got {line!r}; options and files are "
                "not supported"
            ) from None
        if requirement.url is not None:
            raise PluginError(f"plugin {plugin}: {FILE}: {requirement.name} has a URL: give a version instead")
        found.append(Need(requirement, f"plugin {plugin}"))
    return found


def project_needs(root: Path) -> list[Need]:
    """Read what the project pins."""
    return [
        Need(requirement, file)
        for file in PROJECT_FILES
        if (root / file).is_file()
        for requirement in _pins((root / file).read_text(encoding="utf-8-sig"))
    ]


def check_clashes(needs: Sequence[Need]) -> None:
    """Check that some version can meet all requirements of each package.

    Raises:
        PluginError: None can; the message has a line for each conflict.
    """
    by_name: dict[str, list[Need]] = {}
    for need in needs:
        if need.requirement.marker is None or need.requirement.marker.evaluate():
            by_name.setdefault(need.name, []).append(need)
    clashes = [
        f"{first.owner} needs {first.requirement}, {second.owner} needs {second.requirement}"
        for same in by_name.values()
        for index, second in enumerate(same)
        for first in same[:index]
        if first.owner != second.owner and not _compatible(first.requirement.specifier, second.requirement.specifier)
    ]
    if clashes:
        raise PluginError("\n  ".join(["requirements conflict: change one of each pair", *clashes]))


def install_missing(root: Path, needs: Iterable[Need], environment: Mapping[str, str] = os.environ) -> list[str]:
    """Install what is missing into the Python that runs this.

    Args:
        root: The project's folder; what the project pins stays at its version.
        needs: The requirements of all plugins.
        environment: The environment of pip. It must not contain tokens: packages may run code when they are built.

    Returns:
        The requirements that were installed.

    Raises:
        PluginError: pip failed; the message has its reason.
    """
    owners = {str(need.requirement): need.owner for need in needs if not _satisfied(need.requirement)}
    missing = sorted(owners)
    if not missing:
        return []
    command = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check", "--no-input"]
    with tempfile.NamedTemporaryFile("w", prefix="constraints-", suffix=".txt", encoding="utf-8") as pins:
        pins.writelines(f"{_without_extras(need.requirement)}\n" for need in project_needs(root))
        pins.flush()
        command += [f"--constraint={pins.name}", *missing]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        asked = ", ".join(f"{requirement} ({owners[requirement]})" for requirement in missing)
        raise PluginError(f"pip cannot install {asked}: {reason_of_pip(done)}")
    return missing


def _without_extras(requirement: Requirement) -> str:
    """Return a requirement in the form that pip accepts as a constraint."""
    plain = Requirement(str(requirement))
    plain.extras = set()
    return str(plain)


def reason_of_pip(done: subprocess.CompletedProcess[str]) -> str:
    """Return why pip failed: the conflict that it found, or else its last error."""
    conflict = done.stdout.partition("The conflict is caused by:\n")[2].partition("\n\n")[0]
    if conflict:
        lines = (line.strip() for line in conflict.splitlines())
        return "; ".join(line.replace("The user requested (constraint)", "the project pins") for line in lines)
    errors = [line for line in done.stderr.splitlines() if line.startswith("ERROR: ")] or [done.stderr.strip()]
    return errors[-1].removeprefix("ERROR: ")


def write_merged(root: Path, by_plugin: dict[str, list[Need]]) -> None:
    """Write what project and plugins require together, for the package; the same input gives the same file."""
    target = root / REQUIREMENTS
    if not any(by_plugin.values()):
        target.unlink(missing_ok=True)
        return
    own = (root / FILE).read_text(encoding="utf-8-sig") if (root / FILE).is_file() else ""
    pinned = {canonicalize_name(pin.name) for pin in _pins(own)}
    lines = [own.rstrip("\n")] if own.strip() else []
    for plugin, needs in sorted(by_plugin.items()):
        kept = sorted(str(n.requirement) for n in needs if n.name not in pinned or n.requirement.extras)
        if kept:
            lines += [f"# plugin {plugin}", *kept]
    temporary = target.with_name(f".{target.name}.{os.getpid()}")
    temporary.write_text("\n".join(lines) + "\n", encoding="utf-8")
    temporary.replace(target)


def _lines(text: str) -> list[str]:
    stripped = (_COMMENT.split(line)[0].strip() for line in text.splitlines())
    return [line for line in stripped if line]


def _pins(text: str) -> Iterator[Requirement]:
    """Yield the requirements in a file of the project, which may also contain hashes, options and files."""
    for line in _lines(text):
        with suppress(InvalidRequirement):
            yield Requirement(_OPTIONS.split(line)[0])


def _satisfied(requirement: Requirement) -> bool:
    if requirement.marker is not None and not requirement.marker.evaluate():
        return True
    try:
        found = importlib.metadata.distribution(requirement.name)
    except importlib.metadata.PackageNotFoundError:
        return False
    if not requirement.specifier.contains(found.version, prereleases=True):
        return False
    return all(map(_satisfied, _of_extras(found.requires or (), requirement.extras)))


def _of_extras(required: Iterable[str], extras: Iterable[str]) -> Iterator[Requirement]:
    """Yield what a package requires only for its extras."""
    for extra in extras:
        for need in map(Requirement, required):
            marker = need.marker
            if marker is not None and marker.evaluate({"extra": extra}) and not marker.evaluate({"extra": ""}):
                need.marker = None
                yield need


def _compatible(first: SpecifierSet, second: SpecifierSet) -> bool:
    """Return whether some version may meet both, trying the versions that they name and those just above."""
    both = first & second
    candidates = {"0", "99999"}
    for specifier in both:
        named = specifier.version.removesuffix(".*")
        try:
            Version(named)
        except InvalidVersion:  # of ===, which may name anything
            candidates.add(named)
            continue
        public = named.partition("+")[0]
        candidates |= {named, public, f"{Version(public).base_version}.0.0.1"}
    return any(both.contains(candidate, prereleases=True) for candidate in candidates)
