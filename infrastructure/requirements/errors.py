"""The one kind of error that users of packages see."""

from __future__ import annotations


class RequirementError(Exception):
    """Why a package can't be added or removed, and what to do. No file has been changed."""
