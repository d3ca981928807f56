"""JSON pointers (RFC 6901, https://www.rfc-editor.org/rfc/rfc6901)."""

from __future__ import annotations


def escape(token: str) -> str:
    """Return a key as it is written in a pointer."""
    return token.replace("~", "~0").replace("/", "~1") if "~" in token or "/" in token else token


def join(*tokens: str | int) -> str:
    """Return the pointer of these keys and indexes: `join("States", "A/B") == "/States/A~1B"`."""
    return "".join("/" + escape(str(token)) for token in tokens)


def split(pointer: str) -> list[str]:
    """Return the keys and indexes of a pointer; the empty pointer has none."""
    if not pointer:
        return []
    return [token.replace("~1", "/").replace("~0", "~") for token in pointer.removeprefix("/").split("/")]
