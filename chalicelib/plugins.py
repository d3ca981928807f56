"""Which plugins are installed: each folder of `.plugins/`, laid out as a project is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from chalicelib.settings import PROJECT


@dataclass(frozen=True, slots=True)
class Plugin:
    """An installed plugin."""

    name: str
    folder: Path

    @property
    def functions(self) -> Path:
        return self.folder / "functions" / "lib"

    @property
    def flows(self) -> Path:
        return self.folder / "flows"


def installed(root: Path = PROJECT) -> tuple[Plugin, ...]:
    """The plugins of the project at `root`, by name."""
    folder = root / ".plugins"
    if not folder.is_dir():
        return ()
    return tuple(Plugin(entry.name, entry) for entry in sorted(folder.iterdir()) if entry.is_dir())
