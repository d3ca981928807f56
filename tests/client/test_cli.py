"""The command `sdw`: what scripts rely on, and what people see."""

from __future__ import annotations

import io
import json
import os
import pty
import re
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from chalicelib.settings import PROJECT
from sdw_client import Client
from sdw_client.cli import following

from .conftest import Account, Sdw

ENVIRONMENT = {"PYTHONPATH": str(PROJECT / "client" / "src"), "TERM": "xterm-256color", "COLUMNS": "100"}
REFERENCE = re.compile(r"\w+/[0-9a-f-]{36}")


@pytest.fixture(autouse=True)
def in_a_project(session_file: Path) -> None:
    """The folder of a project that `make run` serves."""


class TestRuns:
    def test_start_follow_and_read(self, sdw: Sdw) -> None:
        started = sdw("run", "e2eEcho", "-i", '{"n": 1}')
        assert (started.code, started.err) == (0, "")
        reference = started.out.strip()
        assert REFERENCE.fullmatch(reference)
        followed = sdw("run", "e2eTalkative", "-i", '{"items": [1, 13]}', "--wait")
        assert followed.code == 0
        assert json.loads(followed.out) == [1, 13]
        assert re.search(r"SUCCEEDED Items 2/2", followed.err)
        logs = sdw("logs", "last", "-f")
        assert re.search(r"Talk\[1\] #2 WARNING logging 13/1", logs.out)
        assert next(line["message"] for line in map(json.loads, sdw("logs", "last", "--json").out.splitlines()))
        for name in (reference, reference.partition("/")[2], "last"):
            assert sdw("show", name).code == 0
        shown = sdw("show", reference, "--json").json
        assert isinstance(shown, dict)
        assert (shown["status"], shown["states"][0]["name"]) == ("SUCCEEDED", "Echo")
        assert sdw("show", shown["executionArn"], "--json").json == shown
        listed = sdw("runs", "--flow", "e2eEcho", "--since", "1h", "--json").json
        assert isinstance(listed, list) and [run["executionId"] for run in listed] == [shown["executionId"]]
        assert reference in sdw("runs", "--status", "succeeded").out
        assert sdw("runs", "--until", "1h").out.count("\n") == 1

    def test_a_failure(self, sdw: Sdw) -> None:
        failed = sdw("run", "e2eLabels", "-i", '{"order": "bad"}', "--wait")
        assert (failed.code, failed.out) == (1, "")
        assert "BadOrder: The order is bad" in failed.err
        reference = sdw("runs", "--label", "order=bad", "--error", "badorder").out.split("\n")[1].split()[0]
        document = sdw("run", "e2eLabels", "-i", '{"order": "bad"}', "--wait", "--json")
        assert (document.code, json.loads(document.out)["error"]) == (1, "BadOrder")
        assert sdw("rerun", reference, "--wait").code == 1
        assert sdw("rerun", reference, "-i", '{"order": "good"}', "--wait").code == 0
        assert sdw("redrive", "--status", "FAILED", "--flow", "e2eLabels", "--dry-run").out.count("wouldRedrive") == 3
        again = sdw("rerun", "--flow", "e2eLabels", "--label", "order=bad", "--yes", "--json").json
        assert isinstance(again, list) and [one["result"] for one in again] == ["started"] * 3

    def test_a_run_that_waits(self, sdw: Sdw) -> None:
        waited = sdw("run", "e2eWait", "--wait", "--timeout", "0.1")
        assert (waited.code, waited.out) == (7, "")
        assert re.search(r"still running after 0.1 s. Use `sdw show e2eWait/[0-9a-f-]+`", waited.err)
        assert sdw("stop", "last").out.strip().endswith("ABORTED")
        assert sdw("open", "last", "--print").out.strip().endswith(f"/{run_id(sdw)}")
        address = sdw("open", "last", "--json").json
        assert isinstance(address, dict)
        assert sdw("show", address["url"]).code == 0

    def test_the_console_is_opened_at_the_run(self, sdw: Sdw, monkeypatch: pytest.MonkeyPatch) -> None:
        opened: list[str] = []
        monkeypatch.setattr(following.click, "launch", opened.append)
        sdw("run", "e2eEcho")
        shown = sdw("open", "last").out.strip()
        assert opened == [shown]
        assert f"/console/runs/e2eEcho/{run_id(sdw)}" in shown

    def test_inputs(self, sdw: Sdw, monkeypatch: pytest.MonkeyPatch) -> None:
        Path("input.json").write_text('{"from": "a file"}')
        assert json.loads(sdw("run", "e2eEcho", "-i", "@input.json", "--wait").out)["from"] == "a file"
        monkeypatch.setattr("sys.stdin", io.StringIO('{"from": "a pipe"}'))
        assert json.loads(sdw("run", "e2eEcho", "-i", "-", "--wait").out)["from"] == "a pipe"
        first = sdw("run", "e2eEcho", "--key", "k-1").out
        assert sdw("run", "e2eEcho", "--key", "k-1").out == first


def run_id(sdw: Sdw) -> str:
    document: Any = sdw("show", "last", "--json").json
    return str(document["executionId"])


REFUSED = [
    (["run", "heloWorldFlow"], 4, "did you mean 'helloWorldFlow'"),
    (["run", "e2eSchema"], 2, "sku"),
    (["run", "e2eEcho", "-i", "{"], 2, "is not JSON"),
    (["run", "e2eEcho", "-i", '{"a": NaN}'], 2, "is not JSON"),
    (["run", "e2eEcho", "-i", '{"a": "\\ud800"}'], 2, "unpaired surrogate"),
    (["call", "ping", "-i", "[" * 100_000], 2, "is not JSON"),
    (["run", "e2eEcho", "--key", "n\u00e4chtlich"], 2, "printable ASCII"),
    (["run", "e2eEcho", "--key", "a\nb"], 2, "printable ASCII"),
    (["run", "e2eEcho", "-i", "[]"], 2, "must be a JSON object"),
    (["run", "e2eEcho", "-i", "@nothing.json"], 2, "nothing.json: No such file"),
    (["run"], 2, "Missing argument 'FLOW'"),
    (["rn"], 2, "No such command"),
    (["runs", "--label", "order"], 2, "NAME=VALUE"),
    (["runs", "--since", "yesterday"], 2, "ISO 8601"),
    (["runs", "--since", "99999999999w"], 2, "too long ago"),
    (["runs", "--until", f"{'9' * 5_000}s"], 2, "too long ago"),
    (["runs", "--user", "all"], 3, "admin"),
    (["show", "last"], 4, "no runs"),
    (["show", "01a21acd-603c-77f8-8843-37252d3b72b6"], 4, "There is no run"),
    (["show", "ffffffff-ffff-7fff-8fff-ffffffffffff"], 4, "There is no run"),
    (["show", "http://["], 2, "FLOW/ID"),
    (["show", "https://api.example.com/console/runs/"], 2, "FLOW/ID"),
    (["show", "https://api.example.com/console/runs/e2eEcho/nothing?tab=logs"], 4, "There is no run 'nothing'"),
    (["show", "nothing"], 2, "FLOW/ID"),
    (["show", "e2eEcho/nothing"], 4, "There is no run"),
    (["rerun"], 2, "Name a RUN"),
    (["rerun", "last", "--flow", "x"], 2, "not both"),
    (["call", "nothing"], 4, "nothing"),
    (["call", "price_order"], 2, "items"),
    (["call", "e2e_crash"], 1, ""),
    (["flows", "--url", "http://127.0.0.1:9"], 3, "Not signed in"),
    (["flows", "--url", "127.0.0.1:9"], 3, "must begin with https://"),
    (["flows", "--url", "http://[::1"], 3, "valid host"),
    (["flows", "--url", "http://127.0.0.1:99999"], 3, "valid host"),
    (["flows", "--url", "https://"], 3, "valid host"),
    (["flows", "--stage", "nothing"], 3, "There is no login 'nothing'"),
]


def test_exit_codes(sdw: Sdw) -> None:
    """One test, since all can use the same user, who has no runs."""
    for arguments, code, says in REFUSED:
        ended = sdw(*arguments)
        assert (ended.code, ended.out) == (code, ""), arguments
        assert says in ended.err, arguments
        assert "Traceback" not in ended.err


def test_a_conflict_and_a_dead_service(sdw: Sdw, monkeypatch: pytest.MonkeyPatch) -> None:
    sdw("run", "e2eEcho", "--wait")
    assert sdw("stop", "last").code == 6
    monkeypatch.setenv("SDW_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("SDW_TOKEN", "x")
    assert sdw("flows").code == 5


def ended_process(shell: str) -> subprocess.CompletedProcess[bytes]:
    """Run a line of the shell, in which `sdw` is the command, with an encoding that lacks most characters."""
    environment = {**os.environ, **ENVIRONMENT, "PYTHONIOENCODING": "ascii"}
    definition = f"sdw() {{ '{sys.executable}' -m sdw_client \"$@\"; }}"
    return subprocess.run(
        ["bash", "-c", f"{definition}; {shell}"], check=False, env=environment, capture_output=True, timeout=60
    )


def test_what_the_encoding_lacks(sdw: Sdw) -> None:
    sdw("run", "e2eEcho", "-i", '{"name": "Zo\u00eb"}', "--wait")
    listed = ended_process("sdw runs && sdw runs --json")
    assert (listed.returncode, listed.stderr) == (0, b"")
    assert b"? SUCCEEDED" in listed.stdout
    shown = ended_process("sdw show last --json")
    assert json.loads(shown.stdout)["output"]["name"] == "Zo\u00eb"


def test_an_output_that_takes_nothing(sdw: Sdw) -> None:
    for command in ("flows", "flows --json"):
        closed = ended_process(f"sdw {command} | true; exit ${{PIPESTATUS[0]}}")
        assert (closed.returncode, closed.stderr) == (0, b""), command
        full = ended_process(f"sdw {command} > /dev/full")
        assert (full.returncode, full.stderr) == (1, b"Error: No space left on device\n"), command
        assert ended_process(f"sdw {command} >&-").returncode == 0, command


def test_a_token_that_is_none(sdw: Sdw, account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SDW_URL", account.url)
    for token in ("n\u00e4", "a\nb"):
        monkeypatch.setenv("SDW_TOKEN", token)
        refused = sdw("flows")
        assert (refused.code, refused.out) == (3, "")
        assert "characters that no token has" in refused.err


def test_errors_are_documents(sdw: Sdw) -> None:
    problem = json.loads(sdw("run", "nothing", "--json").err)
    assert (problem["status"], problem["title"]) == (404, "Not Found")
    assert problem["requestId"]
    assert json.loads(sdw("--json", "flows", "--stage", "nothing").err)["title"] == "NotSignedIn"


class TestLogin:
    def test_from_login_to_logout(
        self, account: Account, session_file: Path, sdw: Sdw, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        session_file.unlink()
        monkeypatch.setenv("SDW_PASSWORD", account.password)
        signed_in = sdw("login", "--url", account.url + "/", "--email", account.email, "--stage", "dev")
        assert signed_in.code == 0, signed_in.err
        monkeypatch.delenv("SDW_PASSWORD")
        file = Path(os.environ["SDW_CONFIG_DIR"]) / "logins.json"
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert account.password not in file.read_text()
        for arguments in (("whoami",), ("--stage", "dev", "whoami"), ("whoami", "--url", account.url)):
            assert account.email in sdw(*arguments).out
        tokens = json.loads(file.read_text())["logins"]["dev"]["tokens"]
        assert sdw("logout").code == 0
        assert sdw("whoami").code == 3
        assert tokens["refresh_token"] not in file.read_text()

    def test_a_wrong_password(self, account: Account, sdw: Sdw, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("sys.stdin", io.StringIO("Wrong-horse-7\n"))
        ended = sdw("login", "--url", account.url, "--email", account.email, "--password-stdin")
        assert (ended.code, ended.out) == (3, "")
        assert "email or the password is wrong" in ended.err

    def test_an_address_that_is_none(self, sdw: Sdw) -> None:
        assert sdw("login", "--url", "api.example.com", "--email", "x").code == 2


def test_on_a_terminal_the_tree_changes_in_place(session_file: Path) -> None:
    """A real terminal, in another process."""
    command = [sys.executable, "-m", "sdw_client", "run", "e2eTalkative", "-i", '{"items": [1, 13]}', "--wait"]
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=follower, stdin=follower, env=os.environ | ENVIRONMENT, text=True
    )
    os.close(follower)
    seen = b""
    while True:
        try:
            part = os.read(leader, 65536)
        except OSError:  # Linux says that the other side has closed it
            break
        if not part:
            break
        seen += part
    os.close(leader)
    out, _ = process.communicate(timeout=300)
    assert process.returncode == 0
    assert json.loads(out) == [1, 13]
    text = seen.decode()
    assert "━" in text and "Items" in text and "2/2" in text
    assert "\x1b[1A" in text  # the cursor goes up, to write over what is there


def test_help_imports_neither_httpx_nor_rich() -> None:
    code = (
        "import sys; from sdw_client.cli.app import run; run(['--help']); "
        "sys.exit(bool({'httpx', 'rich', 'asyncio'} & sys.modules.keys()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | ENVIRONMENT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "Start a flow" in done.stdout


def test_every_command_has_its_line(sdw: Sdw) -> None:
    from sdw_client.cli.app import COMMANDS

    for name in COMMANDS:
        assert sdw(name, "--help").code == 0
    assert sdw("--version").out.startswith("sdw")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(sdw: Sdw, shell: str) -> None:
    assert "_SDW_COMPLETE" in sdw("completion", shell).out


def test_names_of_flows_are_completed(client: Client, session_file: Path) -> None:
    import click

    from sdw_client.cli.completion import flow_names
    from sdw_client.cli.starting import run_command

    context = click.Context(run_command)
    names = [item.value for item in flow_names(context, run_command.params[0], "e2eE")]
    assert names == ["e2eEcho"]
    session_file.unlink()
    assert flow_names(context, run_command.params[0], "e2eE") == []
