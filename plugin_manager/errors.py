"""The one kind of error that a user of plugins sees, and what others wrote as it may be shown."""

from __future__ import annotations


class PluginError(Exception):
    """What is wrong with a plugin, or with how it is asked for, and the way out; never a token."""

    def __str__(self) -> str:
        return "\n".join(map(printable, super().__str__().split("\n")))


def printable(text: str) -> str:
    """A line that others wrote, with everything escaped that a terminal would not show as it is."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
