"""Fetches repositories with git, and reads commits without checking them out.

A bare repository per source is kept in `.plugins/.cache`, so that what was fetched once is available offline.
Credentials are passed to git in its environment, as a header for the one host. They appear in no command line and no
file, and are removed from everything that git prints.
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
from plugin_manager.layout import UNKNOWN_KIND, Entry
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
    """git failed; the message is its output, without secrets."""


class NoCommitError(PluginError):
    """The repository does not have a commit, or no longer has it."""


class DamagedError(PluginError):
    """The cached copy cannot be read, for example after a process was killed."""


@dataclass
class Repository:
    """The cached copy of one source."""

    source: GitSource
    cache: Path
    """The folder of all cached copies."""
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ), repr=False)

    @property
    def folder(self) -> Path:
        """The cached copy's own folder. Plugins of one repository have one each, as they are fetched side by side."""
        identity = self.source.address.removeprefix("git+")
        return self.cache / (hashlib.sha256(identity.encode()).hexdigest()[:24] + ".git")

    def has(self, commit: str) -> bool:
        """Return whether the cached copy has a commit."""
        return (self.folder / "HEAD").is_file() and self._succeeds("cat-file", "-e", commit + "^{commit}")

    def fetch(self, revision: str | None) -> str:
        """Fetch a revision and return its commit.

        Args:
            revision: A tag, a branch, a commit, or None for the default branch.

        Raises:
            NoCommitError: The repository does not have the commit.
            PluginError: The repository is unreachable, access is refused, or the revision does not exist.
        """
        self._check_token()
        kept = self.folder.is_dir()
        try:
            try:
                return self._fetch_revision(revision)
            except _GitError as error:
                if not kept or _HOST_SAYS_NO.search(str(error)):
                    raise
                return self._fetch_again(revision)
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
        # An abbreviated commit, or a server that does not serve single commits: fetch the whole history.
        unshallow = ["--unshallow"] if (self.folder / "shallow").is_file() else []
        everything = ("+refs/heads/*:refs/plugins/heads/*", "+refs/tags/*:refs/plugins/tags/*")
        self._fetch("--prune", *unshallow, *everything)
        try:
            return self._commit(revision)
        except _GitError as error:
            if "ambiguous" in str(error):
                raise PluginError(f"{self.source.label}: ambiguous commit prefix: use more characters") from None
            raise NoCommitError(f"{self.source.label}: the repository has no commit {revision}") from None

    def _fetch_again(self, revision: str | None) -> str:
        """Fetch into a new copy, since the cached one may be damaged; keep the cached one if that fails too."""
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
        """List the files of a commit, or those in the source's folder of it.

        Raises:
            PluginError: The commit does not have the folder.
            DamagedError: The cached copy lacks some of it.
        """
        folder = self.source.subdirectory
        try:
            listing = self._run("ls-tree", "-r", "-z", "-l", "--full-tree", f"{commit}:{folder}" if folder else commit)
        except _GitError as error:
            if folder and not self._succeeds("cat-file", "-e", f"{commit}:{folder}"):
                raise PluginError(f"{self.source.label}: commit {commit[:12]} has no folder {folder}") from None
            raise DamagedError(f"{self.source.label}: commit {commit} cannot be read: {error}") from None
        for line in listing.split(b"\0"):
            if not line:
                continue
            head, _, name = line.partition(b"\t")
            mode, _, blob, size = head.decode().split()
            path = name.decode("utf-8", "surrogateescape")
            kind = _KINDS.get(mode, UNKNOWN_KIND)
            if kind == "file" and not size.isdecimal():
                raise DamagedError(f"{self.source.label}: {path!a} is missing in the cached copy")
            yield Entry(path, kind, int(size) if kind == "file" else 0, blob)

    def read(self, entries: Sequence[Entry]) -> Iterator[bytes]:
        """Read the contents of files of a commit, in order.

        Raises:
            DamagedError: The cached copy lacks one.
        """
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
                raise PluginError(f"{self.folder} cannot be created: {error}") from None

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
            raise PluginError("git is not installed: install git 2.31 or newer to fetch plugins")
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
                "http.followRedirects": "false",  # git would send the header wherever a redirect leads
                "credential.helper": "",
            }
        given = self.environment.get("GIT_CONFIG_COUNT", "")
        count = int(given) if given.isdecimal() else 0  # keep what the caller configures this way
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
        """Keep ssh from prompting, unless the user has configured which ssh to run."""
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
        """Return output of git or of the host without secrets and control characters."""
        for form in self._secrets():
            text = text.replace(form, "***")
        return _CONTROL.sub("", _USER_IN_URL.sub("***@", text)).strip()

    def _secrets(self) -> Iterator[str]:
        """Yield the token in every form in which it may appear."""
        credentials = self.source.credentials
        if credentials is None:
            return
        try:
            both = ":".join(credentials.resolve(self.environment))
            secrets = credentials.secrets(self.environment)
        except PluginError:  # git was not given a token either
            return
        yield base64.b64encode(both.encode()).decode()
        for secret in secrets:
            yield from (secret, quote(secret, safe=""), base64.b64encode(secret.encode()).decode())
