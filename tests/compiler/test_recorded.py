"""Definitions that AWS accepted or refused, where a file of such recordings is at hand (`ASL_RECORDED`)."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from compiler import Severity
from compiler.unit import compile_unit

FILE = os.environ.get("ASL_RECORDED", "")
pytestmark = pytest.mark.skipif(not FILE, reason="ASL_RECORDED names no file")


def cases(*kinds: str) -> list[Any]:
    if not FILE:
        return []
    lines = (json.loads(line) for line in Path(FILE).read_text().splitlines())
    # What AWS says about logging, tags or names is not about the definition.
    about = (case for case in lines if case["kind"] in kinds and "loggingConfiguration" not in case.get("params", {}))
    return [pytest.param(case, id=case["id"]) for case in about]


def errors(case: dict[str, Any]) -> list[str]:
    """The errors of a flow with the recorded definition, read as the YAML that PyYAML writes."""
    definition = json.loads(case["definition"])
    machine_type = case.get("type") or case.get("params", {}).get("type") or "STANDARD"
    flow = {"name": "recorded", "type": machine_type, "definition": definition}
    unit = compile_unit("flows/recorded.yml", yaml.safe_dump(flow, sort_keys=False, default_style='"'))
    return [str(item) for item in unit.diagnostics if item.severity is Severity.ERROR]


@pytest.mark.parametrize("case", cases("execution", "sync"))
def test_what_aws_ran_is_accepted(case: dict[str, Any]) -> None:
    assert errors(case) == []


@pytest.mark.parametrize("case", cases("create_error"))
def test_what_aws_refused_is_refused(case: dict[str, Any]) -> None:
    try:
        json.loads(case["definition"])
    except ValueError:
        pytest.skip("no JSON, which a file of YAML cannot hold")
    assert errors(case)
