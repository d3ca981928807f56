"""What was interrupted, damaged, or is in use by another: the next `make plugins` mends it or says what is wrong."""

from __future__ import annotations

import fcntl
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from chalicelib.functions import discover
from chalicelib.plugins import installed
from chalicelib.settings import PROJECT
from plugin_manager import freshness
from plugin_manager.__main__ import main
from plugin_manager.errors import PluginError
from plugin_manager.freshness import ensure, is_current
from plugin_manager.install import ALL

from .conftest import TOKEN, UNCONFIGURED, GitServer, MakeRemote, Project, git, plugin_files
from .projects import HANDLER, write


def until(true: Callable[[], object]) -> None:
    """Wait for something to come true."""
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.01)


def the_cache(project: Project) -> Path:
    (folder,) = (project.root / ".plugins" / ".cache").glob("*.git")
    return folder


def remove_installed(project: Project) -> None:
    for folder in project.folders:
        shutil.rmtree(project.root / ".plugins" / folder)


class TestCache:
    def test_a_commit_whose_files_are_missing_is_fetched_again(self, project: Project, make_remote: MakeRemote) -> None:
        project.asks_for(make_remote().url).install()
        remove_installed(project)
        cache, commit = the_cache(project), project.lock[0]["commit"]
        content = git("cat-file", "commit", commit, folder=cache)
        shutil.rmtree(cache / "objects" / "pack")
        git("hash-object", "-w", "-t", "commit", "--stdin", "--literally", folder=cache, given=content)
        assert git("cat-file", "-t", commit, folder=cache) == "commit"
        project.install(frozen=True)
        assert "greetings_hello" in discover(project.root)

    @pytest.mark.parametrize("damage", ["shallow.lock", "HEAD only", "config", "objects"])
    def test_what_an_interrupted_git_left_behind_is_in_nobodys_way(
        self, project: Project, make_remote: MakeRemote, damage: str
    ) -> None:
        remote = make_remote()
        project.asks_for(remote.url).install()
        cache = the_cache(project)
        if damage == "shallow.lock":
            (cache / damage).touch()
        elif damage == "HEAD only":
            shutil.rmtree(cache)
            write(cache, {"HEAD": "ref: refs/heads/main\n"})
        elif damage == "config":
            (cache / damage).write_text("[core\n")
        else:
            shutil.rmtree(cache / damage)
        commit = remote.commit(plugin_files("greetings", version="2.0.0"))
        project.install(update=ALL)
        assert project.lock[0]["commit"] == commit
        assert the_cache(project).name == cache.name, "and nothing else is left"

    def test_it_stays_when_the_host_cannot_be_reached(
        self, project: Project, make_remote: MakeRemote, git_server: GitServer
    ) -> None:
        make_remote()
        project.asks_for(git_server.url("greetings")).install()
        cache = the_cache(project)
        (cache / "shallow.lock").touch()
        git_server.down = True
        with pytest.raises(PluginError, match="503"):
            project.install(update=ALL)
        remove_installed(project)
        project.install()
        assert "greetings_hello" in discover(project.root) and the_cache(project) == cache

    def test_branches_that_give_way_to_others(self, project: Project, make_remote: MakeRemote) -> None:
        remote = make_remote()
        first = remote.commit({"lib/x/handler.py": "X = 1\n"}, branch="feature")
        project.asks_for(f"{remote.url}@{first[:10]}").install()
        git("branch", "-D", "feature", folder=remote.bare)
        second = remote.commit({"lib/x/handler.py": "X = 2\n"}, branch="feature/x")
        project.asks_for(f"{remote.url}@{second[:10]}").install()
        assert project.lock[0]["commit"] == second

    def test_a_commit_that_is_there_is_not_asked_for(
        self, project: Project, make_remote: MakeRemote, git_server: GitServer
    ) -> None:
        remote = make_remote()
        project.asks_for(git_server.url("greetings")).install()
        git_server.down = True
        project.asks_for(f"{git_server.url('greetings')}@{remote.head}").install(update=ALL)
        assert project.lock[0]["ref"] == project.lock[0]["commit"] == remote.head


class TestInterrupted:
    def test_a_kill_amid_a_fetch(self, project: Project, make_remote: MakeRemote, git_server: GitServer) -> None:
        remote = make_remote()
        project.asks_for(git_server.url("greetings")).install()
        before = (installed(project.root), project.lock, project.folders)
        commit = remote.commit(plugin_files("greetings", version="2.0.0"))
        git_server.hold()
        running = subprocess.Popen(
            [sys.executable, "-m", "plugin_manager", "--root", str(project.root), "--update"],
            cwd=PROJECT,
            env=project.environment,
            stderr=subprocess.DEVNULL,
        )
        until(lambda: git_server.held)
        running.send_signal(signal.SIGKILL)
        running.wait()
        assert (installed(project.root), project.lock, project.folders) == before
        git_server.release()
        project.install(update=ALL)
        assert project.lock[0]["commit"] == commit and installed(project.root)[0].version == "2.0.0"

    def test_a_disk_that_is_full(self, project: Project, make_remote: MakeRemote) -> None:
        remote = make_remote()
        project.asks_for(remote.url).install()
        before = (installed(project.root), project.lock, project.folders)
        remote.commit(plugin_files("greetings", version="2.0.0", **{"lib/table.txt": "0" * 3_000_000}))
        done = subprocess.run(
            [sys.executable, "-m", "plugin_manager", "--root", str(project.root), "--update"],
            cwd=PROJECT,
            capture_output=True,
            text=True,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000)),
            check=False,
        )
        assert done.returncode == 1
        assert "plugins: " in done.stderr and "File too large" in done.stderr and "Traceback" not in done.stderr
        assert (installed(project.root), project.lock, project.folders) == before
        project.install(update=ALL)
        assert installed(project.root)[0].version == "2.0.0"
        assert not list((project.root / ".plugins").glob(".staging-*"))

    @pytest.mark.parametrize("path", [".plugins", "config.json", "plugins.lock", "requirements.txt"])
    def test_a_file_that_is_no_file(
        self, project: Project, make_remote: MakeRemote, path: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        remote = make_remote("odd", plugin_files("odd", **{"requirements.txt": "pydantic>2\n"}))
        project.asks_for(remote.url)
        (project.root / path).unlink(missing_ok=True)
        if path == ".plugins":
            (project.root / path).touch()
        else:
            (project.root / path).mkdir()
        code = main(["--root", str(project.root)])
        said = capsys.readouterr().err.splitlines()
        assert code == (0 if path == "requirements.txt" else 1)
        assert not [line for line in said if "Traceback" in line]
        assert code == 0 or (path in said[-1] and said[-1].startswith("plugins: "))


class TestSideBySide:
    def test_the_second_waits_and_says_so(self, project: Project, make_remote: MakeRemote) -> None:
        project.asks_for(make_remote().url)
        folder = project.root / ".plugins"
        folder.mkdir()
        with (folder / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            thread = threading.Thread(target=project.install)
            thread.start()
            until(lambda: "waiting for another `make plugins` in this project" in project.said)
            assert installed(project.root) == ()
        thread.join()
        assert [plugin.name for plugin in installed(project.root)] == ["greetings"]

    def test_two_at_once(self, project: Project, make_remote: MakeRemote) -> None:
        project.asks_for(*(make_remote(name).url for name in ("one", "two")))
        command = [sys.executable, "-m", "plugin_manager", "--root", str(project.root)]
        running = [subprocess.Popen(command, cwd=PROJECT, stderr=subprocess.PIPE, text=True) for _ in range(2)]
        assert [process.communicate()[1].count("Traceback") for process in running] == [0, 0]
        assert [process.returncode for process in running] == [0, 0]
        assert [plugin.name for plugin in installed(project.root)] == ["one", "two"]


def test_whoever_saw_it_missing_sees_it_again(project: Project, make_remote: MakeRemote) -> None:
    project.asks_for(make_remote().url).install()
    remove_installed(project)
    os.utime(project.root / ".plugins" / "installed.json")
    assert installed(project.root) == ()
    project.install()
    assert [plugin.name for plugin in installed(project.root)] == ["greetings"]


def test_a_new_virtual_environment_lacks_what_plugins_require(
    project: Project, make_remote: MakeRemote, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, {"venv/pyvenv.cfg": "home = /usr\n"})
    monkeypatch.setattr(freshness.sys, "prefix", str(tmp_path / "venv"))
    project.asks_for(make_remote().url).install()
    assert is_current(project.root)
    os.utime(tmp_path / "venv" / "pyvenv.cfg", ns=(1, 1))
    assert not is_current(project.root)


@pytest.mark.parametrize("name", ["node_modules", ".cache", "__pycache__"])
def test_what_is_generated_in_a_folder_does_not_count(project: Project, tmp_path: Path, name: str) -> None:
    folder = write(tmp_path / "mine", plugin_files("mine"))
    project.asks_for("../mine").install()
    write(folder, {f"{name}/x.js": "", ".hidden": ""})
    assert is_current(project.root)


class TestLockByHand:
    @pytest.mark.parametrize(
        ("key", "value"), [("commit", 7), ("name", "../../x"), ("source", None), ("content", ["x"]), ("ref", {})]
    )
    def test_what_was_not_written_there_is_damage(
        self, project: Project, make_remote: MakeRemote, key: str, value: object
    ) -> None:
        project.asks_for(make_remote().url).install()
        document = {"format": 1, "plugins": [{**project.lock[0], key: value}]}
        write(project.root, {"plugins.lock": json.dumps(document)})
        with pytest.raises(PluginError, match=r"plugins\.lock is damaged: restore it"):
            project.install()

    def test_another_commit_is_installed_and_a_deleted_lock_made_anew(
        self, project: Project, make_remote: MakeRemote
    ) -> None:
        remote = make_remote()
        old = remote.head
        new = remote.commit({"lib/new/handler.py": HANDLER})
        project.asks_for(remote.url).install()
        lock = project.root / "plugins.lock"
        lock.write_text(lock.read_text().replace(new, old))
        with pytest.raises(PluginError, match=r"plugins\.lock does not match what would be installed \(greetings\)"):
            project.install(frozen=True)
        project.install()
        assert project.lock[0]["commit"] == old and "new" not in discover(project.root)
        lock.unlink()
        with pytest.raises(PluginError, match=r"is not in plugins\.lock"):
            ensure(project.root, frozen=True)
        project.install()
        assert project.lock[0]["commit"] == new and "new" in discover(project.root)

    def test_a_commit_that_the_repository_no_longer_has(self, project: Project, make_remote: MakeRemote) -> None:
        remote = make_remote()
        project.asks_for(remote.url).install()
        lock = project.root / "plugins.lock"
        lock.write_text(lock.read_text().replace(remote.head, "c" * 40))
        with pytest.raises(PluginError, match=f"the repository has no commit {'c' * 40}; .*ARGS=--update` to move"):
            project.install()


@pytest.mark.skipif(os.getuid() != 0, reason="root alone can give a folder away")
def test_a_repository_of_another_user(project: Project, make_remote: MakeRemote) -> None:
    remote = make_remote()
    for path in [remote.bare, *remote.bare.rglob("*")]:
        os.chown(path, 12345, 12345)
    project.environment |= UNCONFIGURED
    with pytest.raises(PluginError) as caught:
        project.asks_for(remote.url).install()
    assert f"git config --global --add safe.directory {remote.bare}" in str(caught.value)


class TestTokens:
    @pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")
    def test_it_is_in_no_list_of_processes(
        self, project: Project, make_remote: MakeRemote, git_server: GitServer
    ) -> None:
        make_remote()
        git_server.watches_processes = True
        project.asks_for(git_server.url("greetings")).install()
        assert any(b"remote-http" in line for line in git_server.command_lines)
        assert not [line for line in git_server.command_lines if TOKEN.encode() in line]

    @pytest.mark.parametrize("value", ["", "  ", "\n"])
    def test_a_blank_one_is_named(
        self, project: Project, make_remote: MakeRemote, git_server: GitServer, value: str
    ) -> None:
        make_remote()
        project.environment["GITHUB_TOKEN"] = value
        with pytest.raises(PluginError, match=r"/greetings\.git: .*GITHUB_TOKEN.*(unset or empty|is blank)"):
            project.asks_for(git_server.url("greetings")).install()

    def test_pip_does_not_get_it(
        self, project: Project, make_remote: MakeRemote, git_server: GitServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """What it installs may run code of others."""
        make_remote("odd", plugin_files("odd", **{"requirements.txt": "nothing-of-that-name==1\n"}))
        seen: list[dict[str, str]] = []
        real = subprocess.run

        def run(command: list[str], **options: object) -> object:
            if "pip" in command:
                seen.append(dict(options["env"]))  # type: ignore[call-overload]
            return real(command, **options)  # type: ignore[call-overload]

        monkeypatch.setattr(subprocess, "run", run)
        project.environment["PIP_NO_INDEX"] = "1"
        with pytest.raises(PluginError, match="pip cannot install nothing-of-that-name==1"):
            project.asks_for(git_server.url("odd")).install()
        (environment,) = seen
        assert "PATH" in environment and TOKEN not in environment.values()
