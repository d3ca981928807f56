"""The one kind of error that users of plugins see, and how foreign strings are shown."""

from __future__ import annotations


class PluginError(Exception):
    """What is wrong with a plugin or with its entry in config.json, and what to do. Never contains a token."""

    def __str__(self) -> str:
        return "\n".join(map(printable, super().__str__().split("\n")))


def printable(line: str) -> str:
    """Escape everything in a line that a terminal would interpret instead of show."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in line)
