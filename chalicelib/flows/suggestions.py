"""Suggests known names for unknown ones."""

from __future__ import annotations

from collections.abc import Iterable


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the most similar of `known` names, or None if none is similar enough."""
    from difflib import get_close_matches

    names = list(known)
    found = get_close_matches(name, names, n=1, cutoff=0.7)
    if found:
        return found[0]
    by_lower = {item.lower(): item for item in names}
    found = get_close_matches(name.lower(), list(by_lower), n=1, cutoff=0.6)
    return by_lower[found[0]] if found else None


def suggestion(name: str, known: Iterable[str]) -> str:
    """Return `did you mean 'X'?`, or an empty string."""
    found = nearest(name, known)
    return f"did you mean {found!r}?" if found else ""
