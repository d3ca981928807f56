#!/usr/bin/env python3
"""Write a new function and its test."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

if not __package__:  # run as a script: import from the project's folder instead of admin/
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from admin import scaffolding
from chalicelib.functions.discovery import survey

PARSER = argparse.ArgumentParser(description=__doc__)
PARSER.add_argument("name", help="the function's name: it is served at POST /lib/NAME")
PARSER.add_argument(
    "--event", action="store_true", help="write handler(event, context) as on Lambda, not typed parameters"
)
PARSER.add_argument("--plugin", type=Path, metavar="FOLDER", help="write it into this plugin instead of the project")


def create_function(name: str, *, event: bool = False, plugin: Path | None = None) -> list[Path]:
    """Write a function and its test into the project or a plugin.

    Args:
        name: The function's name.
        event: Whether the handler takes `(event, context)` instead of typed parameters.
        plugin: The plugin's folder; None for the project.

    Returns:
        The files that were written.

    Raises:
        scaffolding.ScaffoldError: The name is not valid, the files exist, or the folder is not a plugin.
    """
    if plugin is not None and not (plugin / "plugin.toml").is_file():
        raise scaffolding.ScaffoldError(f"{plugin} is not a plugin: it has no plugin.toml")
    folder = plugin or scaffolding.PROJECT
    if plugin is None:
        others = list(survey(folder)[0])
    else:
        others = [handler.parent.name for handler in plugin.glob("**/lib/*/handler.py")]
    files = scaffolding.function_files(name.rstrip("/"), event=event, plugin=plugin is not None, others=others)
    scaffolding.write(folder, files)
    return [folder / path for path in files]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the script and return its exit code."""
    arguments = PARSER.parse_args(argv)
    try:
        written = create_function(arguments.name, event=arguments.event, plugin=arguments.plugin)
    except (scaffolding.ScaffoldError, OSError) as error:
        return scaffolding.report(PARSER, error)
    print("\n".join(map(str, written)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
