"""What the user's functions import and the deployed package lacks, although it may be installed here."""

from __future__ import annotations

import ast
import functools
import importlib.metadata
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from packaging.utils import canonicalize_name

from chalicelib import plugins
from chalicelib.functions.missing_modules import command_for, package_of
from chalicelib.functions.other_names import PACKAGE
from chalicelib.settings import PROJECT
from infrastructure.requirements.files import read_lock

_ON_LAMBDA = frozenset({"boto3", "botocore", "chalice", "dateutil", "jmespath", "s3transfer", "six", "urllib3"})
"""What Lambda's runtime and the package bring: https://docs.aws.amazon.com/lambda/latest/dg/python-package.html"""
_OPTIONAL = frozenset({"ImportError", "ModuleNotFoundError", "Exception"})


def import_errors(root: Path = PROJECT) -> Iterator[str]:
    """Yield each import of the user's functions that fails on AWS: its package is not in `requirements.txt`.

    An import that fails here too when its file is imported is not among them: importing the function shows that.
    """
    pinned = set(read_lock(plugins.requirements_file(root)))
    own = {"app", "chalicelib", PACKAGE, *(path.stem for path in (root / "vendor").glob("*"))}
    library = root / "chalicelib" / "lib"
    for file in sorted(library.rglob("*.py")):
        for module, line, nested in _imports(file):
            top = module.partition(".")[0]
            if top in own or top in _ON_LAMBDA or top in sys.stdlib_module_names:
                continue
            packages = {canonicalize_name(name) for name in _installed().get(top, ())}
            where = f"{file.relative_to(root)}, line {line}"
            if not packages and nested and not _is_beside(file, top):
                yield f"{where}: {module} is not installed: run `{command_for(module)}`"
            elif packages and not packages & pinned:
                package = package_of(module) if package_of(module) in packages else min(packages)
                yield (
                    f"{where}: {module} is installed here and missing on AWS, as requirements.in does not have it: run "
                    f"`make add PACKAGE={package}`"
                )


@functools.cache
def _installed() -> Mapping[str, list[str]]:
    """Return the packages that are installed by the modules that they have. This reads the records of all of them."""
    return importlib.metadata.packages_distributions()


def _is_beside(file: Path, module: str) -> bool:
    return (file.parent / f"{module}.py").is_file() or (file.parent / module).is_dir()


def _imports(file: Path) -> Iterator[tuple[str, int, bool]]:
    """Yield the modules that a file needs, with the line, and whether they are imported only when a function is called.

    Imports that may fail (`try: ... except ImportError`) and those of type checkers are left out.
    """
    try:
        tree = ast.parse(file.read_bytes())
    except (SyntaxError, ValueError, OSError, RecursionError):
        return  # reported elsewhere
    yield from _of_statements(tree.body, nested=False)


def _of_statements(statements: Sequence[ast.AST], *, nested: bool) -> Iterator[tuple[str, int, bool]]:
    for statement in statements:
        if isinstance(statement, ast.Import):
            for alias in statement.names:
                yield alias.name, statement.lineno, nested
        elif isinstance(statement, ast.ImportFrom):
            if statement.module and not statement.level:
                yield statement.module, statement.lineno, nested
        elif not _is_optional(statement):
            inside = nested or isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef)
            yield from _of_statements(list(ast.iter_child_nodes(statement)), nested=inside)


def _is_optional(statement: ast.AST) -> bool:
    if isinstance(statement, ast.If):
        return "TYPE_CHECKING" in ast.dump(statement.test)
    if isinstance(statement, ast.Try):
        names = {node.id for handler in statement.handlers for node in _names(handler.type)}
        return bool(names & _OPTIONAL) or any(handler.type is None for handler in statement.handlers)
    return False


def _names(expression: ast.expr | None) -> list[ast.Name]:
    return [node for node in ast.walk(expression) if isinstance(node, ast.Name)] if expression else []
