"""What the plugin's functions share: a folder of `lib/` without a handler."""

from __future__ import annotations

WORDS = {"en": "Hello", "de": "Hallo", "fr": "Bonjour"}


def greeting(name: str, language: str) -> str:
    """The greeting; English for a language that is not known."""
    return f"{WORDS.get(language, WORDS['en'])} {name}"
