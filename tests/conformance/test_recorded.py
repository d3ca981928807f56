"""Judges this project by recorded answers of AWS, if this machine has them.

`ASL_RECORDED` is the path of the recorded cases. `judge.py` in the same folder compares results with them.
"""

from __future__ import annotations

import importlib.util
import json
import os
from collections import Counter
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.conformance.harness import Harness

LEAST = {"result": 0.99, "events whole": 0.97, "event ids": 0.98, "cause": 0.98}
"""The share of all cases that must be right."""


def _judge(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("recorded_judge", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.skipif("ASL_RECORDED" not in os.environ, reason="ASL_RECORDED is not set to a file of recorded cases")
def test_recorded_answers() -> None:
    recorded = Path(os.environ["ASL_RECORDED"])
    judge: Any = _judge(recorded.with_name("judge.py"))
    right: Counter[str] = Counter()
    total: Counter[str] = Counter()
    short: list[str] = []
    with Harness() as harness, recorded.open() as lines:
        for record in map(json.loads, lines):
            verdict = judge.judge(record, harness.run(record), judge.Matcher(record))
            total.update(verdict)
            right.update(check for check, holds in verdict.items() if holds)
            if not verdict["result"]:
                short.append(record["id"])
    shares = {check: right[check] / total[check] for check in LEAST}
    assert all(shares[check] >= least for check, least in LEAST.items()), (shares, short)
