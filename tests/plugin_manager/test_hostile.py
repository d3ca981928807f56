"""Repositories that somebody made to do harm, or that are merely odd: each is one clear line, or harmless."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from chalicelib.functions import discover
from chalicelib.functions.calling import call_from_flow
from chalicelib.plugins import installed
from compiler import compile_project
from plugin_manager.errors import PluginError
from plugin_manager.flow_roles import flow_permissions

from .conftest import MakeRemote, Project, git, plugin_files
from .projects import FLOW, HANDLER, write

LFS = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"
NAMESAKES = (
    "import json, string\nfrom ..shared import words\n"
    "def handler(name: str) -> str:\n    return json.dumps([string.capwords(name), words.WORD])\n"
)

THEIRS = "arn:aws:lambda:us-east-1:999999999999:function:theirs"


def task(resource: str) -> str:
    """A step that is a state of Amazon States Language."""
    return f"  - {{name: T, state: {{Type: Task, Resource: '{resource}', Arguments: {{UserName: eve}}}}}}\n"


def refusal(project: Project, source: str | dict[str, str]) -> str:
    """The one line that refuses; nothing is installed."""
    with pytest.raises(PluginError) as caught:
        project.asks_for(source).install(yes=True)
    assert installed(project.root) == () and project.folders == []
    assert not (project.root / "plugins.lock").exists()
    return str(caught.value)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"lib/weights.bin": LFS}, "lib/weights.bin is stored in Git LFS, which is not supported: commit the file itself"),
        (
            {"lib/x": "a file\n", "functions/lib/x/handler.py": HANDLER},
            "lib/x is a file, but functions/lib/x/handler.py needs a folder of that name",
        ),
        ({"lib/Hello.py": "1\n", "lib/hello.py": "2\n"}, "lib/Hello.py and lib/hello.py would be the same file"),
        ({"lib/caf\u00e9.py": "", "lib/cafe\u0301.py": "x"}, "would be the same file"),
        ({"lib/a b/handler.py": HANDLER}, "'a b' cannot be a function's name"),
        ({"lib/app/handler.py": HANDLER}, "'app' cannot be a function's name: the name is reserved"),
        ({"lib/class/handler.py": HANDLER}, "'class' cannot be a function's name: the name is a keyword"),
        ({"lib/caf\u00e9/handler.py": HANDLER}, "cannot be a function's name: a name has ASCII letters"),
        ({"plugin.toml": "x = " + "[" * 3000 + "\n"}, "plugin.toml is nested too deeply"),
        ({"plugin.toml": "name = 'a\x00b'\n"}, "plugin.toml is not valid TOML"),
        ({"requirements.txt": "-i evil\n"}, "options and files are not supported"),
    ],
)
def test_what_is_refused(project: Project, files: dict[str, str], message: str) -> None:
    write(project.root.with_name("odd"), plugin_files("odd", **files))
    refused = refusal(project, "../odd")
    assert message in refused and "odd" in refused


@pytest.mark.parametrize(
    ("files", "functions"),
    [
        ({"lib": "a file\n"}, []),
        ({"flows": "a file\n"}, ["odd_hello"]),
        ({"flows/x.yml/inner.txt": "text\n", "lib/y/handler.py/z.py": ""}, ["odd_hello"]),
        ({"lib/odd_hello/old.pyc": "x", "lib/odd_hello/handler.py~": "x", "lib/.gitignore": "x"}, ["odd_hello"]),
        ({"lib/odd_hello/\u00fcber \u65e5\u672c.txt": "text\n"}, ["odd_hello"]),
    ],
)  # fmt: skip
def test_what_is_odd_and_harmless(
    project: Project, make_remote: MakeRemote, files: dict[str, str], functions: list[str]
) -> None:
    plugin = plugin_files("odd", **files)
    plugin = {path: text for path, text in plugin.items() if not any(path.startswith(f"{name}/") for name in files)}
    project.asks_for(make_remote("odd", plugin).url).install()
    assert sorted(set(discover(project.root)) - {"ping"}) == functions
    assert "ownFlow" in compile_project(project.root).flows
    stamp = (project.root / ".plugins" / "installed.json").stat().st_mtime_ns
    project.install(frozen=True)
    assert (project.root / ".plugins" / "installed.json").stat().st_mtime_ns == stamp, "what is installed is known"


def test_modules_named_as_those_of_python_and_of_the_project(project: Project, make_remote: MakeRemote) -> None:
    files = {f"lib/{name}/handler.py": HANDLER for name in ("json", "string", "chalicelib", "boto3")}
    files |= {"lib/json.py": "raise RuntimeError\n", "lib/caps/handler.py": NAMESAKES}
    files |= {"lib/caps/string.py": "raise RuntimeError\n", "lib/shared/words.py": "WORD = 'w'\n"}
    before = set(sys.modules)
    project.asks_for(make_remote("odd", plugin_files("odd", **files)).url).install()
    function = discover(project.root)["caps"]
    assert call_from_flow(function, {"name": "ada"}, None) == '["Ada", "w"]'
    mine = [name for name in set(sys.modules) - before if "plugin" in str(getattr(sys.modules[name], "__file__", ""))]
    assert all(name.startswith("library_plugins.") for name in mine if "/.plugins/" in str(sys.modules[name].__file__))


def test_hooks_filters_and_monitors_of_git_do_not_run(
    project: Project, make_remote: MakeRemote, tmp_path: Path
) -> None:
    """Neither the repository's own, nor those that the user's configuration would run here."""
    ran = tmp_path / "ran"
    script = write(tmp_path / "evil", {"run": f"#!/bin/sh\ntouch {ran}\ncat\n"}) / "run"
    script.chmod(0o755)
    for name in ("reference-transaction", "post-checkout", "pre-auto-gc", "post-receive"):
        (tmp_path / "evil" / name).symlink_to(script)
    config = tmp_path / "gitconfig"
    config.write_text(
        f'[core]\n hooksPath = {tmp_path / "evil"}\n fsmonitor = {script}\n[filter "evil"]\n smudge = {script}\n'
    )
    attributes = {".gitattributes": "* filter=evil diff=evil\n", "lib/.gitattributes": "* ident export-subst\n"}
    handler = HANDLER + "# $Id$ $Format:%H$\n"
    remote = make_remote("odd", plugin_files("odd", **{**attributes, "lib/x/handler.py": handler}))
    project.environment["GIT_CONFIG_GLOBAL"] = str(config)
    project.asks_for(remote.url).install()
    assert discover(project.root)["x"].path.read_text() == handler
    assert not ran.exists()


def test_a_plugin_cannot_hide_what_it_asks_for(
    project: Project, make_remote: MakeRemote, capsys: pytest.CaptureFixture[str]
) -> None:
    toml = (
        "[[permissions]]\n"
        'Action = ["s3:GetObject\\u001b[2K\\u001b[1A", "iam:*\\u202e"]\n'
        'Resource = ["arn:aws:s3:::b/*\\r\\n    Allow"]\n'
    )
    project.asks_for(make_remote("odd", plugin_files("odd", toml=toml)).url)
    with pytest.raises(PluginError, match="nobody has agreed"):
        project.install()
    said = capsys.readouterr().err
    assert r"Allow s3:GetObject\x1b[2K\x1b[1A, iam:*\u202e on arn:aws:s3:::b/*\r\n    Allow" in said
    assert "\x1b" not in said and len(said.splitlines()) == 3


class TestRolesOfFlows:
    """A flow runs with a role of its own: what that is granted has to be agreed to as well."""

    FLOW = FLOW.format(name="f", call="odd_hello")

    @pytest.mark.parametrize(
        ("flow", "line"),
        [
            (FLOW + "permissions:\n  - {Action: 'iam:*', Resource: '*'}\n", "Allow iam:* on *   <- wide"),
            (FLOW + task("arn:aws:states:::aws-sdk:iam:createUser"), "Allow iam:CreateUser on *   <- wide"),
            (FLOW + task(THEIRS), f"Allow lambda:InvokeFunction on {THEIRS}"),
        ],
    )
    def test_they_are_shown(
        self,
        project: Project,
        make_remote: MakeRemote,
        capsys: pytest.CaptureFixture[str],
        flow: str,
        line: str,
    ) -> None:
        remote = make_remote("odd", plugin_files("odd", **{"flows/f.yml": self.FLOW}))
        project.asks_for(remote.url).install()
        assert project.lock[0]["consent"] is None
        remote.commit({"flows/f.yml": flow})
        with pytest.raises(PluginError, match="nobody has agreed to what odd asks for"):
            project.install(update=["odd"])
        said = capsys.readouterr().err
        assert "permissions, for its flow f:" in said and line in said
        project.install(update=["odd"], yes=True)
        assert project.lock[0]["consent"]

    def test_calling_functions_and_flows_needs_no_consent(self, project: Project, make_remote: MakeRemote) -> None:
        states = {
            "A": {"Type": "Task", "Resource": "arn:aws:states:::states:startExecution.sync:2", "Next": "B",
                  "Parameters": {"StateMachineArn": "${oddFlow}"}},
            "B": {"Type": "Map", "End": True, "ItemProcessor": {
                "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, "StartAt": "C",
                "States": {"C": {"Type": "Task", "Resource": "${odd_hello}", "End": True}}}},
        }  # fmt: skip
        flow = json.dumps({"name": "f", "definition": {"StartAt": "A", "States": states}})
        project.asks_for(make_remote("odd", plugin_files("odd", **{"flows/f.yml": flow})).url).install()
        assert project.lock[0]["consent"] is None and "f" in compile_project(project.root).flows

    def test_steps_of_plugins_hide_none_of_the_others(self) -> None:
        files = {"flows/f.yml": (self.FLOW + "  - {shout: x}\n" + task(THEIRS)).encode()}
        (statement,) = flow_permissions(files, ["shout"])["f"]
        assert statement == {"Effect": "Allow", "Action": ["lambda:InvokeFunction"], "Resource": [THEIRS]}


def test_names_that_are_one_on_aws(project: Project, make_remote: MakeRemote) -> None:
    one, two = make_remote("a-b"), make_remote("a_B", plugin_files("a_B", **{"flows/a_B.yml": ""}))
    with pytest.raises(PluginError, match=r"plugin 'a-b' and 'a_B' \(the same name on AWS\): .*a-b\.git and .*a_B\.git"):
        project.asks_for(one.url, two.url).install()


def test_a_prefix_that_makes_a_name_impossible(project: Project, make_remote: MakeRemote) -> None:
    remote = make_remote("odd", plugin_files("odd", **{"lib/p/handler.py": HANDLER}))
    refused = refusal(project, {"source": remote.url, "prefix": "ap"})
    assert "lib/p/handler.py: 'app' cannot be a function's name: the name is reserved" in refused


def test_without_a_manifest_the_repository_needs_a_name(project: Project, make_remote: MakeRemote) -> None:
    remote = make_remote("my.functions", {"lib/x/handler.py": HANDLER})
    assert "there is no plugin.toml, and the repository's name is none:" in refusal(project, remote.url)


def test_tags_and_branches_as_people_name_them(project: Project, make_remote: MakeRemote) -> None:
    remote = make_remote("odd", plugin_files("odd"))
    commits = {
        ref: remote.commit({"lib/x/handler.py": f"X = {number}\n"}, tag=ref)
        for number, ref in enumerate(["release/2026/v1", "@acme/odd@1.0.0"[1:], "v\u00fc-\u65e5\u672c", "x+y#1"])
    }
    for ref, commit in commits.items():
        project.asks_for(f"{remote.url}@{ref}").install()
        assert project.lock[0]["commit"] == commit, ref


def test_a_tag_comes_before_a_branch_of_its_name(project: Project, make_remote: MakeRemote) -> None:
    remote = make_remote("odd", plugin_files("odd"))
    tagged = remote.commit({"lib/x/handler.py": "X = 1\n"}, tag="same")
    git("branch", "same", folder=remote.clone)
    git("checkout", "--quiet", "heads/same", folder=remote.clone)
    write(remote.clone, {"lib/x/handler.py": "X = 2\n"})
    git("commit", "--quiet", "--all", "-m", "Branch", folder=remote.clone)
    git("push", "--quiet", "origin", "HEAD:refs/heads/same", folder=remote.clone)
    for ref, commit in (("same", tagged), ("refs/heads/same", git("rev-parse", "HEAD", folder=remote.clone))):
        project.asks_for(f"{remote.url}@{ref}").install()
        assert project.lock[0]["commit"] == commit
