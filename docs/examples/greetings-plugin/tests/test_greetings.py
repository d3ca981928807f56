"""Run with `make test PLUGINS=1` in a project that has the plugin, or with `make test` in its own repository."""

from __future__ import annotations

import pytest


def test_the_function_greets(call) -> None:
    assert call("greetings_hello", name="Ada", language="de") == {"text": "Hallo Ada", "signature": ""}
    assert call("greetings_hello")["text"] == "Hello World"


def test_the_flow_greets_in_two_languages(flows) -> None:
    run = flows.load("greetingsFlow").run({"name": "Ada"})
    run.assert_succeeded(output={"greetings": ["Hallo Ada", "Bonjour Ada"]})


@pytest.mark.parametrize("language", ["xx", ""])
def test_an_unknown_language_is_english(call, language: str) -> None:
    assert call("greetings_hello", name="Ada", language=language)["text"] == "Hello Ada"
