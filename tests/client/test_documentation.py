"""The examples of docs/clients.md and client/README.md, run against the server as they stand there."""

from __future__ import annotations

import http.server
import json
import os
import re
import shlex
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from chalicelib.settings import PROJECT
from sdw_client import webhooks
from sdw_client.errors import SdwError

from .conftest import Account, Ended, Sdw

PAGES = ("docs/clients.md", "client/README.md")
ADDRESS, EMAIL = "https://api.example.com", "ada@example.com"  # what the pages call the API and the user
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ORDER = {
    "order_id": "A-1001",
    "card_number": "4242 4242 4242 4242",
    "items": [{"sku": "TEA-GREEN", "quantity": 2, "unit_price": 12.5}],
}


def blocks(page: str, language: str) -> list[tuple[int, str]]:
    """The fenced blocks in a language, each with its line."""
    text = (PROJECT / page).read_text()
    return [
        (text[: match.start(1)].count("\n"), match[1])
        for match in re.finditer(rf"^```{language}\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)
    ]


@pytest.fixture
def of_user(account: Account, session_file: Path, monkeypatch: pytest.MonkeyPatch) -> Account:
    monkeypatch.setenv("SDW_PASSWORD", account.password)
    monkeypatch.setenv("WEBHOOK_SECRET", SECRET)
    Path("order.json").write_text(json.dumps(ORDER))
    return account


def of_pages(language: str) -> list[tuple[str, int, str]]:
    return [(page, line, text) for page in PAGES for line, text in blocks(page, language)]


@pytest.mark.parametrize("page", PAGES)
def test_python_examples(page: str, of_user: Account) -> None:
    names: dict[str, Any] = {}
    found = blocks(page, "python")
    assert found
    for line, text in found:
        example = text.replace(ADDRESS, of_user.url).replace(EMAIL, of_user.email)
        exec(compile("\n" * line + example, page, "exec"), names)
    names["client"].close()
    if "patient" in names:
        names["patient"].close()
    assert names["run"].status == "SUCCEEDED"


def test_the_receiver_of_webhooks(monkeypatch: pytest.MonkeyPatch) -> None:
    """The example's server, called as a flow's `notify` does."""
    monkeypatch.setenv("WEBHOOK_SECRET", SECRET)
    names: dict[str, Any] = {"os": os}
    for _, text in blocks("docs/clients.md", "python"):
        if "webhooks.verify" in text or "class Receiver" in text:
            exec(text, names)
    server = http.server.HTTPServer(("127.0.0.1", 0), names["Receiver"])
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        body = json.dumps({"type": "run.failed", "data": {"flow": "orderFlow", "executionId": "1"}})
        signed = webhooks.sign(body, SECRET, identifier="msg_1", timestamp=int(time.time()))
        url = f"http://127.0.0.1:{server.server_address[1]}/runs"
        assert httpx.post(url, content=body, headers=signed).status_code == 204
        assert httpx.post(url, content=body + " ", headers=signed).status_code == 401
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize("page", PAGES)
def test_commands(page: str, of_user: Account, sdw: Sdw) -> None:
    commands = [
        (line, command)
        for line, text in blocks(page, "bash")
        for command in text.splitlines()
        if command.startswith("sdw ")
    ]
    assert commands
    for line, command in commands:
        command = command.replace(ADDRESS, of_user.url).replace(EMAIL, of_user.email)
        ended = in_shell(command) if set("|<>") & set(command) else sdw(*shlex.split(command)[1:])
        assert ended.code == 0, f"{page}:{line}: {command}\n{ended.err}"


def in_shell(command: str) -> Ended:
    script = f'set -o pipefail; sdw() {{ {sys.executable} -m sdw_client "$@"; }}; {command}'
    path = {"PYTHONPATH": str(PROJECT / "client" / "src")}
    import os

    done = subprocess.run(
        ["bash", "-c", script], capture_output=True, text=True, check=False, env=os.environ | path, timeout=300
    )
    return Ended(done.returncode, done.stdout, done.stderr)


def test_every_exception_is_documented() -> None:
    import sdw_client

    text = (PROJECT / "docs/clients.md").read_text()
    kinds = [
        name
        for name in sdw_client.__all__
        if isinstance(kind := getattr(sdw_client, name), type) and issubclass(kind, SdwError)
    ]
    assert [name for name in kinds if f"`{name}`" not in text] == []


def test_every_exit_code_is_documented() -> None:
    from sdw_client.cli.failures import ExitCode

    codes = re.findall(r"^\| (\d+) \|", (PROJECT / "docs/clients.md").read_text(), flags=re.MULTILINE)
    assert [int(code) for code in codes] == list(ExitCode)


def test_every_command_and_option_of_a_client_is_documented() -> None:
    from sdw_client.cli.app import COMMANDS
    from sdw_client.client import Options
    from sdw_client.models import Filters

    text = (PROJECT / "docs/clients.md").read_text()
    assert [name for name in COMMANDS if not re.search(rf"\bsdw {name}\b|sdw --stage dev {name}\b", text)] == []
    assert [name for name in (*Options.__annotations__, *Filters.__annotations__) if f"`{name}`" not in text] == []
