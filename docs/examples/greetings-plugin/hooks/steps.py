"""A step shorthand: `greet: LANGUAGE` calls the plugin's function."""

from __future__ import annotations

from typing import Any


def greet(language: Any) -> dict[str, Any]:
    """Return the step that `greet: de` is short for."""
    if not isinstance(language, str):
        raise ValueError("greet expects a language, such as de")
    return {
        "name": f"Greet in {language}",
        "call": "greetings_hello",
        "input": {"name": "{% $states.input.name %}", "language": language},
    }
