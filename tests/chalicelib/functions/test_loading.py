"""Importing functions lazily, and again when their code has changed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from chalicelib.functions import discover
from chalicelib.functions.calling import call_from_flow, lambda_handler
from chalicelib.functions.discovery import FunctionError, shown
from chalicelib.functions.loading import load
from chalicelib.functions.signature import ValidationError
from chalicelib.settings import PROJECT


@pytest.fixture(autouse=True)
def no_secrets(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Notes when secrets are loaded instead of asking Parameter Store."""
    loads: list[str] = []
    monkeypatch.setattr("chalicelib.secrets.load", lambda: loads.append("loaded"))
    monkeypatch.setattr("chalicelib.secrets.reload", lambda: loads.append("reloaded"))
    return loads


def write(root: Path, source: str, name: str = "fn", file: str = "handler.py") -> None:
    folder = root / "chalicelib" / "lib" / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / file).write_text(source)


def call(root: Path, event: object = None, name: str = "fn") -> object:
    return call_from_flow(discover(root)[name], event, None)


def test_secrets_are_loaded_before_the_module_runs(tmp_path: Path, no_secrets: list[str]) -> None:
    write(tmp_path, "def handler(event, context): return 1")
    function = discover(tmp_path)["fn"]
    assert no_secrets == []
    load(function)
    assert no_secrets == ["loaded", "reloaded"]
    load(function)
    assert no_secrets == ["loaded", "reloaded", "loaded"]


def test_an_edited_function_is_imported_again_whatever_its_size_and_time(tmp_path: Path) -> None:
    for number in range(5):  # saved several times a second, at the same length
        write(tmp_path, f"def handler(event, context): return {number}")
        assert call(tmp_path) == number


def test_module_state_stays_while_nothing_changes(tmp_path: Path) -> None:
    write(tmp_path, "calls = []\ndef handler(event, context):\n    calls.append(1)\n    return len(calls)")
    assert [call(tmp_path) for _ in range(3)] == [1, 2, 3]


def test_what_lies_beside_the_handler_is_imported_and_watched(tmp_path: Path) -> None:
    write(tmp_path, "from .helper import VALUE\ndef handler(event, context): return VALUE")
    write(tmp_path, "VALUE = 1", file="helper.py")
    assert call(tmp_path) == 1
    write(tmp_path, "VALUE = 'two'", file="helper.py")
    assert call(tmp_path) == "two"


def test_a_module_that_fails_to_import_can_be_repaired(tmp_path: Path) -> None:
    write(tmp_path, "import missing_module_of_nobody")
    with pytest.raises(ModuleNotFoundError):
        call(tmp_path)
    write(tmp_path, "def handler(event, context): return 'repaired'")
    assert call(tmp_path) == "repaired"


def test_a_module_without_handler_says_what_to_add(tmp_path: Path) -> None:
    write(tmp_path, "handler = 3")
    with pytest.raises(FunctionError, match=r"handler\.py has no function `handler`"):
        call(tmp_path)


def test_a_file_of_the_project_is_shown_from_its_folder(tmp_path: Path) -> None:
    assert shown(PROJECT / "chalicelib/lib/greet/handler.py") == "chalicelib/lib/greet/handler.py"
    assert shown(tmp_path / "handler.py") == str(tmp_path / "handler.py")


def test_no_bytecode_is_left_behind(tmp_path: Path) -> None:
    write(tmp_path, "def handler(event, context): return 1")
    before = sys.dont_write_bytecode
    call(tmp_path)
    assert not list(tmp_path.rglob("__pycache__"))
    assert sys.dont_write_bytecode == before


def test_an_exception_surfaces_under_the_name_of_its_class(tmp_path: Path) -> None:
    write(
        tmp_path, "class PaymentDeclined(Exception): pass\ndef handler(amount: int):\n    raise PaymentDeclined('no')"
    )
    with pytest.raises(Exception, match="no") as caught:
        call(tmp_path, {"amount": 1, "__user_id": "u"})
    assert type(caught.value).__name__ == "PaymentDeclined"


def test_a_wrong_input_is_a_validation_error_in_a_flow(tmp_path: Path) -> None:
    write(tmp_path, "def handler(amount: int): return amount")
    with pytest.raises(ValidationError, match="amount"):
        call(tmp_path, {"amount": "many"})
    assert ValidationError.__name__ == "ValidationError"


@pytest.mark.parametrize("event", [{"a": 1}, [1], "text", 3, None])
def test_the_lambda_style_takes_any_input(tmp_path: Path, event: object) -> None:
    write(tmp_path, "def handler(event, context): return event")
    assert call(tmp_path, event) == event


def test_the_lambda_handler_is_called_as_chalice_expects(tmp_path: Path) -> None:
    write(tmp_path, "def handler(a: int): return {'twice': a * 2}", name="my-fn")
    handler = lambda_handler(discover(tmp_path)["my-fn"])
    assert handler.__name__ == "my_fn"
    assert handler({"a": 2}, None) == {"twice": 4}


def test_shared_code_in_a_folder_with_a_hyphen(tmp_path: Path) -> None:
    write(tmp_path, "from .more.deep import x\ndef handler(event, context): return x", name="my-fn")
    write(tmp_path, "x = 5", name="my-fn/more", file="deep.py")
    assert call(tmp_path, name="my-fn") == 5
