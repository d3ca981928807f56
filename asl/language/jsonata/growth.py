"""How much memory an expression can need, judged by its syntax tree before it is evaluated.

The library checks its time limit between steps, but a single step can take gigabytes: `$replace` multiplies two
strings, `$join` repeats its separator, and `$reduce` can double its result until the conversion to Python never ends.
`safe_size` finds the size of data up to which an expression stays below `BUDGET`, whatever the data are. Most
expressions are safe for any data. The others are evaluated in a worker process, whose memory is limited.

The analysis evaluates the tree with upper bounds in place of values. A bound is the memory of a value written out in
full, so that a value that is shared many times counts as often. All bounds are convex functions of the bounds they
depend on; hence what a function makes of all items of a list is at most `count * f(0) + f(all) - f(0)`.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from asl.language.jsonata.functions import MAX_HELD_BYTES, MAX_RANGE_ITEMS, MAX_SEQUENCE_ITEMS

BUDGET = 96 * 2**20
"""How many bytes of memory the values of an expression may need in this process, by the worst estimate."""

ANY_SIZE = 2**23
"""More than the data of a state need. An expression that is safe for this size is evaluated without a look at them."""

_LEAST_SIZE = 2**10
# Bytes of memory, in Rust and Python together: of a number or an empty string; of an array; of an object; of an
# object's member in addition to its name and value; of a character.
_VALUE, _ARRAY, _OBJECT, _MEMBER, _CHARACTER = 64, 128, 320, 96, 3
_MOST_VISITS = 3_000
_MOST_CALLS = 24

# What a linear expression consists of. Anything else could be a lambda, a binding, a range, a regular expression, a
# path that is evaluated for each item (`a.(b)`, `a.{...}`), a group (`a{...}`), a sort or a join.
_LINEAR_TOKEN = re.compile(
    r"""(?P<variable>\$[A-Za-z_]\w*)(?P<call>\s*\()|(?:and|or|in)\b|(?:"[^"\\]*"|'[^'\\]*'|`[^`]*`|"""
    r"""\$[A-Za-z_]\w*|(?!function\b)\w+|[\])}])(?!\s*[{(])|\.(?=\s*[\w`])|[\s\[({=<>,?&+-]|\*(?!\*)|:(?!=)|!=|/(?!\*)""",
    re.VERBOSE,
)
_MOST_MENTIONS = 8


def _names(names: str) -> frozenset[str]:
    return frozenset(names.split())


_SMALL = _names(
    "sum count max min average abs floor ceil round power sqrt number boolean not exists contains length type "
    "formatBase millis toMillis parseInteger random uuid hash assert error eval"
)
# What a result is to the arguments, at most. `split` and `match` return a value for each character.
_FACTORS = {
    "append": 1, "reverse": 1, "distinct": 1, "shuffle": 1, "merge": 2, "lookup": 1, "trim": 1, "substring": 1,
    "substringBefore": 1, "substringAfter": 1, "base64decode": 1, "decodeUrl": 1, "decodeUrlComponent": 1,
    "keys": 2, "base64encode": 2, "uppercase": 3, "lowercase": 3, "zip": 3, "partition": 3, "spread": 6, "string": 6,
    "encodeUrl": 9, "encodeUrlComponent": 9, "parse": 64, "split": 32, "match": 160,
}  # fmt: skip
_STEADY = _SMALL - {"eval"} | {name for name, factor in _FACTORS.items() if factor <= 3}
_UNARY = _SMALL | _FACTORS.keys() - _names(
    "append lookup merge substring substringBefore substringAfter zip partition parse split match"
)


class Unbounded(Exception):
    """The expression can need more memory than `BUDGET`, or nothing is known about it."""


@dataclass(frozen=True, slots=True)
class _Bound:
    """An upper bound of a value: its memory, its number if it is one, and what it returns if it is a function."""

    size: float = _VALUE
    number: float = math.inf
    call: Callable[[list[_Bound]], _Bound] | None = None

    @property
    def items(self) -> float:
        """How many items it has, at most."""
        return self.size / _VALUE + 1

    @property
    def is_function(self) -> bool:
        """Whether it is a function of the expression's own, not data or a function of the library."""
        return self.call is not None and self.size == _VALUE


_NOTHING = _Bound(0.0)


def is_linear(text: str) -> bool:
    """Whether an expression can be seen to make little more than its variables hold, without its syntax tree.

    Most expressions are linear. They do not need the import of the parser.
    """
    position = mentions = 0
    while position < len(text):
        match = _LINEAR_TOKEN.match(text, position)
        if match is None or (match["call"] and match["variable"][1:] not in _STEADY):
            return False
        position = match.end()
        mentions += match[0][0] == "$"
    return mentions <= _MOST_MENTIONS


def safe_size(text: str) -> int:
    """Return the `data_size` up to which the expression needs no more than `BUDGET`: 0 for none, `ANY_SIZE` for all."""
    from asl.language.jsonata import reference

    tree = reference.parse_tree(text)
    if tree is None:
        return 0
    if _is_bounded(tree, ANY_SIZE):
        return ANY_SIZE
    safe, size = 0, _LEAST_SIZE
    while size < ANY_SIZE and _is_bounded(tree, size):
        safe, size = size, size * 2
    return safe


def data_size(data: Any) -> int:
    """Return about how many bytes of memory data take, at most. Raises `RecursionError` if they are too deep."""
    if isinstance(data, str):
        return _VALUE + _CHARACTER * len(data)
    text = json.dumps(data)
    return _CHARACTER * len(text) + _VALUE * (text.count(",") + text.count("[") + text.count("{") + 1)


def _is_bounded(tree: Any, size: int) -> bool:
    try:
        _Analysis(size).value(tree, _NOTHING, {})
    except (Unbounded, RecursionError):
        return False
    except (IndexError, ValueError):  # a call lacks arguments, and will fail
        return False
    return True


class _Analysis:
    """One evaluation with bounds. Its methods raise `Unbounded` where a value can exceed the budget."""

    def __init__(self, size: int) -> None:
        self._data = _Bound(_VALUE + size)
        self._visits = 0
        self._calls = 0

    def value(self, node: Any, context: _Bound, names: dict[str, _Bound]) -> _Bound:
        """The bound of a node's value."""
        self._visits += 1
        if self._visits > _MOST_VISITS:
            raise Unbounded
        if any(getattr(node, name, None) for name in ("focus", "index", "tuple", "ancestor", "seeking_parent")):
            raise Unbounded  # joins, whose results are products
        bound = self._plain_value(node, context, names)
        for filtered in (*(getattr(node, "predicate", None) or ()), *(getattr(node, "stages", None) or ())):
            if filtered.type != "filter":
                raise Unbounded
            self.value(filtered.expr, bound, names)
        group = getattr(node, "group", None)
        return bound if group is None else self._object(group.lhs_object, bound, names)

    def _plain_value(self, node: Any, context: _Bound, names: dict[str, _Bound]) -> _Bound:
        match node.type:
            case "string":
                return _made(_VALUE + 2 * _CHARACTER * len(node.value))
            case "number":
                return _Bound(number=float(node.value))
            case "value" | "regex":
                return _Bound()
            case "name" | "wildcard":
                return context
            case "descendant":  # a value counts once for each level above it
                return _made(context.size * context.items)
        judge = _JUDGES.get(node.type)
        if judge is None:
            raise Unbounded
        return judge(self, node, context, names)

    def _variable(self, node: Any, context: _Bound, names: dict[str, _Bound]) -> _Bound:
        name: str = node.value
        if not name:
            return context
        if name in names:
            return names[name]
        # Assigned variables hide the functions of their names: a value that is used as a function fails.
        most = 1 if name in _UNARY else None
        return _Bound(self._data.size, call=lambda arguments: self._builtin(name, arguments[:most], context))

    def _path(self, node: Any, context: _Bound, names: dict[str, _Bound]) -> _Bound:
        bound = self.value(node.steps[0], context, names)
        for step in node.steps[1:]:
            if step.type == "sort":
                for term in step.terms:
                    self.value(term.expression, bound, names)
            else:
                bound = self._each(partial(self._step, step, names), bound)
        return bound

    def _step(self, step: Any, names: dict[str, _Bound], item: _Bound) -> _Bound:
        return self.value(step, item, names)

    def _each(self, function: Callable[[_Bound], _Bound], items: _Bound) -> _Bound:
        """What a function makes of all items together."""
        least = function(_NOTHING).size
        return _made(items.items * least + max(0.0, function(_Bound(items.size)).size - least))

    def _unary(self, node: Any, context: _Bound, names: dict[str, _Bound]) -> _Bound:
        if node.value == "[":
            return _made(_ARRAY + sum(self.value(item, context, names).size for item in node.expressions))
        if node.value == "{":
            return self._object(node.lhs_object, context, names)
        self.value(node.expression, context, names)
        return _Bound()

    def _object(self, pairs: Any, context: _Bound, names: dict[str, _Bound]) -> _Bound:
        """An object, or the groups of a list's items."""

        def members(item: _Bound) -> _Bound:
            return _made(sum(_MEMBER + self.value(part, item, names).size for pair in pairs for part in pair))

        return _made(_OBJECT + (members(context) if context is _NOTHING else self._each(members, context)).size)

    def _binary(self, node: Any, context: _Bound, names: dict[str, _Bound]) -> _Bound:
        left, right = self.value(node.lhs, context, names), self.value(node.rhs, context, names)
        if node.value == "&":
            return _made(left.size + right.size)
        if node.value == "..":
            starts_positive = node.lhs.type == "number"
            count = min(right.number + 1, MAX_SEQUENCE_ITEMS) if starts_positive else MAX_SEQUENCE_ITEMS
            return _made(_VALUE * max(count, 1))
        if node.value in ("+", "*") and min(left.number, right.number) >= 1:
            return _Bound(number=left.number + right.number if node.value == "+" else left.number * right.number)
        if node.value == "-" and node.rhs.type == "number":
            return _Bound(number=left.number)
        return _Bound()

    def _bind(self, node: Any, context: _Bound, names: dict[str, _Bound]) -> _Bound:
        bound = names[node.lhs.value] = self.value(node.rhs, context, names)
        return bound

    def _block(self, node: Any, context: _Bound, names: dict[str, _Bound]) -> _Bound:
        bound, inner = _Bound(), names.copy()
        for expression in node.expressions:
            bound = self.value(expression, context, inner)
        return bound

    def _condition(self, node: Any, context: _Bound, names: dict[str, _Bound]) -> _Bound:
        self.value(node.condition, context, names)
        ways = [self.value(way, context, names) for way in (node.then, getattr(node, "_else", None)) if way is not None]
        if any(way.is_function for way in ways):
            raise Unbounded
        return _Bound(max(way.size for way in ways), max(way.number for way in ways))

    def _lambda(self, node: Any, context: _Bound, names: dict[str, _Bound]) -> _Bound:
        if getattr(node, "signature", None) is not None:
            raise Unbounded  # it may take its argument from the context of a call
        if getattr(node, "thunk", False):  # how the parser marks a tail call
            return self.value(node.body, context, names)

        def call(arguments: list[_Bound]) -> _Bound:
            given = dict(zip((parameter.value for parameter in node.arguments), arguments, strict=False))
            missing = {parameter.value: _Bound() for parameter in node.arguments}
            self._calls += 1
            if self._calls > _MOST_CALLS:
                raise Unbounded  # it may well be recursive
            try:
                return self.value(node.body, context, {**names, **missing, **given})
            finally:
                self._calls -= 1

        return _Bound(call=call)

    def _function(self, node: Any, context: _Bound, names: dict[str, _Bound]) -> _Bound:
        return self._call(node, [], context, names)

    def _call(self, node: Any, first: list[_Bound], context: _Bound, names: dict[str, _Bound]) -> _Bound:
        arguments = first + [self.value(argument, context, names) for argument in node.arguments]
        procedure = node.procedure
        if procedure.type == "variable" and procedure.value not in names:
            literals = [argument.value if argument.type == "string" else None for argument in node.arguments]
            if procedure.value in _PICTURES:
                return self._picture(procedure.value, arguments, [*[None] * len(first), *literals])
            return self._builtin(procedure.value, arguments, context)
        return _apply(self.value(procedure, context, names), arguments)

    def _apply(self, node: Any, context: _Bound, names: dict[str, _Bound]) -> _Bound:
        left = self.value(node.lhs, context, names)
        if node.rhs.type == "function":
            return self._call(node.rhs, [left], context, names)
        right = self.value(node.rhs, context, names)
        if left.is_function:
            return _Bound(call=lambda arguments: _apply(right, [_apply(left, arguments)]))
        return _apply(right, [left])

    def _transform(self, node: Any, _: _Bound, names: dict[str, _Bound]) -> _Bound:
        def call(arguments: list[_Bound]) -> _Bound:
            matches = self.value(node.pattern, arguments[0], names)
            if getattr(node, "delete", None) is not None:
                self.value(node.delete, matches, names)
            added = self._each(lambda item: self.value(node.update, item, names), matches)
            return _made(arguments[0].size + added.size)

        return _Bound(call=call)

    def _builtin(self, name: str, arguments: list[_Bound], context: _Bound) -> _Bound:
        if name in _SMALL:
            counts = name in ("count", "length") and arguments
            return _Bound(2 * _VALUE + 512, arguments[0].items if counts else math.inf)
        total = sum(argument.size for argument in arguments)
        if name in _FACTORS:
            if name == "string" and len(arguments) > 1:  # indented by the depth
                return _made(total * total)
            implied = 0 if arguments and name in _UNARY else context.size
            return _made(_VALUE + _FACTORS[name] * (total + implied))
        if name == "join":
            separators = arguments[1].size if len(arguments) > 1 else 0.0
            return _made(_VALUE + arguments[0].size + arguments[0].items * separators)
        if name == "replace":
            return self._replace(arguments, context)
        if name == "range":
            return _made(_VALUE * MAX_RANGE_ITEMS)
        if name == "pad":
            width = arguments[1].number if len(arguments) > 1 else math.inf
            return _made(total + context.size + _CHARACTER * min(width, MAX_HELD_BYTES))
        if name in _HIGHER and len(arguments) > 1:
            return self._higher(name, *arguments[:3])
        if name == "sort":
            if len(arguments) > 1:
                _apply(arguments[1], [arguments[0], arguments[0]])
            return arguments[0] if arguments else context
        if name == "now" and not arguments:
            return _Bound(4 * _VALUE)
        raise Unbounded

    def _replace(self, arguments: list[_Bound], context: _Bound) -> _Bound:
        text, _, by = arguments[:3] if len(arguments) > 2 else [context, _NOTHING, *arguments[-1:]]
        if by.is_function:
            by = _apply(by, [_made(_FACTORS["match"] * text.size)])
        return _made(text.size + (text.size / _CHARACTER + 1) * by.size)

    def _higher(self, name: str, items: _Bound, function: _Bound, start: _Bound | None = None) -> _Bound:
        if name == "reduce":
            return self._reduce(items, function, start or _NOTHING)
        made = self._each(lambda item: _apply(function, [item, _Bound(number=items.items), items]), items)
        return made if name in ("map", "each") else items

    def _reduce(self, items: _Bound, function: _Bound, start: _Bound) -> _Bound:
        def step(result: float, item: float) -> float:
            return _apply(function, [_Bound(result), _Bound(item), _Bound(number=items.items), items]).size

        least = step(0.0, 0.0)
        total = _made(start.size + items.size + items.items * least + max(0.0, step(0.0, items.size) - least)).size
        # This holds if a result is no more than the one before it and something that does not depend on it.
        if step(2 * total, 0.0) - step(total, 0.0) > 1.01 * total:
            raise Unbounded
        return _Bound(total)

    def _picture(self, name: str, arguments: list[_Bound], literals: list[Any]) -> _Bound:
        """A number or a date by a picture, which may ask for any width."""
        place = 0 if name == "now" else 1
        picture = literals[place] if len(literals) > place else "" if len(arguments) <= place else None
        if not isinstance(picture, str) or len(picture) > 200:
            raise Unbounded
        if name in ("fromMillis", "now") and re.search(r",[\s\d*-]*\d{3}", picture):
            raise Unbounded  # a width, `[Y,9999999]`
        if name == "formatInteger" and picture[:1] in ("I", "i"):
            return _made(_CHARACTER * float(MAX_HELD_BYTES))
        return _Bound(_VALUE + _CHARACTER * 100 * (len(picture) + 40))


_JUDGES: dict[str, Callable[[_Analysis, Any, _Bound, dict[str, _Bound]], _Bound]] = {
    "variable": _Analysis._variable,
    "path": _Analysis._path,
    "unary": _Analysis._unary,
    "binary": _Analysis._binary,
    "bind": _Analysis._bind,
    "block": _Analysis._block,
    "condition": _Analysis._condition,
    "lambda": _Analysis._lambda,
    "function": _Analysis._function,
    "apply": _Analysis._apply,
    "transform": _Analysis._transform,
}
_HIGHER = frozenset({"map", "filter", "each", "sift", "single", "reduce"})
_PICTURES = frozenset({"fromMillis", "now", "formatNumber", "formatInteger"})


def _apply(function: _Bound, arguments: list[_Bound]) -> _Bound:
    if function.call is None:
        raise Unbounded  # it may be a function that came out of a condition or an object
    return function.call(arguments)


def _made(size: float) -> _Bound:
    if size > BUDGET:
        raise Unbounded
    return _Bound(size)
