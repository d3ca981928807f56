"""Greets one person."""

from __future__ import annotations

import os

from pydantic import BaseModel

from ..shared.words import greeting


class Greeting(BaseModel):
    text: str
    signature: str


def handler(name: str = "World", language: str = "en") -> Greeting:
    """Greet somebody in a language: en, de or fr."""
    return Greeting(text=greeting(name, language), signature=os.environ.get("GREETINGS_SIGNATURE", ""))
