"""Projects on disk for the compiler to work on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from compiler import Project, compile_project

HELLO = "def handler(event, context):\n    return {'statusCode': 200, 'body': {'message': 'Hello World'}}\n"
FLOW = """\
name: greet
description: Greets.
schedule: rate(1 hour)
input: {name: Ada}
inputSchema: {type: object, properties: {name: {type: string}}, examples: [{name: Bob}]}
access: {groups: [ops]}
functions:
  - {name: Hello, handler: hello_world, timeout: 45, memory: 512}
definition:
  StartAt: A
  States:
    A: {Type: Task, Resource: "${HelloArn}", End: true}
"""


class Workspace:
    """A project in a temporary folder: functions, flows, and the compiler on them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "flows").mkdir()
        self.function("hello_world")

    def function(self, name: str, code: str = HELLO) -> Path:
        folder = self.root / "chalicelib" / "lib" / name
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / "handler.py"
        file.write_text(code)
        return file

    def flow(self, text: str, name: str = "flow.yml") -> Path:
        file = self.root / "flows" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file

    def compile(self) -> Project:
        return compile_project(self.root)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path)


WorkspaceFactory = Callable[[], Workspace]
