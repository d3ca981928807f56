"""`plugins.lock`: exactly what is installed, for everyone. Commit it; never edit it.

It records for each plugin where it comes from (without credentials), the commit, the hash of its files, and the hash of
the permissions and hooks that somebody agreed to.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from chalicelib.files import read_bytes
from chalicelib.plugins import FOLDER
from plugin_manager.errors import PluginError

LOCK = "plugins.lock"
FORMAT = 1


@dataclass(frozen=True, slots=True)
class Locked:
    """A plugin in the lock.

    `source` is its address without credentials. `commit` is None unless it comes from git; `content` is the hash of its
    files; `consent` is the hash of what was agreed to, or None if nothing was asked for.
    """

    name: str
    source: str
    ref: str | None
    commit: str | None
    version: str
    content: str
    consent: str | None


def read_lock(root: Path) -> dict[str, Locked]:
    """Read the lock of the project at `root`, by source.

    Raises:
        PluginError: The file is damaged, or has a newer format.
    """
    try:
        document = json.loads(read_bytes(root / LOCK))
        if document["format"] != FORMAT:
            raise PluginError(
                f"{LOCK} has format {document['format']}, but this version reads format {FORMAT}: update the framework"
            )
        found = [Locked(**entry) for entry in document["plugins"]]
        if not all(map(_is_sound, found)):
            raise ValueError("an entry has a value of the wrong type")
        return {entry.source: entry for entry in found}
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise PluginError(f"{LOCK} can't be read: {error}") from None
    except (ValueError, KeyError, TypeError, RecursionError):
        raise PluginError(
            f"{LOCK} is damaged: restore it (`git checkout {LOCK}`), or delete it and run `make plugins`"
        ) from None


def _is_sound(entry: Locked) -> bool:
    values = asdict(entry)
    optional = [values.pop(name) for name in ("ref", "commit", "consent")]
    required = [*values.values(), *(value for value in optional if value is not None)]
    return all(isinstance(value, str) for value in required) and "/" not in entry.name


def write_lock(root: Path, plugins: list[Locked]) -> bool:
    """Write the lock if it changes, and return whether it did. Without plugins there is no lock."""
    target = root / LOCK
    before = target.read_text(encoding="utf-8") if target.is_file() else None
    if not plugins:
        target.unlink(missing_ok=True)
        return before is not None
    document = {"format": FORMAT, "plugins": [asdict(entry) for entry in sorted(plugins, key=lambda p: p.name)]}
    text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    if text != before:
        temporary = root / FOLDER / f".{LOCK}.{os.getpid()}"
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(target)
    return text != before
