"""What plugins need of PyPI: clashes are found before pip is asked, and only what is missing is installed."""

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
"""What the project pins: what ships, and what it runs with on this machine."""


@dataclass(frozen=True, slots=True)
class Need:
    """A requirement and who has it."""

    requirement: Requirement
    owner: str

    @property
    def name(self) -> str:
        return canonicalize_name(self.requirement.name)


def plugin_needs(files: Files, plugin: str) -> list[Need]:
    """The requirements of a plugin. Raises PluginError for what is more than a name with versions."""
    try:
        text = files.get(FILE, b"").decode("utf-8")
    except UnicodeDecodeError:
        raise PluginError(f"plugin {plugin}: {FILE} is no text") from None
    found = []
    for line in _lines(text):
        try:
            requirement = Requirement(line)
        except InvalidRequirement:
            raise PluginError(
                f"plugin {plugin}: {FILE}: {line!r} is no name with versions; options and files are not taken"
            ) from None
        if requirement.url is not None:
            raise PluginError(f"plugin {plugin}: {FILE}: {requirement.name} comes from an address: name a version")
        found.append(Need(requirement, f"plugin {plugin}"))
    return found


def project_needs(root: Path) -> list[Need]:
    """The pins of the project."""
    return [
        Need(requirement, file)
        for file in PROJECT_FILES
        if (root / file).is_file()
        for requirement in _pins((root / file).read_text(encoding="utf-8"))
    ]


def check_clashes(needs: Sequence[Need]) -> None:
    """Raises PluginError naming two requirements that no version can meet."""
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
        raise PluginError("\n  ".join(["requirements exclude each other: change one of each two", *clashes]))


def install_missing(root: Path, needs: Iterable[Need], environment: Mapping[str, str] = os.environ) -> list[str]:
    """Install what is not here yet into the Python that runs this; what was installed.

    Packages may run code as they are built: there are to be no tokens in `environment`. Raises PluginError with pip's
    reason.
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
        asked = ", ".join(f"{text} ({owners[text]})" for text in missing)
        raise PluginError(f"pip cannot install {asked}: {_reason(done)}")
    return missing


def _without_extras(requirement: Requirement) -> str:
    """As pip takes a constraint."""
    plain = Requirement(str(requirement))
    plain.extras = set()
    return str(plain)


def _reason(done: subprocess.CompletedProcess[str]) -> str:
    """Why pip failed: what excludes what, else its last error."""
    conflict = done.stdout.partition("The conflict is caused by:\n")[2].partition("\n\n")[0]
    if conflict:
        lines = (line.strip() for line in conflict.splitlines())
        return "; ".join(line.replace("The user requested (constraint)", "the project pins") for line in lines)
    errors = [line for line in done.stderr.splitlines() if line.startswith("ERROR: ")] or [done.stderr.strip()]
    return errors[-1].removeprefix("ERROR: ")


def write_merged(root: Path, by_plugin: dict[str, list[Need]]) -> None:
    """Write what project and plugins require together, for the package; the same input makes the same file."""
    target = root / REQUIREMENTS
    if not any(by_plugin.values()):
        target.unlink(missing_ok=True)
        return
    own = (root / FILE).read_text(encoding="utf-8") if (root / FILE).is_file() else ""
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
    """The names with versions in a file of the project's own, which may have hashes, options and files besides."""
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


def _of_extras(texts: Iterable[str], extras: Iterable[str]) -> Iterator[Requirement]:
    """What a package requires for its extras, beyond what it requires anyway."""
    for extra in extras:
        for need in map(Requirement, texts):
            marker = need.marker
            if marker is not None and marker.evaluate({"extra": extra}) and not marker.evaluate({"extra": ""}):
                need.marker = None
                yield need


def _compatible(first: SpecifierSet, second: SpecifierSet) -> bool:
    """Whether some version may meet both: those at the bounds that they name, and those just above, are tried."""
    both = first & second
    candidates = {"0", "99999"}
    for specifier in both:
        text = specifier.version.removesuffix(".*")
        try:
            Version(text)
        except InvalidVersion:  # of ===, which may name anything
            candidates.add(text)
            continue
        public = text.partition("+")[0]
        candidates |= {text, public, *(f"{Version(public).base_version}.0.0.1",)}
    return any(both.contains(candidate, prereleases=True) for candidate in candidates)
