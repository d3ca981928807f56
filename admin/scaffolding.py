"""Writes the files of new functions and plugins from `templates`."""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from admin import templates
from chalicelib import APP_NAME
from chalicelib.functions.discovery import name_problem, resource_name

PROJECT = Path(__file__).resolve().parent.parent
_STAGE = 10
"""The longest name of a stage, in characters, that the generated names leave room for."""
FUNCTION_LETTERS = 64 - len(f"{APP_NAME}--")
"""What AWS leaves for the names of stage and function: `<app>-<stage>-<function>` has at most 64 characters."""
FLOW_LETTERS = 80 - len(f"{APP_NAME}--")
"""The same for the names of stage and flow: a state machine's name has at most 80 characters."""
_PLUGIN = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")


class ScaffoldError(Exception):
    """Why the files cannot be written, in one line."""


def plugin_files(name: str, folder: Path) -> dict[str, str]:
    """Render the files of a new plugin.

    Args:
        name: The plugin's name.
        folder: The folder that it will be written to.

    Returns:
        The contents of the files by their path in the folder.

    Raises:
        ScaffoldError: The name is not valid.
    """
    if not _PLUGIN.fullmatch(name):
        raise ScaffoldError(
            f"{name!r} cannot be the name of a plugin: use a letter first, then letters, digits, hyphens and "
            "underscores; at most 64"
        )
    words = [word for word in re.split("[-_]", name) if word]
    function = _fitting([word.lower() for word in words], "_", "_greet", FUNCTION_LETTERS - _STAGE)
    camel = [words[0][:1].lower() + words[0][1:], *(word[:1].upper() + word[1:] for word in words[1:])]
    flow = _fitting(camel, "", "Flow", FLOW_LETTERS - _STAGE)
    folder = folder.resolve()
    values = {
        "PLUGIN": name,
        "FUNCTION": function,
        "FLOW": flow,
        "FRAMEWORK": os.path.relpath(PROJECT, folder),
        "FOLDER": _entry(folder),
        "VERSION": framework_version(),
        "SUMMARY": "Greets somebody.",
        "RESULT": templates.TYPED_RESULT,
    }
    contents = {
        "plugin.toml": templates.PLUGIN_TOML,
        "requirements.txt": templates.REQUIREMENTS,
        f"lib/{function}/handler.py": templates.TYPED_HANDLER,
        f"flows/{flow}.yml": templates.FLOW,
        f"tests/test_{function}.py": templates.PLUGIN_FUNCTION_TEST,
        f"tests/test_{flow}.py": templates.FLOW_TEST,
        "pyproject.toml": templates.PYPROJECT,
        "Makefile": templates.MAKEFILE,
        ".github/workflows/test.yml": templates.WORKFLOW,
        "README.md": templates.README,
        ".gitignore": templates.GITIGNORE,
    }
    return {path: _fill(template, values) for path, template in contents.items()}


def function_files(name: str, *, event: bool, plugin: bool, others: Collection[str] = ()) -> dict[str, str]:
    """Render the handler and the test of a new function.

    Args:
        name: The function's name.
        event: Whether the handler takes `(event, context)` instead of typed parameters.
        plugin: Whether it belongs to a plugin instead of the project.
        others: The functions that exist already.

    Returns:
        The contents of the files by their path in the project or plugin.

    Raises:
        ScaffoldError: The name is not valid, or is the same as another function's on AWS.
    """
    problem = name_problem(name)
    if not problem and len(name) >= FUNCTION_LETTERS:
        problem = (
            f"{name!r} cannot be the name of a function: it has {len(name)} characters, and AWS leaves "
            f"{FUNCTION_LETTERS} for stage and function; {FUNCTION_LETTERS - _STAGE} fit any stage"
        )
    if problem:
        raise ScaffoldError(problem)
    same = next((other for other in others if other != name and resource_name(other) == resource_name(name)), None)
    if same is not None:
        raise ScaffoldError(f"{name!r} and the function {same!r} would have the same name on AWS: choose another name")
    python_name = name.replace("-", "_")
    values = {
        "FUNCTION": name,
        "SUMMARY": "What this function does, in a sentence.",
        "RESULT": templates.EVENT_RESULT if event else templates.TYPED_RESULT,
    }
    library, tests = ("lib", "tests") if plugin else ("chalicelib/lib", "tests/own")
    contents = {
        f"{library}/{name}/handler.py": templates.EVENT_HANDLER if event else templates.TYPED_HANDLER,
        f"{tests}/test_{python_name}.py": templates.PLUGIN_FUNCTION_TEST if plugin else templates.PROJECT_TEST,
    }
    return {path: _fill(template, values) for path, template in contents.items()}


def write(folder: Path, files: Mapping[str, str]) -> None:
    """Write new files.

    Args:
        folder: Where to write them.
        files: Their contents by their path in the folder.

    Raises:
        ScaffoldError: Some of them exist; none is written.
    """
    existing = [str(folder / path) for path in files if os.path.lexists(folder / path)]
    if existing:
        raise ScaffoldError(f"{', '.join(existing)} already {'exists' if len(existing) == 1 else 'exist'}")
    for path, content in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(content, encoding="utf-8")


def surrounding_project(folder: Path) -> Path | None:
    """Return the clone of this project that contains `folder`, or None."""
    return next((parent for parent in folder.resolve().parents if (parent / "admin/create_plugin.py").is_file()), None)


def framework_version() -> str:
    """Return the version of the framework, from its `pyproject.toml`."""
    match = re.search(r'^version = "(.+)"$', (PROJECT / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE)
    return match[1] if match else "0"


def report(parser: argparse.ArgumentParser, error: Exception) -> int:
    """Print an error in one line, and return the exit code."""
    print(f"{parser.prog}: {error}", file=sys.stderr)
    return 1


def _entry(folder: Path) -> str:
    """Return the path of a folder as this project's `config.json` has to name it."""
    path = os.path.relpath(folder, PROJECT)
    return path if path.startswith("..") else f"./{path}"


def _fitting(words: Sequence[str], between: str, end: str, letters: int) -> str:
    """Join as many of the words as fit, and append `end`."""
    for count in range(len(words), 0, -1):
        name = between.join(words[:count]) + end
        if len(name) <= letters:
            return name
    return words[0][: letters - len(end)] + end


def _fill(template: str, values: Mapping[str, str]) -> str:
    return re.sub(r"__([A-Z]+)__", lambda match: values.get(match[1], match[0]), template)
