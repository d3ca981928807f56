"""YAML text as nodes: composed by libyaml, with the marks that say where each one is written.

Plain scalars follow YAML 1.2's core schema (https://yaml.org/spec/1.2.2/#103-core-schema): `yes`, `on`, `12:30` and
`2024-01-01` are strings, as they are for editors and for JSON.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, cast

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from compiler.diagnostic import START, Position
from compiler.yaml_errors import YamlProblem, syntax_problems

MAX_BYTES = 2_000_000
MAX_DEPTH = 100
MAX_VALUES = 200_000  # after aliases are expanded
MAX_FROM_ALIASES = 20_000

PREFIX = "tag:yaml.org,2002:"
STR, INT, FLOAT, BOOL, NULL, MERGE, MAP, SEQ = (
    PREFIX + name for name in ("str", "int", "float", "bool", "null", "merge", "map", "seq")
)
BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_NULLS = ("null", "Null", "NULL")
_INT_TEXT = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT_TEXT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_JSON = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")


class _TooDeep(yaml.YAMLError):
    pass


class _Composer(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Composes nodes; nothing is constructed by PyYAML. libyaml recurses on the C stack, hence the depth limit."""

    depth = 0

    def descend_resolver(self, current_node: Any, current_index: Any) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise _TooDeep

    def ascend_resolver(self) -> None:
        self.depth -= 1

    def resolve(self, kind: type[Node], value: str, implicit: Any) -> str:
        if kind is not ScalarNode:
            return MAP if kind is MappingNode else SEQ
        return _plain_tag(value) if implicit[0] else STR


def _plain_tag(value: str) -> str:
    first = value[:1]
    if first.isalpha():
        if first in "tTfF" and value in BOOLEANS:
            return BOOL
        return NULL if first in "nN" and value in _NULLS else STR
    if not first or value == "~":
        return NULL
    if _INT_TEXT.fullmatch(value):
        return INT
    if _FLOAT_TEXT.fullmatch(value) or _NOT_JSON.fullmatch(value):
        return FLOAT
    return MERGE if value == "<<" else STR


def compose(text: str) -> tuple[Node | None, list[YamlProblem]]:
    """Read `text` as one YAML document.

    Returns:
        The root node, or None and what prevents reading it.
    """
    if len(text) > MAX_BYTES:
        message = f"The file has {len(text):,} characters; the limit is {MAX_BYTES:,}."
        return None, [YamlProblem("yaml-value", message, START)]
    loader = None
    try:
        loader = _Composer(text)
        node = cast(Node | None, loader.get_single_node())
    except _TooDeep:
        return None, [YamlProblem("yaml-syntax", f"Values are nested more than {MAX_DEPTH} levels deep.", START)]
    except yaml.YAMLError as error:
        return None, list(syntax_problems(text, error))
    finally:
        if loader is not None:
            loader.dispose()
    if node is None:
        hint = "a flow needs at least a name and a definition"
        return None, [YamlProblem("yaml-syntax", "The file is empty.", START, hint)]
    if "*" in text:
        problems = list(_alias_problems(node))
        if problems:
            return None, problems
    return node, []


class _Recursive(Exception):
    def __init__(self, node: Node) -> None:
        self.node = node


def _alias_problems(root: Node) -> Iterator[YamlProblem]:
    """Refuse recursive aliases and those that expand to more values than any flow has."""
    sizes: dict[int, int] = {}
    open_nodes: set[int] = set()
    written = 0

    def size(node: Node) -> int:
        nonlocal written
        if isinstance(node, ScalarNode):
            return 1
        known = sizes.get(id(node))
        if known is not None:
            return known
        if id(node) in open_nodes:
            raise _Recursive(node)
        open_nodes.add(id(node))
        children = [n for pair in node.value for n in pair] if isinstance(node, MappingNode) else node.value
        total = 1 + sum(map(size, children))
        written += 1 + sum(isinstance(child, ScalarNode) for child in children)
        open_nodes.discard(id(node))
        sizes[id(node)] = total
        return total

    try:
        total = size(root)
    except _Recursive as error:
        yield YamlProblem("yaml-alias", "An alias contains itself.", range_of(error.node))
        return
    if total > MAX_VALUES or total - written > MAX_FROM_ALIASES:
        message = f"Aliases expand to {total:,} values in total; they may add at most {MAX_FROM_ALIASES:,}."
        yield YamlProblem("yaml-alias", message, START)


def child_of(node: Node, token: str) -> tuple[Node | None, Node] | None:
    """Return the nodes of a key (None in a sequence) and of its value, merge keys included; None if it is missing."""
    if isinstance(node, SequenceNode):
        index = int(token) if token.isdecimal() else -1
        return (None, node.value[index]) if 0 <= index < len(node.value) else None
    if not isinstance(node, MappingNode):
        return None
    merges: list[Node] = []
    for key_node, value_node in node.value:
        if key_node.value == token:
            return key_node, value_node
        if key_node.tag == MERGE:
            merges.extend(value_node.value if isinstance(value_node, SequenceNode) else [value_node])
    for merged in merges:
        found = child_of(merged, token)
        if found is not None:
            return found
    return None


def range_of(node: Node) -> Position:
    """Return where a node is written."""
    start, end = node.start_mark, node.end_mark
    return Position(start.line + 1, start.column + 1, end.line + 1, end.column + 1)
