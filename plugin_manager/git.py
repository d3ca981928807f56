"""Fetches repositories with git, and reads commits without checking them out.

A bare repository per source is kept in `.plugins/.cache`: what was fetched once is there without a network. Credentials
go to git by its environment, as a header for the one host; they are on no command line and in no file, and are blotted
out of everything that git says.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, urlsplit

from plugin_manager.errors import PluginError
from plugin_manager.layout import Entry
from plugin_manager.sources import GitSource

FETCH_SECONDS = 600
STALL_SECONDS = 30
_SHORT_COMMIT = re.compile(r"[0-9a-f]{7,64}")
_NO_ACCESS = re.compile(r"unable to access|[Cc]ould not re|[Aa]uthentication|denied|timed out|took longer|redirect")
_CONTROL = re.compile(r"\x1b\[[0-9;]*[A-Za-z]|[^\n\x20-\x7e\x80-\uffff]")
_KEPT = ("GIT_SSH", "GIT_SSH_COMMAND", "GIT_EXEC_PATH", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM")
_KEPT_PREFIXES = ("GIT_SSL_", "GIT_PROXY_", "GIT_HTTP_")
_KINDS = {"100644": "file", "100755": "file", "120000": "symbolic link", "160000": "submodule"}


class _GitError(Exception):
    """git ended with an error; what it said, without secrets."""


@dataclass
class Repository:
    """The cached copy of one source."""

    source: GitSource
    cache: Path
    """The folder of all cached copies."""
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ), repr=False)

    @property
    def folder(self) -> Path:
        return self.cache / (hashlib.sha256(self.source.url.encode()).hexdigest()[:24] + ".git")

    def has(self, commit: str) -> bool:
        """Whether a commit is here already."""
        return (self.folder / "HEAD").is_file() and self._succeeds("cat-file", "-e", commit + "^{commit}")

    def fetch(self, revision: str | None) -> str:
        """Fetch a tag, a branch, a commit or, for None, the default branch; the commit that it is.

        Raises PluginError: unreachable, access refused, or no such revision.
        """
        self._create()
        target = "refs/plugins/" + hashlib.sha256((revision or "").encode()).hexdigest()[:24]
        try:
            try:
                self._fetch("--depth=1", f"+{revision or 'HEAD'}:{target}")
                return self._commit(target)
            except _GitError as error:
                if revision is None or not _SHORT_COMMIT.fullmatch(revision) or _NO_ACCESS.search(str(error)):
                    raise
                # A short commit, or a server that hands out no single commits: its whole history then.
                unshallow = ["--unshallow"] if (self.folder / "shallow").is_file() else []
                self._fetch(*unshallow, "+refs/heads/*:refs/plugins/heads/*", "+refs/tags/*:refs/plugins/tags/*")
                try:
                    return self._commit(revision)
                except _GitError:
                    raise PluginError(f"{self.source.label}: the repository has no commit {revision}") from None
        except _GitError as error:
            raise PluginError(f"{self.source.label}: {self._explain(str(error), revision)}") from None

    def entries(self, commit: str) -> Iterator[Entry]:
        """The files of a commit. Raises PluginError if the cached copy is damaged."""
        try:
            listing = self._run("ls-tree", "-r", "-z", "-l", "--full-tree", commit)
        except _GitError as error:
            raise PluginError(f"{self.source.label}: commit {commit} cannot be read: {error}") from None
        for line in listing.split(b"\0"):
            if not line:
                continue
            head, _, name = line.partition(b"\t")
            mode, _, blob, size = head.decode().split()
            path = name.decode("utf-8", "surrogateescape")
            kind = _KINDS.get(mode, "file of an unknown kind")
            yield Entry(path, kind, 0 if size == "-" else int(size), blob)

    def read(self, entries: Sequence[Entry]) -> Iterator[bytes]:
        """The contents of files of a commit. Raises PluginError if the cached copy is damaged."""
        wanted = "".join(f"{entry.key}\n" for entry in entries)
        try:
            output = self._run("cat-file", "--batch", given=wanted.encode())
            position = 0
            for _ in entries:
                end = output.index(b"\n", position)
                size = int(output[position:end].split(b" ")[2])
                yield output[end + 1 : end + 1 + size]
                position = end + 1 + size + 1
        except (_GitError, ValueError, IndexError) as error:
            raise PluginError(f"{self.source.label}: a file cannot be read: {error}") from None

    def _create(self) -> None:
        if not (self.folder / "HEAD").is_file():
            shutil.rmtree(self.folder, ignore_errors=True)
            self.cache.mkdir(parents=True, exist_ok=True)
            try:
                self._run("init", "--quiet", "--bare", "--template=", str(self.folder), inside=False)
            except _GitError as error:
                raise PluginError(f"{self.folder} cannot be made: {error}") from None

    def _fetch(self, *arguments: str) -> None:
        options = [argument for argument in arguments if argument.startswith("--")]
        refs = [argument for argument in arguments if not argument.startswith("--")]
        common = ["--quiet", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head", "--no-auto-maintenance"]
        self._run("fetch", *common, *options, "--", self.source.url, *refs)

    def _commit(self, revision: str) -> str:
        return self._run("rev-parse", "--verify", "--end-of-options", revision + "^{commit}").decode().strip()

    def _succeeds(self, *arguments: str) -> bool:
        try:
            self._run(*arguments)
        except _GitError:
            return False
        return True

    def _run(self, *arguments: str, inside: bool = True, given: bytes = b"") -> bytes:
        where = [f"--git-dir={self.folder}"] if inside else []
        network = "fetch" in arguments
        try:
            done = subprocess.run(  # noqa: S603 - no shell, and every argument is ours or was checked
                [self._program(), *where, *arguments],
                env=self._environment(network),
                input=given,
                capture_output=True,
                timeout=FETCH_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise _GitError(f"git took longer than {FETCH_SECONDS} s") from None
        if done.returncode:
            raise _GitError(self.redact(done.stderr.decode("utf-8", "replace")))
        return done.stdout

    @staticmethod
    def _program() -> str:
        program = shutil.which("git")
        if program is None:
            raise PluginError("git is missing: install git 2.31 or newer, which plugins are fetched with")
        return program

    def _environment(self, network: bool) -> dict[str, str]:
        kept = {
            name: value
            for name, value in self.environment.items()
            if not name.startswith("GIT_") or name in _KEPT or name.startswith(_KEPT_PREFIXES)
        }
        settings = {
            "gc.auto": "0",
            "core.hooksPath": os.devnull,
            "fetch.fsckObjects": "true",
            "fetch.recurseSubmodules": "false",
            "http.lowSpeedLimit": "1",
            "http.lowSpeedTime": str(STALL_SECONDS),
        }
        if network and self.source.credentials is not None:
            user, password = self.source.credentials.resolve(self.environment)
            parts = urlsplit(self.source.url)
            header = "Authorization: Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
            settings |= {
                f"http.{parts.scheme}://{parts.netloc}/.extraHeader": header,
                "http.followRedirects": "false",  # git would send the header to wherever a redirect leads
                "credential.helper": "",
            }
        numbered: dict[str, str] = {}
        for index, (key, value) in enumerate(settings.items()):
            numbered |= {f"GIT_CONFIG_KEY_{index}": key, f"GIT_CONFIG_VALUE_{index}": value}
        return {
            "GIT_SSH_COMMAND": f"ssh -oBatchMode=yes -oConnectTimeout={STALL_SECONDS}",
            **kept,
            **numbered,
            "GIT_CONFIG_COUNT": str(len(settings)),
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_ASKPASS": "",
            "SSH_ASKPASS": "",
            "GIT_ALLOW_PROTOCOL": "https:http:ssh:file",
            "LC_ALL": "C",
        }

    def redact(self, text: str) -> str:
        """A text of git's or of the host's without what must not be shown."""
        credentials = self.source.credentials
        if credentials is not None:
            both = base64.b64encode(":".join(credentials.resolve(self.environment)).encode()).decode()
            for secret in credentials.secrets(self.environment):
                for form in (both, secret, quote(secret, safe=""), base64.b64encode(secret.encode()).decode()):
                    text = text.replace(form, "***")
        return _CONTROL.sub("", text).strip()

    def _explain(self, text: str, revision: str | None) -> str:
        said = text.lower()
        if any(words in said for words in ("could not read username", "authentication failed", "error: 401")):
            given = self.source.credentials is not None
            return (
                "the host refuses the token: is it expired, or has it no access to the repository?"
                if given
                else "the host wants a token: write git+https://${TOKEN}@..., and export TOKEN"
            )
        if "redirect" in said or "error: 30" in said:
            return "the repository has moved, and a token is sent to no other address: name the new one"
        if "error: 403" in said or "permission denied" in said:
            return f"access was refused: {_last_lines(text)}"
        if "couldn't find remote ref" in said:
            return f"there is no branch, tag or commit {revision}" if revision else "the repository is empty"
        if "not found" in said or "does not appear to be a git repository" in said or "does not exist" in said:
            return f"there is no such repository, or no access to it: {_last_lines(text)}"
        return f"it cannot be fetched: {_last_lines(text)}"


def _last_lines(text: str) -> str:
    lines: Sequence[str] = [line.strip() for line in text.splitlines() if line.strip()]
    fatal = [line.removeprefix("fatal: ") for line in lines if line.startswith("fatal: ")]
    return " ".join(fatal[:1] or lines[-2:]) or "git gave no reason"
