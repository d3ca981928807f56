"""The first week of a user, played on a fresh copy with what README shows: its files, its commands.

`python -m pytest tests/end_to_end/test_first_week.py -s` prints how long each part takes.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sysconfig
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from chalicelib.settings import PROJECT
from tests.infrastructure.requirements.conftest import write_environment
from tests.isolation import REPOSITORY

from . import server as servers
from .client import Client
from .server import Server

README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
MISTAKE = "def handler(event, context):\n    print('looking for the order')\n    return event['order']\n"
RETRY = "      Retry: [{ErrorEquals: [KeyError], MaxAttempts: 1}]\n"
STORY_SECONDS = 20
UNREACHABLE = "the package index can't be reached"


def example_file(path: str) -> str:
    """The file that README shows under a comment with its path."""
    found = re.search(rf"```\w+\n(# {re.escape(path)}\n.*?)```", README, re.DOTALL)
    assert found, f"README does not show {path}"
    return found[1]


def shown_commands(start: str) -> list[str]:
    """README's command lines at a prompt, or in a block for the shell, that begin like this."""
    return re.findall(rf"^(?:\$ )?({re.escape(start)}.*)$", README, re.MULTILINE)


class Week:
    """A project, its server, and what happened when."""

    def __init__(self, project: Path, server: Server) -> None:
        self.project = project
        self.server = server
        self.times: dict[str, float] = {}
        self.user = Client(server.session["apiUrl"], server.session["idToken"])

    @contextmanager
    def timed(self, what: str) -> Iterator[None]:
        began = time.monotonic()
        yield
        self.times[what] = time.monotonic() - began

    def write(self, path: str, text: str | None = None) -> None:
        """Write a file; by default the one that README shows."""
        file = self.project / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(example_file(path) if text is None else text)

    def story(self, complete: Callable[[str], bool]) -> str:
        """Return what the terminal shows once it is complete: it is written a moment after the answer."""
        deadline = time.monotonic() + STORY_SECONDS
        while not complete(log := self.server.log):
            assert time.monotonic() < deadline, log
            time.sleep(0.02)
        return log

    def run(self, *lines: str) -> str:
        """Run README's lines in a shell in the project, with this server's port."""
        script = "\n".join(lines).replace("localhost:8000", self.user.url.removeprefix("http://"))
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=self.project,
            env=servers.environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.stdout + done.stderr


def fresh_copy(target: Path) -> Path:
    """A copy with everything that a clone has, and the packages that `make run` would install."""
    project = servers.copy_project(target, overlay=False)
    shutil.copy2(REPOSITORY / "Makefile", project)
    for file in PROJECT.glob("requirements*"):
        shutil.copy2(file, project)
    write_environment(project / ".venv")
    (project / ".venv" / ".installed-local").touch()
    return project


def packages_of_the_tests() -> list[str]:
    return sorted(entry.name for entry in Path(sysconfig.get_path("purelib")).iterdir())


def understood_in_the_terminal(week: Week, execution_id: str) -> None:
    """The story says what failed, where in the user's own code, when it is tried again, and how it ended."""
    short = execution_id[-6:]
    told = week.story(lambda log: re.search(rf"myFlow {short} +failed after", log) is not None)
    lines = [re.sub(r"^[\d:.]+ +", "", line) for line in told.splitlines()]
    mine = [re.sub(r"^myFlow \S+ +", "", line) for line in lines if line.startswith(f"myFlow {short}")]
    assert mine[0] == "started"
    assert "Step1 my-function | looking for the order" in mine
    assert "Step1 failed (try 1): KeyError: 'order'; retry in 1 s" in mine
    assert "Step1 failed (try 2): KeyError: 'order'" in mine
    assert re.fullmatch(r"failed after \S+ m?s: KeyError: 'order'", mine[-1])
    frame = "chalicelib/lib/my-function/handler.py:3 in handler: return event['order']"
    frames = [line.strip() for line in lines if re.match(r"\s+\S+\.py:\d+ in ", line)]
    assert frames == [frame, frame]  # one for each try, and none of the framework's
    assert "Traceback" not in told


def understood_from_the_api(week: Week, run: str) -> None:
    """The states and the logs of the run say the same to whoever has no terminal."""
    (state,) = week.user.get(f"{run}/states").json()["states"]
    assert (state["name"], state["status"], state["attempts"], state["error"]) == ("Step1", "FAILED", 2, "KeyError")
    assert [attempt["error"] for attempt in state["failedAttempts"]] == ["KeyError", "KeyError"]
    lines = week.user.get(f"{run}/logs").json()["lines"]
    printed = [(line["state"], line["attempt"]) for line in lines if line["message"] == "looking for the order"]
    assert printed == [("Step1", 1), ("Step1", 2)]
    assert any("KeyError: 'order'" in line["message"] and line["level"] == "ERROR" for line in lines)


def test_the_first_week(tmp_path: Path, started: Callable[..., Server]) -> None:
    project = fresh_copy(tmp_path / "project")
    began = time.monotonic()
    week = Week(project, started(project, (str(project / ".venv/bin/python"), "-m", "localcloud", "run")))

    token, ping = shown_commands("TOKEN=$(python3")[0], shown_commands("curl -s -X POST localhost:8000/lib/ping")[0]
    assert week.run(token, ping).strip() == "I am alive"
    week.times["first answer"] = time.monotonic() - began

    with week.timed("first own function"):
        week.write("chalicelib/lib/my-function/handler.py")
        assert week.user.post("/lib/my-function").json() == {"message": "Hello from my function"}
        week.write("chalicelib/lib/greet/handler.py")
        assert week.user.post("/lib/greet", {"name": "Ada"}).json() == {"greeting": "Hello Ada! "}
        assert week.user.post("/lib/greet", {}).status_code == 422

    with week.timed("first own flow"):
        week.write("flows/myFlow.yml")
        assert week.user.post("/run/myFlow?wait=20", {}).json()["status"] == "SUCCEEDED"

    with week.timed("first failing run understood"):
        week.write("chalicelib/lib/my-function/handler.py", MISTAKE)
        end = '      Resource: "${Step1FunctionArn}"\n'
        week.write("flows/myFlow.yml", example_file("flows/myFlow.yml").replace(end, end + RETRY))
        failed = week.user.post("/run/myFlow?wait=20", {}).json()
        assert (failed["status"], failed["error"]) == ("FAILED", "KeyError")
        assert "chalicelib/lib/my-function/handler.py" in failed["cause"]
        understood_in_the_terminal(week, failed["executionId"])
        understood_from_the_api(week, f"/run/myFlow/{failed['executionId']}")
        week.write("chalicelib/lib/my-function/handler.py")
        assert week.user.post("/run/myFlow?wait=20", {}).json()["status"] == "SUCCEEDED"

    with week.timed("first package"):
        command = shown_commands("make add PACKAGE=inflection")[0]
        week.write("chalicelib/lib/plural/handler.py")
        shared = packages_of_the_tests()
        missing = week.user.post("/lib/plural", {"word": "ox"})
        assert missing.status_code in (500, 502)
        assert f"(run `{command}`)" in missing.json()["detail"]
        added = week.run(command)
        assert packages_of_the_tests() == shared  # it is installed for the copy
        if UNREACHABLE not in added:
            assert re.match(r"Added inflection \d", added), added
            assert "\ninflection\n" in (project / "requirements.in").read_text()
            assert week.user.post("/lib/plural", {"word": "ox"}).json() == {"plural": "oxen"}
    print("\n" + "\n".join(f"{what:30}{seconds:6.1f} s" for what, seconds in week.times.items()))
    if UNREACHABLE in added:
        pytest.skip("the package part needs a package index, and pip can't reach one")
