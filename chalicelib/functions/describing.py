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
from dataclasses import dataclass
from typing import Any

from chalicelib.files import read_bytes
from chalicelib.functions.discovery import Function
from chalicelib.functions.loading import load
from chalicelib.functions.signature import is_lambda_style

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Description:
    """A function as the API shows it. The schemas are None if its module cannot be imported."""

    name: str
    description: str
    plugin: str | None
    input_schema: dict[str, Any] | None
    output_schema: dict[str, Any] | None

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "description": self.description,
            "plugin": self.plugin,
            "inputSchema": self.input_schema,
            "outputSchema": self.output_schema,
        }


def describe(function: Function) -> Description:
    """Describe a function; one that cannot be imported, as far as its source says."""
    try:
        description, lambda_style = _read_source(function)
    except (SyntaxError, ValueError, OSError, RecursionError):
        return Description(function.name, "", function.plugin, None, None)
    if lambda_style:
        return Description(function.name, description, function.plugin, {"type": "object"}, {})
    try:
        signature = load(function).signature
        schemas = signature.input_schema, signature.output_schema
        json.dumps(schemas, allow_nan=False)  # one that is not JSON would break the whole answer
        return Description(function.name, description, function.plugin, *schemas)
    except Exception:
        _log.exception("The schemas of %s could not be generated", function.path)
        return Description(function.name, description, function.plugin, None, None)


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
