"""YAML nodes as JSON values, and what JSON can't express."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

from yaml.nodes import Node, ScalarNode, SequenceNode

from compiler.diagnostic import Severity
from compiler.yaml_errors import ODD_SPACE, YamlProblem, odd_space
from compiler.yaml_nodes import BOOL, BOOLEANS, FLOAT, INT, MAP, MERGE, NULL, PREFIX, SEQ, STR, range_of

_LEADING_ZERO = re.compile(r"[-+]?0[0-9]")
_BASES = {"0o": 8, "0x": 16}


class Converter:
    """Converts nodes; `problems` collects what has no JSON value. `has_aliases` keeps the values of shared nodes."""

    def __init__(self, *, has_aliases: bool) -> None:
        self.problems: list[YamlProblem] = []
        self._memo: dict[int, Any] | None = {} if has_aliases else None

    def convert(self, node: Node) -> Any:
        """Return the value of a node; None for a scalar that has none."""
        if type(node) is ScalarNode:
            return node.value if node.tag == STR else self._scalar(node)
        if self._memo is None:
            return self._collection(node)
        if id(node) not in self._memo:
            self._memo[id(node)] = self._collection(node)
        return self._memo[id(node)]

    def _collection(self, node: Node) -> Any:
        if node.tag not in (MAP, SEQ):
            self._unknown_tag(node)
        if isinstance(node, SequenceNode):
            return [self.convert(item) for item in node.value]
        convert = self.convert
        result: dict[str, Any] = {}
        merged: dict[str, Any] | None = None
        pairs: list[tuple[Node, Node]] = node.value
        for key_node, value_node in pairs:
            if type(key_node) is not ScalarNode:
                self._report("yaml-value", "A key must be a string.", key_node)
                continue
            key = key_node.value
            if key_node.tag == MERGE:
                merged = {**self._merge(value_node), **(merged or {})}
                continue
            if not key_node.style and ODD_SPACE.match(key):
                self.problems.append(odd_space(key[0], range_of(key_node)))
                continue
            if key in result:
                first = next(k for k, _ in pairs if k.value == key)
                message = f"Duplicate key {key!r}; first used on line {first.start_mark.line + 1}."
                self._report("yaml-duplicate-key", message, key_node, "remove or rename one of them")
                continue
            result[key] = convert(value_node)
        return result if merged is None else {**merged, **result}

    def _merge(self, node: Node) -> dict[str, Any]:
        value = self.convert(node)
        parts = value if isinstance(value, list) else [value]
        if not all(isinstance(part, dict) for part in parts):
            self._report("yaml-value", "`<<` can merge only mappings.", node)
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
        if node.tag in (INT, FLOAT) and _LEADING_ZERO.match(text):
            message = f"{text} is a number, which loses its leading zero."
            hint = f'put it in quotes, "{text}", or remove the zero'
            self.problems.append(YamlProblem("leading-zero", message, range_of(node), hint, Severity.WARNING))
        try:
            return convert(text)
        except (ValueError, KeyError):
            shown = repr(text if len(text) <= 40 else text[:37] + "...")
            kind = _KINDS.get(node.tag, "value")
            self._report("yaml-value", f"{shown} is not a valid JSON {kind}.", node, "put it in quotes")
            return None

    def _unknown_tag(self, node: Node) -> None:
        tag = node.tag.replace(PREFIX, "!!")
        self._report(
            "yaml-value", f"The tag {tag} is not supported in a flow.", node, _TAG_HINTS.get(tag, "remove the tag")
        )

    def _report(self, check: str, message: str, node: Node, hint: str = "") -> None:
        self.problems.append(YamlProblem(check, message, range_of(node), hint))


def _integer(text: str) -> int:
    if len(text) > 4_000:
        raise ValueError(text)
    return int(text[2:], _BASES[text[:2]]) if text[:2] in _BASES else int(text)


def _float(text: str) -> float:
    value = float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
    if not math.isfinite(value):
        raise ValueError(text)
    return value


_TAG_HINTS = {
    "!Sub": "remove the tag: ${...} is replaced in every string",
    "!Ref": "remove the tag: write ${NAME} in the string",
    "!GetAtt": "remove the tag: write ${NAME} in the string",
}
_KINDS = {INT: "integer", FLOAT: "number", BOOL: "boolean"}
_SCALARS: dict[str, Callable[[str], Any]] = {
    STR: str,
    INT: _integer,
    FLOAT: _float,
    BOOL: BOOLEANS.__getitem__,
    NULL: lambda text: None,
    MERGE: str,
}
