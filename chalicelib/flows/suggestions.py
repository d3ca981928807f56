"""The nearest name to one that is unknown."""

from __future__ import annotations

from collections.abc import Iterable


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The most similar of `known` names, None when none is similar."""
    from difflib import get_close_matches

    names = list(known)
    found = get_close_matches(name, names, n=1, cutoff=0.7)
    if found:
        return found[0]
    by_lower = {item.lower(): item for item in names}
    found = get_close_matches(name.lower(), list(by_lower), n=1, cutoff=0.6)
    return by_lower[found[0]] if found else None


def suggestion(name: str, known: Iterable[str]) -> str:
    """`did you mean X?`, or the empty text."""
    found = nearest(name, known)
    return f"did you mean {found!r}?" if found else ""
