"""Code that the plugin's functions share: a folder in `lib/` without a handler."""

from __future__ import annotations

WORDS = {"en": "Hello", "de": "Hallo", "fr": "Bonjour"}


def greeting(name: str, language: str) -> str:
    """Return the greeting, in English if the language is unknown."""
    return f"{WORDS.get(language, WORDS['en'])} {name}"
