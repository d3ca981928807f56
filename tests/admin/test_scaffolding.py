"""What the scripts write passes lint, type check and tests unchanged."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from admin import create_function, create_plugin
from admin.scaffolding import PROJECT, ScaffoldError, function_files, plugin_files
from compiler import compile_project
from compiler.cli import main as flows
from plugin_manager.manifest import read_manifest
from tests.end_to_end.server import copy_project

BIN = Path(sys.executable).parent


def run(*command: str | Path, folder: Path, code: int = 0) -> str:
    kept = {
        key: value for key, value in os.environ.items() if not key.startswith(("PYTEST_", "GIT_", "MAKE", "MFLAGS"))
    }
    environment = {**kept, "PYTHONPATH": str(PROJECT), "MYPYPATH": str(PROJECT)}
    done = subprocess.run(
        list(map(str, command)), cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def check(folder: Path, *sources: str) -> None:
    """What `make lint typecheck test` does in a plugin."""
    run(BIN / "ruff", "check", "--no-cache", ".", folder=folder)
    run(BIN / "ruff", "format", "--no-cache", "--check", ".", folder=folder)
    run(BIN / "mypy", "--cache-dir", os.devnull, *sources, folder=folder)
    run(sys.executable, "-m", "pytest", "-p", "no:cacheprovider", folder=folder)


@pytest.mark.thorough
def test_a_plugin_with_functions_of_both_styles(tmp_path: Path) -> None:
    folder = tmp_path / "my-private-plugin"
    said = run(PROJECT / "admin" / "create_plugin.py", folder.name, folder=tmp_path)
    assert "git+https://${GITHUB_TOKEN}@github.com/your-org/my-private-plugin.git" in said
    written = {
        str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file() and ".git/" not in str(path)
    }
    assert {"plugin.toml", "README.md", ".github/workflows/test.yml", "flows/myPrivatePluginFlow.yml"} <= written
    assert run("git", "diff", "--cached", "--name-only", folder=folder).split() == sorted(written)
    script = PROJECT / "admin" / "create_function.py"
    run(script, "typed_one", "--plugin", folder, folder=tmp_path)
    run(script, f"{'long-' * 6}n", "--event", "--plugin", folder, folder=tmp_path)
    check(folder, "lib", "tests")
    flow = compile_project(folder).diagnostics  # without the project its functions are unknown, but its file is valid
    assert {item.check for item in flow} <= {"unresolved-name", "handler-signature"}


def test_its_makefile_finds_the_framework(tmp_path: Path) -> None:
    folder = tmp_path / "acme"
    run(PROJECT / "admin" / "create_plugin.py", "acme", "--folder", folder, folder=tmp_path)
    assert run("make", "--dry-run", "test", folder=folder).count(os.path.relpath(PROJECT, folder)) >= 2


def test_functions_of_the_project_and_a_flow(tmp_path: Path) -> None:
    project = copy_project(tmp_path / "project", overlay=False)
    shutil.copy2(PROJECT / "pyproject.toml", project)
    for folder in ("tests", "tests/own"):
        (project / folder).mkdir()
        (project / folder / "__init__.py").touch()
    script = project / "admin" / "create_function.py"
    written = run(sys.executable, script, "my-function", folder=project).split()
    written += run(sys.executable, script, "on_event", "--event", folder=project).split()
    assert [Path(file).name for file in written[::2]] == ["handler.py"] * 2
    run(BIN / "ruff", "check", "--no-cache", *written, folder=project)
    run(BIN / "ruff", "format", "--no-cache", "--check", *written, folder=project)
    environment = {**os.environ, "PYTHONPATH": str(project), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *written[1::2]],
        cwd=project, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0 and "...." in done.stdout, done.stdout + done.stderr
    assert flows(["--root", str(project), "new", "myFlow"]) == 0
    assert flows(["--root", str(project), "check", str(project / "flows" / "myFlow.yml")]) == 0


@pytest.mark.parametrize(
    ("name", "function", "flow"),
    [
        ("None", "none_greet", "noneFlow"),
        ("API", "api_greet", "aPIFlow"),
        ("a--b_2", "a_b_2_greet", "aB2Flow"),
        ("customers-and-their-orders-of-all-times", "customers_and_greet", "customersAndTheirOrdersOfAllTimesFlow"),
        ("x" * 64, f"{'x' * 18}_greet", f"{'x' * 36}Flow"),
    ],
)
def test_names_in_a_plugin_fit_aws_whatever_its_own(name: str, function: str, flow: str) -> None:
    files = plugin_files(name, PROJECT / ".." / name)
    assert {f"lib/{function}/handler.py", f"flows/{flow}.yml"} <= files.keys()
    assert read_manifest({path: text.encode() for path, text in files.items()}, "here", "").name == name


def test_a_path_is_a_folder_and_its_last_part_the_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine").mkdir()
    for folder in ("mine/", "plugins/other"):
        assert create_plugin.main([folder]) == 0
        assert f"your-org/{Path(folder).name}.git" in capsys.readouterr().out
        assert (tmp_path / folder / "plugin.toml").is_file() and (tmp_path / folder / ".git").is_dir()
    assert create_plugin.main([".."]) == 1
    assert create_function.main(["fn/", "--plugin", "mine"]) == 0
    assert create_function.main(["Fn", "--plugin", "mine"]) == 1
    said = capsys.readouterr().err
    assert (
        "'..' cannot be the name of a plugin" in said
        and "'Fn' and the function 'fn' would have the same name on AWS" in said
    )


class TestRefusals:
    @pytest.mark.parametrize("name", ["", "1st", "a b", "../x", "x/y", "ümlaut"])
    def test_names(self, name: str) -> None:
        for write in (lambda: plugin_files(name, PROJECT), lambda: function_files(name, event=True, plugin=True)):
            with pytest.raises(ScaffoldError, match="cannot be the name"):
                write()

    @pytest.mark.parametrize(
        ("name", "why"),
        [
            ("class", "the name is a Python keyword"),
            ("api", "the name is reserved"),
            ("x" * 34, "it has 34 characters, and AWS leaves 34 for stage and function; 24 fit any stage"),
            ("Hello-World", "'Hello-World' and the function 'hello_world' would have the same name on AWS"),
        ],
    )
    def test_what_would_break_the_project(self, name: str, why: str) -> None:
        with pytest.raises(ScaffoldError, match=why):
            function_files(name, event=False, plugin=False, others=["ping", "hello_world"])
        with pytest.raises(ScaffoldError, match=why):
            create_function.create_function(name)
        assert not (PROJECT / "chalicelib" / "lib" / name).exists()

    def test_a_flow_that_its_own_check_would_refuse(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        for letters, code in ((50, 2), (49, 0)):
            assert flows(["--root", str(tmp_path), "new", "x" * letters]) == code
        assert "use at most 40 characters" in capsys.readouterr().err
        assert [path.stem for path in (tmp_path / "flows").iterdir()] == ["x" * 49]

    def test_nothing_is_overwritten(self, tmp_path: Path) -> None:
        (tmp_path / "acme").mkdir()
        (tmp_path / "acme" / "mine.txt").write_text("mine")
        said = run(PROJECT / "admin" / "create_plugin.py", "acme", folder=tmp_path, code=1)
        assert "exists and is not empty" in said and "Traceback" not in said
        (tmp_path / "p" / "lib" / "f").mkdir(parents=True)
        (tmp_path / "p" / "plugin.toml").touch()
        (tmp_path / "p" / "lib" / "f" / "handler.py").write_text("mine")
        said = run(PROJECT / "admin" / "create_function.py", "f", "--plugin", "p", folder=tmp_path, code=1)
        assert "handler.py already exists" in said
        assert not (tmp_path / "p" / "tests").exists()

    def test_a_folder_that_is_not_a_plugin(self, tmp_path: Path) -> None:
        said = run(PROJECT / "admin" / "create_function.py", "f", "--plugin", ".", folder=tmp_path, code=1)
        assert "it has no plugin.toml" in said


def test_every_generated_name_is_filled_in() -> None:
    plugin = plugin_files("a-b_c", PROJECT.parent / "x")
    contents = [*plugin.values(), *function_files("f", event=True, plugin=False).values()]
    assert not [content for content in contents if re.search("__[A-Z]+__", content)]


@pytest.mark.parametrize(
    ("folder", "entry"), [("../plugins/acme", "../plugins/acme"), ("plugins/acme", "./plugins/acme")]
)
def test_the_readme_names_the_folder_and_the_framework(folder: str, entry: str) -> None:
    files = plugin_files("acme", PROJECT / folder)
    assert f'{{"plugins": ["{entry}"]}}' in files["README.md"]
    assert (PROJECT / folder).resolve() == (PROJECT / entry).resolve()
    framework = os.path.relpath(PROJECT, PROJECT / folder)
    assert f"`{framework}`" in files["README.md"] and f"FRAMEWORK ?= {framework}\n" in files["Makefile"]


def test_a_plugin_inside_a_clone_gets_a_warning_that_says_what_to_do(tmp_path: Path) -> None:
    project = copy_project(tmp_path / "project", overlay=False)
    shutil.copy2(PROJECT / "pyproject.toml", project)
    script = project / "admin" / "create_plugin.py"
    printed = run(sys.executable, script, "acme", folder=project)
    (warning,) = [line for line in printed.splitlines() if line.startswith("warning: ")]
    assert f"acme is inside {project}" in warning
    (command,) = [line for line in printed.splitlines() if line.startswith("  rm -r")]
    run("sh", "-c", command.replace(str(script), f"{sys.executable} {script}"), folder=project)
    assert not (project / "acme").exists() and (tmp_path / "acme" / "plugin.toml").is_file()
    assert "warning" not in run(sys.executable, script, "../other", folder=project)
