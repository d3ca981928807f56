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
from plugin_manager.git_errors import explain
from plugin_manager.layout import Entry
from plugin_manager.sources import GitSource

FETCH_SECONDS = 600
STALL_SECONDS = 30
_SHORT_COMMIT = re.compile(r"[0-9a-f]{7,64}")
_NO_ACCESS = re.compile(r"unable to access|[Cc]ould not re|[Aa]uthentication|denied|timed out|took longer|redirect")
_HOST_SAYS_NO = re.compile(_NO_ACCESS.pattern + "|couldn't find remote ref")
_CONTROL = re.compile(r"\x1b\[[0-9;]*[A-Za-z]|[^\n\x20-\x7e\x80-\uffff]")
_USER_IN_URL = re.compile(r"(?<=://)(?!git@)[^/@\s']+@")
_KEPT = ("GIT_SSH", "GIT_SSH_COMMAND", "GIT_EXEC_PATH", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM")
_KEPT_PREFIXES = ("GIT_SSL_", "GIT_PROXY_", "GIT_HTTP_", "GIT_CONFIG_KEY_", "GIT_CONFIG_VALUE_")
_KINDS = {"100644": "file", "100755": "file", "120000": "symbolic link", "160000": "submodule"}


class _GitError(Exception):
    """git ended with an error; what it said, without secrets."""


class NoCommitError(PluginError):
    """The repository lacks a commit, or has it no longer."""


class DamagedError(PluginError):
    """The cached copy cannot be read, such as after a process was killed."""


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
        self._check_token()
        kept = self.folder.is_dir()
        try:
            try:
                return self._fetch_revision(revision)
            except _GitError as error:
                if not kept or _HOST_SAYS_NO.search(str(error)):
                    raise
                return self._fetch_anew(revision)
        except _GitError as error:
            raise PluginError(f"{self.source.label}: {explain(str(error), self.source, revision)}") from None

    def forget(self) -> None:
        """Remove the cached copy."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _fetch_revision(self, revision: str | None) -> str:
        self._create()
        target = "refs/plugins/" + hashlib.sha256((revision or "").encode()).hexdigest()[:24]
        try:
            self._fetch("--depth=1", f"+{revision or 'HEAD'}:{target}")
            return self._commit(target)
        except _GitError as error:
            if revision is None or not _SHORT_COMMIT.fullmatch(revision) or _NO_ACCESS.search(str(error)):
                raise
        # A short commit, or a server that hands out no single commits: its whole history then.
        unshallow = ["--unshallow"] if (self.folder / "shallow").is_file() else []
        everything = ("+refs/heads/*:refs/plugins/heads/*", "+refs/tags/*:refs/plugins/tags/*")
        self._fetch("--prune", *unshallow, *everything)
        try:
            return self._commit(revision)
        except _GitError as error:
            if "ambiguous" in str(error):
                raise PluginError(f"{self.source.label}: that is more than one commit: write more of it") from None
            raise NoCommitError(f"{self.source.label}: the repository has no commit {revision}") from None

    def _fetch_anew(self, revision: str | None) -> str:
        """Fetch as if for the first time: what is kept may be damaged. It stays if that fails as well."""
        aside = self.folder.with_suffix(".old")
        shutil.rmtree(aside, ignore_errors=True)
        self.folder.rename(aside)
        try:
            commit = self._fetch_revision(revision)
        except BaseException:
            self.forget()
            aside.rename(self.folder)
            raise
        shutil.rmtree(aside, ignore_errors=True)
        return commit

    def entries(self, commit: str) -> Iterator[Entry]:
        """The files of a commit. Raises DamagedError."""
        try:
            listing = self._run("ls-tree", "-r", "-z", "-l", "--full-tree", commit)
        except _GitError as error:
            raise DamagedError(f"{self.source.label}: commit {commit} cannot be read: {error}") from None
        for line in listing.split(b"\0"):
            if not line:
                continue
            head, _, name = line.partition(b"\t")
            mode, _, blob, size = head.decode().split()
            path = name.decode("utf-8", "surrogateescape")
            kind = _KINDS.get(mode, "file of an unknown kind")
            if kind == "file" and not size.isdecimal():
                raise DamagedError(f"{self.source.label}: {path!a} is missing in the cached copy")
            yield Entry(path, kind, int(size) if kind == "file" else 0, blob)

    def read(self, entries: Sequence[Entry]) -> Iterator[bytes]:
        """The contents of files of a commit. Raises DamagedError."""
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
            raise DamagedError(f"{self.source.label}: a file cannot be read: {error}") from None

    def _create(self) -> None:
        if not (self.folder / "HEAD").is_file():
            self.forget()
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
        given = self.environment.get("GIT_CONFIG_COUNT", "")
        count = int(given) if given.isdecimal() else 0  # what the caller configures in this way holds as well
        for index, (key, value) in enumerate(settings.items(), count):
            kept |= {f"GIT_CONFIG_KEY_{index}": key, f"GIT_CONFIG_VALUE_{index}": value}
        return {
            **kept,
            "GIT_CONFIG_COUNT": str(count + len(settings)),
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_ASKPASS": "",
            "SSH_ASKPASS": "",
            "GIT_ALLOW_PROTOCOL": "https:http:ssh:file",
            "LC_ALL": "C",
            **self._ssh(network),
        }

    def _ssh(self, network: bool) -> dict[str, str]:
        """Keep ssh from asking, unless somebody has said which ssh it is to be."""
        own = {"GIT_SSH", "GIT_SSH_COMMAND"} & self.environment.keys()
        if not network or not self.source.url.startswith("ssh:") or own or self._succeeds("config", "core.sshCommand"):
            return {}
        return {"GIT_SSH_COMMAND": f"ssh -oBatchMode=yes -oConnectTimeout={STALL_SECONDS}"}

    def _check_token(self) -> None:
        try:
            if self.source.credentials is not None:
                self.source.credentials.resolve(self.environment)
        except PluginError as error:
            raise PluginError(f"{self.source.label}: {error}") from None

    def redact(self, text: str) -> str:
        """A text of git's or of the host's without what must not be shown."""
        for form in self._secrets():
            text = text.replace(form, "***")
        return _CONTROL.sub("", _USER_IN_URL.sub("***@", text)).strip()

    def _secrets(self) -> Iterator[str]:
        """The token in every form that it may appear in."""
        credentials = self.source.credentials
        if credentials is None:
            return
        try:
            both = ":".join(credentials.resolve(self.environment))
            secrets = credentials.secrets(self.environment)
        except PluginError:  # there is none, so git was not told either
            return
        yield base64.b64encode(both.encode()).decode()
        for secret in secrets:
            yield from (secret, quote(secret, safe=""), base64.b64encode(secret.encode()).decode())
