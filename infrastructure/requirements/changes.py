"""Adds and removes packages: everything is checked before the first file changes, and no other pin moves."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from infrastructure.package import application_files, size_warning
from infrastructure.requirements.errors import RequirementError
from infrastructure.requirements.files import (
    LOCAL,
    LOCKS,
    SHIPPED,
    WANTED,
    Pin,
    all_pins,
    name_of,
    read_locks,
    read_wanted,
    replace_all,
    unpinned,
    with_pins,
    with_requirements,
    without_packages,
)
from infrastructure.requirements.lambda_wheels import Size, check_wheels
from infrastructure.requirements.resolving import Resolved, install, resolve

PROVIDED = frozenset({"boto3", "botocore", "chalice"})
"""Packages that functions can import on Lambda without requiring them."""

Say = Callable[[str], None]


def add(root: Path, packages: Iterable[Requirement], say: Say) -> None:
    """Require packages, pin them, and install them.

    Args:
        root: The project's folder.
        packages: What is to be required.
        say: Receives what was done, a line at a time.

    Raises:
        RequirementError: One can't be added; no file has been changed.
    """
    wanted, locks = read_wanted(root / WANTED), read_locks(root)
    new = []
    for package in packages:
        name = name_of(package)
        present = wanted.get(name)
        if name in PROVIDED:
            say(f"{name} is there already, here and on Lambda: import it without adding it.")
        elif present is None:
            new.append(package)
        elif str(present) == str(package) or not (package.specifier or package.extras - present.extras):
            pin = locks[SHIPPED].get(name)
            say(f"{name} is in {WANTED} already{f', pinned to {pin.version}' if pin else ''}.")
        else:
            raise RequirementError(
                f"{name} is in {WANTED} already, as `{present}`: to change it, edit that line and run `make lock`"
            )
    if new:
        text = with_requirements(_read(root / WANTED), new)
        _pin(root, new, say, {root / WANTED: text})


def install_pinned(root: Path, say: Say) -> None:
    """Install what the locks of `make run` pin and this Python does not have.

    Raises:
        RequirementError: pip cannot install one.
    """
    locks = read_locks(root)
    here = all_pins({lock: locks[lock] for lock in (SHIPPED, LOCAL)})
    missing = [pin for pin in here.values() if pin.applies and _version(pin.name) != pin.version]
    if missing:
        replaced = [pin.name for pin in missing if _version(pin.name)]
        install(missing, here)
        say(f"Installed {', '.join(f'{pin.name} {pin.version}' for pin in missing)}.")
        if replaced:
            say(f"The local cloud itself uses the new {', '.join(replaced)} after a restart.")


def pin_missing(root: Path, say: Say) -> None:
    """Pin and install what `requirements.in` has and `requirements.txt` lacks, such as a line written by hand.

    Raises:
        RequirementError: One can't be pinned; no file has been changed.
    """
    missing = unpinned(root)
    if not missing:
        return
    pins = read_locks(root)[SHIPPED]
    for requirement in missing:
        pin = pins.get(name_of(requirement))
        if pin is not None:
            raise RequirementError(
                f"{WANTED} has `{requirement}`, and {SHIPPED} pins {pin.version}: run `make lock` to move it"
            )
    _pin(root, missing, say, {})


def remove(root: Path, names: Iterable[str], say: Say) -> None:
    """No longer require packages, nor what only they needed. They stay installed until `make clean`.

    Raises:
        RequirementError: A package is not in `requirements.in`.
    """
    gone = {canonicalize_name(name) for name in names}
    wanted = read_wanted(root / WANTED)
    for name in sorted(gone - set(wanted)):
        why = (
            "it is pinned because another package needs it"
            if name in all_pins(read_locks(root))
            else "nothing to remove"
        )
        raise RequirementError(f"{name} is not in {WANTED}: {why}")
    texts = {root / WANTED: without_packages(_read(root / WANTED), gone)}
    candidates = _needed_by(wanted[name] for name in gone)
    removed: set[str] = set()
    for lock, pins in read_locks(root).items():
        needed = _needed_by(requirement for requirement in _required(root, lock) if name_of(requirement) not in gone)
        if any(name in needed and _distribution(name) is None for name in pins):
            needed |= candidates - gone  # what is not installed may need anything
        unneeded = {name for name in pins if name in candidates and name not in needed}
        removed |= unneeded
        texts[root / lock] = without_packages(_read(root / lock), unneeded)
    replace_all(texts)
    say(f"Removed {', '.join(sorted(removed | gone))}.")


def _pin(root: Path, wanted: list[Requirement], say: Say, texts: Mapping[Path, str]) -> None:
    """Resolve, check, install and then write: the lines of locks, and `texts`."""
    locks = read_locks(root)
    pins = all_pins(locks)
    found = resolve(wanted, pins)
    new = {name: resolved for name, resolved in found.items() if name not in locks[SHIPPED]}
    size = check_wheels(new.values(), _architectures())
    install([resolved.pin for resolved in new.values()], pins)
    for lock in LOCKS:
        if (root / lock).is_file():
            changed = {name: pin for name, pin in _merged(locks[lock], found).items() if pin != locks[lock].get(name)}
            texts = {**texts, root / lock: with_pins(_read(root / lock), changed)}
    replace_all(texts)
    say(f"Added {', '.join(f'{name} {resolved.pin.version}' for name, resolved in new.items())}.")
    total = size + _installed_size(locks[SHIPPED]) + _application_size(root)
    warning = size_warning(total.zipped, total.unzipped)
    if warning:
        say(warning)


def _merged(pins: Mapping[str, Pin], found: Mapping[str, Resolved]) -> dict[str, Pin]:
    """Return what a lock's pins are with those that were found: new ones, and extras of those that are there."""
    merged = {}
    for name, resolved in found.items():
        before = pins.get(name)
        extras = resolved.pin.extras | (before.extras if before else frozenset())
        merged[name] = Pin(name, resolved.pin.version, extras, before.marker if before else "")
    return merged


def _installed_size(pins: Iterable[str]) -> Size:
    """Return about how large packages are, by the record of their files here."""
    files = [file for name in pins if (found := _distribution(name)) for file in found.files or ()]
    total = sum(file.size or 0 for file in files if file.suffix != ".pyc")
    return Size(total, total * 2 // 5)


def _application_size(root: Path) -> Size:
    total = sum(path.stat().st_size for path in application_files(root).values())
    return Size(total, total // 3)  # source code, which is compressed to less than a third


def _architectures() -> set[str]:
    """Return the processors of all stages."""
    try:
        from infrastructure.stages import STAGES

        return {str(stage.architecture) for stage in STAGES.values()}
    except Exception as error:  # the user's file
        raise RequirementError(f"infrastructure/stages.py can't be read: {error}; `make check` says where") from None


def _required(root: Path, lock: str) -> list[Requirement]:
    """Return what a lock's `.in` file requires, with the files that it includes."""
    included = LOCKS[: LOCKS.index(lock) + 1]
    return [found for file in included for found in read_wanted(root / file.replace(".txt", ".in")).values()]


def _needed_by(requirements: Iterable[Requirement]) -> set[str]:
    """Return the names of packages and of all that they need, by the metadata of what is installed."""
    seen: set[tuple[str, str]] = set()  # with an extra, or the empty string for the package itself
    pending = list(requirements)
    while pending:
        requirement = pending.pop()
        name = name_of(requirement)
        for extra in {"", *requirement.extras}:
            if (name, extra) in seen:
                continue
            seen.add((name, extra))
            found = _distribution(name)
            for need in map(Requirement, (found.requires or ()) if found else ()):
                if need.marker is None or need.marker.evaluate({"extra": extra}):
                    pending.append(need)
    return {name for name, _ in seen}


def _distribution(name: str) -> importlib.metadata.Distribution | None:
    try:
        return importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _version(name: str) -> str | None:
    found = _distribution(name)
    return found.version if found else None


def _read(file: Path) -> str:
    return file.read_text(encoding="utf-8-sig") if file.is_file() else ""
