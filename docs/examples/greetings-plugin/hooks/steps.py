"""A step shorthand: `greet: LANGUAGE` stands for a call of the plugin's function."""

from __future__ import annotations

from typing import Any


def greet(language: Any) -> dict[str, Any]:
    """The step that `greet: de` stands for."""
    if not isinstance(language, str):
        raise ValueError("greet takes a language, such as de")
    return {
        "name": f"Greet in {language}",
        "call": "greetings_hello",
        "input": {"name": "{% $states.input.name %}", "language": language},
    }
