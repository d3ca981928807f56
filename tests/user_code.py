"""Clones of this repository as their users leave them: with code of their own, valid and not, and without any.

`python -m tests.user_code own FOLDER` (or `empty`, or `valid`) writes one. All tests of the framework must pass in it.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from tests.isolation import USERS_FILES, write_project

UNTYPED = """\
def handler(event, context):
  unused_style = {"a":1}
  return {"statusCode": 200, "body": {"message": "Hello from my function", **unused_style}}
"""
NEEDS_KEY = "import os\nKEY = os.environ['PAYMENT_KEY']\n" + UNTYPED  # on AWS there is the secret
GREET = '''\
def handler(name: str, times: int = 1) -> dict[str, str]:
    """Greet somebody."""
    return {"greeting": f"Hello {name}! " * times}
'''
MISSING_PACKAGE = """\
import moto, no_such_package

print(moto.__name__)

def handler(event, context):
    return no_such_package.work(event)
"""
MY_FLOW = """\
name: myFlow
description: Example workflow
functions:
  - name: Step1Function
    handler: functions/lib/my-function/handler.handler
definition:
  StartAt: Step1
  States:
    Step1:
      Type: Task
      Resource: "${Step1FunctionArn}"
      End: true
"""
APPROVAL = """\
name: approvalFlow
definition:
  StartAt: Ask
  States:
    Ask:
      Type: Task
      Resource: arn:aws:states:::lambda:invoke.waitForTaskToken
      Parameters: {FunctionName: "${my-function}", Payload: {token.$: $$.Task.Token}}
      TimeoutSeconds: 86400
      End: true
"""
NEEDS_INPUT = """\
name: needsInputFlow
inputSchema: {type: object, required: [name], properties: {name: {type: string}}}
definition:
  StartAt: Greet
  States:
    Greet: {Type: Task, Resource: "${greet}", End: true}
"""
FAILING = """\
name: failingFlow
definition: {StartAt: Stop, States: {Stop: {Type: Fail, Error: NotYet, Cause: not written}}}
"""
FAILING += "# TO" + "DO: a note to oneself\n"  # which the framework's own files must not contain
INVALID = "name: invalidFlow\ndefinition:\n  StartAt: Nowhere\n  States: {A: {Type: Succeed}}\n"
STAGES = """\
from infrastructure.stage import StageSettings

DEFAULT_STAGE = "staging"
STAGES = {"staging": StageSettings(name="staging", retain_data=True, log_retention_days=30, architecture="x86_64")}
"""
LIBRARY = "chalicelib/lib"
OWN_FILES = {
    f"{LIBRARY}/my-function/handler.py": UNTYPED,
    f"{LIBRARY}/greet/handler.py": GREET,
    f"{LIBRARY}/ping/handler.py": "def handler(event, context):\n    return 'pong'\n",
    f"{LIBRARY}/lacks_package/handler.py": MISSING_PACKAGE,
    f"{LIBRARY}/lacks_package/__init__.py": "",
    f"{LIBRARY}/raises/handler.py": "raise RuntimeError('not finished')\n",
    f"{LIBRARY}/Greet/handler.py": GREET,
    "flows/myFlow.yml": MY_FLOW,
    "flows/approvalFlow.yml": APPROVAL,
    "flows/needsInputFlow.yml": NEEDS_INPUT,
    "flows/failingFlow.yml": FAILING,
    "flows/invalidFlow.yml": INVALID,
    "flows/notes.txt": "not a flow\n",
    "config.json": "{",
    "lambda-permissions.yml": "iamRoleStatements: [s3:GetObject]\n",
    "infrastructure/stages.py": STAGES,
    "tests/own/test_mine.py": "import no_such_package\n\ndef test_it():\n    assert no_such_package.work() == 1\n",
}
HALF_WRITTEN = {
    f"{LIBRARY}/half_written/handler.py": "def handler(event, context)\n    return event\n",
    f"{LIBRARY}/half_written/__init__.py": "",
    "infrastructure/stages.py": "STAGES = {\n",
    ".chalice/config.json": "{",
}
"""What Python cannot read, which `make lint` reports as well."""


def write_own(target: Path) -> Path:
    """Write a clone whose user has added functions, flows and settings, some of them broken."""
    write_project(target)
    requirements = target / "requirements.in"
    requirements.write_text(requirements.read_text() + "no-such-package\ngit+https://example.org/own.git\n")
    for lock in ("requirements.txt", "requirements-local.txt", "requirements-dev.txt"):
        (target / lock).write_text((target / lock).read_text().replace("pydantic==", "pydantic==9"))
    add(target, OWN_FILES)
    return target


def write_empty(target: Path) -> Path:
    """Write a clone whose user has deleted every example, and every file that may be missing."""
    write_project(target)
    for path in ("flows", f"{LIBRARY}", "lambda-permissions.yml", "config.json", "tests/own"):
        if (target / path).is_dir():
            shutil.rmtree(target / path)
        else:
            (target / path).unlink(missing_ok=True)
    add(target, {f"{LIBRARY}/__init__.py": ""})
    return target


def write_valid(target: Path) -> Path:
    """Write a clone whose user has added, changed and deleted functions and flows, and has made no mistake."""
    write_project(target)
    add(
        target,
        {
            f"{LIBRARY}/needs_key/handler.py": NEEDS_KEY,
            f"{LIBRARY}/my-function/handler.py": UNTYPED,
            "flows/myFlow.yml": MY_FLOW,
            "flows/helloWorldFlow.yml": FAILING,
            "tests/own/test_mine.py": "def test_mine(flows):\n    flows.load('myFlow').run({}).assert_succeeded()\n",
        },
    )
    (target / "flows" / "compositeFlow.yml").unlink()
    return target


def add(target: Path, files: dict[str, str]) -> None:
    """Write files into a clone; all of them are the user's."""
    for path, content in files.items():
        assert path.startswith(USERS_FILES), path
        file = target / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)


if __name__ == "__main__":
    print({"own": write_own, "empty": write_empty, "valid": write_valid}[sys.argv[1]](Path(sys.argv[2])))
