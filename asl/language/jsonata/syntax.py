"""What AWS says about the text of an expression: whether it parses, and names it may not use."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from asl.language.jsonata.plain import is_plain

INVALID = "INVALID_JSONATA_EXPRESSION"
UNSUPPORTED = "UNSUPPORTED_JSONATA_EXPRESSION"

_CODE = re.compile(r"(?:Parse error: )?(?:Invalid syntax: )?(?:[A-Z]\d{4}: )?")
# Texts, comments and regular expressions apart, an expression without a bare name cannot use one at the top level.
_TEXTS = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|/\*.*?\*/", re.DOTALL)
_BARE_NAME = re.compile(r"(?<![\w$.`])(?:[^\W\d]\w*|`)")
_WORDS = frozenset({"and", "or", "in", "true", "false", "null", "function"})
_ROOT = re.compile(r"\$\$")


_LENIENT = re.compile(r"\.\.|/|:=")
"""Where the library takes more than JSONata: ranges outside of brackets, regular expressions as operands, and bindings
of what is no variable."""


@lru_cache(maxsize=8192)
def check_jsonata(text: str) -> tuple[str, str] | None:
    """The code and message with which AWS refuses an expression (without its `{%` and `%}`), or None if it takes it."""
    if is_plain(text):
        return None
    newer = _newer_operator(text)
    if newer is not None:
        return INVALID, (
            f"The operator {newer} is newer than JSONata 2.0.6, which Step Functions evaluates: use $exists(a) ? a : b"
        )
    from asl.language.jsonata import programs, reference

    try:
        programs.parse(text)
    except ValueError as error:
        return INVALID, reference.explain_syntax(text) or _CODE.sub("", str(error), count=1)
    if _LENIENT.search(text) and (refusal := reference.explain_syntax(text)) is not None:
        return INVALID, refusal
    bare = _TEXTS.sub("''", text)
    if not _ROOT.search(bare) and all(match.group() in _WORDS for match in _BARE_NAME.finditer(bare)):
        return None
    tree = reference.parse_tree(text)
    if tree is None:
        return None
    name = next(_top_level_names(tree), None)
    if name is None:
        return None
    where = "" if name == "$$" else " at the top level"
    return UNSUPPORTED, f"Reference to '{name}'{where} is not supported."


_APART = re.compile(
    r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|`[^`]*`|/\*.*?\*/"
    # A regular expression stands where a value begins, a division after one.
    r"|(?:(?<=[(,=\[{:;&|~>!?+*%-])|^)\s*/(?:[^/\\\n]|\\.)+/[im]*",
    re.DOTALL,
)
_NEWER = re.compile(r"\?\?|\?:")


def _newer_operator(text: str) -> str | None:
    """An operator of a later JSONata that an expression uses."""
    if "??" not in text and "?:" not in text:
        return None
    match = _NEWER.search(_APART.sub("''", text))
    return match[0] if match else None


def _top_level_names(node: Any) -> Iterator[str]:
    """The names that a tree reads from the top-level context: AWS evaluates expressions without one.

    Only the first step of a path reads it: predicates, later steps, sort terms and groups read the step's value.
    """
    if node is None:
        return
    if isinstance(node, (list, tuple)):
        for item in node:
            yield from _top_level_names(item)
        return
    kind = getattr(node, "type", None)
    if kind == "name":
        yield str(node.value)
    elif kind == "variable":
        if node.value == "$":
            yield "$$"
    elif kind == "path":
        steps = node.steps
        if steps:
            yield from _top_level_names(steps[0])
            for step in steps[1:]:
                yield from _root_references(step)
    elif kind in ("lambda", "block", "condition", "bind", "binary", "unary", "function", "partial", "apply"):
        for part in _PARTS:
            yield from _top_level_names(getattr(node, part, None))


def _root_references(node: Any) -> Iterator[str]:
    """`$$` in a step that has a context of its own."""
    if node is None or isinstance(node, (str, int, float)):
        return
    if isinstance(node, (list, tuple)):
        for item in node:
            yield from _root_references(item)
        return
    if getattr(node, "type", None) == "variable" and node.value == "$":
        yield "$$"
    for part in (*_PARTS, "steps"):
        yield from _root_references(getattr(node, part, None))


# Where the parser keeps what a node is made of. `lhs_object` is an object constructor's pairs.
_PARTS = (
    "lhs",
    "rhs",
    "expression",
    "expressions",
    "arguments",
    "procedure",
    "body",
    "condition",
    "then",
    "_else",
    "lhs_object",
)
