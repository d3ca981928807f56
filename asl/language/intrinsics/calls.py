"""Reads calls of intrinsic functions and compiles them.

Arguments are texts in single quotes (where a backslash escapes `'`, `{`, `}` and itself, and nothing else), numbers,
`true`, `false`, `null`, paths and other calls.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from asl.language.errors import INTRINSIC_FAILURE, RUNTIME, ExpressionError, SyntaxProblem
from asl.language.intrinsics.functions import FUNCTIONS, IntrinsicFunction, IntrinsicProblem
from asl.language.jsonpath.parser import PathScanner
from asl.language.jsonpath.paths import compile_lookup
from asl.language.scope import MISSING, Scope
from asl.language.sizes import FEW_MENTIONS, check_size
from asl.language.values import json_text

# AWS allows ten calls within each other in one field.
MAX_NESTING = 10

_NAME = re.compile(r"States\.(\w+)\s*\(")
_LITERAL = re.compile(r"'((?:[^'\\]|\\.)*)'", re.DOTALL)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.])", re.ASCII)
_WORD = re.compile(r"(?:true|false|null)(?!\w)")
_ROOT = re.compile(r"\$\$|\$(?:[^\W\d]\w*)?")
_SPACE = re.compile(r"\s*")
_WORDS = {"true": True, "false": False, "null": None}


@dataclass(frozen=True, slots=True)
class Literal:
    """A string, number or word. The `value` of a string is as written, with its escapes."""

    value: Any


@dataclass(frozen=True, slots=True)
class PathArgument:
    """A path."""

    text: str


@dataclass(frozen=True, slots=True)
class Call:
    """A call. `text` is the call as written."""

    function: IntrinsicFunction
    arguments: tuple[Argument, ...]
    text: str


Argument = Literal | PathArgument | Call


@lru_cache(maxsize=4096)
def parse_intrinsic(text: str) -> Call:
    """Read a call. Raises `SyntaxProblem` if it is none, the function is unknown or has too many or few arguments."""
    reader = _Reader(text)
    reader.skip_space()
    call = reader.call(1)
    reader.skip_space()
    if reader.position != len(text):
        raise reader.problem("expected the end")
    return call


@lru_cache(maxsize=4096)
def compile_intrinsic(text: str) -> Callable[[Scope], Any]:
    """Compile a call into a function of a scope.

    The function raises `ExpressionError`: States.IntrinsicFailure where a function cannot answer, States.Runtime where
    a path finds nothing. Raises `SyntaxProblem` as `parse_intrinsic` does.
    """
    evaluate = _compile(parse_intrinsic(text))

    def run(scope: Scope) -> Any:
        try:
            return evaluate(scope)
        except IntrinsicProblem as problem:
            raise ExpressionError(
                INTRINSIC_FAILURE, f"The function '{text}' had the following error: {problem}"
            ) from None
        except (ArithmeticError, ValueError) as problem:  # of numbers with hundreds of digits
            raise ExpressionError(
                INTRINSIC_FAILURE, f"The function '{text}' had the following error: {problem}"
            ) from None
        except RecursionError:
            raise ExpressionError(
                INTRINSIC_FAILURE, f"The function '{text}' had the following error: The value is too deeply nested"
            ) from None
        except _NothingFound as missing:
            raise ExpressionError(
                RUNTIME,
                f"The function '{text}' had the following error: The JsonPath argument for the field "
                f"'{missing.path}' could not be found in the input '{json_text(scope.data)}'",
            ) from None

    return run


def formats(call: Call) -> Iterator[tuple[int, int]]:
    """Of each call of States.Format with a literal template: its places, and the values given for them."""
    template = call.arguments[0] if call.arguments else None
    if call.function.name == "States.Format" and isinstance(template, Literal) and isinstance(template.value, str):
        yield _ESCAPE.sub("", template.value).count("{}"), len(call.arguments) - 1
    for argument in call.arguments:
        if isinstance(argument, Call):
            yield from formats(argument)


class _NothingFound(Exception):
    def __init__(self, path: str) -> None:
        self.path = path


def _compile(argument: Argument) -> Callable[[Scope], Any]:
    match argument:
        case Literal(value):
            resolved = _ESCAPE.sub(r"\1", value) if isinstance(value, str) else value
            return lambda scope: resolved
        case PathArgument(text):
            lookup = compile_lookup(text)

            def find(scope: Scope) -> Any:
                value = lookup(scope)
                if value is MISSING:
                    raise _NothingFound(text)
                return value

            return find
        case Call(function, arguments):
            return _compile_call(function, arguments)
    raise AssertionError(f"no such argument: {argument!r}")


def _compile_call(function: IntrinsicFunction, arguments: tuple[Argument, ...]) -> Callable[[Scope], Any]:
    evaluators = [_compile(argument) for argument in arguments]
    if function.name == "States.Format" and isinstance(arguments[0], Literal):
        # Format itself resolves the escapes of its template: they tell `\{}` from a placeholder.
        template = arguments[0].value
        evaluators[0] = lambda scope: template
    call = function.call
    if len(evaluators) > FEW_MENTIONS or sum(isinstance(argument, Call) for argument in arguments) > 1:
        return lambda scope: call(*check_size([evaluator(scope) for evaluator in evaluators]))
    if len(evaluators) == 1:
        only = evaluators[0]
        return lambda scope: call(only(scope))
    return lambda scope: call(*[evaluator(scope) for evaluator in evaluators])


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0

    def problem(self, message: str) -> SyntaxProblem:
        return SyntaxProblem(f"{message} at position {self.position}", self.text, self.position)

    def skip_space(self) -> None:
        match = _SPACE.match(self.text, self.position)
        assert match is not None
        self.position = match.end()

    def _take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        match = pattern.match(self.text, self.position)
        if match is not None:
            self.position = match.end()
        return match

    def call(self, depth: int) -> Call:
        start = self.position
        if depth > MAX_NESTING:
            raise self.problem(f"more than {MAX_NESTING} calls within each other")
        match = self._take(_NAME)
        if match is None:
            raise self.problem("expected an intrinsic function, States.Name(...)")
        name = f"States.{match.group(1)}"
        function = FUNCTIONS.get(name)
        if function is None:
            self.position = start
            raise self.problem(f"there is no intrinsic function {name}")
        arguments: list[Argument] = []
        self.skip_space()
        if not self._at(")"):
            arguments.append(self._argument(depth))
            while self._at(","):
                self.position += 1
                arguments.append(self._argument(depth))
        if not self._at(")"):
            raise self.problem("expected ',' or ')'")
        self.position += 1
        if not function.accepts(len(arguments)):
            most = "" if function.most is None else f" to {function.most}" if function.most > function.least else ""
            least = f"at least {function.least}" if function.most is None else str(function.least)
            self.position = start
            raise self.problem(f"{name} takes {least}{most} arguments, not {len(arguments)}")
        return Call(function, tuple(arguments), self.text[start : self.position])

    def _at(self, character: str) -> bool:
        self.skip_space()
        return self.text.startswith(character, self.position)

    def _argument(self, depth: int) -> Argument:
        self.skip_space()
        if match := self._take(_LITERAL):
            for escape in _ESCAPE.finditer(match.group(1)):
                if escape.group(1) not in "'{}\\":
                    raise self.problem(f"'{escape.group()}' is not an escape: only \\' \\{{ \\}} and \\\\ are")
            return Literal(match.group(1))
        if match := self._take(_NUMBER):
            return Literal(json.loads(match.group()) if not re.match(r"-?0\d", match.group()) else int(match.group()))
        if match := self._take(_WORD):
            return Literal(_WORDS[match.group()])
        if self.text.startswith("$", self.position):
            return self._path()
        return self.call(depth + 1)

    def _path(self) -> PathArgument:
        start = self.position
        self._take(_ROOT)
        scanner = PathScanner(self.text, self.position, in_filter=True)
        scanner.selectors()
        self.position = scanner.position
        path = PathArgument(self.text[start : self.position])
        compile_lookup(path.text)
        return path
