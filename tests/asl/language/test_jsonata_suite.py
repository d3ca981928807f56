"""The public test suite of jsonata-js, the reference implementation, if this machine has it.

`JSONATA_SUITE` is the path of its folder `test/test-suite` at v2.0.6, the version that AWS evaluates
(https://github.com/jsonata-js/jsonata/tree/v2.0.6/test/test-suite). docs/conformance.md lists what differs, and why.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from asl.language.jsonata import programs
from asl.language.jsonata.functions import JsonataFailure
from asl.language.scope import MISSING

LEAST = 1603
"""How many of the 1,625 cases must hold."""


class Failed(Exception):
    """The case fails, with this message."""


def evaluate(text: str, data: Any, bindings: dict[str, Any]) -> Any:
    """Evaluate an expression on data, which expressions of a state don't have."""
    try:
        program = programs.Program(text)
        if data is None and program._is_nothing:
            return MISSING
        hosts = program._hosts.difference(bindings)
        for functions in (hosts, hosts.difference(programs.LIMITED)):
            expression = program._expression(functions, programs.TIMEOUT_MILLISECONDS)
            try:
                value = expression.evaluate(data, bindings)
            except ValueError as problem:
                if str(problem).startswith(programs._LIBRARY_DECIDES) and functions:
                    continue
                raise
            if value is not None:
                return value
            return None if expression.evaluate_json_or_none(json.dumps(data), bindings) == "null" else MISSING
    except (ValueError, JsonataFailure) as problem:
        raise Failed(str(problem)) from None


def cases(suite: Path) -> Iterator[tuple[str, dict[str, Any], str, Any]]:
    """Each case: its name, what it expects, its expression and its data."""
    for file in sorted((suite / "groups").glob("*/*.json")):
        found = json.loads(file.read_text())
        for number, case in enumerate(found if isinstance(found, list) else [found]):
            text = case["expr"] if "expr" in case else (file.parent / case["expr-file"]).read_text()
            dataset = case.get("dataset")
            data = json.loads((suite / "datasets" / f"{dataset}.json").read_text()) if dataset else case.get("data")
            yield f"{file.parent.name}/{file.stem}[{number}]", case, text, data


def holds(case: dict[str, Any], text: str, data: Any) -> bool:
    """Whether a case comes out as the suite says."""
    code = case.get("code") or (case.get("error") or {}).get("code")
    try:
        value = evaluate(text, data, case.get("bindings") or {})
    except Failed as failure:
        return code is not None and code in str(failure)
    if code is not None:
        return False
    if case.get("undefinedResult"):
        return value is MISSING or (value is None and data is None)  # the library has one None for both
    return same(value, case.get("result", value))


def same(left: Any, right: Any) -> bool:
    """Whether two JSON values are the same, numbers but for the last digits."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, (int, float)) and isinstance(right, (int, float)):
        return math.isclose(left, right, rel_tol=1e-12)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(value, right[key]) for key, value in left.items())
    return bool(left == right)


@pytest.mark.skipif("JSONATA_SUITE" not in os.environ, reason="JSONATA_SUITE is not set to jsonata-js's test suite")
def test_suite_of_the_reference_implementation() -> None:
    different = [
        name for name, case, text, data in cases(Path(os.environ["JSONATA_SUITE"])) if not holds(case, text, data)
    ]
    total = sum(1 for _ in cases(Path(os.environ["JSONATA_SUITE"])))
    assert total - len(different) >= LEAST, different
    print(total - len(different), total, *different, sep="\n")
