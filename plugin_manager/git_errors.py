"""Turns the output of a git or ssh that failed into one line that says what to do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from plugin_manager.sources import GitSource


@dataclass(frozen=True, slots=True)
class _Failure:
    output: str
    source: GitSource
    revision: str | None

    @property
    def address(self) -> SplitResult:
        return urlsplit(self.source.url)

    @property
    def host(self) -> str:
        return self.address.hostname or ""

    @property
    def reason(self) -> str:
        """The line of the output that gives the reason."""
        lines = [line.strip() for line in self.output.splitlines() if line.strip()]
        fatal = [line.removeprefix("fatal: ") for line in lines if line.startswith("fatal: ")]
        if fatal and fatal[0] == "Could not read from remote repository.":  # the reason is what ssh printed before
            fatal = list(lines[: lines.index("fatal: " + fatal[0])][-1:])
        return " ".join(fatal[:1] or lines[-2:]) or "git gave no reason"


def explain(output: str, source: GitSource, revision: str | None) -> str:
    """Explain in one line why git could not fetch a revision.

    Args:
        output: What git printed, without secrets.
        source: The repository.
        revision: The tag, branch or commit; None for the default branch.
    """
    failure = _Failure(output, source, revision)
    printed = output.lower()
    for marks, explanation in _EXPLANATIONS:
        if any(mark in printed for mark in marks):
            return explanation(failure)
    return f"fetching failed: {failure.reason}"


def _no_access(failure: _Failure) -> str:
    if failure.source.credentials is None:
        return "the host requires a token: write git+https://${TOKEN}@..., and export TOKEN"
    return "the host rejected the token: check that it has not expired and may read the repository"


def _moved(_failure: _Failure) -> str:
    return "the repository has moved, and a token is not sent to another address: use the new address"


def _other_owner(failure: _Failure) -> str:
    command = f"git config --global --add safe.directory {failure.address.path}"
    return f"the repository belongs to another user: {command}"


def _unknown_key(failure: _Failure) -> str:
    port = f"-p {failure.address.port} " if failure.address.port else ""
    return f"the key of {failure.host} is unknown: connect once with `ssh {port}{failure.host}`, and compare the key"


def _rejected_key(failure: _Failure) -> str:
    return f"{failure.host} rejected the ssh key: check that it is loaded (`ssh-add -l`) and may read the repository"


def _unknown_host(failure: _Failure) -> str:
    return f"the host {failure.host} could not be found: check its name and the network"


def _denied(failure: _Failure) -> str:
    return f"access was denied: {failure.reason}"


def _no_revision(failure: _Failure) -> str:
    if failure.revision is None:
        return "the repository is empty or has no default branch: name a branch, such as @main"
    return f"no branch, tag or commit {failure.revision}"


def _no_repository(failure: _Failure) -> str:
    return f"the repository does not exist, or you may not read it: {failure.reason}"


# The first whose mark is in the output applies; marks are lower-case.
_EXPLANATIONS: tuple[tuple[tuple[str, ...], Callable[[_Failure], str]], ...] = (
    (("could not read username", "authentication failed", "error: 401"), _no_access),
    (("redirect", "error: 30"), _moved),
    (("dubious ownership",), _other_owner),
    (("host key verification failed",), _unknown_key),
    (("permission denied (publickey",), _rejected_key),
    (("could not resolve host",), _unknown_host),
    (("error: 403", "permission denied"), _denied),
    (("couldn't find remote ref",), _no_revision),
    (("not found", "does not appear to be a git repository", "does not exist"), _no_repository),
)
