"""Templates of functions and plugins. What they produce passes lint, type check and tests unchanged.

In a template, a name between double underscores (`__FUNCTION__`) is replaced; nothing else is special.
"""

from __future__ import annotations

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
    """Greet somebody whose name is in the body of a request or in the input of a flow's state."""
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

PLUGIN_TOML = """\
# What this plugin is and asks for. The framework's docs/plugins.md explains every key.
name = "__PLUGIN__"
version = "0.1.0"
description = "What this plugin is for, in a sentence."
framework = ">=__VERSION__"

# IAM statements for the role of all functions; whoever installs the plugin must agree to them.
# [[permissions]]
# Action = ["s3:GetObject"]
# Resource = ["arn:aws:s3:::my-bucket-${Stage}/*"]

# Secrets in Parameter Store, which functions read as os.environ["NAME"].
# [secrets]
# MY_API_KEY = "The key of the service that my functions call."
"""

FLOW = """\
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

FLOW_TEST = '''\
"""The flow `__FLOW__`: with the real function, and with one that fails."""

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

PYPROJECT = """\
# Settings of the tools that the Makefile runs.
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

MAKEFILE = """\
# Where the framework is. Override it with FRAMEWORK=/path; `make setup` there installs the tools used here.
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

WORKFLOW = """\
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
      # Set the variable FRAMEWORK_REPOSITORY (owner/name) in this repository's settings.
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

README = """\
# __PLUGIN__

A plugin for Serverless Dynamic Workflows.

| path | content |
|---|---|
| `lib/` | functions, one folder each: `POST /lib/__FUNCTION__` |
| `flows/` | flows, one file each: `POST /run/__FLOW__` |
| `tests/` | tests; run them here with `make test`, or with `make test PLUGINS=1` in a project that has the plugin |
| `requirements.txt` | the Python packages that the functions need in addition to the framework's |
| `plugin.toml` | name, version, permissions, secrets |

## Develop

Run `make lint typecheck test`. The Makefile expects the framework in `__FRAMEWORK__`; \
if it is elsewhere, add `FRAMEWORK=/path`.

To try the plugin in that project before you push it, add this folder to the project's `config.json`, \
and run `make plugins` there:

```json
{"plugins": ["__FOLDER__"]}
```

## Use

Push the repository, tag it, and add it to the project's `config.json`:

```json
{"plugins": ["git+https://${GITHUB_TOKEN}@github.com/your-org/__PLUGIN__.git@v0.1.0"]}
```

Then run `make plugins` in the project, and commit its `plugins.lock`.
"""

GITIGNORE = """\
__pycache__/
.mypy_cache/
.pytest_cache/
.ruff_cache/
"""

REQUIREMENTS = """\
# The Python packages that the functions need in addition to the framework's, pinned: name==version.
"""

TYPED_RESULT = '{"message": message}'
EVENT_RESULT = '{"statusCode": 200, "body": {"message": message}}'
