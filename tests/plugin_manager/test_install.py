"""From config.json to installed plugins, with real repositories."""

from __future__ import annotations

import json
import shutil
import threading
from pathlib import Path

import pytest

from chalicelib.functions import discover
from chalicelib.plugins import installed
from plugin_manager.errors import PluginError
from plugin_manager.freshness import ensure, is_current
from plugin_manager.install import ALL

from .conftest import GitServer, MakeRemote, Project, Remote, git, plugin_files
from .projects import FLOW, HANDLER, write

PERMISSION = '[[permissions]]\nAction = ["s3:GetObject"]\nResource = ["arn:aws:s3:::b/*"]\n'


def test_a_plugin_is_installed_at_a_commit_and_locked(project: Project, make_remote: MakeRemote) -> None:
    remote = make_remote()
    commit = remote.head
    project.asks_for(remote.url).install()
    (plugin,) = installed(project.root)
    assert (plugin.name, plugin.version, plugin.folder.name) == ("greetings", "1.0.0", f"greetings@{commit[:12]}")
    assert discover(project.root)["greetings_hello"].plugin == "greetings"
    (entry,) = project.lock
    assert (entry["source"], entry["ref"], entry["commit"]) == (remote.url, None, commit)
    assert any("fetching" in line for line in project.said)
    assert any("greetings 1.0.0 installed" in line for line in project.said)


def test_several_are_fetched_and_nothing_is_done_twice(project: Project, make_remote: MakeRemote) -> None:
    remotes = [make_remote(name) for name in ("one", "two", "three")]
    project.asks_for(*(remote.url for remote in remotes)).install()
    assert [plugin.name for plugin in installed(project.root)] == ["one", "three", "two"]
    stamp = (project.root / ".plugins/installed.json").stat().st_mtime_ns
    project.said.clear()
    project.install()
    assert project.said == []
    assert (project.root / ".plugins/installed.json").stat().st_mtime_ns == stamp
    assert is_current(project.root)


def test_a_repository_of_several_plugins(project: Project, make_remote: MakeRemote) -> None:
    remote = make_remote()
    for name in ("one", "two"):
        manifest = f'\ufeffname = "{name}"\nversion = "1.0.0"\n'  # with a byte order mark
        files = {
            f"plugins/{name}/plugin.toml": manifest,
            f"plugins/{name}/lib/{name}_x/handler.py": HANDLER,
        }
        remote.commit(files)
    wanted = [f"{remote.url}@main#subdirectory=plugins/{name}" for name in ("one", "two")]
    project.asks_for(*wanted).install()
    assert [plugin.name for plugin in installed(project.root)] == ["one", "two"]
    assert {"one_x", "two_x"} <= set(discover(project.root))
    assert [entry["source"] for entry in project.lock] == [
        f"{remote.url}#subdirectory=plugins/{name}" for name in ("one", "two")
    ]
    assert is_current(project.root)
    with pytest.raises(PluginError, match=r"has no folder plugins/three"):
        project.asks_for(f"{remote.url}#subdirectory=plugins/three").install()
    with pytest.raises(PluginError, match=r"#subdirectory= must be followed by a folder of the repository"):
        project.asks_for(f"{remote.url}#subdirectory=../x").install()


class TestRefs:
    def test_tag_branch_commit_and_short_commit(self, project: Project, make_remote: MakeRemote) -> None:
        remote = make_remote()
        first = remote.commit({"lib/x/handler.py": "X = 1\n"}, tag="v1.0.0")
        second = remote.commit({"lib/x/handler.py": "X = 2\n"}, branch="feature/two")
        third = remote.commit({"lib/x/handler.py": "X = 3\n"})
        wanted = {"v1.0.0": first, "feature/two": second, first: first, second[:10]: second, "main": third}
        for ref, commit in wanted.items():
            project.asks_for(f"{remote.url}@{ref}").install()
            assert project.lock[0]["commit"] == commit, ref

    def test_a_branch_with_an_at_in_its_name(self, project: Project, make_remote: MakeRemote) -> None:
        remote = make_remote()
        commit = remote.commit({"lib/x/handler.py": "X = 2\n"}, branch="ada@example/two")
        project.asks_for(f"{remote.url}@ada@example/two").install()
        assert project.lock[0]["commit"] == commit

    @pytest.mark.parametrize("ref", ["nothing", "v9", "0" * 40, "deadbeef"])
    def test_one_that_is_not_there(self, project: Project, make_remote: MakeRemote, ref: str) -> None:
        remote = make_remote()
        with pytest.raises(PluginError, match=f"no .*commit {ref}"):
            project.asks_for(f"{remote.url}@{ref}").install()

    def test_a_repository_without_a_default_branch(self, project: Project, make_remote: MakeRemote) -> None:
        remote = make_remote()
        git("symbolic-ref", "HEAD", "refs/heads/gone", folder=remote.bare)
        with pytest.raises(PluginError, match="is empty or has no default branch: name a branch, such as @main"):
            project.asks_for(remote.url).install()
        project.asks_for(f"{remote.url}@main").install()
        assert project.lock[0]["commit"] == remote.head

    def test_a_repository_that_is_not_there(self, project: Project, tmp_path: Path) -> None:
        with pytest.raises(PluginError, match=r"git\+file://.*/gone\.git: the repository does not exist"):
            project.asks_for(f"git+file://{tmp_path}/gone.git").install()


class TestLock:
    def test_everyone_gets_the_locked_commit(self, project: Project, make_remote: MakeRemote) -> None:
        remote = make_remote()
        project.asks_for(remote.url).install()
        lock = project.lock
        remote.commit({"lib/new/handler.py": HANDLER})
        shutil.rmtree(project.root / ".plugins")
        project.install(frozen=True)
        assert project.lock == lock
        assert "new" not in discover(project.root)

    def test_update_moves_one_or_all(self, project: Project, make_remote: MakeRemote) -> None:
        one, two = make_remote("one"), make_remote("two")
        project.asks_for(one.url, two.url).install()
        commits = [one.commit(plugin_files("one", version="1.1.0")), two.commit(plugin_files("two", version="1.1.0"))]
        project.install(update=["one"])
        assert [plugin.version for plugin in installed(project.root)] == ["1.1.0", "1.0.0"]
        project.install(update=ALL)
        assert [entry["commit"] for entry in project.lock] == commits
        with pytest.raises(PluginError, match="--update three: no such plugin; installed: one, two"):
            project.install(update=["three"])

    def test_another_ref_in_the_configuration_is_followed(self, project: Project, make_remote: MakeRemote) -> None:
        remote = make_remote()
        old = remote.commit({}, tag="v1")
        new = remote.commit({"lib/new/handler.py": HANDLER}, tag="v2")
        project.asks_for(f"{remote.url}@v1").install()
        assert project.lock[0]["commit"] == old
        project.asks_for(f"{remote.url}@v2").install()
        assert project.lock[0]["commit"] == new

    def test_frozen_refuses_what_is_not_locked(self, project: Project, make_remote: MakeRemote) -> None:
        remote, other = make_remote(), make_remote("other")
        project.asks_for(remote.url)
        with pytest.raises(PluginError, match=r"is not in plugins\.lock"):
            project.install(frozen=True)
        project.install()
        lock = (project.root / "plugins.lock").read_bytes()
        project.asks_for(remote.url, other.url)
        with pytest.raises(PluginError, match=r"other\.git is not in plugins\.lock"):
            project.install(frozen=True)
        project.asks_for()
        with pytest.raises(PluginError, match=r"does not match .*greetings"):
            project.install(frozen=True)
        assert (project.root / "plugins.lock").read_bytes() == lock

    def test_a_damaged_one_says_so(self, project: Project, make_remote: MakeRemote) -> None:
        project.asks_for(make_remote().url)
        write(project.root, {"plugins.lock": "<<<<<<< HEAD\n"})
        with pytest.raises(PluginError, match=r"plugins\.lock is damaged: restore it"):
            project.install()


class TestAtomic:
    def test_a_failed_fetch_leaves_everything_as_it_was(
        self, project: Project, make_remote: MakeRemote, git_server: GitServer
    ) -> None:
        remote = make_remote()
        project.asks_for(git_server.url("greetings")).install()
        before = (installed(project.root), project.lock, project.folders)
        remote.commit(plugin_files("greetings", version="2.0.0"))
        git_server.down = True
        with pytest.raises(PluginError, match="503"):
            project.install(update=ALL)
        assert (installed(project.root), project.lock, project.folders) == before
        git_server.down = False
        project.install(update=ALL)
        assert installed(project.root)[0].version == "2.0.0"

    def test_all_failures_are_reported_and_nothing_is_installed(
        self, project: Project, make_remote: MakeRemote, tmp_path: Path
    ) -> None:
        project.asks_for(make_remote().url, f"git+file://{tmp_path}/a.git", f"git+file://{tmp_path}/b.git")
        with pytest.raises(PluginError) as caught:
            project.install()
        assert "a.git" in str(caught.value) and "b.git" in str(caught.value)
        assert installed(project.root) == () and not (project.root / "plugins.lock").exists()

    def test_make_run_continues_with_what_is_installed(
        self, project: Project, make_remote: MakeRemote, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        remote = make_remote()
        project.asks_for(remote.url).install()
        project.asks_for(remote.url, f"git+file://{tmp_path}/gone.git")
        with pytest.raises(PluginError):
            ensure(project.root)
        ensure(project.root, keep_going=True)
        assert "continuing with those that are installed" in capsys.readouterr().err
        assert [plugin.name for plugin in installed(project.root)] == ["greetings"]

    def test_those_of_just_before_stay_for_calls_under_way(self, project: Project, make_remote: MakeRemote) -> None:
        remote = make_remote()
        project.asks_for(remote.url)
        seen = []
        for number in range(4):
            remote.commit(plugin_files("greetings", version=f"1.0.{number}"))
            project.install(update=ALL)
            seen.append(installed(project.root)[0].folder.name)
        assert project.folders == sorted(seen[-2:])


def test_a_warm_cache_needs_no_network(project: Project, make_remote: MakeRemote, git_server: GitServer) -> None:
    make_remote()
    project.asks_for(git_server.url("greetings")).install()
    git_server.down = True
    del project.environment["GITHUB_TOKEN"]
    for folder in project.folders:
        shutil.rmtree(project.root / ".plugins" / folder)
    assert not is_current(project.root)
    project.install()
    assert "greetings_hello" in discover(project.root)


def test_what_somebody_edited_is_put_right(project: Project, make_remote: MakeRemote) -> None:
    project.asks_for(make_remote().url).install()
    handler = discover(project.root)["greetings_hello"].path
    handler.chmod(0o644)
    handler.write_text("raise RuntimeError\n")
    project.install(frozen=True)
    assert handler.read_text() == HANDLER


def test_one_that_is_no_longer_asked_for_is_removed(project: Project, make_remote: MakeRemote) -> None:
    project.asks_for(make_remote().url).install()
    project.asks_for()
    assert not is_current(project.root)
    project.install()
    assert installed(project.root) == () and "greetings_hello" not in discover(project.root)
    assert not (project.root / "plugins.lock").exists()
    assert "plugin greetings removed" in project.said
    assert is_current(project.root)


class TestOtherSources:
    def test_a_folder_is_copied_and_watched(self, project: Project, tmp_path: Path) -> None:
        folder = write(tmp_path / "mine", plugin_files("mine"))
        project.asks_for("../mine").install()
        assert installed(project.root)[0].folder.name == f"mine@{project.lock[0]['content'][:12]}"
        assert is_current(project.root)
        write(folder, {"lib/second/handler.py": HANDLER})
        assert not is_current(project.root)
        with pytest.raises(PluginError, match=r"plugins\.lock does not match what would be installed \(mine\)"):
            project.install(frozen=True)
        project.install()
        assert "second" in discover(project.root)

    def test_an_installed_package(
        self, project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make_remote: MakeRemote
    ) -> None:
        site = tmp_path / "site-packages"
        files = plugin_files("acme", **{"hooks/steps.py": "def shout(value):\n    return {'call': 'acme_hello'}\n"})
        write(site / "acme_plugin_of_mine", {**files, "__init__.py": "raise RuntimeError('imported')\n"})
        points = "[serverless_dynamic_workflows.steps]\nshout = acme_plugin_of_mine.hooks.steps:shout\n"
        metadata = "Metadata-Version: 2.1\nName: acme-plugin-of-mine\nVersion: 3.0\n"
        write(site / "acme_plugin_of_mine-3.0.dist-info", {"METADATA": metadata, "entry_points.txt": points})
        monkeypatch.syspath_prepend(str(site))
        project.asks_for("acme-plugin-of-mine").install(yes=True)
        (plugin,) = installed(project.root)
        assert (plugin.name, dict(plugin.steps)) == ("acme", {"shout": "hooks.steps:shout"})
        assert is_current(project.root)
        with pytest.raises(PluginError, match="the Python package acme_of_nobody is not installed"):
            project.asks_for("acme-of-nobody").install()

    def test_the_layout_of_before(self, project: Project, make_remote: MakeRemote) -> None:
        files = {
            "functions/lib/old-greet/handler.py": HANDLER,
            "flows/old.yml": FLOW.format(name="oldFlow", call="old-greet"),
            "index.js": "module.exports = {}\n",
            "package.json": "{}\n",
        }
        project.asks_for(make_remote("old-style", files).url).install()
        assert installed(project.root)[0].name == "old-style"
        assert discover(project.root)["old-greet"].plugin == "old-style"
        assert not list((project.root / ".plugins").rglob("*.js"))


class TestClashes:
    def test_with_the_projects_function(self, project: Project, make_remote: MakeRemote) -> None:
        remote = make_remote("greetings", plugin_files("greetings", **{"lib/Ping/handler.py": HANDLER}))
        with pytest.raises(PluginError) as caught:
            project.asks_for(remote.url).install()
        for part in (
            "chalicelib/lib/ping/handler.py",
            "plugin greetings (git+file://",
            "lib/Ping/handler.py",
            "prefix",
        ):
            assert part in str(caught.value)
        project.asks_for({"source": remote.url, "prefix": "acme_"}).install()
        assert {"ping", "acme_Ping", "acme_greetings_hello"} == set(discover(project.root))

    def test_with_another_plugins_flow(self, project: Project, make_remote: MakeRemote) -> None:
        files = plugin_files("two")
        files["flows/two.yml"] = FLOW.format(name="oneFlow", call="two_hello")
        with pytest.raises(PluginError) as caught:
            project.asks_for(make_remote("one").url, make_remote("two", files).url).install()
        assert "flow 'oneFlow'" in str(caught.value)
        assert "one.git), flows/one.yml" in str(caught.value) and "two.git), flows/two.yml" in str(caught.value)

    def test_two_plugins_of_one_name(self, project: Project, make_remote: MakeRemote) -> None:
        remotes = make_remote("one"), make_remote("two", plugin_files("one"))
        with pytest.raises(PluginError, match=r"plugin 'one': .*one\.git and .*two\.git"):
            project.asks_for(*(remote.url for remote in remotes)).install()

    def test_requirements_before_pip(self, project: Project, make_remote: MakeRemote) -> None:
        one = make_remote("one", plugin_files("one", **{"requirements.txt": "leftpad-of-nobody<2\n"}))
        two = make_remote("two", plugin_files("two", **{"requirements.txt": "Leftpad_Of.nobody>=2,<3\npydantic>2.7\n"}))
        with pytest.raises(PluginError) as caught:
            project.asks_for(one.url, two.url).install()
        text = str(caught.value)
        assert "plugin one needs leftpad-of-nobody<2, plugin two needs Leftpad_Of.nobody<3,>=2" in text
        assert "requirements.txt needs pydantic==2.7.0, plugin two needs pydantic>2.7" in text

    def test_a_framework_that_it_does_not_work_with(self, project: Project, make_remote: MakeRemote) -> None:
        remote = make_remote("one", plugin_files("one", toml='framework = ">=1,<2"\n'))
        with pytest.raises(PluginError, match=r"plugin one 1\.0\.0 requires framework >=1,<2, but this is 0\.1\.0"):
            project.asks_for(remote.url).install()


class TestConsent:
    @pytest.fixture
    def asking(self, project: Project, make_remote: MakeRemote) -> Project:
        return project.asks_for(make_remote("asking", plugin_files("asking", toml=PERMISSION)).url)

    def test_without_a_terminal_there_is_no_consent(self, asking: Project, capsys: pytest.CaptureFixture[str]) -> None:
        with pytest.raises(PluginError, match="nobody has agreed to what asking asks for: run `make plugins`"):
            asking.install()
        assert "Allow s3:GetObject on arn:aws:s3:::b/*" in capsys.readouterr().err
        assert installed(asking.root) == ()

    def test_it_is_asked_for_once_for_everyone(self, asking: Project, capsys: pytest.CaptureFixture[str]) -> None:
        asking.install(yes=True)
        assert "asks for" in capsys.readouterr().err
        shutil.rmtree(asking.root / ".plugins")
        asking.install(frozen=True)
        assert capsys.readouterr().err == ""
        assert dict(installed(asking.root)[0].permissions[0])["Action"] == ["s3:GetObject"]

    def test_other_permissions_are_asked_for_again(self, project: Project, make_remote: MakeRemote) -> None:
        remote = make_remote("asking", plugin_files("asking", toml=PERMISSION))
        project.asks_for(remote.url).install(yes=True)
        remote.commit(plugin_files("asking", toml=PERMISSION.replace("s3:GetObject", "s3:*")))
        with pytest.raises(PluginError, match="nobody has agreed"):
            project.install(update=ALL)
        assert dict(installed(project.root)[0].permissions[0])["Action"] == ["s3:GetObject"]


def test_what_the_environment_configures_holds(project: Project, make_remote: MakeRemote) -> None:
    """Such as a mirror; our settings follow it."""
    mirror = {"GIT_CONFIG_KEY_0": f"url.{make_remote().bare}.insteadOf", "GIT_CONFIG_VALUE_0": "https://h.invalid/x"}
    project.environment |= {"GIT_CONFIG_COUNT": "1", **mirror}
    project.asks_for("git+https://${GITHUB_TOKEN}@h.invalid/x").install()
    assert project.lock[0]["source"] == "git+https://h.invalid/x"
    assert installed(project.root)[0].name == "greetings"


class TestToken:
    @pytest.mark.parametrize("credentials", ["${GITHUB_TOKEN}", "oauth2:${GITHUB_TOKEN}"])
    def test_it_opens_the_repository_and_appears_nowhere(
        self, project: Project, make_remote: MakeRemote, git_server: GitServer, credentials: str
    ) -> None:
        make_remote()
        project.asks_for(git_server.url("greetings", credentials) + "@main").install()
        assert installed(project.root)[0].name == "greetings"
        assert any("Authorization: Basic" in request for request in git_server.seen)
        (accepted, other) = sorted(git_server.accepted)
        text = project.everything().replace(json.dumps({"plugins": []}), "")
        for secret in ("ghp_s3cret", accepted.split()[1], other.split()[1]):
            assert secret not in text
        assert project.lock[0]["source"].startswith("git+http://127.0.0.1:")

    def test_a_wrong_one_is_refused_without_being_shown(
        self, project: Project, make_remote: MakeRemote, git_server: GitServer
    ) -> None:
        make_remote()
        project.environment["GITHUB_TOKEN"] = "wrong-token-of-mine"
        with pytest.raises(PluginError, match="the host rejected the token") as caught:
            project.asks_for(git_server.url("greetings")).install()
        assert "wrong-token" not in str(caught.value) + project.everything()

    def test_it_is_sent_to_no_other_host(
        self, project: Project, make_remote: MakeRemote, git_server: GitServer, tmp_path: Path
    ) -> None:
        make_remote()
        with GitServer(tmp_path / "remotes") as other:
            threading.Thread(target=other.serve_forever, args=(0.01,), daemon=True).start()
            git_server.moved_to = f"http://127.0.0.1:{other.server_address[1]}"
            with pytest.raises(PluginError, match="a token is not sent to another address"):
                project.asks_for(git_server.url("greetings")).install()
            other.shutdown()
            assert other.seen == []

    def test_none_says_how_to_give_one(self, project: Project, make_remote: MakeRemote, git_server: GitServer) -> None:
        make_remote()
        with pytest.raises(PluginError, match="the host requires a token: write"):
            project.asks_for(git_server.url("greetings", "").replace("//@", "//")).install()
        del project.environment["GITHUB_TOKEN"]
        with pytest.raises(PluginError, match="environment variable GITHUB_TOKEN is unset or empty"):
            project.asks_for(git_server.url("greetings")).install()


class TestRefused:
    def test_symbolic_links(self, project: Project, make_remote: MakeRemote) -> None:
        remote = make_remote()
        (remote.clone / "lib" / "evil").symlink_to("../../../../app.py")
        remote.push()
        with pytest.raises(PluginError, match="'lib/evil' is a symbolic link: plugins may contain only regular files"):
            project.asks_for(remote.url).install()
        assert project.folders == []

    def test_submodules(self, project: Project, make_remote: MakeRemote) -> None:
        remote = make_remote()
        commit = git("rev-parse", "HEAD", folder=remote.clone)
        git("update-index", "--add", "--cacheinfo", f"160000,{commit},lib/sub", folder=remote.clone)
        git("commit", "--quiet", "-m", "Submodule", folder=remote.clone)
        git("push", "--quiet", "origin", "HEAD", folder=remote.clone)
        with pytest.raises(PluginError, match="'lib/sub' is a submodule"):
            project.asks_for(remote.url).install()

    @pytest.mark.parametrize("name", ["..", ".git", "."])
    def test_trees_that_lead_out(self, project: Project, make_remote: MakeRemote, name: str) -> None:
        """git does not write such trees, so the objects are written by hand."""
        remote = make_remote()
        blob = git("hash-object", "-w", "plugin.toml", folder=remote.clone)
        inner = self.tree(remote, "100644", "app.py", blob)
        outer = self.tree(remote, "40000", name, inner)
        commit = git("commit-tree", "-m", "Evil", self.tree(remote, "40000", "lib", outer), folder=remote.clone)
        git("push", "--quiet", "--force", "origin", f"{commit}:refs/heads/main", folder=remote.clone)
        with pytest.raises(PluginError, match=r"greetings\.git"):
            project.asks_for(f"{remote.url}@main").install()
        assert project.folders == [] and not (project.root / "app.py").exists()

    @staticmethod
    def tree(remote: Remote, mode: str, name: str, entry: str) -> str:
        raw = remote.clone / "tree.raw"
        raw.write_bytes(f"{mode} {name}\0".encode() + bytes.fromhex(entry))
        return git("hash-object", "-w", "-t", "tree", "--literally", str(raw), folder=remote.clone)

    def test_other_files_are_not_installed(self, project: Project, make_remote: MakeRemote) -> None:
        more = {
            "app.py": "evil\n",
            "chalicelib/lib/ping/handler.py": "evil\n",
            "README.md": "# x\n",
            "lib/.hidden": "x",
        }
        project.asks_for(make_remote("greetings", plugin_files("greetings", **more)).url).install()
        (plugin,) = installed(project.root)
        found = sorted(str(path.relative_to(plugin.folder)) for path in plugin.folder.rglob("*") if path.is_file())
        assert found == ["flows/greetings.yml", "lib/greetings_hello/handler.py", "plugin.toml"]
        assert (project.root / "chalicelib/lib/ping/handler.py").read_text() == HANDLER

    def test_what_is_not_a_plugin(self, project: Project, make_remote: MakeRemote) -> None:
        with pytest.raises(PluginError, match=r"nothing\.git is not a plugin: it has no plugin\.toml, no functions"):
            project.asks_for(make_remote("nothing", {"README.md": "# x\n"}).url).install()
