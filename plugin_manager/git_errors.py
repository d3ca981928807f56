"""Turns the output of a git or ssh that failed into one line that says what to do."""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit

from plugin_manager.sources import GitSource

_NO_DEFAULT = "the repository is empty or has no default branch: name a branch, such as @main"


def explain(output: str, source: GitSource, revision: str | None) -> str:
    """Explain in one line why git could not fetch `revision` of `source`."""
    found = output.lower()
    address = urlsplit(source.url)
    host = address.hostname or ""
    if any(words in found for words in ("could not read username", "authentication failed", "error: 401")):
        return (
            "the host rejected the token: check that it has not expired and may read the repository"
            if source.credentials is not None
            else "the host requires a token: write git+https://${TOKEN}@..., and export TOKEN"
        )
    if "redirect" in found or "error: 30" in found:
        return "the repository has moved, and a token is not sent to another address: use the new address"
    if "dubious ownership" in found:
        return f"the repository belongs to another user: git config --global --add safe.directory {address.path}"
    if "host key verification failed" in found:
        return f"the key of {host} is unknown: connect once with `{_ssh(address)}`, and compare the key"
    if "permission denied (publickey" in found:
        return f"{host} rejected the ssh key: check that it is loaded (`ssh-add -l`) and may read the repository"
    if "could not resolve host" in found:
        return f"the host {host} could not be found: check its name and the network"
    if "error: 403" in found or "permission denied" in found:
        return f"access was denied: {_last_lines(output)}"
    if "couldn't find remote ref" in found:
        return f"no branch, tag or commit {revision}" if revision else _NO_DEFAULT
    if "not found" in found or "does not appear to be a git repository" in found or "does not exist" in found:
        return f"the repository does not exist, or you may not read it: {_last_lines(output)}"
    return f"fetching failed: {_last_lines(output)}"


def _ssh(address: SplitResult) -> str:
    return f"ssh {f'-p {address.port} ' if address.port else ''}{address.hostname}"


def _last_lines(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    fatal = [line.removeprefix("fatal: ") for line in lines if line.startswith("fatal: ")]
    if fatal and fatal[0] == "Could not read from remote repository.":  # the reason is what ssh printed before
        fatal = list(lines[: lines.index("fatal: " + fatal[0])][-1:])
    return " ".join(fatal[:1] or lines[-2:]) or "git gave no reason"
