"""The one kind of error that an operator sees."""

from __future__ import annotations


class DeploymentError(Exception):
    """Why a stage cannot be deployed as it is, with the way out; nothing was changed."""
