"""Describes functions for `GET /lib` and the OpenAPI document: purpose, input and output.

Docstring and style are read from the source. A module is imported only if its handler is typed, as only the interpreter
knows its types, and only when a description is asked for.
"""

from __future__ import annotations

import ast
import inspect
import json
import logging
import threading
from dataclasses import asdict, dataclass
from typing import Any

from chalicelib.files import read_bytes
from chalicelib.functions.discovery import Function
from chalicelib.functions.loading import load
from chalicelib.functions.signature import is_lambda_style

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Broken:
    """Why a function can't be called: what its source or its import raises, and where, as far as that is known."""

    message: str
    file: str | None = None
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Description:
    """A function as the API shows it. Of a broken one, whose module cannot be imported, the schemas are None."""

    name: str
    description: str
    plugin: str | None
    input_schema: dict[str, Any] | None
    output_schema: dict[str, Any] | None
    error: Broken | None = None

    def to_json(self) -> dict[str, Any]:
        document: dict[str, Any] = {
            "name": self.name,
            "description": self.description,
            "plugin": self.plugin,
            "inputSchema": self.input_schema,
            "outputSchema": self.output_schema,
        }
        if self.error is not None:
            document["error"] = asdict(self.error)
        return document


def describe(function: Function, *, developing: bool) -> Description:
    """Describe a function; one that cannot be imported, as far as its source says, with the error.

    Args:
        function: The function.
        developing: Whether to import it even if its source says all that is described, to find out whether that works,
            and to say where it fails. In a deployed stage, only the log says that.
    """
    description = ""
    schemas: tuple[dict[str, Any], dict[str, Any]] = {"type": "object"}, {}
    try:
        description, lambda_style = _read_source(function)
        if developing or not lambda_style:
            signature = load(function).signature
            schemas = signature.input_schema, signature.output_schema
            json.dumps(schemas, allow_nan=False)  # one that is not JSON would break the whole answer
    except Exception as error:
        if developing:
            broken = _broken(function, error)
        else:
            _log.exception("%s can't be imported", function.path)
            broken = Broken("The function can't be imported. The log has the reason.")
        return Description(function.name, description, function.plugin, None, None, broken)
    return Description(function.name, description, function.plugin, *schemas)


def _broken(function: Function, error: Exception) -> Broken:
    from chalicelib.functions.failures import locate

    failure = locate(function, error)
    return Broken(failure.message, failure.file, failure.line)


_parsing = threading.Lock()  # Python 3.11 fails when two threads parse at the same time


def _read_source(function: Function) -> tuple[str, bool]:
    """Return the docstring of the handler or else the module, and whether it surely is `handler(event, context)`."""
    with _parsing:
        module = ast.parse(read_bytes(function.path), str(function.path))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    handler = next((n for n in module.body if isinstance(n, kinds) and n.name == "handler"), None)
    if handler is None:
        return ast.get_docstring(module) or "", False
    description = ast.get_docstring(handler) or ast.get_docstring(module) or ""
    arguments = handler.args
    only_positional = not (arguments.vararg or arguments.kwarg or arguments.kwonlyargs)
    names = [a.arg for a in [*arguments.posonlyargs, *arguments.args]]
    return inspect.cleandoc(description), only_positional and is_lambda_style(names)
