"""`plugin.toml`: a plugin's name and version, the framework versions it works with, and what it asks for.

name = "greetings"
version = "1.0.0"
description = "Greets people."
framework = ">=0.1,<1"

[[permissions]]                      # IAM statements, for the role of all functions
Action = ["s3:GetObject"]
Resource = ["arn:aws:s3:::greetings-${Stage}/*"]

[secrets]                            # from Parameter Store, as os.environ["NAME"]
GREETINGS_KEY = "The key of the greetings service."

[entry-points.checks]                # hooks: name = "module:attribute"
no-shouting = "hooks.checks:NO_SHOUTING"
[entry-points.steps]
greet = "hooks.steps:greet"
[entry-points.routes]
"GET /hello/{name}" = "hooks.routes:hello"
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from chalicelib.flows.suggestions import suggestion
from chalicelib.names import Names
from compiler.permissions.granted import PermissionsError, checked_statements
from compiler.shortform import KINDS
from plugin_manager.errors import PluginError
from plugin_manager.layout import Files

FILE = "plugin.toml"
HOOKS = ("checks", "steps", "routes")
_KEYS = frozenset({"name", "version", "description", "framework", "permissions", "secrets", "entry-points"})
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")
_SECRET = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
_REFERENCE = re.compile(r"(hooks(?:\.[A-Za-z_]\w*)*):[A-Za-z_]\w*")
_HOOK_NAMES = {
    "checks": re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*"),
    "steps": re.compile(r"[a-z][a-z0-9_]*"),
    "routes": re.compile(r"(GET|POST|PUT|PATCH|DELETE) (/|(/([A-Za-z0-9_.-]+|\{[a-z_][a-z0-9_]*\}))+)"),
}
_HOOK_WORDS = {
    "checks": "lower-case words joined by hyphens",
    "steps": "a lower-case word",
    "routes": 'a method and a path, such as "GET /hello/{name}"',
}
_ANY_STAGE = Names("stage", "us-east-1", "123456789012")


@dataclass(frozen=True, slots=True)
class Manifest:
    """The contents of `plugin.toml`, and what the plugin's flows ask for.

    `checks`, `steps` and `routes` map the name of a hook to its reference, `module:attribute`. `flow_permissions` maps
    the name of a flow to IAM statements.
    """

    name: str
    version: str
    description: str = ""
    framework: str = ""
    permissions: tuple[Mapping[str, Any], ...] = ()
    secrets: Mapping[str, str] = field(default_factory=dict)
    checks: Mapping[str, str] = field(default_factory=dict)
    steps: Mapping[str, str] = field(default_factory=dict)
    routes: Mapping[str, str] = field(default_factory=dict)
    flow_permissions: Mapping[str, tuple[Mapping[str, Any], ...]] = field(default_factory=dict)


def read_manifest(files: Files, label: str, default_name: str) -> Manifest:
    """Read the manifest of a plugin.

    Args:
        files: The plugin's files.
        label: What messages call its source.
        default_name: Its name if it has functions or flows but no `plugin.toml`, as plugins were first written; it then
            asks for nothing.

    Raises:
        PluginError: The manifest is invalid; the message has a line for each problem.
    """
    source = files.get(FILE)
    document: dict[str, Any]
    if source is not None:
        document = _parsed(source, label)
    elif any(path.startswith(("lib/", "flows/")) for path in files):
        document = {"name": default_name, "version": "0"}
    else:
        raise PluginError(f"{label} is not a plugin: it has no {FILE}, no functions in lib/ and no flows in flows/")
    hooks = document.get("entry-points", {})
    problems = [*_problems(document), *_hook_problems(hooks, files)]
    if problems:
        wrong = "is invalid" if source is not None else "is missing, and the repository's name is not a plugin's name"
        raise PluginError("\n  ".join([f"{label}: {FILE} {wrong}:", *problems]))
    return Manifest(
        name=document["name"],
        version=document["version"],
        description=document.get("description", ""),
        framework=document.get("framework", ""),
        permissions=tuple(document.get("permissions", ())),
        secrets=document.get("secrets", {}),
        **{kind: hooks.get(kind, {}) for kind in HOOKS},
    )


def _parsed(source: bytes, label: str) -> dict[str, Any]:
    try:
        return tomllib.loads(source.decode("utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PluginError(f"{label}: {FILE} is not valid TOML: {error}") from None
    except RecursionError:
        raise PluginError(f"{label}: {FILE} is nested too deeply") from None


def check_hooks(hooks: Any, files: Files, wrong: str) -> None:
    """Check hooks that do not come from `plugin.toml`.

    Args:
        hooks: A table of references by name for each kind of hook.
        files: The plugin's files.
        wrong: What the message begins with.

    Raises:
        PluginError: A hook is invalid.
    """
    problems = _hook_problems(hooks, files)
    if problems:
        raise PluginError("\n  ".join([f"{wrong}:", *problems]))


def framework_version(root: Path) -> str:
    """Return the version of the project's framework, from `pyproject.toml`."""
    try:
        version: str = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    except (OSError, KeyError, tomllib.TOMLDecodeError):
        from chalicelib import VERSION

        return VERSION
    return version


def check_framework(manifest: Manifest, version: str, label: str) -> None:
    """Check that a plugin works with the project's framework.

    Args:
        manifest: The plugin's manifest.
        version: The version of the framework.
        label: What messages call the plugin's source.

    Raises:
        PluginError: It does not.
    """
    if manifest.framework and not SpecifierSet(manifest.framework).contains(version, prereleases=True):
        raise PluginError(
            f"{label}: plugin {manifest.name} {manifest.version} requires framework {manifest.framework}, "
            f"but this is {version}: use another version of the plugin or of the framework"
        )


def _problems(document: Mapping[str, Any]) -> list[str]:
    found = [
        f"unknown key {key!r}{'; ' + hint if (hint := suggestion(key, _KEYS)) else ''}"
        for key in document
        if key not in _KEYS
    ]
    for key in ("name", "version"):
        if key not in document:
            found.append(f"{key} is missing")
    for key in ("name", "version", "description", "framework"):
        if not isinstance(document.get(key, ""), str):
            found.append(f"{key} must be a string")
    name, version, framework = (document.get(key) for key in ("name", "version", "framework"))
    if isinstance(name, str) and not _NAME.fullmatch(name):
        found.append(f"name {name!r}: use a letter first, then letters, digits, hyphens and underscores; at most 64")
    if isinstance(version, str):
        try:
            Version(version)
        except InvalidVersion:
            found.append(f"version {version!r}: expected a version such as 1.0.0")
    if isinstance(framework, str):
        try:
            SpecifierSet(framework)
        except InvalidSpecifier:
            found.append(f"framework {framework!r}: expected versions such as >=0.1,<1")
    return found + _asked_problems(document)


def _asked_problems(document: Mapping[str, Any]) -> list[str]:
    found = []
    permissions, secrets = document.get("permissions", []), document.get("secrets", {})
    if not isinstance(permissions, list):
        found.append("permissions: write each statement as a table [[permissions]]")
    else:
        try:
            checked_statements(permissions, "permissions", _ANY_STAGE)
            json.dumps(permissions, allow_nan=False)
        except PermissionsError as error:
            found.append(str(error))
        except (TypeError, ValueError, RecursionError) as error:
            found.append(f"permissions: only strings, numbers, arrays and tables are valid in IAM: {error}")
    if not isinstance(secrets, dict):
        found.append("secrets: expected a table of descriptions by name")
    else:
        found += [
            f"secrets, {name}: the key must be the name of an environment variable, the value its description"
            for name, description in secrets.items()
            if not _SECRET.fullmatch(name) or not isinstance(description, str)
        ]
    return found


def _hook_problems(hooks: Any, files: Files) -> list[str]:
    if not isinstance(hooks, dict):
        return ["entry-points: expected tables [entry-points.checks], [entry-points.steps] or [entry-points.routes]"]
    found = [f"entry-points.{kind}: unknown kind; expected {', '.join(HOOKS)}" for kind in hooks if kind not in HOOKS]
    for kind in HOOKS:
        listed = hooks.get(kind, {})
        if isinstance(listed, dict):
            for name, reference in listed.items():
                found += _reference_problems(kind, name, reference, files)
        else:
            found.append(f"entry-points.{kind}: expected a table")
    return found or list(_route_problems(hooks.get("routes", {})))


def _reference_problems(kind: str, name: str, reference: Any, files: Files) -> Iterator[str]:
    where = f"entry-points.{kind}, {name!r}"
    if not _HOOK_NAMES[kind].fullmatch(name):
        yield f"{where}: the name must be {_HOOK_WORDS[kind]}"
    elif kind == "steps" and name in KINDS:
        yield f"{where}: the framework already has a step of that name"
    match = _REFERENCE.fullmatch(reference) if isinstance(reference, str) else None
    if match is None:
        yield f'{where}: expected "hooks.module:attribute"'
    elif not {_module(match[1], ".py"), _module(match[1], "/__init__.py")} & files.keys():
        yield f"{where}: the plugin has no {_module(match[1], '.py')}"


def _route_problems(routes: Mapping[str, Any]) -> Iterator[str]:
    """API Gateway accepts only one variable name at the same position of a path."""
    variables: dict[str, tuple[str, str]] = {}
    for key in routes:
        parts = key.partition(" ")[2].split("/")
        own = [part for part in parts if part.startswith("{")]
        if len(set(own)) < len(own):
            yield f"entry-points.routes, {key!r}: a variable occurs twice"
        for index, part in enumerate(parts):
            if part.startswith("{"):
                first, other = variables.setdefault("/".join(parts[:index]), (part, key))
                if first != part:
                    yield f"entry-points.routes, {key!r}: {other!r} has {first} where this has {part}: use one name"


def _module(name: str, suffix: str) -> str:
    return name.replace(".", "/") + suffix
