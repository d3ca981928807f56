"""Who may run which flow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.settings import settings

if TYPE_CHECKING:
    from chalicelib.flows.catalog import CatalogFlow
    from chalicelib.identity import User


def may_run(user: User, flow: CatalogFlow) -> bool:
    """Return whether the user may run the flow: everybody may, unless the flow names groups."""
    groups = flow.access_groups
    return not groups or user.is_admin or bool(set(groups) & set(user.groups))


def may_test_states(user: User) -> bool:
    """Return whether the user may run any definition of a state with the role of a flow whose run is theirs."""
    groups = settings.workbench_groups
    return "*" in groups or bool(set(groups) & set(user.groups))


def check(user: User, flow: CatalogFlow) -> None:
    """Check that the user may run the flow.

    Raises:
        Forbidden: The user may not; the message names the groups that may.
    """
    if not may_run(user, flow):
        from chalicelib.errors import Forbidden

        raise Forbidden(f"The flow {flow.name!r} may only be run by members of: {', '.join(flow.access_groups)}.")
