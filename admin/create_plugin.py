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

if not __package__:  # run as a script: import from the project's folder instead of admin/
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from admin import scaffolding

PARSER = argparse.ArgumentParser(description=__doc__)
PARSER.add_argument("name", help="the plugin's name, or the path of a new folder of that name: ../my-private-plugin")
PARSER.add_argument("--folder", type=Path, help="the folder to write to, if its name is not the plugin's")


def create_plugin(name: str, folder: Path) -> None:
    """Write a plugin into a new folder, which becomes a git repository.

    Args:
        name: The plugin's name.
        folder: The folder. It must not exist, or be empty.

    Raises:
        scaffolding.ScaffoldError: The name is not valid, the folder is not empty, or git is not installed.
        subprocess.CalledProcessError: git failed.
    """
    folder = folder.resolve()
    files = scaffolding.plugin_files(name, folder)
    if folder.is_dir() and any(folder.iterdir()):
        raise scaffolding.ScaffoldError(f"{folder} exists and is not empty")
    scaffolding.write(folder, files)
    git = shutil.which("git")
    if git is None:
        raise scaffolding.ScaffoldError(f"{folder} is written, but git is not installed: install it and run `git init`")
    clean = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}  # a hook may run this
    for arguments in (["init", "--quiet", "--initial-branch=main"], ["add", "--all"]):
        subprocess.run([git, *arguments], cwd=folder, env=clean, check=True)  # noqa: S603


def warn_inside_project(name: str, folder: Path) -> None:
    """Warn if a plugin was written inside a clone of this project, where the two repositories would get mixed up."""
    project = scaffolding.surrounding_project(folder)
    if project is not None:
        outside = os.path.relpath(project.parent / name)
        print(
            f"warning: {folder} is inside {project}, whose git repository would pick it up. To keep the two apart, "
            f"delete it and write the plugin next to the project:\n"
            f"  rm -r {folder} && {sys.argv[0]} {name} --folder {outside}",
            file=sys.stderr,
        )


def main(argv: Sequence[str] | None = None) -> int:
    """Run the script and return its exit code."""
    arguments = PARSER.parse_args(argv)
    name = Path(arguments.name).name
    folder: Path = arguments.folder or Path(arguments.name)
    try:
        create_plugin(name, folder)
    except (scaffolding.ScaffoldError, OSError, subprocess.CalledProcessError) as error:
        return scaffolding.report(PARSER, error)
    print(f"""Created {folder}, a git repository with everything staged. Next:
  cd {folder}
  make lint typecheck test
  git commit -m "Initial commit"
  git remote add origin https://github.com/your-org/{name}.git && git push -u origin main
Then add it to the project's config.json: "git+https://${{GITHUB_TOKEN}}@github.com/your-org/{name}.git@main\"""")
    warn_inside_project(name, folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
