"""The whole pipeline: files -> units (cached by content) -> project.

source -> model -> checks        one file on its own, `compiler.unit`
names -> checks -> compiled      all files together, `compiler.linker`
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from chalicelib import plugins
from chalicelib.files import read_text
from chalicelib.functions import Function, survey
from chalicelib.functions.discovery import UnreadableFunctionError
from chalicelib.settings import PROJECT
from compiler.cache import cache_of
from compiler.compiled import UNREADABLE, Project
from compiler.diagnostic import Diagnostic, Position, Severity
from compiler.extensions import extensions_of
from compiler.linker import LinkContext, link
from compiler.namespaces import Namespace, namespaces
from compiler.source import flow_name
from compiler.unit import compile_unit

SUFFIXES = (".yml", ".yaml")


def flow_files(root: Path = PROJECT) -> list[Path]:
    """Return the flow files of a project and of its plugins, sorted."""
    folders = [root / "flows", *(plugin.flows for plugin in plugins.installed(root))]
    return sorted(file for folder in folders if folder.is_dir() for file in _in_folder(folder))


def _in_folder(folder: Path) -> Iterator[Path]:
    # Whatever has such a name is meant to be a flow: if it can't be read, there is a finding that says so.
    for file in folder.rglob("*"):
        if file.suffix in SUFFIXES and not any(part.startswith(".") for part in file.relative_to(folder).parts):
            yield file


def compile_project(root: Path = PROJECT, files: Iterable[Path] | None = None, *, use_cache: bool = True) -> Project:
    """Compile and check flows. A broken one affects no other.

    Args:
        root: The project's folder.
        files: Compile only these files, among which names then resolve; every flow of the project by default.
        use_cache: Take the results for unchanged files from the cache in `.localcloud`.

    Returns:
        The compiled flows, the broken ones, and every finding in `diagnostics`.
    """
    root = Path(root).resolve()
    functions, problems = _functions(root)
    texts, unreadable = _read(root, flow_files(root) if files is None else files)
    owners = namespaces(plugins.installed(root), texts, root)
    extensions = extensions_of(root)
    flows = _flow_names(texts, functions.keys(), owners)
    if use_cache:
        units, compiled_count = cache_of(root).compile(texts, flows, extensions, all_files=files is None)
    else:
        shorthands, compiled_count = extensions.shorthands, len(texts)
        units = [compile_unit(path, text, flows[path], shorthands) for path, text in texts.items()]
    problems = [*problems, *unreadable, *extensions.problems]
    project = link(units, LinkContext(root, texts, functions, owners, extensions.checks, tuple(problems)))
    return replace(project, compiled_count=compiled_count)


def _read(root: Path, files: Iterable[Path]) -> tuple[dict[str, str], list[Diagnostic]]:
    """Read files: their contents by path, and what is wrong with those that can't be read."""
    texts: dict[str, str] = {}
    problems: list[Diagnostic] = []
    for file in files:
        path = _relative(Path(file), root)
        try:
            texts[path] = read_text(Path(file))
        except UnicodeDecodeError as error:
            problems.append(_not_utf8(path, error))
        except OSError as error:
            problems.append(Diagnostic(UNREADABLE, Severity.ERROR, f"Can't read the file: {error}.", path))
    return texts, problems


def _not_utf8(path: str, error: UnicodeDecodeError) -> Diagnostic:
    before = error.object[: error.start].decode("utf-8", "replace").removeprefix("\ufeff")
    line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
    message = f"Not valid UTF-8: unexpected byte 0x{error.object[error.start]:02x}."
    position = Position(line, column, line, column + 1)
    return Diagnostic(UNREADABLE, Severity.ERROR, message, path, position, hint="save the file as UTF-8")


def _resolved(path: str | Path) -> Path:
    path = Path(path)
    try:
        if path.is_symlink() and not path.exists():  # it leads nowhere, so that only its own name says which file it is
            return path.parent.resolve() / path.name
        return path.resolve()
    except (OSError, RuntimeError):  # it leads back to itself
        return path.parent.resolve() / path.name


def _flow_names(
    texts: Mapping[str, str], functions: Collection[str], owners: Mapping[str, Namespace]
) -> dict[str, frozenset[str]]:
    """Return the names that mean flows in the `steps:` of each file: known before any file is compiled."""
    found = {
        (owners[path].prefix if path in owners else "") + name
        for path, text in texts.items()
        if (name := flow_name(text))
    }
    everywhere = frozenset(found - set(functions))
    inside = {id(owner): (everywhere | owner.flows) - owner.functions for owner in owners.values() if owner.prefix}
    return {path: inside.get(id(owners.get(path)), everywhere) for path in texts}


def _functions(root: Path) -> tuple[dict[str, Function], list[Diagnostic]]:
    known, problems = survey(root)
    return known, [
        Diagnostic(
            UNREADABLE if isinstance(item, UnreadableFunctionError) else "function-clash",
            Severity.ERROR,
            str(item),
            "chalicelib/lib",
        )
        for item in problems
    ]


def _relative(file: Path, root: Path) -> str:
    file = _resolved(file)
    return (file.relative_to(root) if file.is_relative_to(root) else file).as_posix()


def files_of(paths: Iterable[str | Path]) -> set[Path]:
    """Return the flow files that `paths` refer to: files as they are, and those in folders.

    Raises:
        FileNotFoundError: A path does not exist.
    """
    found: set[Path] = set()
    for path in map(_resolved, paths):
        if not os.path.lexists(path):
            raise FileNotFoundError(f"{path} does not exist")
        found.update(_in_folder(path) if path.is_dir() else [])
        if not path.is_dir() or path.suffix in SUFFIXES:
            found.add(path)
    return found


def check_paths(paths: Iterable[str | Path] = (), root: Path = PROJECT) -> tuple[Diagnostic, ...]:
    """Return what is wrong with flows.

    The other flows of the project are compiled as well, so that names resolve as they do when deployed.

    Args:
        paths: The files or folders whose findings are returned; none means the whole project.
        root: The project's folder.

    Raises:
        FileNotFoundError: A path does not exist.
    """
    root = Path(root).resolve()
    wanted = list(paths)
    if not wanted:
        return compile_project(root).diagnostics
    files, chosen = set(flow_files(root)), files_of(wanted)
    names = {_relative(file, root) for file in chosen}
    return tuple(item for item in compile_project(root, sorted(files | chosen)).diagnostics if item.file in names)
