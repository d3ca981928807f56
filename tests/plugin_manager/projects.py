"""Projects with plugins, as files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from chalicelib.plugins import INDEX

HANDLER = "def handler(name: str = 'World') -> str:\n    return f'Hello {name}'\n"
FLOW = """\
name: {name}
steps:
  - {call}
"""


def write(folder: Path, files: dict[str, str]) -> Path:
    """Write files by their paths in `folder`."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def listed(root: Path, *entries: dict[str, Any]) -> None:
    """List plugins whose folders exist as installed, as `make plugins` does."""
    write(
        root,
        {str(INDEX): json.dumps({"format": 1, "plugins": [{"folder": f".plugins/{e['name']}", **e} for e in entries]})},
    )
