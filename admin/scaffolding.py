"""Templates of functions and plugins, and writing them. What they write passes lint, type check and tests untouched.

In a template, NAME in double underscores (`__FUNCTION__`) is replaced; nothing else is special.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from chalicelib import APP_NAME
from chalicelib.functions.discovery import name_problem, resource_name

PROJECT = Path(__file__).resolve().parent.parent
_STAGE = 10  # letters that a stage's name should be able to have
FUNCTION_LETTERS = 64 - len(f"{APP_NAME}--")
"""What AWS leaves for the names of stage and function: `<app>-<stage>-<function>` has at most 64 letters."""
FLOW_LETTERS = 80 - len(f"{APP_NAME}--")
_PLUGIN = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")


class ScaffoldError(Exception):
    """What was asked for cannot be written; one line."""


TYPED_HANDLER = '''\
"""__SUMMARY__"""

from __future__ import annotations

from pydantic import BaseModel


class Greeting(BaseModel):
    """What the caller gets."""

    message: str


def handler(name: str = "World") -> Greeting:
    """Greet somebody by name."""
    return Greeting(message=f"Hello {name}")
'''

EVENT_HANDLER = '''\
"""__SUMMARY__"""

from __future__ import annotations

import json
from typing import Any


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Greet somebody: the name is in the body of a request, or in the input of a flow's state."""
    given = json.loads(event["body"] or "{}") if "httpMethod" in event else event
    message = f"Hello {given.get('name', 'World')}"
    return {"statusCode": 200, "body": {"message": message}}
'''

PROJECT_TEST = '''\
"""The function `__FUNCTION__`, called as a flow calls it."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.functions import find
from chalicelib.functions.calling import call_from_flow


def call(**event: Any) -> Any:
    function = find("__FUNCTION__")
    assert function is not None
    return call_from_flow(function, event, None)


@pytest.mark.parametrize(("event", "message"), [({"name": "Ada"}, "Hello Ada"), ({}, "Hello World")])
def test_it_greets(event: dict[str, Any], message: str) -> None:
    answer = call(**event)
    assert answer == __RESULT__
'''

PLUGIN_FUNCTION_TEST = '''\
"""The function `__FUNCTION__`, called as a flow calls it."""

from __future__ import annotations

from typing import Any

import pytest
from plugin_manager.testing import Call


@pytest.mark.parametrize(("event", "message"), [({"name": "Ada"}, "Hello Ada"), ({}, "Hello World")])
def test_it_greets(call: Call, event: dict[str, Any], message: str) -> None:
    answer = call("__FUNCTION__", event)
    assert answer == __RESULT__
'''

_PLUGIN_TOML = """\
# What the framework has to know about this plugin; docs/plugins.md of the framework explains every key.
name = "__PLUGIN__"
version = "0.1.0"
description = "What this plugin is for, in a sentence."
framework = ">=__VERSION__"

# IAM statements for the role of all functions; whoever installs the plugin is asked to agree.
# [[permissions]]
# Action = ["s3:GetObject"]
# Resource = ["arn:aws:s3:::my-bucket-${Stage}/*"]

# Secrets in Parameter Store that functions find as os.environ["NAME"].
# [secrets]
# MY_API_KEY = "The key of the service that my functions call."
"""

_FLOW = """\
name: __FLOW__
description: Greets somebody, and then those who greet.
inputSchema:
  type: object
  required: [name]
  properties:
    name: {type: string, minLength: 1, description: Whom to greet.}
  examples:
    - {name: Ada}
steps:
  - name: Greet
    call: __FUNCTION__
    assign: {first: "{% $states.result.message %}"}
    output: "{% {'name': 'everybody who says ' & $states.result.message} %}"
  - name: Greet back
    call: __FUNCTION__
    output: "{% {'first': $first, 'second': $states.result.message} %}"
"""

_FLOW_TEST = '''\
"""The flow `__FLOW__`: with the real function, and when that fails."""

from __future__ import annotations

from asl.testing.plugin import Flows


def test_it_greets_twice(flows: Flows) -> None:
    run = flows.load("__FLOW__").run({"name": "Ada"})
    run.assert_succeeded(output={"first": "Hello Ada", "second": "Hello everybody who says Hello Ada"})
    run.assert_path("Greet", "Greet back")


def test_a_function_that_fails_fails_the_flow(flows: Flows) -> None:
    flow = flows.load("__FLOW__")
    flow.task("Greet").fails("Unfriendly")
    flow.run({"name": "Ada"}).assert_failed("Unfriendly").assert_not_entered("Greet back")
'''

_PYPROJECT = """\
# How this repository is checked and tested; see the Makefile.
[tool.ruff]
line-length = 120
target-version = "py311"

[tool.ruff.lint]
select = ["E", "F", "W", "I", "UP", "B"]

[tool.mypy]
python_version = "3.11"
strict = true
namespace_packages = true
explicit_package_bases = true
follow_imports = "silent"

[tool.pytest.ini_options]
testpaths = ["tests"]
addopts = "-q -p asl.testing.plugin -p plugin_manager.testing"
"""

_MAKEFILE = """\
# The framework lies beside this repository, or where FRAMEWORK says; its `make setup` installs the tools used here.
FRAMEWORK ?= __FRAMEWORK__
PYTHON = PYTHONPATH="$(FRAMEWORK)" MYPYPATH="$(FRAMEWORK)" "$(FRAMEWORK)/.venv/bin/python"

.PHONY: test lint typecheck format

test:
	@$(PYTHON) -m pytest $(ARGS)

lint:
	@$(PYTHON) -m ruff check .
	@$(PYTHON) -m ruff format --check .

typecheck:
	@$(PYTHON) -m mypy lib tests

format:
	@$(PYTHON) -m ruff format .
"""

_WORKFLOW = """\
name: test
on:
  push:
  pull_request:
permissions:
  contents: read
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
        with:
          path: plugin
      # The framework's repository: set the variable FRAMEWORK_REPOSITORY (owner/name) in this repository's settings.
      - uses: actions/checkout@v4
        with:
          repository: ${{ vars.FRAMEWORK_REPOSITORY }}
          path: framework
      - uses: actions/setup-python@v5
        with:
          python-version: "3.12"
      - run: make -C framework setup
      - run: make -C plugin lint typecheck test FRAMEWORK=../framework
"""

_README = """\
# __PLUGIN__

A plugin for Serverless Dynamic Workflows.

| folder | what lies there |
|---|---|
| `lib/` | functions, a folder each: `POST /lib/__FUNCTION__` |
| `flows/` | flows, a file each: `POST /run/__FLOW__` |
| `tests/` | tests; `make test` runs them, and so does `make test PLUGINS=1` in a project that has the plugin |
| `requirements.txt` | what the functions need beside what the framework brings |
| `plugin.toml` | name, version, permissions, secrets |

## Work on it

`make lint typecheck test` with the framework in `__FRAMEWORK__`, or elsewhere: `make test FRAMEWORK=/path`.
To try it in a project before it is pushed, name this folder in the project's `config.json`:
`{"plugins": ["../__PLUGIN__"]}`.

## Use it

Push it, tag it, and put it into the project's `config.json`:

```json
{"plugins": ["git+https://${GITHUB_TOKEN}@github.com/your-org/__PLUGIN__.git@v0.1.0"]}
```

Then `make plugins` in the project, and commit its `plugins.lock`.
"""

_GITIGNORE = """\
__pycache__/
.mypy_cache/
.pytest_cache/
.ruff_cache/
"""

_REQUIREMENTS = """\
# What the functions need beside what the framework brings, pinned: name==version.
"""

TYPED_RESULT = '{"message": message}'
EVENT_RESULT = '{"statusCode": 200, "body": {"message": message}}'


def plugin_files(name: str, framework: str) -> dict[str, str]:
    """The files of a new plugin, by path. Raises ScaffoldError if `name` cannot be a plugin's."""
    if not _PLUGIN.fullmatch(name):
        raise ScaffoldError(f"{name!r} cannot be a plugin's name: letters, digits, - and _, a letter first")
    words = [word for word in re.split("[-_]", name) if word]
    function = _fitting([word.lower() for word in words], "_", "_greet", FUNCTION_LETTERS - _STAGE)
    camel = [words[0][:1].lower() + words[0][1:], *(word[:1].upper() + word[1:] for word in words[1:])]
    flow = _fitting(camel, "", "Flow", FLOW_LETTERS - _STAGE)
    values = {
        "PLUGIN": name,
        "FUNCTION": function,
        "FLOW": flow,
        "FRAMEWORK": framework,
        "VERSION": framework_version(),
        "SUMMARY": "Greets somebody.",
        "RESULT": TYPED_RESULT,
    }
    templates = {
        "plugin.toml": _PLUGIN_TOML,
        "requirements.txt": _REQUIREMENTS,
        f"lib/{function}/handler.py": TYPED_HANDLER,
        f"flows/{flow}.yml": _FLOW,
        f"tests/test_{function}.py": PLUGIN_FUNCTION_TEST,
        f"tests/test_{flow}.py": _FLOW_TEST,
        "pyproject.toml": _PYPROJECT,
        "Makefile": _MAKEFILE,
        ".github/workflows/test.yml": _WORKFLOW,
        "README.md": _README,
        ".gitignore": _GITIGNORE,
    }
    return {path: _fill(text, values) for path, text in templates.items()}


def _fitting(words: Sequence[str], between: str, end: str, letters: int) -> str:
    """As many of the words as fit, joined and ended."""
    for count in range(len(words), 0, -1):
        name = between.join(words[:count]) + end
        if len(name) <= letters:
            return name
    return words[0][: letters - len(end)] + end


def function_files(name: str, *, event: bool, plugin: bool, others: Collection[str] = ()) -> dict[str, str]:
    """The files of a new function: its handler and its test, by path.

    Raises ScaffoldError if `name` cannot be a function's, or is one with that of `others` on AWS.
    """
    problem = name_problem(name)
    if not problem and len(name) >= FUNCTION_LETTERS:
        problem = (
            f"{name!r} cannot be a function's name: it has {len(name)} letters, and AWS leaves {FUNCTION_LETTERS} for "
            f"stage and function; {FUNCTION_LETTERS - _STAGE} fit any stage"
        )
    if problem:
        raise ScaffoldError(problem)
    same = next((other for other in others if other != name and resource_name(other) == resource_name(name)), None)
    if same is not None:
        raise ScaffoldError(f"{name!r} and the function {same!r} would be the same on AWS: choose another name")
    python_name = name.replace("-", "_")
    values = {
        "FUNCTION": name,
        "SUMMARY": "What this function does, in a sentence.",
        "RESULT": EVENT_RESULT if event else TYPED_RESULT,
    }
    library, tests = ("lib", "tests") if plugin else ("chalicelib/lib", "tests/chalicelib/lib")
    templates = {
        f"{library}/{name}/handler.py": EVENT_HANDLER if event else TYPED_HANDLER,
        f"{tests}/test_{python_name}.py": PLUGIN_FUNCTION_TEST if plugin else PROJECT_TEST,
    }
    return {path: _fill(text, values) for path, text in templates.items()}


def write(folder: Path, files: Mapping[str, str]) -> None:
    """Write new files. Raises ScaffoldError, before any is written, if one is there already."""
    for path in files:
        if (folder / path).exists():
            raise ScaffoldError(f"{folder / path} exists already")
    for path, text in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")


def framework_version() -> str:
    """The version of the framework, from its `pyproject.toml`."""
    match = re.search(r'^version = "(.+)"$', (PROJECT / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE)
    return match[1] if match else "0"


def report(parser: argparse.ArgumentParser, error: Exception) -> int:
    """Print an error in one line; the exit code."""
    print(f"{parser.prog}: {error}", file=sys.stderr)
    return 1


def _fill(text: str, values: Mapping[str, str]) -> str:
    return re.sub(r"__([A-Z]+)__", lambda match: values.get(match[1], match[0]), text)
