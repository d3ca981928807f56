"""`functions.base.api_usage.handler` and `functions.lib.NAME.handler`, which README shows."""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest

from chalicelib import usage
from chalicelib.functions import find, other_names
from chalicelib.functions.loading import load
from chalicelib.settings import PROJECT


def test_the_usage_decorator_has_two_names() -> None:
    module = importlib.import_module("functions.base.api_usage.handler")
    assert module.track_usage_middleware is usage.track_usage_middleware
    assert usage.__spec__ is not None and usage.__spec__.name == "chalicelib.usage"


def test_a_function_is_the_same_module_under_both_names() -> None:
    function = find("hello_world")
    assert function is not None
    other_names.forget()
    handler = importlib.import_module("functions.lib.hello_world.handler").handler
    assert handler is importlib.import_module(function.module).handler
    other_names.forget()
    assert importlib.import_module("functions.lib.hello_world.handler").handler is load(function).handler


def test_what_does_not_exist_is_told_by_python() -> None:
    with pytest.raises(ModuleNotFoundError, match=r"No module named 'functions\.base\.nothing'"):
        importlib.import_module("functions.base.nothing")
    with pytest.raises(ModuleNotFoundError, match="nothing_of_the_kind"):
        importlib.import_module("functions.lib.nothing_of_the_kind.handler")


def test_the_app_alone_makes_the_names_known() -> None:
    code = "import app; from functions.base.api_usage.handler import track_usage_middleware as t; print(t.__module__)"
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["chalicelib.usage"]
