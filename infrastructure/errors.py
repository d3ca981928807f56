"""The errors that an operator sees."""

from __future__ import annotations


class DeploymentError(Exception):
    """Why a stage cannot be deployed, and what to do. Nothing was changed."""


class LimitError(DeploymentError):
    """The stage would exceed a quota of AWS."""
