"""The one kind of error that a user of plugins sees."""

from __future__ import annotations


class PluginError(Exception):
    """What is wrong with a plugin, or with how it is asked for, and the way out; never a token."""
