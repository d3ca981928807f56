"""What the page about flows shows is true."""

from __future__ import annotations

import re

import pytest

from chalicelib.settings import PROJECT
from compiler import Severity
from compiler.file_schema import flow_schema

from .conftest import Workspace

PAGE = (PROJECT / "docs" / "flows.md").read_text()
EXAMPLES = [text for text in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL) if text.startswith("name:")]
FUNCTIONS = ("validate_order", "reserve_stock", "charge_payment", "dummy_check")


@pytest.mark.parametrize("text", EXAMPLES, ids=lambda text: text.split("\n")[0].removeprefix("name: "))
def test_every_example_compiles(text: str, workspace: Workspace) -> None:
    for name in FUNCTIONS:
        workspace.function(name)
    workspace.flow("name: helloWorldFlow\nsteps: [hello_world]\n", "helloWorldFlow.yml")
    workspace.flow(text)
    found = [str(d) for d in workspace.compile().diagnostics if d.severity is not Severity.ADVICE]
    assert found == []


def test_every_key_is_in_the_table() -> None:
    documented = set(re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE))
    assert documented >= set(flow_schema()["properties"])


def test_the_python_examples_run(capsys: pytest.CaptureFixture[str]) -> None:
    for code in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL):
        exec(compile(code, "docs/flows.md", "exec"), {})
    assert "serverless-dynamic-workflows-dev-validate_order" in capsys.readouterr().out
