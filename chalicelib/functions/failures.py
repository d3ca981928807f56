"""Where a function failed, for whoever develops it: file, line and message, never sent to callers on AWS."""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import NamedTuple

from chalicelib.functions.discovery import Function, FunctionError, shown
from chalicelib.functions.loading import is_user_module
from chalicelib.functions.missing_modules import advice

MAX_MESSAGE = 1_000
"""Characters of an exception's message that are shown."""


class Failure(NamedTuple):
    """What a function raised, `Class: message`, and where; without a line if it was outside of the user's code."""

    message: str
    file: str
    line: int | None


def describe_failure(function: Function, error: BaseException) -> str:
    """Describe what `function` raised: `FILE, line N: Class: message`."""
    if isinstance(error, FunctionError) and error.__cause__ is None:  # names the file itself
        return str(error)
    message, file, line = locate(function, error)
    return f"{file}, line {line}: {message}" if line else f"{file}: {message}"


def describe_error(error: BaseException) -> str:
    """Describe what user code other than a function raised: `FILE, line N: Class: message`."""
    message = ": ".join(filter(None, (type(error).__name__, str(error)[:MAX_MESSAGE])))
    file, line = _place(error) or ("", None)
    return f"{shown(Path(file))}, line {line}: {message}" if line else message


def locate(function: Function, error: BaseException) -> Failure:
    """Return what `function` raised, and where.

    The place is the innermost one in the user's own code, which may be a module that the function imports. A failure
    outside of it, such as a result that JSON cannot express, is shown with the function's file only.
    """
    if isinstance(error, FunctionError):
        if error.__cause__ is None:
            return Failure(str(error), shown(function.path), None)
        error = error.__cause__
    file, line = _place(error) or (str(function.path), None)
    message = (error.msg if isinstance(error, SyntaxError) else str(error))[:MAX_MESSAGE]
    message += advice(function, error)
    name = type(error).__name__
    return Failure(f"{name}: {message}" if message else name, shown(Path(file)), line)


def _place(error: BaseException) -> tuple[str, int | None] | None:
    if isinstance(error, SyntaxError) and error.filename:  # of the module itself, whose code never ran
        return error.filename, error.lineno
    found = None
    for frame, line in traceback.walk_tb(error.__traceback__):
        in_file = not frame.f_code.co_filename.startswith("<")  # as of an annotation that is a string
        if in_file and is_user_module(frame.f_globals.get("__name__", "")):
            found = frame.f_code.co_filename, line
    return found
