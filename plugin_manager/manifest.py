"""`plugin.toml`: what a plugin is called, which framework it fits, and what it asks for.

name = "greetings"
version = "1.0.0"
description = "Greets people."
framework = ">=0.1,<1"

[[permissions]]                      # IAM statements, for the role of all functions
Action = ["s3:GetObject"]
Resource = ["arn:aws:s3:::greetings-${Stage}/*"]

[secrets]                            # in Parameter Store, as os.environ["NAME"]
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
    """What `plugin.toml` says; and `flow_permissions`, what the plugin's flows ask for, by flow."""

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
    """The manifest of a plugin.

    One without `plugin.toml` but with functions or flows, as plugins were before there was one, has the name
    `default_name` and asks for nothing. Raises PluginError with everything that is wrong, a line each.
    """
    text = files.get(FILE)
    if text is None:
        if not any(path.startswith(("lib/", "flows/")) for path in files):
            raise PluginError(f"{label} is no plugin: it has neither {FILE} nor functions in lib/ nor flows in flows/")
        document: dict[str, Any] = {"name": default_name, "version": "0"}
    else:
        try:
            document = tomllib.loads(text.decode("utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise PluginError(f"{label}: {FILE} is no TOML: {error}") from None
        except RecursionError:
            raise PluginError(f"{label}: {FILE} is nested too deeply") from None
    hooks = document.get("entry-points", {})
    problems = [*_problems(document), *_hook_problems(hooks, files)]
    if problems:
        wrong = f"{FILE} is wrong" if text is not None else f"there is no {FILE}, and the repository's name is none"
        raise PluginError("\n  ".join([f"{label}: {wrong}:", *problems]))
    return Manifest(
        name=document["name"],
        version=document["version"],
        description=document.get("description", ""),
        framework=document.get("framework", ""),
        permissions=tuple(document.get("permissions", ())),
        secrets=document.get("secrets", {}),
        **{kind: hooks.get(kind, {}) for kind in HOOKS},
    )


def check_hooks(hooks: Any, files: Files, wrong: str) -> None:
    """Raises PluginError, which begins with `wrong`, for hooks that cannot be: tables of references by name."""
    problems = _hook_problems(hooks, files)
    if problems:
        raise PluginError("\n  ".join([f"{wrong}:", *problems]))


def framework_version(root: Path) -> str:
    """The version of the project's framework, from `pyproject.toml`."""
    try:
        version: str = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    except (OSError, KeyError, tomllib.TOMLDecodeError):
        from chalicelib.api.openapi import VERSION

        return VERSION
    return version


def check_framework(manifest: Manifest, version: str, label: str) -> None:
    """Raises PluginError if the plugin is not for this version of the framework."""
    if manifest.framework and not SpecifierSet(manifest.framework).contains(version, prereleases=True):
        raise PluginError(
            f"{label}: plugin {manifest.name} {manifest.version} fits framework {manifest.framework}, "
            f"and this is {version}: choose another version of one of them"
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
            found.append(f"{key} is a text")
    name, version, framework = (document.get(key) for key in ("name", "version", "framework"))
    if isinstance(name, str) and not _NAME.fullmatch(name):
        found.append(f"name {name!r}: letters, digits, hyphens and underscores, a letter first, 64 at most")
    if isinstance(version, str):
        try:
            Version(version)
        except InvalidVersion:
            found.append(f"version {version!r}: expected one such as 1.0.0")
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
            found.append(f"permissions: IAM has texts, numbers and tables: {error}")
    if not isinstance(secrets, dict):
        found.append("secrets: expected a table of names and descriptions")
    else:
        found += [
            f"secrets, {name}: a secret's name is that of an environment variable, its value a description"
            for name, text in secrets.items()
            if not _SECRET.fullmatch(name) or not isinstance(text, str)
        ]
    return found


def _hook_problems(hooks: Any, files: Files) -> list[str]:
    if not isinstance(hooks, dict):
        return ["entry-points: expected tables [entry-points.checks], [entry-points.steps] or [entry-points.routes]"]
    found = [f"entry-points.{kind}: there are {', '.join(HOOKS)}" for kind in hooks if kind not in HOOKS]
    for kind in HOOKS:
        listed = hooks.get(kind, {})
        if not isinstance(listed, dict):
            found.append(f"entry-points.{kind}: expected a table")
            continue
        for name, reference in listed.items():
            where = f"entry-points.{kind}, {name!r}"
            if not _HOOK_NAMES[kind].fullmatch(name):
                found.append(f"{where}: the name is {_HOOK_WORDS[kind]}")
            elif kind == "steps" and name in KINDS:
                found.append(f"{where}: the framework has a step of that name")
            match = _REFERENCE.fullmatch(reference) if isinstance(reference, str) else None
            if match is None:
                found.append(f'{where}: expected "hooks.module:attribute"')
            elif not {_module(match[1], ".py"), _module(match[1], "/__init__.py")} & files.keys():
                found.append(f"{where}: there is no {_module(match[1], '.py')}")
    return found or list(_route_problems(hooks.get("routes", {})))


def _route_problems(routes: Mapping[str, Any]) -> Iterator[str]:
    """API Gateway knows one variable at a place: a sibling with another is refused."""
    variables: dict[str, tuple[str, str]] = {}
    for key in routes:
        parts = key.partition(" ")[2].split("/")
        own = [part for part in parts if part.startswith("{")]
        if len(set(own)) < len(own):
            yield f"entry-points.routes, {key!r}: a variable is there twice"
        for index, part in enumerate(parts):
            if part.startswith("{"):
                first, other = variables.setdefault("/".join(parts[:index]), (part, key))
                if first != part:
                    yield f"entry-points.routes, {key!r}: {other!r} has {first} at the place of {part}: name both alike"


def _module(name: str, suffix: str) -> str:
    return name.replace(".", "/") + suffix
