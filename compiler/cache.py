"""The cache of compiled units between runs, by the content of their files.

Each project has one JSON file, which is always replaced as a whole: of simultaneous runs the last one wins, and a
missing entry is compiled again. A key covers the content of the file, the code of the compiler and whatever else the
unit depends on, so that a stale entry is never found. The format is JSON, not pickle: loading a file from elsewhere is
harmless.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, fields
from functools import cache
from hashlib import blake2b
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import asl.language
from compiler.diagnostic import Diagnostic, Position, Severity
from compiler.extensions import Extensions
from compiler.model import build_flow
from compiler.permissions import Statement
from compiler.silencing import Silence
from compiler.unit import Unit, compile_unit

_log = logging.getLogger(__name__)

CACHE_FILE = Path(".localcloud", "cache", "flows.json")
_KEPT_ROOTS = 16


class UnitCache:
    """The cache of one project. Thread-safe."""

    def __init__(self, root: Path) -> None:
        self._file = root / CACHE_FILE
        self._lock = threading.Lock()
        self._units: dict[str, tuple[str, Unit]] | None = None
        self._encoded: dict[str, Any] = {}
        self._warned = False

    def compile(
        self, texts: Mapping[str, str], flows: Mapping[str, frozenset[str]], extensions: Extensions, *, all_files: bool
    ) -> tuple[list[Unit], int]:
        """Return the units of files, compiling those that are not in the cache.

        Args:
            texts: The content of each file by its path.
            flows: For each file, the names that mean flows in its `steps:`.
            extensions: What plugins add to the compiler.
            all_files: Whether these are all files of the project; if so, other entries are dropped.

        Returns:
            The units, and how many of them were compiled.
        """
        with self._lock:
            if self._units is None:
                self._units = self._read()
            known = self._units
            names = {known: ",".join(sorted(known)) + extensions.key for known in set(flows.values())}
            units: dict[str, tuple[str, Unit]] = {}
            compiled = 0
            for path, text in texts.items():
                key = _key(path, text, names[flows[path]] if "steps" in text else "")
                entry = known.get(path)
                if entry is None or entry[0] != key:
                    entry = (key, compile_unit(path, text, flows[path], extensions.shorthands))
                    compiled += 1
                units[path] = entry
            kept = units if all_files else {**known, **units}
            if compiled or len(kept) != len(known):
                self._units = kept
                self._write(kept.values())
            return [unit for _, unit in units.values()], compiled

    def _read(self) -> dict[str, tuple[str, Unit]]:
        try:
            content = json.loads(self._file.read_bytes())
            if content["version"] != _version():
                return {}
            self._encoded = content["units"]
            return {entry["path"]: (key, _decode(entry)) for key, entry in self._encoded.items()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return {}

    def _write(self, entries: Iterable[tuple[str, Unit]]) -> None:
        known = self._encoded
        self._encoded = {key: known.get(key) or _encode(unit) for key, unit in entries}
        temporary = self._file.with_name(f".{self._file.name}.{os.getpid()}.{threading.get_ident()}")
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            content = json.dumps({"version": _version(), "units": self._encoded}, separators=(",", ":"))
            temporary.write_text(content, encoding="utf-8")
            temporary.replace(self._file)
        except OSError as error:  # an unwritable folder only costs time
            if not self._warned:
                self._warned = True
                _log.warning(
                    "Can't write the compiler's cache %s (%s): make its folder writable, or make room. Until then, "
                    "flows are compiled again in every process.",
                    self._file,
                    error.strerror,
                )
            with suppress(OSError):
                temporary.unlink(missing_ok=True)


def cache_of(root: Path) -> UnitCache:
    """Return the cache of the project at `root`; the same one for the whole process."""
    with _lock:
        if root not in _caches and len(_caches) >= _KEPT_ROOTS:
            _caches.pop(next(iter(_caches)))
        return _caches.setdefault(root, UnitCache(root))


def forget_caches() -> None:
    """Clear the caches in memory, but not those on disk."""
    with _lock:
        _caches.clear()


_caches: dict[Path, UnitCache] = {}
_lock = threading.Lock()


def _key(path: str, text: str, names: str) -> str:
    content = f"{path}\0{names}\0{text}"
    return blake2b(content.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


@cache
def _version() -> str:
    """Return what changes with the code of the compiler, with its knowledge of AWS, and with the Python version."""
    digest = blake2b(sys.version.encode(), digest_size=16)
    files = [
        file
        for folder in (*asl.language.__path__, str(Path(__file__).parent))
        for file in sorted(Path(folder).rglob("*.py"))
    ]
    botocore = find_spec("botocore")
    if botocore is not None and botocore.origin is not None:  # its API models list the actions
        files.append(Path(botocore.origin))
    for file in files:
        with suppress(OSError):
            stat = file.stat()
            digest.update(f"{file}\0{stat.st_mtime_ns}\0{stat.st_size}\0".encode())
    return digest.hexdigest()


def _encode(unit: Unit) -> dict[str, Any]:
    encoded = {field.name: getattr(unit, field.name) for field in fields(Unit)}
    encoded["flow"] = None
    encoded["statements"] = [asdict(item) for item in unit.statements]
    encoded["diagnostics"] = [asdict(item) for item in unit.diagnostics]
    encoded["silences"] = [asdict(item) for item in unit.silences]
    return encoded


def _decode(entry: dict[str, Any]) -> Unit:
    head = entry["head"]
    flow = None if head is None else build_flow({**head, "definition": json.loads(entry["text"])})
    return Unit(
        **{
            **entry,
            "flow": flow,
            "placeholders": tuple(entry["placeholders"]),
            "statements": tuple(_statement(item) for item in entry["statements"]),
            "diagnostics": tuple(_diagnostic(item) for item in entry["diagnostics"]),
            "silences": tuple(
                Silence(**{**item, "checks": tuple(item["checks"]), "position": Position(**item["position"])})
                for item in entry["silences"]
            ),
        }
    )


def _statement(item: dict[str, Any]) -> Statement:
    return Statement(**{**item, "actions": tuple(item["actions"]), "resources": tuple(item["resources"])})


def _diagnostic(item: dict[str, Any]) -> Diagnostic:
    return Diagnostic(**{**item, "severity": Severity(item["severity"]), "position": Position(**item["position"])})
