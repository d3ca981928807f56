"""What a plugin may do, shown before it is installed, and agreed to once for all who share `plugins.lock`."""

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
    "steps": "writes steps of flows, and runs when they are compiled, on this machine and in CI",
    "routes": "runs in the API",
}
_WIDE = re.compile(r"(^|:)[*?]+$")
"""All actions, all of a service, all resources, all of a kind."""


def consent_hash(manifest: Manifest) -> str | None:
    """The hash of what has to be agreed to, None if that is nothing."""
    asked: list[Any] = [manifest.permissions, manifest.checks, manifest.steps, manifest.routes]
    if manifest.flow_permissions:
        asked.append(manifest.flow_permissions)
    if not any(asked):
        return None
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()


def describe(manifest: Manifest) -> Iterator[str]:
    """What the plugin asks for, line by line."""
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
    """Show what the plugins ask for, and get it agreed to: by `--yes`, or by somebody at a terminal.

    Raises PluginError if nobody agrees.
    """
    for manifest in manifests:
        lines = [f"Plugin {manifest.name} {manifest.version} asks for:", *describe(manifest)]
        print("\n".join(lines), file=sys.stderr, flush=True)
    if not manifests or yes:
        return
    names = ", ".join(manifest.name for manifest in manifests)
    if not (sys.stdin.isatty() and sys.stderr.isatty() if interactive is None else interactive):
        raise PluginError(
            f"nobody has agreed to what {names} asks for: run `make plugins` at a terminal, or "
            "`make plugins ARGS=--yes` after reading the above, and commit plugins.lock"
        )
    print("Agree? [y/N] ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise PluginError(f"not agreed to: {names}. Nothing was changed")


def _listed(statement: Any, key: str, negated: str) -> str:
    value = statement.get(key, statement.get(negated))
    text = value if isinstance(value, str) else ", ".join(value)
    return text if key in statement else f"everything but {text}"


def _warning(statement: Any) -> str:
    if statement.get("Effect") == "Deny":
        return ""
    for key in ("Action", "Resource"):
        value = statement.get(key, "*")  # `Not...` leaves nearly everything
        if any(_WIDE.search(text) for text in ([value] if isinstance(value, str) else value)):
            return "   <- wide"
    return ""
