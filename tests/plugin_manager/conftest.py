"""Repositories on disk, the same over HTTP with a token, and projects that ask for plugins."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from chalicelib.settings import PROJECT
from plugin_manager.install import Options, install
from plugin_manager.obtain import Obtained

from .projects import FLOW, HANDLER, write

UNCONFIGURED = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
TOKEN = "ghp_s3cret-t0ken/with+signs"


def git(*arguments: str, folder: Path, given: str = "") -> str:
    """Run git as somebody who has configured nothing."""
    who = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-c", "init.defaultBranch=main")
    kept = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")} | UNCONFIGURED
    done = subprocess.run(
        ["git", *who, *arguments], cwd=folder, env=kept, input=given, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@dataclass
class Remote:
    """A plugin's repository: a bare one and, once somebody wants to work in it, a clone."""

    bare: Path
    work: Path
    head: str = ""

    @property
    def url(self) -> str:
        return f"git+file://{self.bare}"

    @property
    def clone(self) -> Path:
        if not self.work.exists():
            self.work.parent.mkdir(parents=True, exist_ok=True)
            git("clone", "--quiet", str(self.bare), str(self.work), folder=self.bare)
        return self.work

    def commit(self, files: dict[str, str], *, tag: str | None = None, branch: str = "main") -> str:
        """Commit on top of the last commit; the new one. A tag is an annotated one."""
        if self.work.exists():
            git("checkout", "--quiet", "-B", branch, folder=self.work)
            write(self.work, files)
            return self.push(tag)
        who = "Ada <ada@example.com> 1700000000 +0000"
        lines = [f"commit refs/heads/{branch}", "mark :1", f"committer {who}", *_data("Change")]
        lines += [f"from {self.head}"] if self.head else []
        for path, text in files.items():
            lines += [f"M 644 inline {json.dumps(path, ensure_ascii=False)}", *_data(text)]
        if tag:
            lines += [f"tag {tag}", "from :1", f"tagger {who}", *_data(tag)]
        given = "\n".join([*lines, "get-mark :1", ""])
        self.head = git("fast-import", "--quiet", "--force", folder=self.bare, given=given)
        return self.head

    def push(self, tag: str | None = None) -> str:
        """Commit and push whatever lies in the clone; the commit."""
        git("add", "--all", folder=self.clone)
        git("commit", "--quiet", "--allow-empty", "-m", "Change", folder=self.clone)
        if tag:
            git("tag", "-a", tag, "-m", tag, folder=self.clone)
        git("push", "--quiet", "--tags", "origin", "HEAD", folder=self.clone)
        self.head = git("rev-parse", "HEAD", folder=self.clone)
        return self.head


def _data(text: str) -> list[str]:
    return [f"data {len(text.encode())}", text]


MakeRemote = Callable[..., Remote]


def plugin_files(name: str, *, version: str = "1.0.0", toml: str = "", **more: str) -> dict[str, str]:
    """A small plugin: a function `NAME_hello`, and a flow `NAMEFlow` that calls it."""
    function = f"{name}_hello"
    return {
        "plugin.toml": f'name = "{name}"\nversion = "{version}"\n{toml}',
        f"lib/{function}/handler.py": HANDLER,
        f"flows/{name}.yml": FLOW.format(name=f"{name}Flow", call=function),
        **more,
    }


def example_files() -> dict[str, str]:
    """The plugin that the documentation shows."""
    folder = PROJECT / "docs" / "examples" / "greetings-plugin"
    files = (file for file in folder.rglob("*") if file.is_file() and "cache" not in str(file.relative_to(folder)))
    return {str(file.relative_to(folder)): file.read_text() for file in files}


@pytest.fixture
def make_remote(tmp_path: Path) -> MakeRemote:
    """Makes repositories; with files, their first commit is made as well."""

    def make(name: str = "greetings", files: dict[str, str] | None = None) -> Remote:
        bare, clone = tmp_path / "remotes" / f"{name}.git", tmp_path / "clones" / name
        bare.mkdir(parents=True)
        git("init", "--quiet", "--bare", "--template=", folder=bare)
        remote = Remote(bare, clone)
        remote.commit(plugin_files(name) if files is None else files)
        return remote

    return make


@dataclass
class Project:
    """A project that asks for plugins."""

    root: Path
    said: list[str] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=lambda: {**os.environ, "GITHUB_TOKEN": TOKEN})

    def asks_for(self, *entries: str | dict[str, str]) -> Project:
        """Write config.json."""
        write(self.root, {"config.json": json.dumps({"plugins": entries})})
        return self

    def install(self, *, update: Sequence[str] = (), frozen: bool = False, yes: bool = False) -> list[Obtained]:
        """What `make plugins` does."""
        options = Options(update, frozen, yes)
        return install(self.root, options, say=self.said.append, environment=self.environment)

    @property
    def lock(self) -> list[dict[str, Any]]:
        plugins: list[dict[str, Any]] = json.loads((self.root / "plugins.lock").read_text())["plugins"]
        return plugins

    @property
    def folders(self) -> list[str]:
        """The folders of plugins, installed or left over."""
        return sorted(path.name for path in (self.root / ".plugins").iterdir() if "@" in path.name)

    def everything(self) -> str:
        """Every byte that was written, and everything that was said."""
        files = [path.read_bytes().decode("latin-1") for path in self.root.rglob("*") if path.is_file()]
        return "\n".join([*files, *self.said])


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project with a function and a flow of its own."""
    files = {
        "pyproject.toml": '[project]\nversion = "0.1.0"\n',
        "requirements.txt": "pydantic==2.7.0\n",
        "chalicelib/lib/ping/handler.py": HANDLER,
        "flows/own.yml": FLOW.format(name="ownFlow", call="ping"),
    }
    return Project(write(tmp_path / "project", files))


class _Backend(BaseHTTPRequestHandler):
    """git's own `http-backend` behind basic authentication."""

    server: GitServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def _serve(self) -> None:
        self.server.seen.append(f"{self.command} {self.path}\n{self.headers}")
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.look_around()
        if self.command == "POST" and not self.server.flowing.is_set():
            self.server.held = True
            self.server.flowing.wait()
        if self.server.moved_to:
            self._answer(301, {"Location": self.server.moved_to + self.path}, b"")
            return
        if self.server.down:
            self._answer(503, {}, b"down")
            return
        if self.headers.get("Authorization") not in self.server.accepted:
            self._answer(401, {"WWW-Authenticate": 'Basic realm="git"'}, f"you sent {self.headers}".encode())
            return
        path, _, query = self.path.partition("?")
        environment = {
            "PATH": os.environ["PATH"],
            "GIT_PROJECT_ROOT": str(self.server.folder),
            "GIT_HTTP_EXPORT_ALL": "1",
            "REQUEST_METHOD": self.command,
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "CONTENT_TYPE": self.headers.get("Content-Type") or "",
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding") or "",
            "GIT_PROTOCOL": self.headers.get("Git-Protocol") or "",
            "REMOTE_USER": "ada",
            "REMOTE_ADDR": "127.0.0.1",
        }
        done = subprocess.run(["git", "http-backend"], input=body, env=environment, capture_output=True, check=True)
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
        status = int(headers.pop("Status", "200 OK").split()[0])
        self._answer(status, headers, content)

    def _answer(self, status: int, headers: dict[str, str], content: bytes) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        pass


class GitServer(ThreadingHTTPServer):
    """Serves the repositories of a folder to those who have the token."""

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Backend)
        self.folder = folder
        self.seen: list[str] = []
        self.down = False
        self.moved_to = ""
        self.held = False
        self.flowing = threading.Event()
        self.flowing.set()
        self.watches_processes = False
        self.command_lines: list[bytes] = []
        pairs = (f"{TOKEN}:", f"oauth2:{TOKEN}")
        self.accepted = {"Basic " + base64.b64encode(pair.encode()).decode() for pair in pairs}

    def hold(self) -> None:
        """Answer no request for content until `release`; `held` says that one has come."""
        self.flowing.clear()

    def release(self) -> None:
        self.flowing.set()

    def look_around(self) -> None:
        """Note every process's command line, as anybody on the machine can."""
        if not self.watches_processes:
            return
        for file in Path("/proc").glob("[0-9]*/cmdline"):
            with suppress(OSError):  # it has ended
                self.command_lines.append(file.read_bytes())

    def url(self, name: str, credentials: str = "${GITHUB_TOKEN}") -> str:
        return f"git+http://{credentials}@127.0.0.1:{self.server_address[1]}/{name}.git"


@pytest.fixture
def git_server(tmp_path: Path) -> Iterator[GitServer]:
    """The repositories that `make_remote` makes, over HTTP."""
    with GitServer(tmp_path / "remotes") as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield server
        server.release()
        server.shutdown()
        thread.join()
