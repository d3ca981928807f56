"""Compiles paths into functions of a scope."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from asl.language.errors import RUNTIME, ExpressionError
from asl.language.jsonpath.missing import explain_missing
from asl.language.jsonpath.parser import parse_path
from asl.language.jsonpath.selectors import MAX_NODES, TooManyNodes, compile_step, effort
from asl.language.jsonpath.syntax import Children, Descendants, Indices, Path, Root
from asl.language.scope import MISSING, Scope
from asl.language.values import json_text

Lookup = Callable[[Scope], Any]


@lru_cache(maxsize=8192)
def compile_lookup(text: str) -> Lookup:
    """Compile a path into a function that answers `MISSING` where a definite path finds nothing.

    Raises `SyntaxProblem` if the string is not a path.
    """
    path = parse_path(text)
    keys = path.keys
    if keys is None:
        return _general(path)
    if path.root is Root.VARIABLE:
        return _variable(path.variable, keys)
    if all(isinstance(key, str) for key in keys):
        return _members(path.root is Root.CONTEXT, keys)
    return _keys(path.root is Root.CONTEXT, keys)


@lru_cache(maxsize=8192)
def compile_path(text: str, field: str | None = None) -> Lookup:
    """Compile a path into a function of a scope.

    `field` is the name of the field that holds the path (`InputPath`, `name.$`): AWS names it when nothing is found.
    The function raises `ExpressionError` (States.Runtime) where a definite path finds nothing. Raises `SyntaxProblem`
    if the text is not a path.
    """
    path = parse_path(text)
    lookup = compile_lookup(text)
    if not path.selectors and path.root is not Root.VARIABLE:
        return lookup

    def evaluate(scope: Scope) -> Any:
        value = lookup(scope)
        if value is MISSING:
            raise ExpressionError(RUNTIME, _nothing_found(path, field, scope))
        return value

    return evaluate


_IN_WORDS_OF_THE_LIBRARY = frozenset(("InputPath", "OutputPath", "TimeoutSecondsPath", "HeartbeatSecondsPath"))
_OF_WAITS = frozenset(("SecondsPath", "TimestampPath"))


def _nothing_found(path: Path, field: str | None, scope: Scope) -> str:
    """AWS has three ways to say that a path finds nothing, by the field that holds it."""
    if path.root is Root.DATA and scope.data is None:
        return "Unable to apply Path transformation to null or empty input."
    if field in _OF_WAITS:
        return f"The {field} parameter does not reference an input value: {path.text}"
    if field in _IN_WORDS_OF_THE_LIBRARY and path.root is not Root.VARIABLE:
        document = scope.data if path.root is Root.DATA else scope.context
        # AWS shows a path into the context object as if it were one into the data.
        shown = path.text.removeprefix("$") if path.root is Root.CONTEXT else path.text
        return f"Invalid path '{shown}' : {explain_missing(path, document)}"
    named = f" specified for the field '{field}'" if field else ""
    return f"The JSONPath '{path.text}'{named} could not be found in the input '{json_text(scope.data)}'"


def _members(context: bool, names: tuple[Any, ...]) -> Lookup:
    """Compile a path that has only names. Paths with one or no name are by far the most frequent, and faster."""
    if not names:
        return (lambda scope: scope.context) if context else (lambda scope: scope.data)
    if len(names) == 1 and not context:
        name = names[0]

        def member(scope: Scope) -> Any:
            try:
                return scope.data[name]
            except (KeyError, TypeError):
                return MISSING

        return member

    def evaluate(scope: Scope) -> Any:
        node = scope.context if context else scope.data
        try:
            for name in names:
                node = node[name]
        except (KeyError, TypeError):
            return MISSING
        return node

    return evaluate


def descend(node: Any, keys: tuple[str | int, ...]) -> Any:
    """The node under `keys`, or `MISSING`."""
    for key in keys:
        if isinstance(key, str):
            if not isinstance(node, dict) or key not in node:
                return MISSING
        elif not isinstance(node, list) or not -len(node) <= key < len(node):
            return MISSING
        node = node[key]
    return node


def _keys(context: bool, keys: tuple[str | int, ...]) -> Lookup:
    if context:
        return lambda scope: descend(scope.context, keys)
    return lambda scope: descend(scope.data, keys)


def _variable(name: str, keys: tuple[str | int, ...]) -> Lookup:
    if not keys:
        return lambda scope: scope.variables.get(name, MISSING)

    def evaluate(scope: Scope) -> Any:
        value = scope.variables.get(name, MISSING)
        return value if value is MISSING else descend(value, keys)

    return evaluate


def _general(path: Path) -> Lookup:
    steps = [compile_step(selector) for selector in path.selectors]
    definite = path.definite
    # Only these can select a node more than once.
    repeats = any(isinstance(selector, (Descendants, Indices)) for selector in path.selectors)
    filters = "?" in path.text
    root = path.root
    variable = path.variable
    if any(isinstance(selector, Children) for selector in path.selectors[:-1]):
        return _refuse(f"Invalid path '{path.text}' : Multi properties can only be used as path leafs: {path.text}")

    def evaluate(scope: Scope) -> Any:
        if root is Root.DATA:
            document = scope.data
        elif root is Root.CONTEXT:
            document = scope.context
        else:
            document = scope.variables.get(variable, MISSING)
            if document is MISSING:
                return MISSING
        nodes = [document]
        if filters:
            effort.begin()
        if not repeats and not filters:
            for step in steps:
                nodes = step(nodes, document)
        else:
            try:
                for step in steps:
                    nodes = step(nodes, document)
                    if len(nodes) > MAX_NODES:
                        raise TooManyNodes
                if repeats:
                    _check_size(nodes)
            except TooManyNodes:
                raise ExpressionError(RUNTIME, f"The JSONPath '{path.text}' selects too much of its input.") from None
        if definite:
            return nodes[0] if nodes else MISSING
        return nodes

    return evaluate


def _check_size(nodes: list[Any]) -> None:
    """Raise `TooManyNodes` if the nodes with all that is in them are more than `MAX_NODES` values and characters.

    What is in several nodes counts as often, as it would in their text.
    """
    waiting = nodes.copy()
    total = 0
    while waiting:
        node = waiting.pop()
        total += len(node) if isinstance(node, str) else 1
        if total > MAX_NODES:
            raise TooManyNodes
        if isinstance(node, dict):
            waiting.extend(node.values())
        elif isinstance(node, list):
            waiting.extend(node)


def _refuse(cause: str) -> Lookup:
    def evaluate(scope: Scope) -> Any:
        raise ExpressionError(RUNTIME, cause)

    return evaluate
