"""Runs the examples of asl/README.md."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

README = Path(__file__).parents[2] / "asl/README.md"
EXAMPLES = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)


@pytest.mark.parametrize("example", EXAMPLES, ids=["engine", "diagnosis"])
def test_examples(example: str, capsys: pytest.CaptureFixture[str]) -> None:
    exec(compile(example, "README.md", "exec"), {})
    printed = capsys.readouterr().out
    assert ("/States/A/Next" in printed) is ("diagnose" in example)
