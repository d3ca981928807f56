"""Checks the user's functions and settings in seconds, without AWS: `python -m infrastructure.check`.

`make check` runs it. Flows are checked by `python -m compiler check`. All mistakes are reported, not only the first.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

from chalicelib.functions.discovery import survey
from chalicelib.functions.failures import describe_failure
from chalicelib.functions.loading import import_function
from chalicelib.names import Names
from chalicelib.settings import PROJECT, settings
from compiler import compile_project
from compiler.permissions.function_role import FILE, granted_statements
from compiler.permissions.granted import PermissionsError
from infrastructure.errors import DeploymentError
from infrastructure.requirements.files import SHIPPED, WANTED, name_of, read_lock, unpinned
from infrastructure.requirements.imports import import_errors
from infrastructure.stage import StageError


def main() -> int:
    """Print what is wrong with the project, and return the exit code."""
    # A module may create a client on import; as on Lambda, it has a region then.
    os.environ.setdefault("AWS_DEFAULT_REGION", settings.region)
    errors = [*function_errors(), *permission_errors(), *stage_errors(), *requirement_errors(), *import_errors()]
    for error in errors:
        print(f"error: {error}")
    count = len(survey(PROJECT)[0])
    print(f"{count} functions, permissions, stages and requirements: {len(errors) or 'no'} errors")
    return 1 if errors else 0


def function_errors(root: Path = PROJECT) -> Iterator[str]:
    """Yield what prevents the import of functions of the project at `root`. Their names are checked with the flows."""
    own = [function for function in survey(root)[0].values() if function.plugin is None]
    unreadable = dict(_syntax_errors(root / "chalicelib" / "lib", root))
    yield from unreadable.values()
    for function in own:
        if function.path in unreadable:
            continue
        try:
            import_function(function)
        except Exception as error:
            shared_file = isinstance(error, SyntaxError) and Path(error.filename or "") in unreadable
            if not shared_file and not _lacks_a_variable(error):
                yield describe_failure(function, error)


def _syntax_errors(library: Path, root: Path) -> Iterator[tuple[Path, str]]:
    """Yield every Python file that cannot be compiled, whether a function imports it or not."""
    for file in sorted(library.rglob("*.py")):
        try:
            compile(file.read_bytes(), str(file), "exec", dont_inherit=True)
        except (SyntaxError, ValueError) as error:
            line = f", line {error.lineno}" if isinstance(error, SyntaxError) and error.lineno else ""
            message = error.msg if isinstance(error, SyntaxError) else str(error)
            yield file, f"{file.relative_to(root)}{line}: {type(error).__name__}: {message}"


def _lacks_a_variable(error: BaseException) -> bool:
    """Whether the module reads an environment variable on import that is not set here, such as a secret."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return isinstance(error, KeyError) and trace is not None and trace.tb_frame.f_globals.get("__name__") == "os"


def permission_errors(root: Path = PROJECT) -> Iterator[str]:
    """Yield what is wrong with `lambda-permissions.yml`."""
    try:
        granted_statements(root / FILE, Names(stage="local", region="us-east-1", account="123456789012"))
    except PermissionsError as error:
        yield str(error)
    except (OSError, UnicodeDecodeError) as error:
        yield f"{FILE}: {error}"


def stage_errors(root: Path = PROJECT) -> Iterator[str]:
    """Yield what is wrong with the stages, and the names that would be too long on AWS in one of them."""
    try:
        from infrastructure.stages import DEFAULT_STAGE, STAGES
        from infrastructure.synthesis import checked_flows

        if DEFAULT_STAGE not in STAGES:
            yield f"infrastructure/stages.py: the default stage {DEFAULT_STAGE!r} is not among the stages"
    except Exception as error:
        line = error.lineno if isinstance(error, SyntaxError) else _line_of(error, "stages.py")
        message = error.msg if isinstance(error, SyntaxError) else str(error)
        yield f"infrastructure/stages.py{f', line {line}' if line else ''}: {type(error).__name__}: {message}"
        return
    flows = compile_project(root)
    for stage in STAGES.values():
        try:
            stage.check()
            checked_flows(stage, root, flows)
        except (StageError, DeploymentError) as error:
            yield from str(error).splitlines()


def _line_of(error: BaseException, name: str) -> int | None:
    found, trace = None, error.__traceback__
    while trace is not None:
        if Path(trace.tb_frame.f_code.co_filename).name == name:
            found = trace.tb_lineno
        trace = trace.tb_next
    return found


def requirement_errors(root: Path = PROJECT) -> Iterator[str]:
    """Yield the packages of `requirements.in` that `requirements.txt` does not have, or has at another version."""
    pins = read_lock(root / SHIPPED)
    for requirement in sorted(unpinned(root), key=name_of):
        pin = pins.get(name_of(requirement))
        if pin is None:
            yield f"{WANTED}: {name_of(requirement)} is not in {SHIPPED}: run `make lock`"
        else:
            yield f"{WANTED}: {requirement} does not allow {pin.constraint} of {SHIPPED}: run `make lock`"


if __name__ == "__main__":
    sys.exit(main())
