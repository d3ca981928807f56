"""First stage: the text of a flow, read as YAML without losing where each value stands.

YAML is composed into nodes by libyaml (the nodes carry their marks) and converted to JSON values in one pass. Positions
are looked up in the nodes when a diagnosis needs one: a flow without mistakes pays nothing for them.

Plain scalars follow YAML 1.2's core schema (https://yaml.org/spec/1.2.2/#103-core-schema): `yes`, `on`, `12:30` and
`2024-01-01` are texts, as they are for editors and for JSON, and every key is a text.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any, cast

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from compiler.diagnostic import START, Diagnostic, Position, Severity
from compiler.pointers import escape, split

MAX_BYTES = 2_000_000
MAX_DEPTH = 100
MAX_VALUES = 200_000  # after aliases are expanded
MAX_FROM_ALIASES = 20_000

_PREFIX = "tag:yaml.org,2002:"
_STR, _INT, _FLOAT, _BOOL, _NULL, _MERGE, _MAP, _SEQ = (
    _PREFIX + name for name in ("str", "int", "float", "bool", "null", "merge", "map", "seq")
)
_INT_TEXT = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT_TEXT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_JSON = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_FLOW_NAME = re.compile(r"""^name: *["']?([\w-]+)""", re.MULTILINE)
# https://yaml.org/spec/1.2.2/#51-character-set
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x84\x86-\x9f\ufffe\uffff]")
_BASES = {"0o": 8, "0x": 16}


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
            return _MAP if kind is MappingNode else _SEQ
        return _plain_tag(value) if implicit[0] else _STR


def _plain_tag(value: str) -> str:
    first = value[:1]
    if first.isalpha():
        if first in "tTfF" and value in _BOOLEANS:
            return _BOOL
        return _NULL if first in "nN" and value in _NULLS else _STR
    if not first or value == "~":
        return _NULL
    if _INT_TEXT.fullmatch(value):
        return _INT
    if _FLOAT_TEXT.fullmatch(value) or _NOT_JSON.fullmatch(value):
        return _FLOAT
    return _MERGE if value == "<<" else _STR


_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_NULLS = ("null", "Null", "NULL")


class Source:
    """A flow's file as JSON values, with the position of each.

    `value` is None when the text could not be read; `problems` then says why. `position` answers for a JSON pointer.
    """

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.text = text
        self.problems: list[Diagnostic] = []
        self.value: Any = None
        self._root: Node | None = self._compose()
        if self._root is not None:
            self.value = _Converter(self, self._root).convert(self._root)

    def report(self, check: str, message: str, position: Position, hint: str = "") -> None:
        """Add a problem of reading."""
        self.problems.append(Diagnostic(check, Severity.ERROR, message, self.path, position, hint=hint))

    def position(self, pointer: str, *, key: bool = False) -> Position:
        """Where the value of `pointer` stands, or its key; of a value that is not there, its nearest parent's key."""
        if self._root is None:
            return START
        node, key_node = self._root, None
        for token in split(pointer):
            found = _child(node, token)
            if found is None:
                key = not isinstance(node, ScalarNode)  # a short form's one value stands for all of the long form's
                break
            key_node, node = found
        if key and key_node is not None:
            return _range(key_node)
        if key_node is not None and isinstance(node, MappingNode | SequenceNode) and not node.flow_style:
            return _range(key_node)  # a block's own range is many lines: its key says it better
        if isinstance(node, MappingNode | SequenceNode) and not node.flow_style:
            start = node.start_mark
            return Position(start.line + 1, start.column + 1, start.line + 1, start.column + 1)
        return _range(node)

    def scalar_offset(self, pointer: str, offset: int) -> Position:
        """The position of character `offset` of the text at `pointer`, exact when the text is written on one line."""
        base = self.position(pointer)
        raw = self.line(base.line)[base.column - 1 :]
        if base.end_line != base.line or not raw:
            return base
        column = base.column + offset + (1 if raw[0] in "\"'" else 0)
        return Position(base.line, column, base.line, max(column + 1, base.end_column))

    def is_in_text(self, line: int, column: int) -> bool:
        """Whether what stands there is part of a text: of a block (`|`), or in quotes."""
        place = (line - 1, column - 1)
        nodes: list[Node] = [self._root] if self._root is not None else []
        seen: set[int] = set()
        while nodes:
            node = nodes.pop()
            if id(node) in seen:  # an alias
                continue
            seen.add(id(node))
            if isinstance(node, MappingNode):
                nodes.extend(part for pair in node.value for part in pair)
            elif isinstance(node, SequenceNode):
                nodes.extend(node.value)
            elif isinstance(node, ScalarNode) and node.style is not None:
                start, end = node.start_mark, node.end_mark
                # The line with the `|` is none of the text: it may end with a comment.
                begins = (start.line + 1, 0) if node.style in "|>" else (start.line, start.column)
                if begins <= place < (end.line, end.column):
                    return True
        return False

    def line(self, number: int) -> str:
        """Line `number` (from 1) without its end; the empty text when there is none."""
        lines = self.text.splitlines()
        return lines[number - 1] if 0 < number <= len(lines) else ""

    def _compose(self) -> Node | None:
        if len(self.text) > MAX_BYTES:
            self.report(
                "yaml-value", f"The file has {len(self.text):,} characters; at most {MAX_BYTES:,} are read.", START
            )
            return None
        loader = None
        try:
            loader = _Composer(self.text)
            node = cast(Node | None, loader.get_single_node())
        except _TooDeep:
            message = f"Values are nested more than {MAX_DEPTH} levels deep."
            self.report("yaml-syntax", message, START)
            return None
        except yaml.YAMLError as error:
            self._syntax_error(error)
            return None
        finally:
            if loader is not None:
                loader.dispose()
        if node is None:
            self.report("yaml-syntax", "The file is empty.", START, "a flow needs at least a name and a definition")
            return None
        if "*" in self.text and not self._aliases_are_small(node):
            return None
        return node

    def _syntax_error(self, error: yaml.YAMLError) -> None:
        tabs = [
            (number, len(line) - len(line.lstrip(" ")) + 1)
            for number, line in enumerate(self.text.split("\n"), 1)
            if line.lstrip(" ").startswith("\t") and line.strip()
        ]
        for line, column in tabs:
            position = Position(line, column, line, column + 1)
            self.report("yaml-tab", "A tab indents this line; YAML indents by spaces alone.", position)
        if tabs:
            return
        control = _CONTROL.search(self.text)
        if control is not None:
            line = self.text.count("\n", 0, control.start()) + 1
            column = control.start() - self.text.rfind("\n", 0, control.start())
            message = f"The control character U+{ord(control.group()):04X} cannot stand in YAML."
            self.report("yaml-syntax", message, Position(line, column, line, column + 1), "remove it")
            return
        problem = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error)
        context = getattr(error, "context", None)
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        at_end = mark is not None and not self.text[mark.index :].strip()
        if context and at_end:  # where the text or list begins that nothing ends
            mark = getattr(error, "context_mark", None) or mark
        position = START
        if mark is not None:
            position = Position(mark.line + 1, mark.column + 1, mark.line + 1, mark.column + 2)
        words = f"{context}, {problem}" if context else str(problem)
        self.report("yaml-syntax", f"This is not YAML: {words}.", position, self._syntax_hint(problem, position))

    def _syntax_hint(self, problem: str, position: Position) -> str:
        line = self.line(position.line)
        rest = line[position.column - 1 :]
        if "{%" in line:
            return "put an expression in quotes: '{% ... %}'"
        if "cannot start any token" in problem:
            return f"put a text that begins with {rest[:1]!r} in quotes"
        if "mapping values are not allowed" in problem and rest.startswith(":"):
            return "put a text that holds `: ` in quotes, and write the keys of a mapping on lines of the same indent"
        if "another document" in problem:
            return "write each flow in a file of its own"
        if rest[:1] in ("'", '"', "{", "["):
            return f"what {rest[0]} opens here is not closed"
        return ""

    def _aliases_are_small(self, root: Node) -> bool:
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
            self.report("yaml-alias", "An alias contains itself.", _range(error.node))
            return False
        if total > MAX_VALUES or total - written > MAX_FROM_ALIASES:
            message = f"The aliases expand to {total:,} values; at most {MAX_FROM_ALIASES:,} may come from aliases."
            self.report("yaml-alias", message, START)
            return False
        return True


class _Recursive(Exception):
    def __init__(self, node: Node) -> None:
        self.node = node


class _Converter:
    """Turns nodes into JSON values and reports what JSON cannot say."""

    def __init__(self, source: Source, root: Node) -> None:
        self.source = source
        self.memo: dict[int, Any] | None = {} if "*" in source.text else None

    def convert(self, node: Node) -> Any:
        if type(node) is ScalarNode:
            return node.value if node.tag == _STR else self._scalar(node)
        if self.memo is None:
            return self._collection(node)
        if id(node) not in self.memo:
            self.memo[id(node)] = self._collection(node)
        return self.memo[id(node)]

    def _collection(self, node: Node) -> Any:
        if node.tag not in (_MAP, _SEQ):
            self._unknown_tag(node)
        if isinstance(node, SequenceNode):
            return [self.convert(item) for item in node.value]
        convert = self.convert
        result: dict[str, Any] = {}
        merged: dict[str, Any] | None = None
        pairs: list[tuple[Node, Node]] = node.value
        for key_node, value_node in pairs:
            if type(key_node) is not ScalarNode:
                self.source.report("yaml-value", "A key must be a text.", _range(key_node))
                continue
            key = key_node.value
            if key_node.tag == _MERGE:
                merged = {**self._merge(value_node), **(merged or {})}
                continue
            if key in result:
                first = next(k for k, _ in pairs if k.value == key)
                message = f"The key {key!r} appears twice; the first is on line {first.start_mark.line + 1}."
                self.source.report("yaml-duplicate-key", message, _range(key_node), "remove or rename one")
                continue
            result[key] = convert(value_node)
        return result if merged is None else {**merged, **result}

    def _merge(self, node: Node) -> dict[str, Any]:
        value = self.convert(node)
        parts = value if isinstance(value, list) else [value]
        if not all(isinstance(part, dict) for part in parts):
            self.source.report("yaml-value", "`<<` merges mappings alone.", _range(node))
            return {}
        merged: dict[str, Any] = {}
        for part in reversed(parts):  # the first of several wins
            merged.update(part)
        return merged

    def _scalar(self, node: ScalarNode) -> Any:
        text: str = node.value
        convert = _SCALARS.get(node.tag)
        if convert is None:
            self._unknown_tag(node)
            return text
        try:
            return convert(text)
        except (ValueError, KeyError):
            shown = repr(text if len(text) <= 40 else text[:37] + "...")
            kind = _KINDS.get(node.tag, "value")
            self.source.report("yaml-value", f"{shown} is no {kind} that JSON knows.", _range(node), "quote it")
            return None

    def _unknown_tag(self, node: Node) -> None:
        tag = node.tag.replace(_PREFIX, "!!")
        self.source.report("yaml-value", f"The tag {tag} has no meaning in a flow.", _range(node), "remove the tag")


def _integer(text: str) -> int:
    if len(text) > 4_000:
        raise ValueError(text)
    return int(text[2:], _BASES[text[:2]]) if text[:2] in _BASES else int(text)


def _float(text: str) -> float:
    value = float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
    if not math.isfinite(value):
        raise ValueError(text)
    return value


_KINDS = {_INT: "whole number", _FLOAT: "number", _BOOL: "true or false"}
_SCALARS: dict[str, Callable[[str], Any]] = {
    _STR: str,
    _INT: _integer,
    _FLOAT: _float,
    _BOOL: _BOOLEANS.__getitem__,
    _NULL: lambda text: None,
    _MERGE: str,
}


def _child(node: Node, token: str) -> tuple[Node | None, Node] | None:
    """The key's node (of a mapping) and the value's, merge keys included."""
    if isinstance(node, SequenceNode):
        index = int(token) if token.isdecimal() else -1
        return (None, node.value[index]) if 0 <= index < len(node.value) else None
    if not isinstance(node, MappingNode):
        return None
    merges: list[Node] = []
    for key_node, value_node in node.value:
        if key_node.value == token:
            return key_node, value_node
        if key_node.tag == _MERGE:
            merges.extend(value_node.value if isinstance(value_node, SequenceNode) else [value_node])
    for merged in merges:
        found = _child(merged, token)
        if found is not None:
            return found
    return None


def _range(node: Node) -> Position:
    start, end = node.start_mark, node.end_mark
    return Position(start.line + 1, start.column + 1, end.line + 1, end.column + 1)


__all__ = ["MAX_BYTES", "MAX_DEPTH", "MAX_FROM_ALIASES", "Source", "escape"]


def flow_name(text: str) -> str:
    """The name of the flow whose file has this text, empty if it has none."""
    match = _FLOW_NAME.search(text)
    if match:
        return match[1]
    value = Source("", text).value  # written in another way, such as JSON
    name = value.get("name") if isinstance(value, dict) else None
    return name if isinstance(name, str) else ""
