"""Reads a path's text. The dialect is that of Jayway JsonPath, which AWS uses."""

from __future__ import annotations

import re
from functools import lru_cache

from asl.language.errors import SyntaxProblem
from asl.language.jsonpath.syntax import (
    Child,
    Children,
    Descendants,
    Filter,
    Function,
    Index,
    Indices,
    Path,
    Root,
    Selector,
    Slice,
    Wildcard,
)

_ROOT = re.compile(r"\$\$|\$(?:([^\W\d]\w*))?")
_SIMPLE_STEP = re.compile(r"\.([\w-]+)|\[(\d{1,9})\]|\['([^'\\]*)'\]")
_SIMPLE = re.compile(r"(?:\.[\w-]+|\[\d{1,9}\]|\['[^'\\]*'\])*")
_NAME = re.compile(r"[^\s.\[(]+")
_NAME_IN_FILTER = re.compile(r"[^\s.\[()<>=~!&|,\]]+")
_INTEGER = re.compile(r"-?\d{1,18}", re.ASCII)
_SLICE = re.compile(r"(-?\d{1,18})?\s*:\s*(-?\d{1,18})?", re.ASCII)
_SPACE = re.compile(r"\s*")


@lru_cache(maxsize=8192)
def parse_path(text: str) -> Path:
    """Parse a path that starts with `$`, `$$` or `$name`.

    Raises `SyntaxProblem` if the string is not a path.
    """
    stripped = text.strip()
    root = _ROOT.match(stripped)
    if root is None:
        raise SyntaxProblem("a JSONPath starts with '$'", text, 0)
    kind = Root.CONTEXT if root.group() == "$$" else Root.VARIABLE if root.group(1) else Root.DATA
    position = root.end()
    selectors: tuple[Selector, ...]
    if _SIMPLE.fullmatch(stripped, position):
        selectors = tuple(
            Child(name or quoted) if not index else Index(int(index))
            for name, index, quoted in _SIMPLE_STEP.findall(stripped, position)
        )
    else:
        scanner = PathScanner(stripped, position)
        selectors = scanner.selectors()
        if scanner.position != len(stripped):
            raise scanner.problem("expected '.' or '['")
    return Path(text, kind, root.group(1) or "", selectors)


class PathScanner:
    """Reads selectors from a position on; `position` is where it stopped.

    `in_filter` makes names end at the operators and brackets of the filter expression around the path.
    """

    def __init__(self, text: str, position: int, *, in_filter: bool = False, depth: int = 0) -> None:
        self.text = text
        self.position = position
        self._name = _NAME_IN_FILTER if in_filter else _NAME
        self._depth = depth

    def problem(self, message: str) -> SyntaxProblem:
        return SyntaxProblem(f"{message} at position {self.position}", self.text, self.position)

    def selectors(self) -> tuple[Selector, ...]:
        found: list[Selector] = []
        while True:
            following = self.text[self.position : self.position + 2]
            if following == "..":
                self.position += 2
                selector = self._bracket() if self._at("[") else self._dotted()
                found.append(selector if isinstance(selector, Function) else Descendants(selector))
            elif following[:1] == ".":
                self.position += 1
                # Jayway reads `$.['name']` as `$['name']`.
                found.append(self._bracket() if self._at("[") else self._dotted())
            elif following[:1] == "[":
                found.append(self._bracket())
            else:
                break
        if any(isinstance(selector, Function) for selector in found[:-1]):
            raise self.problem("a function can only end a path")
        return tuple(found)

    def _at(self, character: str) -> bool:
        return self.text.startswith(character, self.position)

    def _skip_space(self) -> None:
        match = _SPACE.match(self.text, self.position)
        assert match is not None
        self.position = match.end()

    def _expect(self, character: str) -> None:
        if not self._at(character):
            raise self.problem(f"expected '{character}'")
        self.position += len(character)

    def _dotted(self) -> Selector:
        match = self._name.match(self.text, self.position)
        if match is None:
            raise self.problem("expected a name")
        self.position = match.end()
        name = match.group()
        if self._at("("):
            close = self.text.find(")", self.position)
            if close < 0:
                raise self.problem("expected ')'")
            self.position = close + 1
            return Function(name)
        return Wildcard() if name == "*" else Child(name)

    def _bracket(self) -> Selector:
        self._expect("[")
        self._skip_space()
        if self._at("?"):
            self.position += 1
            self._skip_space()
            selector: Selector = self._filter()
        elif self._at("*"):
            self.position += 1
            selector = Wildcard()
        elif self._at("'") or self._at('"'):
            selector = self._names()
        else:
            selector = self._numbers()
        self._skip_space()
        self._expect("]")
        return selector

    def _filter(self) -> Filter:
        # The two modules need each other: a filter holds paths, a path holds filters.
        from asl.language.jsonpath.filters import FilterScanner

        self._expect("(")
        scanner = FilterScanner(self.text, self.position, self._depth + 1)
        matches = scanner.expression()
        self.position = scanner.position
        self._skip_space()
        self._expect(")")
        return Filter(matches)

    def _names(self) -> Child | Children:
        names = [self.quoted()]
        self._skip_space()
        while self._at(","):
            self.position += 1
            self._skip_space()
            names.append(self.quoted())
            self._skip_space()
        return Child(names[0]) if len(names) == 1 else Children(tuple(names))

    def quoted(self) -> str:
        """Read a quoted string. A backslash escapes the quote and itself; before any other character it is literal."""
        quote = self.text[self.position : self.position + 1]
        if quote not in ("'", '"'):
            raise self.problem("expected a quoted name")
        characters: list[str] = []
        position = self.position + 1
        while position < len(self.text):
            character = self.text[position]
            if character == quote:
                self.position = position + 1
                return "".join(characters)
            if character == "\\" and self.text[position + 1 : position + 2] in (quote, "\\"):
                position += 1
                character = self.text[position]
            characters.append(character)
            position += 1
        raise self.problem("a quoted name is not closed")

    def _numbers(self) -> Index | Indices | Slice:
        match = _SLICE.match(self.text, self.position)
        if match is not None:
            self.position = match.end()
            start, stop = match.groups()
            return Slice(int(start) if start else None, int(stop) if stop else None)
        positions = [self._integer()]
        self._skip_space()
        while self._at(","):
            self.position += 1
            self._skip_space()
            positions.append(self._integer())
            self._skip_space()
        return Index(positions[0]) if len(positions) == 1 else Indices(tuple(positions))

    def _integer(self) -> int:
        match = _INTEGER.match(self.text, self.position)
        if match is None:
            raise self.problem("expected an index, a quoted name, '*' or '?'")
        self.position = match.end()
        return int(match.group())
