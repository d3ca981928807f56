"""Tells the developer what a role does not allow, once, and how to allow it."""

from __future__ import annotations

import threading
from collections import OrderedDict

from localcloud.iam.needs import Need
from localcloud.iam.policies import Decision
from localcloud.iam.roles import Principal, Role
from localcloud.notices import notice

MAX_REMEMBERED = 1000


class Reporter:
    """Writes a notice for each kind of call that is not allowed: once, until the role's policies change.

    Args:
        enforced: Whether such calls are refused.
    """

    def __init__(self, *, enforced: bool) -> None:
        self._verb = "was denied" if enforced else "would be denied on AWS"
        self._lock = threading.Lock()
        self._told: OrderedDict[tuple[str, str, str, int], None] = OrderedDict()

    def tell(self, principal: Principal, role: Role, need: Need, decision: Decision) -> None:
        """Tell of one call.

        Args:
            principal: Who called.
            role: The caller's role.
            need: What it does not allow.
            decision: Why.
        """
        key = (principal.label, need.action, need.resource, id(role.policies))
        with self._lock:
            if key in self._told:
                return
            self._told[key] = None
            if len(self._told) > MAX_REMEMBERED:
                self._told.popitem(last=False)
        way_out = role.remedy if decision is Decision.NOT_ALLOWED else "A statement with the effect Deny covers it."
        what = need.action if need.resource == "*" else f"{need.action} on {need.resource}"
        notice(f"permissions: {principal.label}: {what} {self._verb}. {way_out}")
