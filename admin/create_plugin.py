#!/usr/bin/env python3
"""Write a new plugin: a function, a flow, their tests, CI and a README, in a git repository of its own."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

if not __package__:  # run as a script: the project's folder instead of admin/
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from admin import scaffolding

PARSER = argparse.ArgumentParser(description=__doc__)
PARSER.add_argument("name", help="the plugin's name, such as my-private-plugin, or a new folder of that name")
PARSER.add_argument("--folder", type=Path, help="where to write it (default: a folder of that name in this one)")


def create_plugin(name: str, folder: Path) -> None:
    """Write the plugin into the new folder `folder`.

    Raises:
        scaffolding.ScaffoldError: The name cannot be a plugin's, or the folder is not empty.
    """
    folder = folder.resolve()
    files = scaffolding.plugin_files(name, os.path.relpath(scaffolding.PROJECT, folder))
    if folder.is_dir() and any(folder.iterdir()):
        raise scaffolding.ScaffoldError(f"{folder} exists and is not empty")
    scaffolding.write(folder, files)
    git = shutil.which("git")
    if git is None:
        raise scaffolding.ScaffoldError(f"git is missing: {folder} is written, `git init` is left to do")
    clean = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}  # a hook may run this
    for arguments in (["init", "--quiet", "--initial-branch=main"], ["add", "--all"]):
        subprocess.run([git, *arguments], cwd=folder, env=clean, check=True)  # noqa: S603


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the script and returns its exit code."""
    arguments = PARSER.parse_args(argv)
    name = Path(arguments.name).name
    folder: Path = arguments.folder or Path(arguments.name)
    try:
        create_plugin(name, folder)
    except (scaffolding.ScaffoldError, OSError, subprocess.CalledProcessError) as error:
        return scaffolding.report(PARSER, error)
    print(f"""Written: {folder}, a git repository with everything staged.
  cd {folder}
  make lint typecheck test
  git commit -m "Initial commit"
  git remote add origin https://github.com/your-org/{name}.git && git push -u origin main
Then in the project's config.json: "git+https://${{GITHUB_TOKEN}}@github.com/your-org/{name}.git@main\"""")
    return 0


if __name__ == "__main__":
    sys.exit(main())
