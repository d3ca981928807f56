"""Says why a path finds nothing, in the words of Jayway's JsonPath, the library that AWS uses."""

from __future__ import annotations

from typing import Any

from asl.language.jsonpath.syntax import Child, Children, Index, Path, Selector
from asl.language.scope import MISSING
from asl.language.values import json_text

_PROVIDER = "com.jayway.jsonpath.spi.json.JacksonJsonProvider"
_JAVA_TYPES: dict[type, str] = {
    str: "java.lang.String",
    bool: "java.lang.Boolean",
    int: "java.lang.Integer",
    float: "java.lang.Double",
    list: "java.util.ArrayList",
    type(None): "null",
}


def explain_missing(path: Path, document: Any) -> str:
    """Explain why a definite path finds nothing in a document.

    Args:
        path: The path, of names and indices.
        document: What it was applied to, a JSON value or `MISSING`.

    Returns:
        A cause such as `Missing property in path $['a']` for `$.a.b`, without a full stop at the end.
    """
    node = document
    way = "$"
    last = len(path.selectors) - 1
    for place, selector in enumerate(path.selectors):
        if node is MISSING:
            break
        match selector:
            case Child(name):
                if not isinstance(node, dict):
                    found = _JAVA_TYPES.get(type(node), "null")
                    return (
                        f"Expected to find an object with property {_shown(selector)} in path {way} but found "
                        f"'{found}'. This is not a json object according to the JsonProvider: '{_PROVIDER}'."
                    )
                way += _shown(selector)
                if name not in node:
                    if place < last:
                        return f"Missing property in path {way}"
                    break
                node = node[name]
            case Index(position):
                if node is None:
                    return f"The path {way} is null"
                if not isinstance(node, list):
                    rest = "".join(map(_shown, path.selectors[place:]))
                    return f"Filter: {rest} can only be applied to arrays. Current context is: {json_text(node)}"
                if not -len(node) <= position < len(node):
                    break
                way += _shown(selector)
                node = node[position]
            case _:
                break
    return "No results for path: $" + "".join(map(_shown, path.selectors))


def _shown(selector: Selector) -> str:
    match selector:
        case Child(name):
            return f"['{name}']"
        case Index(position):
            return f"[{position}]"
        case Children(names):
            return "[" + ",".join(f"'{name}'" for name in names) + "]"
    return ""
