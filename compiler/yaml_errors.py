"""What is wrong with text that libyaml can't read: the tab, the control character or the token, and how to fix it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import yaml

from compiler.diagnostic import START, Position, Severity

# https://yaml.org/spec/1.2.2/#51-character-set
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x84\x86-\x9f\ufffe\uffff]")
# Spaces of Unicode that are none of YAML's: https://yaml.org/spec/1.2.2/#white-space-characters
ODD_SPACES = "\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000"
ODD_SPACE = re.compile(f"[ \t]*[{ODD_SPACES}]")
_AFTER_COLON = re.compile(f":[{ODD_SPACES}]")
# They end a line in YAML 1.1, which libyaml reads, and in no editor.
_LINE_END = re.compile("[\x85\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class YamlProblem:
    """Something in YAML that has no JSON value, or another one than expected, and the check that reports it."""

    check: str
    message: str
    position: Position
    hint: str = ""
    severity: Severity = Severity.ERROR


def syntax_problems(text: str, error: yaml.YAMLError) -> Iterator[YamlProblem]:
    """Explain why `text` is not YAML.

    Args:
        text: What libyaml was given.
        error: What it raised. It reports a tab or a control character at the wrong place or in obscure words.

    Returns:
        Every line that a tab indents; else the first control character; else what libyaml says.
    """
    indented = [*_tabs(text), *odd_spaces(text)]
    if indented:
        yield from indented
        return
    control = _CONTROL.search(text)
    if control is not None:
        message = f"YAML does not allow the control character U+{ord(control.group()):04X}."
        yield YamlProblem("yaml-syntax", message, _position(text, control.start()), "remove it")
        return
    end = _LINE_END.search(text)
    if end is not None:
        message = f"YAML reads U+{ord(end.group()):04X} as the end of a line."
        yield YamlProblem("yaml-syntax", message, _position(text, end.start()), "remove it")
        return
    reported = _reported(text, error)
    yield _after_colon(text, reported.position.line) or reported


def _position(text: str, index: int) -> Position:
    line = text.count("\n", 0, index) + 1
    column = index - text.rfind("\n", 0, index)
    return Position(line, column, line, column + 1)


def _after_colon(text: str, line: int) -> YamlProblem | None:
    """Return the problem of a value that no space separates from its key, at a line or in the one before."""
    for number, written in list(enumerate(text.split("\n"), 1))[max(line - 2, 0) : line]:
        match = _AFTER_COLON.search(written)
        if match:
            column = match.end()
            message = f"The colon is followed by U+{ord(match.group()[1]):04X}, which looks like a space but isn't one."
            position = Position(number, column, number, column + 1)
            return YamlProblem("yaml-syntax", message, position, "replace it with a space")
    return None


def _tabs(text: str) -> Iterator[YamlProblem]:
    for number, line in enumerate(text.split("\n"), 1):
        indented = line.lstrip(" ")
        if indented.startswith("\t") and line.strip():
            column = len(line) - len(indented) + 1
            message = "This line is indented with a tab; YAML allows only spaces."
            yield YamlProblem("yaml-tab", message, Position(number, column, number, column + 1))


def odd_space(character: str, position: Position) -> YamlProblem:
    """Return the problem of a line that is indented with a character that is none of YAML's spaces."""
    message = f"This line is indented with U+{ord(character):04X}, which looks like a space but isn't one."
    return YamlProblem("yaml-syntax", message, position, "replace it with a space")


def odd_spaces(text: str) -> Iterator[YamlProblem]:
    """Find lines that are indented with no-break spaces and the like, which some editors write."""
    for number, line in enumerate(text.split("\n"), 1):
        match = ODD_SPACE.match(line)
        if match and line.strip():
            column = match.end()
            message = (
                f"This line is indented with U+{ord(line[column - 1]):04X}, which looks like a space but isn't one."
            )
            position = Position(number, column, number, column + 1)
            yield YamlProblem("yaml-syntax", message, position, "replace it with a space")


def _reported(text: str, error: yaml.YAMLError) -> YamlProblem:
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error)
    context = getattr(error, "context", None)
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    at_end = mark is not None and not text[mark.index :].strip()
    if context and at_end:  # where the string or list begins that nothing ends
        mark = getattr(error, "context_mark", None) or mark
    position = START
    if mark is not None:
        position = Position(mark.line + 1, mark.column + 1, mark.line + 1, mark.column + 2)
    if "undefined alias" in problem:
        alias = re.match(r"\*([^\s,\]}]+)", text[mark.index :]) if mark is not None else None
        name = alias[1] if alias else ""
        return YamlProblem("yaml-syntax", f"No anchor &{name} comes before the alias *{name}.", position)
    words = f"{context}, {problem}" if context else str(problem)
    return YamlProblem("yaml-syntax", f"Invalid YAML: {words}.", position, _hint(text, problem, position))


def _hint(text: str, problem: str, position: Position) -> str:
    lines = text.splitlines()
    line = lines[position.line - 1] if position.line <= len(lines) else ""
    rest = line[position.column - 1 :]
    if "{%" in line:
        return "put the expression in quotes: '{% ... %}'"
    if "cannot start any token" in problem:
        return f"put a string that starts with {rest[:1]!r} in quotes"
    if "mapping values are not allowed" in problem and rest.startswith(":"):
        return "put a string that contains `: ` in quotes, and indent all keys of a mapping equally"
    if "invalid Unicode character escape" in problem:
        return "write the character itself; YAML has no surrogate pairs"
    if "another document" in problem:
        return "put each flow in its own file"
    if rest[:1] in ("'", '"', "{", "["):
        return f"the {rest[0]} here is never closed"
    return ""
