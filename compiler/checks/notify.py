"""Webhooks that could not be sent."""

from __future__ import annotations

from collections.abc import Iterator

from chalicelib.names import EXPRESS
from chalicelib.webhooks.addresses import VARIABLE, endpoint_of, is_local_name, is_public, literal
from compiler.checks.base import Check, FileView, Finding, flow
from compiler.diagnostic import Severity

MAX_ENTRIES = 5


def _file(view: FileView) -> Iterator[Finding]:
    entries = view.flow.notify
    if entries and view.flow.type == EXPRESS:
        message = "Step Functions reports no status changes of EXPRESS flows, so `notify` would never send anything."
        yield Finding("/notify", message, "remove `notify`, or make the flow STANDARD", at_key=True)
    if len(entries) > MAX_ENTRIES:
        message = f"A flow has at most {MAX_ENTRIES} webhooks; this one has {len(entries)}."
        yield Finding("/notify", message, "let one receiver distribute them", at_key=True)
    seen: set[str] = set()
    for index, entry in enumerate(entries):
        pointer = f"/notify/{index}/url" if isinstance(view.flow.written_notify, list) else "/notify/url"
        problem, hint = _problem(entry.url)
        if problem:
            yield Finding(pointer, f"The webhook's URL can't be used: {problem}.", hint)
        if entry.url in seen:
            yield Finding(pointer, "The URL is listed twice.", "name all its statuses in one `on`")
        seen.add(entry.url)


def _problem(url: str) -> tuple[str, str]:
    """Return what is wrong with a URL, and what to do; empty if nothing is."""
    elsewhere = "for an address of your own network, write `${NAME}`: a secret of the stage that has the URL"
    if "${" in url:
        named = VARIABLE.fullmatch(url)
        if named is None:
            return "`${NAME}` must be the whole URL", "put the whole URL into the secret; names have capital letters"
        if named[1].startswith("AWS_"):
            return "names that begin with AWS_ belong to Lambda", "choose another name"
        return "", ""
    try:
        endpoint = endpoint_of(url)
    except ValueError as error:
        return str(error), "write a URL such as https://example.com/runs"
    address = literal(endpoint.host)
    if is_local_name(endpoint.host) or (address is not None and not is_public(address)):
        shown = endpoint.host if address is None or str(address) == endpoint.host else f"{endpoint.host} ({address})"
        return f"{shown} is not a public address", elsewhere
    if endpoint.scheme != "https":
        return "it must begin with https://", f"write `https{url[url.index(':') :]}`"
    return "", ""


CHECK = Check(
    id="notify",
    severity=Severity.ERROR,
    summary="A webhook could not be sent",
    description=(
        "A webhook goes to a public address by https: a URL into the network of the caller would let whoever writes it "
        "reach what only the stage should. Where the address depends on the stage, `${NAME}` names a secret of it."
    ),
    source="https://cheatsheetseries.owasp.org/cheatsheets/Server_Side_Request_Forgery_Prevention_Cheat_Sheet.html",
    wrong=flow("notify:\n  url: https://169.254.169.254/latest/meta-data/  # <-\n"),
    right=flow("notify:\n  url: https://example.com/runs\n  on: [FAILED, SUCCEEDED]\n"),
    file=_file,
)
