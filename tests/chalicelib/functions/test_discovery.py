"""Which functions there are, and which cannot be."""

from __future__ import annotations

from pathlib import Path

import pytest

from chalicelib.functions import ClashError, InvalidNameError, discover, find
from chalicelib.functions.discovery import RESERVED, find_by_python_name
from tests.plugin_manager.projects import listed


def write(root: Path, *names: str, library: str = "chalicelib/lib") -> None:
    for name in names:
        (root / library / name).mkdir(parents=True)
        (root / library / name / "handler.py").write_text("raise RuntimeError('imported')\n")


def test_the_functions_that_ship_are_found() -> None:
    found = discover()
    assert {"ping", "hello_world", "dummy_check", "price_order"} <= found.keys()
    assert "orders" not in found  # shared code, no handler
    assert list(found) == sorted(found)


def test_hyphens_become_underscores_and_nothing_is_imported(tmp_path: Path) -> None:
    write(tmp_path, "my-function")
    function = discover(tmp_path)["my-function"]
    assert (function.python_name, function.plugin) == ("my_function", None)
    assert function.path == tmp_path / "chalicelib/lib/my-function/handler.py"


def test_a_project_without_functions_has_none(tmp_path: Path) -> None:
    assert discover(tmp_path) == {}


def test_folders_without_a_handler_and_hidden_ones_are_no_functions(tmp_path: Path) -> None:
    write(tmp_path, "good", ".hidden", "__pycache__")
    (tmp_path / "chalicelib/lib/shared").mkdir()
    (tmp_path / "chalicelib/lib/file.py").touch()
    assert list(discover(tmp_path)) == ["good"]


@pytest.mark.parametrize("other", ["lib_a", "libA", "lib--a"])
def test_a_clash_names_both_files(tmp_path: Path, other: str) -> None:
    write(tmp_path, "lib-a", other)
    with pytest.raises(ClashError) as caught:
        discover(tmp_path)
    for name in ("lib-a", other):
        assert str(tmp_path / "chalicelib/lib" / name / "handler.py") in str(caught.value)


def test_a_plugins_function_clashes_with_the_projects(tmp_path: Path) -> None:
    write(tmp_path, "same")
    write(tmp_path, "same", library=".plugins/extra/lib")
    listed(tmp_path, {"name": "extra"})
    with pytest.raises(
        ClashError, match=r"extra/lib/same/handler\.py .*give the plugin extra a prefix in config\.json"
    ):
        discover(tmp_path)


def test_a_plugins_function_is_found(tmp_path: Path) -> None:
    write(tmp_path, "more", library=".plugins/extra/lib")
    listed(tmp_path, {"name": "extra"})
    assert discover(tmp_path)["more"].plugin == "extra"
    function = find("more", tmp_path)
    assert function is not None and function.plugin == "extra"


def test_a_plugins_function_has_the_prefix_that_the_project_gives_it(tmp_path: Path) -> None:
    write(tmp_path, "more", library=".plugins/extra/lib")
    write(tmp_path, "more")
    listed(tmp_path, {"name": "extra", "prefix": "acme-"})
    assert {name: function.plugin for name, function in discover(tmp_path).items()} == {
        "acme-more": "extra",
        "more": None,
    }
    function = find("acme-more", tmp_path)
    assert function is not None and (function.python_name, function.folder.name) == ("acme_more", "more")
    assert find_by_python_name("acme_more", tmp_path) == function
    own = find("more", tmp_path)
    assert own is not None and own.plugin is None


@pytest.mark.parametrize(
    "name", ["1st", "with space", "dot.ted", "ümlaut", "class", "-x", *sorted(RESERVED), "run-status"]
)
def test_a_name_that_cannot_be_served_is_an_error(tmp_path: Path, name: str) -> None:
    write(tmp_path, name)
    with pytest.raises(InvalidNameError) as caught:
        discover(tmp_path)
    assert str(tmp_path / "chalicelib/lib" / name / "handler.py") in str(caught.value)


@pytest.mark.parametrize("name", ["", "..", "../lib/ping", "ping/../ping", "a\0b", "/etc", "missing", "Ping"])
def test_what_is_no_function_is_not_found(name: str) -> None:
    assert find(name) is None


def test_a_function_added_is_found_at_once(tmp_path: Path) -> None:
    assert find("late", tmp_path) is None
    write(tmp_path, "late")
    assert find("late", tmp_path) is not None


def test_a_lambda_handler_is_found_by_its_python_name(tmp_path: Path) -> None:
    write(tmp_path, "my-function", "plain")
    for python_name, name in (("my_function", "my-function"), ("plain", "plain")):
        function = find_by_python_name(python_name, tmp_path)
        assert function is not None and function.name == name
    assert find_by_python_name("missing", tmp_path) is None
