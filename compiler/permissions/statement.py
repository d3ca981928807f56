"""Statements of IAM policies whose resources still contain `${...}`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import translate
from typing import Any

from chalicelib.names import Names
from compiler.placeholders import PSEUDO_TARGETS, Target, replace_in_json
from compiler.placeholders import replace as replace_names


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of an IAM policy. `note` says why it allows more than one resource."""

    sid: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    effect: str = "Allow"
    condition: Mapping[str, Any] | None = None
    note: str = ""

    def render(self, targets: Mapping[str, Target], names: Names) -> dict[str, Any]:
        """Return the statement as IAM reads it, for one stage."""
        statement: dict[str, Any] = {"Sid": self.sid} if self.sid else {}
        known = {**PSEUDO_TARGETS, **targets}
        resources = [replace_names(resource, known, names) for resource in self.resources]
        statement |= {"Effect": self.effect, "Action": list(self.actions), "Resource": resources}
        if self.condition is not None:
            condition = json.dumps(self.condition)
            statement["Condition"] = json.loads(replace_in_json(condition, known, names))
        return statement


def policy_document(statements: Sequence[Statement], targets: Mapping[str, Target], names: Names) -> dict[str, Any]:
    """Return the policy document of statements, for one stage."""
    return {"Version": "2012-10-17", "Statement": [statement.render(targets, names) for statement in statements]}


def merge(statements: Iterable[Statement]) -> tuple[Statement, ...]:
    """Merge statements with the same actions, give each a unique Sid, and put them in a fixed order."""
    merged: dict[tuple[Any, ...], Statement] = {}
    for item in statements:
        key = (item.effect, item.actions, item.note, repr(item.condition))
        known = merged.get(key)
        if known is None:
            merged[key] = item
        else:
            merged[key] = replace(known, resources=tuple(dict.fromkeys([*known.resources, *item.resources])))
    ordered = sorted(merged.values(), key=lambda item: (item.effect, item.actions, item.resources, item.note))
    return tuple(_with_sids(replace(item, resources=tuple(sorted(item.resources))) for item in ordered))


def _with_sids(statements: Iterable[Statement]) -> Iterator[Statement]:
    used: set[str] = set()
    for item in statements:
        base = sid = item.sid or _sid(item.effect, item.actions)
        number = 1
        while sid in used:
            number += 1
            sid = f"{base}{number}"
        used.add(sid)
        yield replace(item, sid=sid)


def _sid(effect: str, actions: Sequence[str]) -> str:
    first = "".join(part[:1].upper() + part[1:] for part in re.split(r"[^A-Za-z0-9]+", actions[0]) if part)
    return ("" if effect == "Allow" else effect) + (first or "Everything")


def subtract(statements: Iterable[Statement], denied: Sequence[Statement]) -> Iterator[Statement]:
    """Yield the statements without the actions and resources that a denied statement covers completely."""
    for item in statements:
        actions = item.actions
        resources = item.resources
        for deny in denied:
            if deny.condition is not None:
                continue
            if all(_covered(resource, deny.resources) for resource in resources):
                actions = tuple(action for action in actions if not _covered(action, deny.actions))
            elif all(_covered(action, deny.actions) for action in actions):
                resources = tuple(resource for resource in resources if not _covered(resource, deny.resources))
        if actions and resources:
            yield replace(item, actions=actions, resources=resources)


def _covered(text: str, patterns: Iterable[str]) -> bool:
    return any(re.fullmatch(translate(pattern.replace("[", "[[]")), text, re.IGNORECASE) for pattern in patterns)
