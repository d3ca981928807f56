"""What a plugin may do, shown before it is installed, and agreed to once for all who share `plugins.lock`."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from plugin_manager.errors import PluginError
from plugin_manager.manifest import Manifest

_HOOK_MEANING = {
    "checks": "runs when flows are compiled, on this machine and in CI",
    "steps": "runs when flows are compiled, on this machine and in CI",
    "routes": "runs in the API",
}


def consent_hash(manifest: Manifest) -> str | None:
    """The hash of what has to be agreed to, None if that is nothing."""
    asked = [manifest.permissions, manifest.checks, manifest.steps, manifest.routes]
    if not any(asked):
        return None
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()


def describe(manifest: Manifest) -> Iterator[str]:
    """What the plugin asks for, line by line."""
    if manifest.permissions:
        yield "  permissions, for all functions of the project:"
    for statement in manifest.permissions:
        actions = _listed(statement, "Action", "NotAction")
        resources = _listed(statement, "Resource", "NotResource")
        condition = f" if {json.dumps(statement['Condition'])}" if "Condition" in statement else ""
        yield f"    {statement.get('Effect', 'Allow')} {actions} on {resources}{condition}{_warning(statement)}"
    for kind, meaning in _HOOK_MEANING.items():
        for name, reference in getattr(manifest, kind).items():
            yield f"  {kind.removesuffix('s')} {name} ({reference}): {meaning}"


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
    actions = statement.get("Action", "*")
    wide_actions = any(a == "*" or a.endswith(":*") for a in ([actions] if isinstance(actions, str) else actions))
    resources = statement.get("Resource", "*")
    wide_resources = "*" in ([resources] if isinstance(resources, str) else resources)
    return "   <- wide" if wide_actions or wide_resources else ""
