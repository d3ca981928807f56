"""The `handler` paths in flows, and the handlers of functions, inspected without importing them."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from chalicelib.files import read_bytes
from chalicelib.functions.signature import CONTEXT_NAMES, EVENT_NAMES

_PATH = re.compile(
    r"(?:(?:functions|chalicelib)/lib/)?(?P<name>[A-Za-z][\w-]*)/handler(?:\.py)?(?:\.(?P<attribute>\w+))?"
)
_NAME = re.compile(r"[A-Za-z][\w-]*")


def function_of_handler(handler: str) -> str | None:
    """Return the library function that a handler path refers to, or None if it is not a handler path.

    `functions/lib/X/handler.handler`, `chalicelib/lib/X/handler.handler` and `X` all mean `X`.
    """
    if _NAME.fullmatch(handler):
        return handler
    match = _PATH.fullmatch(handler)
    if match is None or match["attribute"] not in (None, "handler"):
        return None
    return match["name"]


@dataclass(frozen=True, slots=True)
class HandlerFault:
    """What is wrong with a function's file."""

    check: str
    message: str
    line: int = 1
    column: int = 1


def inspect_handler(file: Path) -> HandlerFault | None:
    """Return why the function in `file` can't be called, or None if it can. Nothing is imported."""
    try:
        stat = file.stat()
    except OSError:
        return HandlerFault("missing-handler", "the file does not exist")
    return _inspect(file, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=4096)
def _inspect(file: Path, mtime: int, size: int) -> HandlerFault | None:
    try:
        tree = ast.parse(read_bytes(file), filename=file.name)
    except OSError as error:
        return HandlerFault("missing-handler", f"the file can't be read: {error}")
    except (RecursionError, MemoryError):
        return HandlerFault("missing-handler", "the file is nested too deeply to be read")
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None) or 1
        return HandlerFault("missing-handler", f"the file is not valid Python: {error.args[0]}", line)
    found: ast.stmt | None = None
    for statement in tree.body:
        found = statement if _binds_handler(statement) else found
        if isinstance(statement, ast.If | ast.Try | ast.With):
            for inner in ast.walk(statement):
                if isinstance(inner, ast.stmt) and inner is not statement and _binds_handler(inner):
                    found = inner
    if found is None:
        return HandlerFault("missing-handler", "the file does not define `handler`")
    if isinstance(found, ast.FunctionDef | ast.AsyncFunctionDef):
        problem = _signature_problem(found)
        if problem:
            return HandlerFault("handler-signature", problem, found.lineno, found.col_offset + 1)
    return None


def _binds_handler(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return statement.name == "handler"
    if isinstance(statement, ast.Import | ast.ImportFrom):
        return any((alias.asname or alias.name) in ("handler", "*") for alias in statement.names)
    targets: list[ast.expr] = []
    if isinstance(statement, ast.Assign):
        targets = statement.targets
    elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
        targets = [statement.target]
    return any(
        isinstance(item, ast.Name) and item.id == "handler"
        for target in targets
        for item in (target.elts if isinstance(target, ast.Tuple | ast.List) else [target])
    )


def _signature_problem(function: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    """Return why it can be called neither with `(event, context)` nor with a JSON object's members by name."""
    if function.decorator_list:
        return ""  # a decorator decides what is called
    arguments = function.args
    positional = [*arguments.posonlyargs, *arguments.args]
    names = [argument.arg for argument in positional]
    first_two = len(names) >= 2 and (names[0] in EVENT_NAMES, names[1] in CONTEXT_NAMES)
    if first_two == (True, True) and len(names) > 2:
        return "`handler(event, context)` must not have more parameters"
    if len(names) == 2 and names[0] in CONTEXT_NAMES and names[1] in EVENT_NAMES:
        return "`handler(context, event)` has its parameters in the wrong order"
    if len(names) == 1 and names[0] in EVENT_NAMES and positional[0].annotation is None and not arguments.kwonlyargs:
        return "`handler(event)` lacks the second parameter, `context`"
    if arguments.vararg and names:
        return f"`handler` has `*{arguments.vararg.arg}`, which a JSON object can't fill by name"
    return ""
