"""First stage: a flow's file, read as YAML without losing where each value is written.

Nodes carry their positions (`compiler.yaml_nodes`) and are converted to JSON values in one pass
(`compiler.yaml_values`). A position is looked up in the nodes when a diagnostic needs one: a flow without mistakes pays
nothing for them.
"""

from __future__ import annotations

import re
from typing import Any

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from chalicelib.pointers import split
from compiler.diagnostic import START, Diagnostic, Position
from compiler.yaml_nodes import child_of, compose, range_of
from compiler.yaml_values import Converter

_FLOW_NAME = re.compile(r"""^name: *["']?([\w-]+)""", re.MULTILINE)


class Source:
    """A flow's file as JSON values, with the position of each.

    `value` is None when the file could not be read; `problems` then says why.
    """

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.text = text
        self.value: Any = None
        self._root, problems = compose(text)
        if self._root is not None:
            converter = Converter(has_aliases="*" in text)
            self.value = converter.convert(self._root)
            problems = converter.problems
        self.problems = [
            Diagnostic(item.check, item.severity, item.message, path, item.position, hint=item.hint)
            for item in problems
        ]

    def position(self, pointer: str, *, key: bool = False) -> Position:
        """Return where a value is written.

        Args:
            pointer: The value's JSON pointer.
            key: Return the position of its key instead.

        Returns:
            The range of the value; for a block of several lines that of its key, and for a value that does not exist
            that of its nearest parent's key.
        """
        if self._root is None:
            return START
        node, key_node = self._root, None
        for token in split(pointer):
            found = child_of(node, token)
            if found is None:
                key = not isinstance(node, ScalarNode)  # a short form's one value represents all of the long form's
                break
            key_node, node = found
        if key and key_node is not None:
            return range_of(key_node)
        if key_node is not None and isinstance(node, MappingNode | SequenceNode) and not node.flow_style:
            return range_of(key_node)
        if isinstance(node, MappingNode | SequenceNode) and not node.flow_style:
            start = node.start_mark
            return Position(start.line + 1, start.column + 1, start.line + 1, start.column + 1)
        return range_of(node)

    def written(self, position: Position) -> str:
        """Return what is written at a position; empty if it has several lines."""
        if position.end_line != position.line:
            return ""
        return self.line(position.line)[position.column - 1 : position.end_column - 1]

    def scalar_offset(self, pointer: str, offset: int) -> Position:
        """Return the position of character `offset` of the string at `pointer`; exact if it is written on one line."""
        base = self.position(pointer)
        raw = self.line(base.line)[base.column - 1 :]
        if base.end_line != base.line or not raw:
            return base
        column = base.column + offset + (1 if raw[0] in "\"'" else 0)
        return Position(base.line, column, base.line, max(column + 1, base.end_column))

    def is_in_string(self, line: int, column: int) -> bool:
        """Return whether a position (counted from 1) is inside a block scalar (`|`, `>`) or a quoted string."""
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
                # The line with the `|` is not part of the string: it may end with a comment.
                begins = (start.line + 1, 0) if node.style in "|>" else (start.line, start.column)
                if begins <= place < (end.line, end.column):
                    return True
        return False

    def line(self, number: int) -> str:
        """Return line `number` (from 1) without its line break; empty if there is no such line."""
        lines = self.text.splitlines()
        return lines[number - 1] if 0 < number <= len(lines) else ""


def flow_name(text: str) -> str:
    """Return the name of the flow whose file has this content; empty if it has none."""
    match = _FLOW_NAME.search(text)
    if match:
        return match[1]
    value = Source("", text).value  # written in another way, such as JSON
    name = value.get("name") if isinstance(value, dict) else None
    return name if isinstance(name, str) else ""
