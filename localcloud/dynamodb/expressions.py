"""DynamoDB's expressions: compiled once for each text, evaluated on moto's values.

Conditions may be about members of maps, all else about top-level attributes.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.html

What DynamoDB knows beyond that raises `Unsupported`, and so does what it would refuse: moto then has the answer.
"""

from __future__ import annotations

import functools
import operator
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

Attributes = Mapping[str, Any]
"""An item's attributes, as moto's `DynamoType`; empty where there is no item."""

_TOKEN = re.compile(r"\s*(?:([#:]?[A-Za-z0-9_]+)|(<>|<=|>=|[=<>(),.]))")
_ATTRIBUTE = re.compile(r"#[A-Za-z0-9_]+|[A-Za-z_][A-Za-z0-9_]*")
_ORDERINGS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_WORDS = frozenset({"AND", "OR", "NOT", "BETWEEN", "IN"})
_SCALARS = frozenset({"S", "N", "BOOL", "NULL"})


class Unsupported(Exception):
    """This is for moto to answer."""


class Scope(NamedTuple):
    """What the placeholders of a request stand for."""

    names: Mapping[str, str]
    values: Mapping[str, Any]

    def attribute(self, name: str) -> str:
        """Return the attribute that a name in an expression stands for."""
        return self.names[name] if name[0] == "#" else name

    def find(self, item: Attributes, path: Path) -> Any:
        """Return the value at a path, None if there is none."""
        found = item.get(self.attribute(path[0]))
        for name in path[1:]:
            if found is None or found.type != "M":
                return None
            found = found.value.get(self.attribute(name))
        return found


Path = tuple[str, ...]
"""An attribute's name in an expression, and those of members of maps below it."""
Test = Callable[[Attributes, Scope], bool]


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition, and the placeholders that it mentions."""

    holds: Test
    mentions: frozenset[str]


class Limits(NamedTuple):
    """The placeholders between which, both included, all values are that may pass a test; None for no limit.

    Attributes:
        low: The lowest value.
        high: The highest value.
        prefix: What values begin with.
    """

    low: str | None = None
    high: str | None = None
    prefix: str | None = None


class KeyRange(NamedTuple):
    """A key condition: a value for one attribute, and perhaps a test of another one."""

    equal: tuple[str, str]
    test: Test | None
    tested: str | None
    limits: Limits
    mentions: frozenset[str]


@dataclass(frozen=True, slots=True)
class Update:
    """An update: `sets` and `adds` are pairs of attribute and value, `defaults` those that only missing ones get."""

    sets: tuple[tuple[str, str], ...]
    defaults: tuple[tuple[str, str], ...]
    adds: tuple[tuple[str, str], ...]
    removes: tuple[str, ...]
    mentions: frozenset[str]


@functools.lru_cache(1024)
def condition(text: str) -> Condition:
    """Compile a condition or filter expression. Raises Unsupported."""
    parser = _Parser(text)
    test = parser.disjunction()
    parser.end()
    return Condition(test, parser.mentions())


@functools.lru_cache(256)
def key_condition(text: str) -> KeyRange:
    """Compile a key condition expression. Raises Unsupported."""
    parser = _Parser(text)
    attribute = parser.attribute()
    parser.expect("=")
    value = parser.value()
    test, tested, limits = None, None, Limits()
    if parser.accept("AND"):
        tested, limits = parser.range_ahead()
        test = parser.test()
    parser.end()
    return KeyRange((attribute, value), test, tested, limits, parser.mentions())


@functools.lru_cache(256)
def projection(text: str) -> tuple[str, ...]:
    """Return the attributes of a projection expression. Raises Unsupported."""
    parser = _Parser(text)
    names = tuple(parser.several(parser.attribute))
    parser.end()
    return names


@functools.lru_cache(1024)
def update(text: str) -> Update:
    """Compile an update expression. Raises Unsupported."""
    parser = _Parser(text)
    sets: list[tuple[str, str]] = []
    defaults: list[tuple[str, str]] = []
    adds: list[tuple[str, str]] = []
    removes: list[str] = []
    seen: set[str] = set()
    while parser.peek() is not None:
        section = parser.take().upper()
        if section in seen:
            raise Unsupported
        seen.add(section)
        if section == "SET":
            for name, value, is_default in parser.several(parser.assignment):
                (defaults if is_default else sets).append((name, value))
        elif section == "ADD":
            adds += parser.several(lambda: (parser.attribute(), parser.value()))
        elif section == "REMOVE":
            removes += parser.several(parser.attribute)
        else:
            raise Unsupported
    return Update(tuple(sets), tuple(defaults), tuple(adds), tuple(removes), parser.mentions())


class _Parser:
    """Reads an expression by recursive descent."""

    def __init__(self, text: str) -> None:
        self._tokens = list(_tokens(text))
        self._next = 0

    def mentions(self) -> frozenset[str]:
        """Return the placeholders of the whole text."""
        return frozenset(token for token in self._tokens if token[0] in "#:")

    def peek(self) -> str | None:
        return self._tokens[self._next] if self._next < len(self._tokens) else None

    def take(self) -> str:
        token = self.peek()
        if token is None:
            raise Unsupported
        self._next += 1
        return token

    def accept(self, word: str) -> bool:
        token = self.peek()
        if token is None or token.upper() != word:
            return False
        self._next += 1
        return True

    def expect(self, word: str) -> None:
        if not self.accept(word):
            raise Unsupported

    def end(self) -> None:
        if self.peek() is not None:
            raise Unsupported

    def several(self, one: Callable[[], Any]) -> list[Any]:
        found = [one()]
        while self.accept(","):
            found.append(one())
        return found

    def attribute(self) -> str:
        name = self.take()
        if not _ATTRIBUTE.fullmatch(name) or name.upper() in _reserved() or name.upper() in _WORDS:
            raise Unsupported
        return name

    def path(self) -> Path:
        names = [self.attribute()]
        while self.accept("."):
            names.append(self.attribute())
        return tuple(names)

    def range_ahead(self) -> tuple[str, Limits]:
        """Return the attribute and the limits of a test of a key, without reading it: the test names one range."""
        at = self._next
        name = self.take()
        if name.lower() == "begins_with" and self.accept("("):
            name = self.take()
            self.expect(",")
            limits = Limits(prefix=self.value())
        elif self.accept("BETWEEN"):
            low = self.value()
            self.expect("AND")
            limits = Limits(low, self.value())
        else:
            sign, bound = self.take(), self.value()
            if sign not in (*_ORDERINGS, "="):
                raise Unsupported
            limits = Limits(bound if sign in ("=", ">", ">=") else None, bound if sign in ("=", "<", "<=") else None)
        if not _ATTRIBUTE.fullmatch(name):
            raise Unsupported
        self._next = at
        return name, limits

    def value(self) -> str:
        name = self.take()
        if name[0] != ":":
            raise Unsupported
        return name

    def assignment(self) -> tuple[str, str, bool]:
        """Read `name = :value` or `name = if_not_exists(name, :value)`."""
        name = self.attribute()
        self.expect("=")
        if self.peek() != "if_not_exists":
            return name, self.value(), False
        self.take()
        self.expect("(")
        if self.attribute() != name:
            raise Unsupported
        self.expect(",")
        value = self.value()
        self.expect(")")
        return name, value, True

    def disjunction(self) -> Test:
        tests = [self.conjunction()]
        while self.accept("OR"):
            tests.append(self.conjunction())
        return tests[0] if len(tests) == 1 else _combined(any, tests)

    def conjunction(self) -> Test:
        tests = [self.negation()]
        while self.accept("AND"):
            tests.append(self.negation())
        return tests[0] if len(tests) == 1 else _combined(all, tests)

    def negation(self) -> Test:
        if self.accept("NOT"):
            test = self.negation()
            return lambda item, scope: not test(item, scope)
        if self.accept("("):
            test = self.disjunction()
            self.expect(")")
            return test
        return self.test()

    def test(self) -> Test:
        """Read one comparison or function."""
        word = self.peek()
        if word in ("attribute_exists", "attribute_not_exists", "begins_with"):
            self.take()
            self.expect("(")
            name = self.path()
            if word == "begins_with":
                self.expect(",")
                test = _begins_with(name, self.value())
            else:
                test = _exists(name, expected=word == "attribute_exists")
            self.expect(")")
            return test
        name = self.path()
        sign = self.take()
        if sign in _ORDERINGS:
            return _ordered(name, _ORDERINGS[sign], self.value())
        if sign in ("=", "<>"):
            return _equal(name, self.value(), expected=sign == "=")
        if sign.upper() == "IN":
            self.expect("(")
            tests = [_equal(name, value, expected=True) for value in self.several(self.value)]
            self.expect(")")
            return tests[0] if len(tests) == 1 else _combined(any, tests)
        if sign.upper() == "BETWEEN":
            lowest = self.value()
            self.expect("AND")
            return _between(name, lowest, self.value())
        raise Unsupported


def _tokens(text: str) -> Iterator[str]:
    at, end = 0, len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None:
            raise Unsupported
        yield match[1] or match[2]
        at = match.end()


@functools.cache
def _reserved() -> frozenset[str]:
    from moto.dynamodb.parsing.reserved_keywords import ReservedKeywords

    return frozenset(ReservedKeywords.get_reserved_keywords())


def _combined(combine: Callable[[list[bool]], bool], tests: list[Test]) -> Test:
    def test(item: Attributes, scope: Scope) -> bool:
        return combine([one(item, scope) for one in tests])  # all of them, as each may be for moto to answer

    return test


def _exists(path: Path, *, expected: bool) -> Test:
    return lambda item, scope: (scope.find(item, path) is not None) is expected


def _equal(path: Path, value: str, *, expected: bool) -> Test:
    def test(item: Attributes, scope: Scope) -> bool:
        found, wanted = scope.find(item, path), scope.values[value]
        if wanted.type not in _SCALARS:
            raise Unsupported
        same = found is not None and found.type == wanted.type and comparable(found) == comparable(wanted)
        return same is expected

    return test


def _ordered(path: Path, compare: Callable[[Any, Any], bool], value: str) -> Test:
    def test(item: Attributes, scope: Scope) -> bool:
        found, bound = scope.find(item, path), _orderable(scope.values[value])
        return found is not None and found.type == bound.type and compare(comparable(found), comparable(bound))

    return test


def _between(path: Path, lowest: str, highest: str) -> Test:
    def test(item: Attributes, scope: Scope) -> bool:
        low, high = _orderable(scope.values[lowest]), _orderable(scope.values[highest])
        if low.type != high.type or comparable(low) > comparable(high):
            raise Unsupported
        found = scope.find(item, path)
        return (
            found is not None
            and found.type == low.type
            and bool(comparable(low) <= comparable(found) <= comparable(high))
        )

    return test


def _begins_with(path: Path, value: str) -> Test:
    def test(item: Attributes, scope: Scope) -> bool:
        found, prefix = scope.find(item, path), scope.values[value]
        if prefix.type != "S":
            raise Unsupported
        return found is not None and found.type == "S" and found.value.startswith(prefix.value)

    return test


def _orderable(value: Any) -> Any:
    if value.type not in ("S", "N"):
        raise Unsupported
    return value


def comparable(value: Any) -> Any:
    """Return what a scalar value is compared by."""
    return Decimal(value.value) if value.type == "N" else value.value
