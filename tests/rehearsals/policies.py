"""Whether a policy allows a call: IAM's evaluation for what policy.json uses."""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.rehearsals.projects import ACCOUNT, REGION
from tests.rehearsals.recording import Call


def statements(file: Path) -> list[dict[str, Any]]:
    """The statements of the policy, for the account and the region of the rehearsals."""
    text = file.read_text().replace("${account-id}", ACCOUNT).replace("${region}", REGION)
    found: list[dict[str, Any]] = json.loads(text)["Statement"]
    return found


def refused(calls: Iterable[Call], policy: list[dict[str, Any]]) -> list[Call]:
    """The calls that no statement allows."""
    return sorted((call for call in calls if not _allowed(call, policy)), key=str)


def _allowed(call: Call, policy: list[dict[str, Any]]) -> bool:
    return any(
        statement["Effect"] == "Allow"
        and _matches(statement["Action"], call.action.lower(), lower=True)
        and _matches(statement["Resource"], call.resource)
        for statement in policy
    )


def _matches(patterns: str | list[str], value: str, *, lower: bool = False) -> bool:
    listed = [patterns] if isinstance(patterns, str) else patterns
    return any(fnmatch.fnmatchcase(value, pattern.lower() if lower else pattern) for pattern in listed)
