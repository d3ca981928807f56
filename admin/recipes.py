"""List the recipes of docs/cookbook, or copy one into the project: functions, flows and tests.

Only the standard library is needed. `make recipe NAME=saga` runs it.
"""

from __future__ import annotations

import argparse
import difflib
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from admin.scaffolding import PROJECT, ScaffoldError, report, write

COOKBOOK = PROJECT / "docs" / "cookbook"

PARSER = argparse.ArgumentParser(prog="recipes", description=__doc__.splitlines()[0])
PARSER.add_argument("name", nargs="?", help="the recipe to copy; without it, list all")


def recipes() -> dict[str, str]:
    """Return what each recipe solves, by its name: the heading of its page."""
    return {
        page.parent.name: page.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ")
        for page in sorted(COOKBOOK.glob("*/README.md"))
    }


def recipe_files(name: str) -> dict[str, str]:
    """Return the files of a recipe.

    Args:
        name: The recipe's name.

    Returns:
        Their contents by their path in a project.

    Raises:
        ScaffoldError: There is no such recipe.
    """
    known = recipes()
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {near[0]}?" if near else f"the recipes are {', '.join(known)}"
        raise ScaffoldError(f"there is no recipe {name!r}: {hint}")
    return {target: source.read_text(encoding="utf-8") for source, target in _targets(COOKBOOK / name)}


def _targets(recipe: Path) -> Iterator[tuple[Path, str]]:
    """Yield the files of a recipe and where each belongs in a project."""
    functions = recipe / "functions"
    for source in sorted(functions.rglob("*.py")):
        yield source, f"chalicelib/lib/{source.relative_to(functions).as_posix()}"
    for source in sorted(recipe.glob("flows/*.yml")):
        yield source, f"flows/{source.name}"
    for source in sorted(recipe.glob("test_*.py")):
        yield source, f"tests/own/{source.name}"


def copy_recipe(name: str, project: Path) -> list[str]:
    """Copy a recipe into a project.

    Args:
        name: The recipe's name.
        project: The project's folder.

    Returns:
        The paths of the files in the project.

    Raises:
        ScaffoldError: There is no such recipe, or files exist that it would overwrite; nothing is copied.
    """
    files = recipe_files(name)
    write(project, files)
    return list(files)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    arguments = PARSER.parse_args(argv)
    if arguments.name is None:
        known = recipes()
        width = max(map(len, known))
        print("\n".join(f"{name.ljust(width)}  {title}" for name, title in known.items()))
        print("\nCopy one into the project with make recipe NAME=...; docs/cookbook/NAME/README.md explains it.")
        return 0
    try:
        written = copy_recipe(arguments.name, PROJECT)
    except (ScaffoldError, OSError) as error:
        return report(PARSER, error)
    tests = " ".join(path for path in written if path.startswith("tests/"))
    print("\n".join(written))
    print(f"\nRun its tests with make test ARGS={tests}; docs/cookbook/{arguments.name}/README.md says how to try it.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
