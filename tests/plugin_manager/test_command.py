"""The command, and how little it costs when there is nothing to do."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from chalicelib.settings import PROJECT
from plugin_manager.__main__ import main
from plugin_manager.freshness import ensure, is_current

from .conftest import MakeRemote, Project, plugin_files
from .projects import listed, write

CURRENT_SECONDS = 0.02
"""How long `make run` may wait, with or without plugins, if nothing has changed."""
PERMISSION = '[[permissions]]\nAction = ["s3:GetObject"]\nResource = ["*"]\n'


def test_it_installs_and_lists(project: Project, make_remote: MakeRemote, capsys: pytest.CaptureFixture[str]) -> None:
    remote = make_remote("acme", plugin_files("acme", toml=PERMISSION))
    project.asks_for(remote.url)
    arguments = ["--root", str(project.root)]
    assert main(arguments) == 1
    assert "nobody has agreed" in capsys.readouterr().err
    assert main([*arguments, "--yes"]) == 0
    assert capsys.readouterr().out.startswith("acme 1.0.0 (acme@")
    remote.commit(plugin_files("acme", version="1.1.0", toml=PERMISSION))
    assert main([*arguments, "--frozen"]) == 0
    assert capsys.readouterr().out.startswith("acme 1.0.0")
    assert main([*arguments, "--update", "acme"]) == 0
    assert capsys.readouterr().out.startswith("acme 1.1.0")
    assert main([*arguments, "--if-needed"]) == 0
    assert capsys.readouterr() == ("", "")
    with pytest.raises(SystemExit) as caught:
        main([*arguments, "--update", "--frozen"])
    assert caught.value.code == 2


def test_nothing_to_do_is_soon_done(project: Project, make_remote: MakeRemote) -> None:
    remotes = [make_remote(f"p{number}") for number in range(5)]
    project.asks_for(*(remote.url for remote in remotes)).install()
    took = []
    for _ in range(5):
        began = time.perf_counter()
        ensure(project.root)
        took.append(time.perf_counter() - began)
    assert min(took) < CURRENT_SECONDS


def test_a_project_without_plugins_imports_and_writes_nothing(tmp_path: Path) -> None:
    write(tmp_path, {"config.json": json.dumps({"plugins": []})})
    code = (
        "import sys; from pathlib import Path; from plugin_manager.freshness import ensure\n"
        "ensure(Path(sys.argv[1])); ensure(Path(sys.argv[1]), frozen=True)\n"
        "print([m for m in ('plugin_manager.install', 'packaging', 'yaml', 'subprocess') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
    assert [path.name for path in tmp_path.iterdir()] == ["config.json"]


@pytest.mark.parametrize("file", ["config.json", "plugins.lock", "requirements.txt", "pyproject.toml"])
def test_every_file_that_matters_is_looked_at(project: Project, make_remote: MakeRemote, file: str) -> None:
    project.asks_for(make_remote().url).install()
    assert is_current(project.root)
    (project.root / file).write_text((project.root / file).read_text() + "\n")
    assert not is_current(project.root)


def test_tests_of_plugins_run_and_are_reported_in_order(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    passing, failing = (f"def test_it():\n    assert {value}\n" for value in ("True", "False"))
    for name, text in (("good", passing), ("bad", failing)):
        write(tmp_path / ".plugins" / name, {"tests/test_it.py": text})
    write(tmp_path / ".plugins" / "none", {"plugin.toml": ""})
    listed(tmp_path, {"name": "good"}, {"name": "bad"}, {"name": "none"})
    write(tmp_path, {"config.json": '{"plugins": []}'})
    assert main(["--root", str(tmp_path), "--test"]) == 1
    out, err = capfd.readouterr()
    assert "tests failed: bad" in err
    said = [
        out.index(text) for text in ("plugin good", "1 passed", "plugin bad", "1 failed", "plugin none", "no tests")
    ]
    assert said == sorted(said)


def test_tests_of_plugins_import_its_functions_by_their_other_names(tmp_path: Path) -> None:
    usage = "from functions.base.api_usage.handler import track_usage_middleware\n"
    function = f"{usage}\ndef handler(event, context):\n    return 1\n"
    test = "from functions.lib.my_greet.handler import handler\n\ndef test_it():\n    assert handler({}, None) == 1\n"
    write(tmp_path / ".plugins" / "p", {"lib/my-greet/handler.py": function, "tests/test_it.py": test})
    listed(tmp_path, {"name": "p", "prefix": "x_"})
    write(tmp_path, {"config.json": '{"plugins": []}'})
    assert main(["--root", str(tmp_path), "--test"]) == 0
