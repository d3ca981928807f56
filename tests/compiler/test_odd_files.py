"""A file that can't be read is one finding, never a traceback or a wait."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from chalicelib.files import MAX_BYTES, UnreadableFileError, read_bytes, why_unreadable
from chalicelib.functions import discover, find, survey
from chalicelib.names import Names
from chalicelib.plugins import INDEX, installed
from compiler import Severity
from compiler.cli import main
from compiler.permissions.function_role import PermissionsError, granted_statements
from infrastructure.chalice_config import write_section
from infrastructure.errors import DeploymentError
from localcloud.project import _configured_environment
from plugin_manager.config import read_config
from plugin_manager.errors import PluginError
from plugin_manager.freshness import is_current

from .conftest import Workspace
from .test_live_project import FLOW


def _loop(path: Path) -> None:
    path.symlink_to(path.name)


def _dangling(path: Path) -> None:
    path.symlink_to("nowhere")


def _socket(path: Path) -> None:
    before = Path.cwd()
    os.chdir(path.parent)  # addresses of sockets are short
    try:
        with socket.socket(socket.AF_UNIX) as bound:
            bound.bind(path.name)
    finally:
        os.chdir(before)


def _huge(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(100 * 2**20)


def _forbidden(path: Path) -> None:
    path.write_text("{}")
    path.chmod(0)


ODD: dict[str, tuple[Callable[[Path], object], str]] = {
    "loop": (_loop, "leads back to itself"),
    "dangling": (_dangling, "does not exist"),
    "pipe": (os.mkfifo, "named pipe"),
    "socket": (_socket, "socket"),
    "folder": (Path.mkdir, "a folder"),
    "huge": (_huge, "100 MB"),
    "forbidden": (_forbidden, "permission denied"),
}
BROKEN = {"nul": b"name: a\x00b\n", "utf16": "name: a".encode("utf-16") + b"\xd8", "no json": b"\xff{"}


@pytest.fixture(params=ODD)
def odd(request: pytest.FixtureRequest) -> tuple[Callable[[Path], object], str]:
    if request.param == "forbidden" and os.geteuid() == 0:
        pytest.skip("root may read everything")
    return ODD[request.param]


Odd = tuple[Callable[[Path], object], str]


def test_a_flow(workspace: Workspace, odd: Odd, capsys: pytest.CaptureFixture[str]) -> None:
    make, words = odd
    workspace.flow(FLOW)
    make(workspace.root / "flows" / "odd.yml")
    project = workspace.compile()
    assert [(item.file, item.check) for item in project.errors] == [("flows/odd.yml", "unreadable-file")]
    assert words in project.errors[0].message
    assert set(project.flows) == {"greet"}
    for paths in ([], [str(workspace.root / "flows" / "odd.yml")]):
        assert main(["--root", str(workspace.root), "check", *paths]) == 1
        printed = capsys.readouterr()
        assert "flows/odd.yml" in printed.out
        assert words in printed.out
        assert printed.err == ""


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_a_flow_with_odd_bytes(workspace: Workspace, content: bytes) -> None:
    workspace.flow(FLOW)
    (workspace.root / "flows" / "odd.yml").write_bytes(content)
    project = workspace.compile()
    assert {item.file for item in project.errors} == {"flows/odd.yml"}
    assert set(project.flows) == {"greet"}


def test_a_function(workspace: Workspace, odd: Odd) -> None:
    make, words = odd
    folder = workspace.root / "chalicelib" / "lib" / "odd"
    folder.mkdir()
    make(folder / "handler.py")
    found, problems = survey(workspace.root)
    assert set(found) == {"hello_world"}
    assert len(problems) == 1
    assert words in str(problems[0])
    assert str(folder / "handler.py") in str(problems[0])
    assert find("odd", workspace.root) is None
    assert set(discover(workspace.root)) == {"hello_world"}  # it keeps nothing else from being served
    assert [item.check for item in workspace.compile().errors] == ["unreadable-file"]


def test_settings(workspace: Workspace, odd: Odd, capsys: pytest.CaptureFixture[str]) -> None:
    make, words = odd
    root = workspace.root
    (root / ".chalice").mkdir()
    make(root / "config.json")
    make(root / ".chalice" / "config.json")
    make(root / "lambda-permissions.yml")
    with pytest.raises(PluginError, match=rf"config\.json can't be read: .*{words}"):
        read_config(root, {})
    assert not is_current(root)
    with pytest.raises(DeploymentError, match=words):
        write_section(root / ".chalice" / "config.json", "prod", {"environment_variables": {}})
    with pytest.raises(PermissionsError, match=rf"lambda-permissions\.yml can't be read: .*{words}"):
        granted_statements(root / "lambda-permissions.yml", Names("prod", "eu-west-1", "123456789012"))
    assert _configured_environment(root, "local") == {}
    assert words in capsys.readouterr().err


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_settings_with_odd_bytes(workspace: Workspace, content: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    root = workspace.root
    (root / ".chalice").mkdir()
    for name in ("config.json", ".chalice/config.json", "lambda-permissions.yml"):
        (root / name).write_bytes(content)
    with pytest.raises(PluginError, match=r"config\.json"):
        read_config(root, {})
    with pytest.raises(DeploymentError):
        write_section(root / ".chalice" / "config.json", "prod", {"environment_variables": {}})
    with pytest.raises(PermissionsError, match=r"lambda-permissions\.yml"):
        granted_statements(root / "lambda-permissions.yml", Names("prod", "eu-west-1", "123456789012"))
    assert _configured_environment(root, "local") == {}
    assert "config.json" in capsys.readouterr().err


def test_the_list_of_plugins(workspace: Workspace, odd: Odd, caplog: pytest.LogCaptureFixture) -> None:
    make, words = odd
    (workspace.root / INDEX).parent.mkdir()
    make(workspace.root / INDEX)
    workspace.flow(FLOW)
    if words != "does not exist":
        assert installed(workspace.root) == ()
        assert words in caplog.text
    assert set(workspace.compile().flows) == {"greet"}


def test_a_file_of_the_most_bytes_is_read(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"a" * MAX_BYTES)
    assert len(read_bytes(tmp_path / "file")) == MAX_BYTES
    assert why_unreadable(tmp_path / "file") == ""


def test_a_file_that_does_not_exist_is_no_odd_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as raised:
        read_bytes(tmp_path / "file")
    assert not isinstance(raised.value, UnreadableFileError)


def test_a_number_with_a_leading_zero_is_quoted_as_it_is_written(workspace: Workspace) -> None:
    workspace.flow("name: odd\ndefinition:\n  StartAt: 007\n  States:\n    007: {Type: Pass, End: true}\n")
    (error,) = [item for item in workspace.compile().diagnostics if item.check == "flow-shape"]
    assert (error.line, error.hint) == (3, 'put it in quotes: "007"')


@pytest.mark.parametrize("number", ["01234", "-01", "012.5", "089"])
def test_a_lost_zero_is_a_warning(workspace: Workspace, number: str) -> None:
    workspace.flow(f"name: odd\nschedule: rate(1 hour)\ninput: {{zip: {number}}}\nsteps: [hello_world]\n")
    (warning,) = [item for item in workspace.compile().diagnostics if item.check == "leading-zero"]
    assert (warning.severity, warning.line, number in warning.hint) == (Severity.WARNING, 3, True)


@pytest.mark.parametrize("number", ["0", "0.5", "-0", "0x0F", '"01"', "10", "2024-01-01"])
def test_other_numbers_have_no_zero_to_lose(workspace: Workspace, number: str) -> None:
    workspace.flow(f"name: odd\nschedule: rate(1 hour)\ninput: {{zip: {number}}}\nsteps: [hello_world]\n")
    assert not [item for item in workspace.compile().diagnostics if item.check == "leading-zero"]


@pytest.mark.parametrize(
    ("states", "line"),
    [("\u00a0\u00a0StartAt: A\n  States: {A: {Type: Pass, End: true}}\n", 3),
     ("  StartAt: A\n  States:\n    A:\n      Type: Pass\n\u00a0     End: true\n", 7)],
)  # fmt: skip
def test_no_break_spaces_are_named(workspace: Workspace, states: str, line: int) -> None:
    workspace.flow("name: odd\ndefinition:\n" + states)
    (found,) = [item for item in workspace.compile().diagnostics if item.check == "yaml-syntax"]
    assert (found.line, found.hint) == (line, "replace it with a space")
    assert "U+00A0, which looks like a space" in found.message


@pytest.mark.parametrize(
    ("line", "message", "hint"),
    [
        ("StartAt:\u00a0A", "The colon is followed by U+00A0", "replace it with a space"),
        ("StartAt: A # \u2028 x", "YAML reads U+2028 as the end of a line.", "remove it"),
        ("StartAt: *first", "No anchor &first comes before the alias *first.", ""),
        ('Comment: "\\ud83d\\ude00"', "invalid Unicode character escape", "write the character itself"),
    ],
)
def test_what_no_editor_shows_is_named(workspace: Workspace, line: str, message: str, hint: str) -> None:
    workspace.flow(f"name: odd\ndefinition:\n  {line}\n  States:\n    A: {{Type: Pass, End: true}}\n")
    (found,) = [item for item in workspace.compile().diagnostics if item.check == "yaml-syntax"]
    assert (found.line, message in found.message, found.hint.startswith(hint)) == (3, True, True)


def test_a_no_break_space_in_a_name_is_named(workspace: Workspace) -> None:
    workspace.flow("name: odd\ndefinition:\n  StartAt: A\u00a0\n  States:\n    A: {Type: Pass, End: true}\n")
    (found,) = [item for item in workspace.compile().diagnostics if item.check == "dangling-target"]
    assert found.hint == "remove U+00A0 from 'A', which looks like a space but isn't one"


@pytest.mark.parametrize("number", ["1e3", "0o10", "1.0"])
def test_a_number_is_quoted_as_it_is_written(workspace: Workspace, number: str) -> None:
    states = f"{{{number}: {{Type: Pass, End: true}}}}"
    workspace.flow(f"name: odd\ndefinition:\n  StartAt: {number}\n  States: {states}\n")
    (error,) = [item for item in workspace.compile().diagnostics if item.check == "flow-shape"]
    assert error.hint == f'put it in quotes: "{number}"'


def test_a_tag_of_cloudformation_is_explained(workspace: Workspace) -> None:
    workspace.flow("name: odd\ndefinition:\n  StartAt: A\n  States:\n    A: {Type: Pass, End: true, Comment: !Sub x}\n")
    (found,) = [item for item in workspace.compile().diagnostics if item.check == "yaml-value"]
    assert found.hint == "remove the tag: ${...} is replaced in every string"
