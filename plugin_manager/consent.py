"""Shows what a plugin may do before it is installed, and asks for consent: once for everyone who shares the lock."""

from __future__ import annotations

import hashlib
import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from plugin_manager.errors import PluginError, printable
from plugin_manager.manifest import Manifest

_HOOK_MEANING = {
    "checks": "runs when flows are compiled, on this machine and in CI",
    "steps": "writes steps of flows; runs when flows are compiled, on this machine and in CI",
    "routes": "runs in the API",
}
_WIDE = re.compile(r"(^|:)[*?]+$")
"""All actions, all actions of a service, all resources, or all resources of a type."""


def consent_hash(manifest: Manifest) -> str | None:
    """Return the hash of what needs consent, or None if nothing does."""
    asked: list[Any] = [manifest.permissions, manifest.checks, manifest.steps, manifest.routes]
    if manifest.flow_permissions:
        asked.append(manifest.flow_permissions)
    if not any(asked):
        return None
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()


def describe(manifest: Manifest) -> Iterator[str]:
    """Yield what the plugin asks for, line by line."""
    if manifest.permissions:
        yield "  permissions, for all functions of the project:"
        yield from map(_in_words, manifest.permissions)
    for flow, statements in manifest.flow_permissions.items():
        yield f"  permissions, for its flow {printable(flow)}:"
        yield from map(_in_words, statements)
    for kind, meaning in _HOOK_MEANING.items():
        for name, reference in getattr(manifest, kind).items():
            yield f"  {kind.removesuffix('s')} {name} ({reference}): {meaning}"


def _in_words(statement: Mapping[str, Any]) -> str:
    actions = _listed(statement, "Action", "NotAction")
    resources = _listed(statement, "Resource", "NotResource")
    condition = f" if {json.dumps(statement['Condition'])}" if "Condition" in statement else ""
    effect = statement.get("Effect", "Allow")
    return printable(f"    {effect} {actions} on {resources}{condition}{_warning(statement)}")


def ask(manifests: Sequence[Manifest], *, yes: bool, interactive: bool | None = None) -> None:
    """Show what the plugins ask for, and get consent: from `--yes`, or from somebody at a terminal.

    Args:
        manifests: The plugins that ask for something new.
        yes: Whether consent was given on the command line.
        interactive: Whether somebody can answer; found out from standard input and error if None.

    Raises:
        PluginError: Nobody consents.
    """
    for manifest in manifests:
        lines = [f"Plugin {manifest.name} {manifest.version} asks for:", *describe(manifest)]
        print("\n".join(lines), file=sys.stderr, flush=True)
    if not manifests or yes:
        return
    names = ", ".join(manifest.name for manifest in manifests)
    if not (sys.stdin.isatty() and sys.stderr.isatty() if interactive is None else interactive):
        raise PluginError(
            f"nobody has agreed to what {names} asks for: run `make plugins` in a terminal, or review the above and "
            "run `make plugins ARGS=--yes`; then commit plugins.lock"
        )
    print("Agree? [y/N] ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise PluginError(f"you did not agree to what {names} asks for; nothing was changed")


def _listed(statement: Any, key: str, negated: str) -> str:
    value = statement.get(key, statement.get(negated))
    listed = value if isinstance(value, str) else ", ".join(value)
    return listed if key in statement else f"everything but {listed}"


def _warning(statement: Any) -> str:
    if statement.get("Effect") == "Deny":
        return ""
    for key in ("Action", "Resource"):
        value = statement.get(key, "*")  # `Not...` allows nearly everything
        if any(map(_WIDE.search, [value] if isinstance(value, str) else value)):
            return "   <- wide"
    return ""
