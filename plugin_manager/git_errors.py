"""What git and ssh say when they fail, in a line that names the way out."""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit

from plugin_manager.sources import GitSource

_NO_DEFAULT = "the repository is empty or has no default branch: name one, such as @main"


def explain(text: str, source: GitSource, revision: str | None) -> str:
    """A line for what git said when it could not fetch `revision` of `source`."""
    said = text.lower()
    address = urlsplit(source.url)
    host = address.hostname or ""
    if any(words in said for words in ("could not read username", "authentication failed", "error: 401")):
        given = source.credentials is not None
        return (
            "the host refuses the token: is it expired, or has it no access to the repository?"
            if given
            else "the host wants a token: write git+https://${TOKEN}@..., and export TOKEN"
        )
    if "redirect" in said or "error: 30" in said:
        return "the repository has moved, and a token is sent to no other address: name the new one"
    if "dubious ownership" in said:
        return f"it belongs to another user: git config --global --add safe.directory {address.path}"
    if "host key verification failed" in said:
        return f"the key of {host} is not known: connect once by `{_ssh(address)}`, and compare it"
    if "permission denied (publickey" in said:
        return f"{host} refuses the ssh key: is it loaded (`ssh-add -l`), and has it access to the repository?"
    if "could not resolve host" in said:
        return f"the host {host} is not found: is its name right, and is there a network?"
    if "error: 403" in said or "permission denied" in said:
        return f"access was refused: {_last_lines(text)}"
    if "couldn't find remote ref" in said:
        return f"there is no branch, tag or commit {revision}" if revision else _NO_DEFAULT
    if "not found" in said or "does not appear to be a git repository" in said or "does not exist" in said:
        return f"there is no such repository, or no access to it: {_last_lines(text)}"
    return f"it cannot be fetched: {_last_lines(text)}"


def _ssh(address: SplitResult) -> str:
    return f"ssh {f'-p {address.port} ' if address.port else ''}{address.hostname}"


def _last_lines(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    fatal = [line.removeprefix("fatal: ") for line in lines if line.startswith("fatal: ")]
    if fatal and fatal[0] == "Could not read from remote repository.":  # why is what ssh said before
        fatal = list(lines[: lines.index("fatal: " + fatal[0])][-1:])
    return " ".join(fatal[:1] or lines[-2:]) or "git gave no reason"
