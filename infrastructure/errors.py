"""The one kind of error that an operator sees."""

from __future__ import annotations


class DeploymentError(Exception):
    """Why a stage cannot be deployed, and what to do. Nothing was changed."""
