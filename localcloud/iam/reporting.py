"""Tells the developer what a role does not allow, once, and how to allow it."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from os.path import commonprefix

from chalicelib.names import Names
from localcloud.iam.needs import Need
from localcloud.iam.policies import Decision, Policies
from localcloud.iam.roles import Principal, Role
from localcloud.notices import notice

MAX_REMEMBERED = 1000
MAX_RESOURCES = 3
"""Of so many resources each is told; then one line is about all others, such as the objects of a bucket."""


class Reporter:
    """Writes a notice for each kind of call that is not allowed: once, until the role's policies change.

    A caller that goes through many resources with one action gets a few notices, and a last one with a pattern for all.

    Args:
        names: The stage's names.
        enforced: Whether such calls are refused.
    """

    def __init__(self, names: Names, *, enforced: bool) -> None:
        self._names = names
        self._verb = "was denied" if enforced else "would be denied on AWS"
        self._lock = threading.Lock()
        self._told: OrderedDict[tuple[str, str, Policies], list[str]] = OrderedDict()

    def tell(self, principal: Principal, role: Role, need: Need, decision: Decision) -> None:
        """Tell of one call.

        Args:
            principal: Who called.
            role: The caller's role.
            need: What it does not allow.
            decision: Why.
        """
        key = (principal.label, need.action, role.policies)
        with self._lock:
            resources = self._told.setdefault(key, [])
            if need.resource in resources or len(resources) > MAX_RESOURCES:
                return
            resources.append(need.resource)
            if len(self._told) > MAX_REMEMBERED:
                self._told.popitem(last=False)
            is_last = len(resources) > MAX_RESOURCES
        what = need.action if need.resource == "*" else f"{need.action} on {need.resource}"
        resource, allowed = need.resource, "it"
        if is_last:
            what += " and on others, which are not told,"
            resource, allowed = common_pattern(resources), "them, if all of these are meant"
        way_out = f"To allow {allowed}, add this to {role.place}: {self._statement(need.action, resource)}"
        if decision is Decision.DENIED:
            way_out = f"A statement with the effect Deny covers it: look into {role.place}."
        notice(f"permissions: {principal.label}: {what} {self._verb}. {way_out}")

    def _statement(self, action: str, resource: str) -> str:
        """Return the statement to add, for every stage."""
        names = self._names
        parts = resource.split(":", 5)
        if len(parts) == 6:
            parts[3] = "${AWS::Region}" if parts[3] == names.region else parts[3]
            parts[4] = "${AWS::AccountId}" if parts[4] == names.account else parts[4]
            parts[5] = parts[5].replace(names.resource(""), f"{names.app}-${{Stage}}-")
            resource = ":".join(parts)
        return f"- {{Action: '{action}', Resource: '{resource}'}}"


def common_pattern(arns: Sequence[str]) -> str:
    """Return the pattern of the nearest folder that all resources are in: `arn:aws:s3:::bucket/folder/*`."""
    common = commonprefix(arns)  # noqa: RUF071 - ARNs have two separators
    return common[: max(common.rfind(separator) for separator in ":/") + 1] + "*"
