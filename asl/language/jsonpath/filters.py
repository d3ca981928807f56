"""Filter expressions: `[?(@.price > 10 && @.tags contains 'new')]`."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from asl.language.errors import SyntaxProblem
from asl.language.jsonpath.parser import PathScanner
from asl.language.jsonpath.regexes import FLAGS, compile_regex
from asl.language.jsonpath.selectors import compile_step, effort
from asl.language.jsonpath.syntax import Child, Children, Function, Index
from asl.language.scope import MISSING
from asl.language.values import is_number, json_equal

Operand = Callable[[Any, Any], Any]  # (current node, document) -> value, MISSING if a path finds nothing
Predicate = Callable[[Any, Any], bool]

MAX_DEPTH = 50

_OPERATOR = re.compile(
    r"===|!==|==|!=|<=|>=|=~|<|>|(?:subsetof|anyof|noneof|nin|in|contains|all|size|empty|type)(?![\w.])", re.IGNORECASE
)
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?", re.ASCII)
_WORD = re.compile(r"(?:true|false|null)(?!\w)")
_BARE = re.compile(r"[^\W\d][\w.\-]*")
"""A string without quotes, which AWS takes on the right of an operator: `[?(@.lang==es)]`."""
_REGEX = re.compile(r"/((?:[^/\\]|\\.)*)/([a-z]*)")
_TEXT = re.compile(r"'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"", re.DOTALL)
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)
_ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_WORDS = {"true": True, "false": False, "null": None}


class FilterScanner:
    """Reads and compiles a filter expression from a position on."""

    def __init__(self, text: str, position: int, depth: int) -> None:
        self.text = text
        self.position = position
        self._depth = depth
        if depth > MAX_DEPTH:
            raise self._problem("filters are nested too deeply")

    def expression(self) -> Predicate:
        """Alternatives joined by `||`."""
        terms = [self._conjunction()]
        while self._take("||"):
            terms.append(self._conjunction())
        if len(terms) == 1:
            return terms[0]
        return lambda node, document: any(term(node, document) for term in terms)

    def _problem(self, message: str) -> SyntaxProblem:
        return SyntaxProblem(f"{message} at position {self.position}", self.text, self.position)

    def _skip_space(self) -> None:
        while self.text[self.position : self.position + 1].isspace():
            self.position += 1

    def _take(self, token: str) -> bool:
        self._skip_space()
        if self.text.startswith(token, self.position):
            self.position += len(token)
            return True
        return False

    def _conjunction(self) -> Predicate:
        terms = [self._term()]
        while self._take("&&"):
            terms.append(self._term())
        if len(terms) == 1:
            return terms[0]
        return lambda node, document: all(term(node, document) for term in terms)

    def _term(self) -> Predicate:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise self._problem("filters are nested too deeply")
        try:
            if self._take("!"):
                negated = self._term()
                return lambda node, document: not negated(node, document)
            if self._take("("):
                inner = self.expression()
                if not self._take(")"):
                    raise self._problem("expected ')'")
                return inner
            return self._comparison()
        finally:
            self._depth -= 1

    def _comparison(self) -> Predicate:
        left, left_is_path = self._operand()
        self._skip_space()
        match = _OPERATOR.match(self.text, self.position)
        if match is None:
            if not left_is_path:
                raise self._problem("expected an operator")
            return lambda node, document: left(node, document) is not MISSING
        self.position = match.end()
        name = match.group().lower()
        if name == "=~":
            matches = self._regex()
            return lambda node, document: isinstance(text := left(node, document), str) and matches(text)
        right, _ = self._operand(bare=True)
        compare = _OPERATORS[name]
        return lambda node, document: compare(left(node, document), right(node, document))

    def _regex(self) -> Callable[[str], bool]:
        self._skip_space()
        match = _REGEX.match(self.text, self.position)
        if match is None:
            raise self._problem("expected a regular expression /.../")
        self.position = match.end()
        pattern, flags = match.groups()
        for flag in flags:
            if flag not in FLAGS:
                raise self._problem(f"unknown flag '{flag}' of a regular expression")
        try:
            return compile_regex(pattern, flags)
        except SyntaxProblem as problem:
            raise self._problem(str(problem)) from None

    def _operand(self, *, bare: bool = False) -> tuple[Operand, bool]:
        """A literal or a path, and whether it is a path. `bare` says that a string may come without quotes."""
        self._skip_space()
        first = self.text[self.position : self.position + 1]
        if first in ("@", "$"):
            return self._path(), True
        value: Any
        if match := _TEXT.match(self.text, self.position):
            self.position = match.end()
            value = _unescape(match.group(1) or match.group(2) or "")
        elif first in ("[", "{"):
            value = self._json()
        elif match := _NUMBER.match(self.text, self.position):
            self.position = match.end()
            value = json.loads(match.group()) if not match.group().lstrip("-").startswith("00") else 0
        elif match := _WORD.match(self.text, self.position):
            self.position = match.end()
            value = _WORDS[match.group()]
        elif bare and (match := _BARE.match(self.text, self.position)):
            self.position = match.end()
            value = match.group()
        else:
            raise self._problem("expected a value or a path")
        return (lambda _, __: value), False

    def _json(self) -> Any:
        """A list or an object; Jayway also takes single quotes in it."""
        try:
            value, self.position = json.JSONDecoder().raw_decode(self.text, self.position)
        except ValueError:
            pass
        except RecursionError:
            raise self._problem("nested too deeply") from None
        else:
            return value
        if not self._take("["):
            raise self._problem("expected a JSON value")
        items: list[Any] = []
        if self._take("]"):
            return items
        while True:
            operand, is_path = self._operand()
            if is_path:
                raise self._problem("a list in a filter holds only literals")
            items.append(operand(None, None))
            if self._take("]"):
                return items
            if not self._take(","):
                raise self._problem("expected ',' or ']'")

    def _path(self) -> Operand:
        from_current = self.text[self.position] == "@"
        scanner = PathScanner(self.text, self.position + 1, in_filter=True, depth=self._depth)
        selectors = scanner.selectors()
        self.position = scanner.position
        steps = [compile_step(selector) for selector in selectors]
        definite = all(isinstance(selector, (Child, Index, Children, Function)) for selector in selectors)

        def evaluate(node: Any, document: Any) -> Any:
            nodes = [node if from_current else document]
            for step in steps:
                nodes = step(nodes, document)
            if definite:
                return nodes[0] if nodes else MISSING
            return nodes

        return evaluate


def _unescape(text: str) -> str:
    """Return a quoted string with its escapes, which are JSON's, resolved."""
    if "\\" not in text:
        return text
    text = _ESCAPE.sub(lambda match: chr(int(match[1], 16)) if match[1] else _ESCAPES.get(match[2], match[2]), text)
    # Two escaped surrogates are one character.
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")


def _equal(left: Any, right: Any) -> bool:
    """Compare as Jayway does: a number and a string are compared as strings."""
    if left is MISSING or right is MISSING:
        return left is right
    if isinstance(left, str) and is_number(right):
        return left == json.dumps(right)
    if is_number(left) and isinstance(right, str):
        return json.dumps(left) == right
    return json_equal(left, right)


def _same_type(left: Any, right: Any) -> bool:
    return type(left) is type(right) or (is_number(left) and is_number(right))


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    """Return an order that applies only to two numbers or to two strings."""

    def holds(left: Any, right: Any) -> bool:
        if (is_number(left) and is_number(right)) or (isinstance(left, str) and isinstance(right, str)):
            return compare(left, right)
        return False

    return holds


def _within(item: Any, items: Any) -> bool:
    if not isinstance(items, list):
        return False
    for place, other in enumerate(items):
        if place % 64 == 63:
            effort.check()
        if _equal(item, other):
            return True
    return False


def _contains(container: Any, item: Any) -> bool:
    if isinstance(container, str):
        return isinstance(item, str) and item in container
    return _within(item, container)


def _every(left: Any, right: Any) -> bool:
    return isinstance(left, list) and isinstance(right, list) and all(_within(item, left) for item in right)


def _subset(left: Any, right: Any) -> bool:
    return isinstance(left, list) and all(_within(item, right) for item in left)


def _any_of(left: Any, right: Any) -> bool:
    return isinstance(left, list) and any(_within(item, right) for item in left)


def _has_size(left: Any, right: Any) -> bool:
    return isinstance(left, (str, list, dict)) and is_number(right) and len(left) == right


def _is_empty(left: Any, right: Any) -> bool:
    return isinstance(left, (str, list, dict)) and isinstance(right, bool) and (not left) is right


def _has_type(left: Any, right: Any) -> bool:
    names = {str: "string", bool: "boolean", int: "number", float: "number", list: "array", dict: "object"}
    return bool(right == names.get(type(left), "null" if left is None else ""))


_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "==": _equal,
    "!=": lambda left, right: not _equal(left, right),
    "===": lambda left, right: _same_type(left, right) and _equal(left, right),
    "!==": lambda left, right: not (_same_type(left, right) and _equal(left, right)),
    "<": _ordered(lambda left, right: left < right),
    "<=": _ordered(lambda left, right: left <= right),
    ">": _ordered(lambda left, right: left > right),
    ">=": _ordered(lambda left, right: left >= right),
    "in": _within,
    "nin": lambda left, right: not _within(left, right),
    "contains": _contains,
    "all": _every,
    "subsetof": _subset,
    "anyof": _any_of,
    "noneof": lambda left, right: not _any_of(left, right),
    "size": _has_size,
    "empty": _is_empty,
    "type": _has_type,
}
