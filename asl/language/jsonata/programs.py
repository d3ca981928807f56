"""Runs expressions on jsonatapy."""

from __future__ import annotations

import ctypes
import math
import re
import threading
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from asl.language.jsonata.functions import (
    FUNCTIONS,
    INTERNAL,
    LIMITED,
    MAX_SEQUENCE_ITEMS,
    MEMORY_EXCEEDED,
    RENAMED,
    STACK_OVERFLOW,
    TIMED_OUT,
    InternalFailure,
    JsonataFailure,
    LibraryDecides,
    UndefinedResult,
    as_numbers,
    moment,
)
from asl.language.jsonata.growth import ANY_SIZE, BUDGET, data_size, is_linear, safe_size
from asl.language.jsonata.library import jsonatapy
from asl.language.jsonata.plain import states_value
from asl.language.jsonata.workers import WORKERS, Answer
from asl.language.scope import MISSING, Scope
from asl.language.values import without_surrogates

if TYPE_CHECKING:
    from asl.language.jsonata.reference import Explained

# AWS's limits are a second, 6,990,256 bytes (873,782 numbers) and a depth of 100, which counts an expression's
# outermost level too.
TIMEOUT_MILLISECONDS = 1000
# The library evaluates without letting any other thread of the process run. An expression has this long here; one that
# takes longer is evaluated in another process, and so is one that may need much memory (`growth`).
QUICK_MILLISECONDS = 20
_LIMITS = {
    "max_stack_depth": 99,
    "max_sequence_length": MAX_SEQUENCE_ITEMS,
}
_TIMED_OUT = "D1012"
_OF_PICTURE = re.compile("D3(?:08|09|13)")
"""Codes of failures in pictures of numbers and dates, which this library knows better than the one that words them."""
_EXCEEDED = {
    "D1011": STACK_OVERFLOW,
    _TIMED_OUT: TIMED_OUT,
    "D2014": MEMORY_EXCEEDED,
    "D2015": MEMORY_EXCEEDED,
}
# What the library says where Python has no memory for its result.
_NO_OBJECT = "PyObject pointer is null"
_OVERRIDES = {"random", "eval", "now", "millis", *LIMITED}

_VARIABLE = re.compile(r"\$([^\W\d]\w*)")
_STATES_MEMBER = re.compile(r"\$states(?!\w)(?:\s*\.\s*(input|context|result|errorOutput)(?!\w))?")


_OF_CONTEXT = re.compile(
    r"\$(?:string|number|length|uppercase|lowercase|trim|base64encode|base64decode|encodeUrl|encodeUrlComponent"
    r"|decodeUrl|decodeUrlComponent|abs|floor|ceil|sqrt|round|boolean|not|keys|spread|toMillis|fromMillis|formatBase"
    r"|clone)\s*\(\s*\)"
)
"""Calls of functions that take the context where they have no argument: the outermost context is undefined on AWS."""


_TAKES_CONTEXT = re.compile(r"\$(?:string|boolean|not)\s*\(\s*\)")
"""Calls that take null for a context that is undefined."""

_SLOW = re.compile(r"\$(?:distinct|sort|lookup|zip|replace|match|split|contains|join|pad)(?!\w)|\^\s*\(|[/|]")
"""What may take longer than the data are: the library looks at the time only between its functions."""
_MAKES_LISTS = re.compile(r"\.\.|\$(?:range|pad|map|reduce|each)(?!\w)")
_LITTLE = 2**18
"""Bytes of data, as `data_size` counts them, for which no function takes long."""


class UnsupportedResult(Exception):
    """The result is a function, which is no JSON."""


class TakesLong(Exception):
    """The evaluation is not done after the time that it was given."""


@lru_cache(maxsize=4096)
def parse(text: str) -> None:
    """Raises `ValueError` if the expression does not parse."""
    jsonatapy.compile(text)


class Program:
    """An expression as a function of a scope that answers `MISSING` for undefined."""

    def __init__(self, text: str) -> None:
        """Compile an expression. Raises `ValueError` if it does not parse."""
        self._text = text
        names = set(_VARIABLE.findall(text))
        self._hosts = frozenset(names & FUNCTIONS.keys())
        self._tells_time = not self._hosts.isdisjoint(("now", "millis"))
        self._variables = names - {"states"}
        self._members = set(_STATES_MEMBER.findall(text)) if "states" in names else None
        self._local = threading.local()
        self._takes_long = False
        self._is_linear = is_linear(text)
        self._safe_size: int | None = None
        self._may_last = _SLOW.search(text) is not None
        self._takes_context = _TAKES_CONTEXT.search(text) is not None
        self._reduces = "$reduce" in text
        self._writes = "$string" in text or "&" in text
        self._is_nothing = _OF_CONTEXT.fullmatch(text.strip()) is not None
        self._expression(self._hosts, QUICK_MILLISECONDS)

    def __call__(self, scope: Scope) -> Any:
        """Evaluate the expression.

        Raises:
            JsonataFailure: The evaluation failed.
            UnsupportedResult: The result is a function.
        """
        if self._is_nothing:
            return MISSING
        bindings = self._bind(scope)
        seconds = scope.clock() if self._tells_time else 0.0
        host = scope.host
        if host is not None:
            host.give_turn()
        quick = not self._takes_long and (self._is_linear or self._is_safe(bindings))
        if quick and not (self._may_last and self._is_much(bindings)):
            try:
                return self._hold(self.evaluate(bindings, seconds, QUICK_MILLISECONDS), scope)
            except TakesLong:
                self._takes_long = True

        def evaluate() -> Answer:
            return WORKERS.evaluate(self._text, bindings, seconds)

        answer = evaluate() if host is None else host.elsewhere(evaluate)
        self._takes_long = answer.milliseconds > QUICK_MILLISECONDS / 2
        if answer.unsupported:
            raise UnsupportedResult
        if answer.failure is not None:
            raise JsonataFailure(answer.failure)
        return self._hold(answer.value, scope)

    def _hold(self, value: Any, scope: Scope) -> Any:
        """The value, unless the results of this scope together need too much memory."""
        if not self._is_linear and isinstance(value, (str, list, dict)):
            scope.held += data_size(value)
            if scope.held > BUDGET:
                raise JsonataFailure(MEMORY_EXCEEDED)
        return value

    def _is_much(self, bindings: dict[str, Any]) -> bool:
        """Whether one of the library's slow functions may have much to do."""
        return _MAKES_LISTS.search(self._text) is not None or data_size(bindings) > _LITTLE

    def _is_safe(self, bindings: dict[str, Any]) -> bool:
        """Whether the expression can't need much memory with these variables."""
        safe = self._safe_size
        if safe is None:
            safe = self._safe_size = safe_size(self._text)
        return safe == ANY_SIZE or (safe > 0 and data_size(bindings) <= safe)

    def evaluate(self, bindings: dict[str, Any], seconds: float, milliseconds: int) -> Any:
        """Evaluate the expression here and now.

        Args:
            bindings: The values of its variables.
            seconds: The time that it sees, in seconds since the epoch.
            milliseconds: How long it may take.

        Raises:
            JsonataFailure: The evaluation failed, or took longer than a second.
            UnsupportedResult: The result is a function.
            TakesLong: The evaluation took longer than `milliseconds`, less than a second.
        """
        if self._tells_time:
            moment.seconds = seconds
        # A variable hides the function of its name.
        hosts = self._hosts
        functions = hosts if hosts.isdisjoint(bindings) else hosts.difference(bindings)
        return self._evaluate(bindings, functions, milliseconds)

    def _evaluate(self, bindings: dict[str, Any], functions: frozenset[str], milliseconds: int) -> Any:
        expression = self._expression(functions, milliseconds)
        try:
            try:
                value = _evaluate(expression, bindings)
            except OverflowError:
                value = _evaluate(expression, as_numbers(bindings))
            except UnicodeEncodeError:
                value = _evaluate(expression, without_surrogates(bindings))
            if (
                self._takes_context
                or (self._reduces and _holds(value, _is_null))
                or (self._writes and _holds(value, _is_long_number))
            ):
                return _corrected(self._text, bindings, value, milliseconds)
            return value
        except ValueError as error:
            message = str(error)
        except BaseException as panic:
            if type(panic).__name__ != "PanicException":  # which is no Exception, and can't be imported
                raise
            if str(panic) == _NO_OBJECT:
                raise JsonataFailure(MEMORY_EXCEEDED) from None
            message = ""
        if not message:
            return _after_crash(self._text, bindings, milliseconds)
        if message.startswith(_LIBRARY_DECIDES):
            return self._evaluate(bindings, functions.difference(LIMITED), milliseconds)
        return _fail(self._text, bindings, message, milliseconds)

    def _expression(self, functions: frozenset[str], milliseconds: int) -> Any:
        """The library's compiled expression with these functions, which only the thread that made it may use."""
        key = functions, milliseconds
        try:
            return self._local.expressions[key]
        except AttributeError:
            self._local.expressions = {}
        except KeyError:
            pass
        # Not the one of `parse`: host functions are registered on the compiled expression.
        expression = jsonatapy.compile(_with_our_names(self._text, functions), timeout=milliseconds, **_LIMITS)
        self._local.expressions[key] = expression
        # Dropped by another thread, as at the end of the process, it complains on standard error instead of being
        # freed: let it never be dropped.
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(expression))
        for name in functions:
            if name in RENAMED:
                expression.register(RENAMED[name], FUNCTIONS[name])
            else:
                register = expression.register_override if name in _OVERRIDES else expression.register
                register(name, FUNCTIONS[name])
        return expression

    def _bind(self, scope: Scope) -> dict[str, Any]:
        # What is bound is converted, so only what the expression names is: inputs can be large.
        assigned = scope.variables
        bindings = {name: assigned[name] for name in self._variables if name in assigned}
        members = self._members
        if members is not None:
            states = states_value(scope)
            bindings["states"] = states if "" in members else {key: states[key] for key in members if key in states}
        return bindings


_REGEX = re.compile(r"(?:(?<=[(,=\[{:;&|~>!?+*%-])|^)\s*/(?![*])")


def _has_regex(text: str) -> bool:
    """Whether an expression may have a regular expression, which can take without end in the other library."""
    return "/" in text and _REGEX.search(text) is not None


_RENAMED = re.compile(
    r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|`[^`]*`|/\*.*?\*/|\$(" + "|".join(RENAMED) + r")(?!\w)", re.DOTALL
)


def _with_our_names(text: str, functions: frozenset[str]) -> str:
    """The expression with the names of `RENAMED` for those of the functions that the library won't replace."""
    if functions.isdisjoint(RENAMED):
        return text
    return _RENAMED.sub(lambda match: f"${RENAMED[match[1]]}" if match[1] in functions else match[0], text)


@lru_cache(maxsize=4096)
def compile_program(text: str) -> Program:
    """Compile an expression. Raises `ValueError` if it does not parse."""
    return Program(text)


def _evaluate(expression: Any, bindings: dict[str, Any]) -> Any:
    value = expression.evaluate(None, bindings)
    if value is not None:
        return _plain_json(value) if isinstance(value, (float, list, dict)) else value
    # The library has one None for undefined, null and functions; the texts it makes of them differ.
    text = expression.evaluate_json_or_none(None, bindings)
    if text is None:
        return MISSING
    if text == '""':
        raise UnsupportedResult
    return None


def _plain_json(value: Any) -> Any:
    """Numbers that JSON does not have, as AWS writes them."""
    if isinstance(value, float):
        if math.isfinite(value):
            return value
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, list):
        return [_plain_json(item) if isinstance(item, (float, list, dict)) else item for item in value]
    if isinstance(value, dict):
        return {
            key: _plain_json(item) if isinstance(item, (float, list, dict)) else item for key, item in value.items()
        }
    return value


_LONG_NUMBER = re.compile(r"\d{16}")


def _is_null(value: Any) -> bool:
    """Whether the value may be of `$reduce` of nothing, which is undefined."""
    return value is None


def _is_long_number(value: Any) -> bool:
    """Whether the value may be the string of a number with more than the fifteen digits that it has on AWS."""
    return isinstance(value, str) and _LONG_NUMBER.search(value) is not None


def _holds(value: Any, test: Callable[[Any], bool]) -> bool:
    """Whether a test is true of a value or anything in it."""
    if isinstance(value, list):
        return any(_holds(item, test) for item in value)
    if isinstance(value, dict):
        return any(_holds(item, test) for item in value.values())
    return test(value)


def _ask(text: str, bindings: dict[str, Any], milliseconds: int) -> Explained | None:
    """What the other library makes of an expression, if it can tell.

    Raises:
        JsonataFailure: It exceeds a limit there.
        TakesLong: It takes, or may take, longer than `milliseconds`, less than a second.
    """
    # Regular expressions can take without end there, and lists can be long.
    if milliseconds < TIMEOUT_MILLISECONDS and (_has_regex(text) or _MAKES_LISTS.search(text)):
        raise TakesLong
    from asl.language.jsonata import reference

    try:
        explained = reference.evaluate(text, bindings, milliseconds)
    except TimeoutError:
        if milliseconds < TIMEOUT_MILLISECONDS:
            raise TakesLong from None
        raise JsonataFailure(TIMED_OUT) from None
    if explained is not None and explained.failure is not None and explained.failure[:5] in _EXCEEDED:
        raise JsonataFailure(_EXCEEDED[explained.failure[:5]])
    return explained


def _corrected(text: str, bindings: dict[str, Any], value: Any, milliseconds: int) -> Any:
    """The value that the other library gives, or this one if that fails."""
    explained = _ask(text, bindings, milliseconds)
    if explained is None or explained.failure is not None:
        return value
    return _plain_json(explained.value)


def _after_crash(text: str, bindings: dict[str, Any], milliseconds: int) -> Any:
    """What the other library makes of an expression in which this one crashes."""
    explained = _ask(text, bindings, milliseconds)
    if explained is None:
        raise JsonataFailure(INTERNAL)
    if explained.failure is not None:
        raise JsonataFailure(explained.failure)
    return _plain_json(explained.value)


_LIBRARY_DECIDES = f"host function raised {LibraryDecides.__name__}"
_HOST = re.compile(r"host function raised (\w+): ?(.*)", re.DOTALL)
_CODE = re.compile(r"[STD]\d{4}")


def _fail(text: str, bindings: dict[str, Any], message: str, milliseconds: int) -> Any:
    """Undefined if a function of ours answered nothing; else raises `JsonataFailure` in AWS's words, or `TakesLong`."""
    host = _HOST.match(message)
    if host is not None:
        if host.group(1) == UndefinedResult.__name__:
            return MISSING
        raise JsonataFailure(INTERNAL if host.group(1) == InternalFailure.__name__ else host.group(2))
    code = message[:5]
    if code == _TIMED_OUT and milliseconds < TIMEOUT_MILLISECONDS:
        raise TakesLong
    if code in _EXCEEDED:
        raise JsonataFailure(_EXCEEDED[code])
    if not _CODE.fullmatch(code):
        raise JsonataFailure(message)
    from asl.language.jsonata import reference

    explained = _ask(text, bindings, milliseconds)
    if explained is None or (_OF_PICTURE.match(code) and not (explained.failure or "").startswith(code)):
        raise JsonataFailure(reference.word_failure(text, code, message))
    if explained.failure is not None:
        raise JsonataFailure(explained.failure)
    return _plain_json(explained.value)
