"""The strings of policies that match others: `*` and `?`, policy variables, and the segments of ARNs.

Sources: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html and
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

Values = Callable[[str], tuple[str, ...]]
"""Returns the values of a condition key in the request; none if the key is absent."""

_VARIABLE = re.compile(r"\$\{\s*(?P<name>[^},]+?)\s*(?:,\s*'(?P<default>[^']*)'\s*)?\}")
_SPECIAL = ("*", "?", "$")
ARN_COLONS = 5
"""How many colons separate the segments of an ARN; the last segment may have colons of its own."""

ANY, ONE = object(), object()
_Token = str | object


class Segments(Enum):
    """What wildcards match in the first five segments of an ARN.

    `STRICT`: no colon, as in conditions. `OPEN`: only a `*` that ends a segment matches colons, as in the resources of
    statements. `NONE`: it is not an ARN.
    """

    NONE = "none"
    STRICT = "strict"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Variable:
    """A policy variable: `${aws:username}`, or with a default, `${aws:PrincipalTag/team, 'none'}`."""

    name: str
    default: str | None


class Pattern:
    """A string of a policy, in which `*` matches any characters and `?` one.

    Args:
        text: As it is written in the policy.
        segments: What its wildcards match if it is an ARN.
        ignore_case: Whether letters match in either case.
        variables: Whether `${...}` is a policy variable, as in policies of the version 2012-10-17.
        wildcards: Whether `*` and `?` are more than ordinary characters.
    """

    __slots__ = ("_ignore_case", "_regex", "_segments", "_tokens", "has_variables", "text")

    def __init__(
        self,
        text: str,
        *,
        segments: Segments = Segments.NONE,
        ignore_case: bool = False,
        variables: bool = True,
        wildcards: bool = True,
    ) -> None:
        self.text = text
        self._segments = segments if text.count(":") >= ARN_COLONS else Segments.NONE
        self._ignore_case = ignore_case
        self._tokens = tuple(_tokens(text, variables, wildcards))
        self.has_variables = any(isinstance(token, Variable) for token in self._tokens)
        self._regex = None if self.has_variables else self._compile(self._tokens)

    def matches(self, value: str, values: Values) -> bool:
        """Return whether a string matches. A variable without a value matches nothing."""
        if self._regex is not None:
            return self._regex.fullmatch(value) is not None
        tokens = self._resolved(values)
        return tokens is not None and self._compile(tokens).fullmatch(value) is not None

    def overlaps(self, other: str, values: Values) -> bool:
        """Return whether there is a string that matches both this and another pattern, which has no variables."""
        tokens = self._resolved(values)
        return tokens is not None and _overlap(tokens, tuple(_wildcards(other)))

    def _resolved(self, values: Values) -> tuple[_Token, ...] | None:
        resolved: list[_Token] = []
        for token in self._tokens:
            if not isinstance(token, Variable):
                resolved.append(token)
                continue
            found = values(token.name)
            if len(found) == 1:
                resolved.append(found[0])
            elif token.default is not None:
                resolved.append(token.default)
            else:
                return None
        return tuple(resolved)

    def _compile(self, tokens: tuple[_Token, ...]) -> re.Pattern[str]:
        return _regex(tokens, self._segments, self._ignore_case)


def _tokens(text: str, variables: bool, wildcards: bool) -> Iterator[_Token]:
    """Yield literal strings, `ANY` for `*`, `ONE` for `?`, and variables."""
    split = _wildcards if wildcards else _literal
    at = 0
    for match in _VARIABLE.finditer(text) if variables else ():
        yield from split(text[at : match.start()])
        at = match.end()
        name = match["name"]
        yield name if name in _SPECIAL else Variable(name, match["default"])
    yield from split(text[at:])


def _literal(text: str) -> Iterator[_Token]:
    if text:
        yield text


def _wildcards(text: str) -> Iterator[_Token]:
    for part in re.split(r"([*?])", text):
        if part:
            yield ANY if part == "*" else ONE if part == "?" else part


@lru_cache(4096)
def _regex(tokens: tuple[_Token, ...], segments: Segments, ignore_case: bool) -> re.Pattern[str]:
    parts, colons = [], 0
    for index, token in enumerate(tokens):
        if isinstance(token, str):
            parts.append(re.escape(token))
            colons += token.count(":")
            continue
        within = segments is not Segments.NONE and colons < ARN_COLONS
        if within and token is ANY and segments is Segments.OPEN:
            after = tokens[index + 1] if index + 1 < len(tokens) else ":"
            within = not (isinstance(after, str) and after.startswith(":"))
        one = "[^:]" if within else "."
        parts.append(one if token is ONE else f"{one}*")
    return re.compile("".join(parts), re.DOTALL | (re.IGNORECASE if ignore_case else 0))


@lru_cache(4096)
def _overlap(left: tuple[_Token, ...], right: tuple[_Token, ...]) -> bool:
    """Return whether two patterns have a string in common: both are read at once, character by character."""
    one, other = _characters(left), _characters(right)
    reached, waiting = set[tuple[int, int]](), [(0, 0)]
    while waiting:
        place = waiting.pop()
        if place in reached:
            continue
        reached.add(place)
        i, j = place
        first = one[i] if i < len(one) else None
        second = other[j] if j < len(other) else None
        if first is None and second is None:
            return True
        if first is ANY:
            waiting.append((i + 1, j))
        if second is ANY:
            waiting.append((i, j + 1))
        if first is None or second is None:
            continue
        if first is ANY and second is not ANY:
            waiting.append((i, j + 1))
        elif second is ANY and first is not ANY:
            waiting.append((i + 1, j))
        elif first == second or first is ONE or second is ONE:
            waiting.append((i + 1, j + 1))
    return False


def _characters(tokens: tuple[_Token, ...]) -> list[_Token]:
    return [part for token in tokens for part in (token if isinstance(token, str) else (token,))]
