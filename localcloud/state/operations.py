"""Which requests may change something.

What is not known to be a read is a change: a record that has not changed is found out and not written again.
"""

from __future__ import annotations

import functools
import re

from localcloud.http_messages import Request

READING_PREFIXES = (
    *("BatchGet", "Check", "Count", "Describe", "Detect", "Discover", "Estimate", "Filter", "Get", "Head", "Is"),
    *("List", "Lookup", "Preview", "Query", "Scan", "Search", "Select", "Simulate", "Test", "TransactGet", "Validate"),
    *("Verify", "View"),
)
"""How the operations begin that AWS's models call by what they return."""

CHANGING_READS = frozenset(
    {
        "GetFederationToken",  # these create credentials that later requests are signed with
        "GetSessionToken",
        "GetId",  # creates an identity
        "VerifySoftwareToken",  # turns a second factor on
        "VerifyUserAttribute",
        "VerifyEmailIdentity",
        "VerifyEmailAddress",
        "VerifyDomainIdentity",
        "VerifyDomainDkim",
        "CheckInLicense",
        "DiscoverInputSchema",
    }
)
"""Operations with such a name that change something all the same."""

UNKEPT_CHANGES = frozenset(
    {
        # Visibility is not kept: after a restart every message that was not deleted can be received.
        *("ReceiveMessage", "ChangeMessageVisibility", "ChangeMessageVisibilityBatch"),
        *("Decrypt", "Encrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext", "GenerateMac", "ReEncrypt"),
        *("GenerateRandom", "Sign"),
    }
)
"""Operations with another name that change nothing that is kept."""

_ACTION = re.compile(rb"(?:^|&)Action=([A-Za-z0-9]+)")


def action_of(request: Request) -> str | None:
    """Return the operation's name where the protocol has it: in `x-amz-target`, or as `Action` in form or query.

    These protocols send everything to `/`. Elsewhere a header, a query or a form may be anything: an object of S3 whose
    content is `Action=GetRole` is put all the same.
    """
    path, _, query = request.target.partition("?")
    if path != "/" or request.method not in ("POST", "GET"):
        return None
    target = request.headers.get("x-amz-target")
    if target:
        return target.rpartition(".")[2]
    form = request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
    match = _ACTION.search(request.body if form else query.encode())
    return match[1].decode() if match else None


def changes(request: Request) -> bool:
    """Return whether a request may change what is kept: by its operation's name, or by its method in REST protocols."""
    action = action_of(request)
    if action is None:
        return request.method not in ("GET", "HEAD", "OPTIONS")
    return is_change(action)


@functools.lru_cache(2048)
def is_change(action: str) -> bool:
    """Return whether an operation of this name may change what is kept."""
    if action in UNKEPT_CHANGES:
        return False
    if action in CHANGING_READS:
        return True
    return not any(_begins_with(action, prefix) for prefix in READING_PREFIXES)


def _begins_with(action: str, prefix: str) -> bool:
    """Whether the operation's first words are `prefix`: `Getter` does not begin with `Get`, `GetItem` does."""
    rest = action[len(prefix) :]
    return action.startswith(prefix) and (not rest or not rest[0].islower())
