"""Tells the developer what a role does not allow, once, and how to allow it."""

from __future__ import annotations

import threading
from collections import OrderedDict

from chalicelib.names import Names
from localcloud.iam.needs import Need
from localcloud.iam.policies import Decision, Policies
from localcloud.iam.roles import Principal, Role
from localcloud.notices import notice

MAX_REMEMBERED = 1000


class Reporter:
    """Writes a notice for each kind of call that is not allowed: once, until the role's policies change.

    Args:
        names: The stage's names.
        enforced: Whether such calls are refused.
    """

    def __init__(self, names: Names, *, enforced: bool) -> None:
        self._names = names
        self._verb = "was denied" if enforced else "would be denied on AWS"
        self._lock = threading.Lock()
        self._told: OrderedDict[tuple[str, str, str, Policies], None] = OrderedDict()

    def tell(self, principal: Principal, role: Role, need: Need, decision: Decision) -> None:
        """Tell of one call.

        Args:
            principal: Who called.
            role: The caller's role.
            need: What it does not allow.
            decision: Why.
        """
        key = (principal.label, need.action, need.resource, role.policies)
        with self._lock:
            if key in self._told:
                return
            self._told[key] = None
            if len(self._told) > MAX_REMEMBERED:
                self._told.popitem(last=False)
        what = need.action if need.resource == "*" else f"{need.action} on {need.resource}"
        way_out = f"To allow it, add this to {role.place}: {self._statement(need)}"
        if decision is Decision.DENIED:
            way_out = "A statement with the effect Deny covers it."
        notice(f"permissions: {principal.label}: {what} {self._verb}. {way_out}")

    def _statement(self, need: Need) -> str:
        """Return the statement to add, for every stage."""
        resource, names = need.resource, self._names
        parts = resource.split(":", 5)
        if len(parts) == 6:
            parts[3] = "${AWS::Region}" if parts[3] == names.region else parts[3]
            parts[4] = "${AWS::AccountId}" if parts[4] == names.account else parts[4]
            parts[5] = parts[5].replace(names.resource(""), f"{names.app}-${{Stage}}-")
            resource = ":".join(parts)
        return f"- {{Action: '{need.action}', Resource: '{resource}'}}"
