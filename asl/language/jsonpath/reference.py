"""Reference paths: paths that name one node, and where a value can be put (https://states-language.net/spec.html#path)."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from asl.language.errors import RESULT_PATH_MATCH_FAILURE, ExpressionError, SyntaxProblem
from asl.language.jsonpath.parser import parse_path
from asl.language.jsonpath.syntax import Root
from asl.language.values import json_text


class ReferencePath:
    """A compiled reference path. `keys` are its names and indices from the root on."""

    __slots__ = ("keys", "text")

    def __init__(self, text: str, keys: tuple[str | int, ...]) -> None:
        self.text = text
        self.keys = keys

    def put(self, document: Any, value: Any) -> Any:
        """A copy of the document with the value at this path; only what is on the path is copied.

        Missing members become objects. Raises `ExpressionError` (States.ResultPathMatchFailure) if a node on the way
        is neither an object nor a list that has the index.
        """
        if not self.keys:
            return value
        root: dict[Any, Any] | list[Any] = self._copy(document, self.keys[0], document)
        node: Any = root
        for key, following in zip(self.keys, self.keys[1:], strict=False):
            inner = node.get(key, {}) if isinstance(node, dict) else node[key]
            node[key] = self._copy(inner, following, document)
            node = node[key]
        node[self.keys[-1]] = value
        return root

    def _copy(self, node: Any, key: str | int, document: Any) -> Any:
        if isinstance(key, str):
            if isinstance(node, dict):
                return dict(node)
        elif isinstance(node, list) and -len(node) <= key < len(node):
            return list(node)
        raise ExpressionError(
            RESULT_PATH_MATCH_FAILURE, f"Unable to apply ReferencePath {self.text} to input {json_text(document)}"
        )


@lru_cache(maxsize=4096)
def compile_reference_path(text: str) -> ReferencePath:
    """Compile a reference path for writing, as `ResultPath` holds it.

    Raises `SyntaxProblem` if the string is not a path, does not start at the data (`$`) or can match several nodes.
    """
    path = parse_path(text)
    if path.root is not Root.DATA:
        raise SyntaxProblem("a value can only be put into the data, '$'", text, 0)
    keys = path.keys
    if keys is None:
        raise SyntaxProblem("a reference path has only names and indices: it names a single node", text)
    return ReferencePath(text, keys)
