"""The requirements files: `requirements.in` is the user's, the locks pin it and what the framework needs."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from packaging.markers import Marker
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from infrastructure.requirements.errors import RequirementError

WANTED = "requirements.in"
SHIPPED = "requirements.txt"
LOCAL = "requirements-local.txt"
LOCKS = (SHIPPED, LOCAL, "requirements-dev.txt")
"""Each holds the pins of the one before, and more."""

_COMMENT = re.compile(r"(?:^|\s)#.*")
_OPERATOR = re.compile(r"\s*(===|[<>=!~]=|[<>,])\s*")


@dataclass(frozen=True, slots=True)
class Pin:
    """A package at a version, as a line of a lock."""

    name: str
    """In the canonical form: lower case, with hyphens."""
    version: str
    extras: frozenset[str] = frozenset()
    marker: str = ""

    @property
    def line(self) -> str:
        extras = f"[{','.join(sorted(self.extras))}]" if self.extras else ""
        return f"{self.name}{extras}=={self.version}{f' ; {self.marker}' if self.marker else ''}"

    @property
    def applies(self) -> bool:
        """Whether the pin is for this machine and this version of Python."""
        return not self.marker or Marker(self.marker).evaluate()

    @property
    def constraint(self) -> str:
        """The form that pip accepts in a file of constraints."""
        return f"{self.name}=={self.version}"


def parse_packages(text: str) -> list[Requirement]:
    """Read what a user asks for, such as `a 'b>=2' c[extra]`, separated by spaces.

    Raises:
        RequirementError: There is nothing, or one is not a package's name with extras and versions.
    """
    words = _OPERATOR.sub(r"\1", text).split()
    if not words:
        raise RequirementError("name a package: make add PACKAGE=inflection, or PACKAGE='inflection>=0.5 numpy'")
    found: dict[str, Requirement] = {}
    for word in words:
        if "://" in word or word.startswith(("-", ".", "/")) or "@" in word or word.endswith((".whl", ".gz")):
            raise RequirementError(
                f"{word!r} is an address or an option: only packages of the index can be added. Put code that "
                "is not on an index into vendor/"
            )
        try:
            requirement = Requirement(word)
        except InvalidRequirement:
            raise RequirementError(
                f"{word!r} is not the name of a package with versions, such as inflection, 'numpy>=2' or 'httpx[http2]'"
            ) from None
        if requirement.marker is not None:
            raise RequirementError(f"{word!r}: conditions after ';' are not supported: write them into {WANTED}")
        if name_of(requirement) in found:
            raise RequirementError(f"{requirement.name} is named twice")
        found[name_of(requirement)] = requirement
    return list(found.values())


def name_of(requirement: Requirement) -> str:
    """Return the canonical name of a requirement's package."""
    return canonicalize_name(requirement.name)


def read_wanted(file: Path) -> dict[str, Requirement]:
    """Return the requirements in a `.in` file by name. Options and addresses are left out."""
    return {name_of(requirement): requirement for requirement in _requirements(file)}


def read_lock(file: Path) -> dict[str, Pin]:
    """Return the pins of a lock by name, in the order of the file."""
    pins: dict[str, Pin] = {}
    for requirement in _requirements(file):
        version = next((part.version for part in requirement.specifier if part.operator == "=="), None)
        if version is not None:
            name, marker = name_of(requirement), str(requirement.marker or "")
            pins[name] = Pin(name, version, frozenset(requirement.extras), marker)
    return pins


def read_locks(root: Path) -> dict[str, dict[str, Pin]]:
    """Return the pins of all locks, by file."""
    return {lock: read_lock(root / lock) for lock in LOCKS}


def all_pins(locks: Mapping[str, Mapping[str, Pin]]) -> dict[str, Pin]:
    """Return the pins of all locks together."""
    return {name: pin for lock in locks.values() for name, pin in lock.items()}


def unpinned(root: Path) -> list[Requirement]:
    """Return the requirements of `requirements.in` that no pin of `requirements.txt` meets."""
    pins = read_lock(root / SHIPPED)
    return [
        requirement
        for name, requirement in read_wanted(root / WANTED).items()
        if (requirement.marker is None or requirement.marker.evaluate())
        and (name not in pins or not requirement.specifier.contains(pins[name].version, prereleases=True))
    ]


def with_requirements(text: str, added: Iterable[Requirement]) -> str:
    """Return the text of a `.in` file with further requirements at its end."""
    lines = [text.rstrip("\n")] if text.strip() else []
    return "\n".join([*lines, *map(str, added)]) + "\n"


def without_packages(text: str, removed: Iterable[str]) -> str:
    """Return the text of a requirements file without the lines of the packages."""
    gone = set(removed)
    kept = [line for line in text.splitlines() if not ((found := _parse(line)) and name_of(found) in gone)]
    return "\n".join(kept) + "\n"


def with_pins(text: str, pins: Mapping[str, Pin]) -> str:
    """Return a lock's text with pins in their places by name: other lines stay as `make lock` wrote them."""
    left = dict(pins)
    lines: list[str] = []
    for line in text.splitlines():
        found = _parse(line)
        name = name_of(found) if found else ""
        before = sorted(other for other in left if other < name or not found)
        lines += [left.pop(other).line for other in before]
        lines.append(left.pop(name).line if name in left else line)
    return "".join(f"{line}\n" for line in [*lines, *(left[name].line for name in sorted(left))])


def replace_all(texts: Mapping[Path, str]) -> None:
    """Write files: first all of them beside their places, so that a full disk changes none."""
    written = []
    try:
        for path, text in texts.items():
            temporary = path.with_name(f".{path.name}.{os.getpid()}")
            written.append((temporary, path))
            temporary.write_text(text, encoding="utf-8")
        for temporary, path in written:
            temporary.replace(path)
    except OSError as error:
        for temporary, _ in written:
            temporary.unlink(missing_ok=True)
        raise RequirementError(f"{error.filename} can't be written: {error.strerror}") from None


def _requirements(file: Path) -> list[Requirement]:
    lines = file.read_text(encoding="utf-8-sig").splitlines() if file.is_file() else []
    return [requirement for requirement in map(_parse, lines) if requirement is not None]


def _parse(line: str) -> Requirement | None:
    """Return the requirement in a line, None for options, addresses, comments and what isn't one."""
    try:
        requirement = Requirement(_COMMENT.sub("", line).strip())
    except InvalidRequirement:
        return None
    return requirement if requirement.url is None else None
