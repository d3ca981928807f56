"""Findings for programs: JSON in a format of this project, and SARIF 2.1.0 for code scanning.

SARIF: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from compiler.checks.listing import CheckEntry, all_checks
from compiler.diagnostic import Diagnostic, Severity

_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.ADVICE: "note"}


def render_json(diagnostics: Sequence[Diagnostic]) -> str:
    """Return a JSON list with an object for each finding."""
    found = [
        {
            "check": item.check,
            "severity": item.severity,
            "message": item.message,
            "hint": item.hint,
            "file": item.file,
            "line": item.position.line,
            "column": item.position.column,
            "endLine": item.position.end_line,
            "endColumn": item.position.end_column,
            "pointer": item.pointer,
        }
        for item in diagnostics
    ]
    return json.dumps(found, indent=2, ensure_ascii=False)


def render_sarif(diagnostics: Sequence[Diagnostic]) -> str:
    """Return a SARIF log with one run."""
    entries = {entry.id: entry for entry in all_checks()}
    used = sorted({item.check for item in diagnostics})
    driver = {
        "name": "serverless-dynamic-workflows",
        "informationUri": "https://states-language.net/",
        "rules": [_rule(entries[name]) if name in entries else {"id": name} for name in used],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(item, used.index(item.check)) for item in diagnostics],
    }
    log = {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=2, ensure_ascii=False)


def _rule(entry: CheckEntry) -> dict[str, Any]:
    rule: dict[str, Any] = {
        "id": entry.id,
        "shortDescription": {"text": entry.summary},
        "fullDescription": {"text": entry.description},
        "defaultConfiguration": {"level": _LEVELS[entry.severity]},
    }
    return rule | {"helpUri": entry.source} if entry.source.startswith("https://") else rule


def _uri(file: str) -> str:
    """Return a path as a URI reference (RFC 3986): relative to the project, or absolute for a file outside it."""
    return Path(file).as_uri() if Path(file).is_absolute() else quote(file)


def _result(item: Diagnostic, rule: int) -> dict[str, Any]:
    position = item.position
    region = {
        "startLine": position.line,
        "startColumn": position.column,
        "endLine": position.end_line,
        "endColumn": position.end_column,
    }
    return {
        "ruleId": item.check,
        "ruleIndex": rule,
        "level": _LEVELS[item.severity],
        "message": {"text": f"{item.message} ({item.hint})" if item.hint else item.message},
        "locations": [{"physicalLocation": {"artifactLocation": {"uri": _uri(item.file)}, "region": region}}],
    }
