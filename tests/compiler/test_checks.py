"""Every check finds its own wrong example on the marked line, and nothing in the right one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from chalicelib.settings import PROJECT
from compiler import Severity
from compiler.checks import CHECKS
from compiler.checks.base import Check
from compiler.checks.listing import CheckEntry, all_checks

from .conftest import Workspace

MARK = "# <-"
WITH_EXAMPLE = [check for check in CHECKS if check.wrong]


def prepare(workspace: Workspace, check: Check) -> None:
    for name, code in check.library.items():
        workspace.function(name, code)


@pytest.mark.parametrize("check", WITH_EXAMPLE, ids=lambda check: check.id)
def test_the_wrong_example_is_found_on_its_line(check: Check, workspace: Workspace) -> None:
    prepare(workspace, check)
    for name, text in check.others.items():
        workspace.flow(text, name)
    workspace.flow(check.wrong)
    marked = [number for number, line in enumerate(check.wrong.splitlines(), 1) if MARK in line]
    found = [d for d in workspace.compile().diagnostics if d.check == check.id and d.file == "flows/flow.yml"]
    assert [d.line for d in found] == marked
    assert all(d.severity is check.severity for d in found)
    assert all(1 <= d.column <= len(check.wrong.splitlines()[d.line - 1]) for d in found)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_the_right_example_is_clean(check: Check, workspace: Workspace) -> None:
    workspace.flow(check.right)
    project = workspace.compile()
    serious = [d for d in project.diagnostics if d.check == check.id or d.severity is not Severity.ADVICE]
    assert serious == []
    assert len(project.flows) == 1


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_a_check_explains_itself(check: Check) -> None:
    assert check.summary and not check.summary.endswith(".")
    assert check.description.endswith(".")
    assert check.source.startswith("https://") or check.source == "docs/flows.md"


def test_each_check_is_the_module_named_after_it() -> None:
    folder = PROJECT / "compiler" / "checks"
    modules = {file.stem for file in folder.glob("*.py")} - {"__init__", "base", "listing"}
    assert [check.id.replace("-", "_") for check in CHECKS] == sorted(modules)


NEW_CHECK = """\
from compiler.checks.base import Check, Finding, flow
from compiler.diagnostic import Severity

CHECK = Check(
    id="no-shouting",
    severity=Severity.ADVICE,
    summary="A description shouts",
    description="Readers look away.",
    source="docs/flows.md",
    wrong=flow("description: HELP  # <-\\n"),
    right=flow("description: Helps\\n"),
    file=lambda view: [Finding("/description", "Don't shout.")] if view.flow.description.isupper() else [],
)
"""


def test_adding_a_check_is_adding_one_file(workspace: Workspace, tmp_path_factory: pytest.TempPathFactory) -> None:
    copy = tmp_path_factory.mktemp("copy")
    shutil.copytree(PROJECT / "compiler", copy / "compiler", ignore=shutil.ignore_patterns("__pycache__"))
    (copy / "compiler" / "checks" / "no_shouting.py").write_text(NEW_CHECK)
    workspace.flow("name: f\ndescription: HELP\nsteps: [hello_world]\n")

    def flows(*arguments: str | Path) -> str:
        command = [sys.executable, "-m", "compiler", "--root", str(workspace.root), *map(str, arguments)]
        environment = os.environ | {"PYTHONPATH": f"{copy}{os.pathsep}{PROJECT}"}
        done = subprocess.run(
            command, capture_output=True, text=True, cwd=copy, env=environment, timeout=120, check=True
        )
        return done.stdout

    assert "flows/flow.yml:2:14: advice: Don't shout. [no-shouting]" in flows("check")
    assert "A description shouts" in flows("checks")
    assert "Readers look away." in flows("explain", "no-shouting")


MESSAGES = {
    "unresolved-name": "${GreatArn} doesn't match any function or flow in this project.",
    "name-kind": "Expected a function, but ${inner} is a flow.",
    "unknown-key": "Unknown key 'descripton' in the file.",
    "file-shape": "type must be STANDARD or EXPRESS, not 'FAST'.",
    "missing-key": "schedule lacks the required key 'expression'.",
    "yaml-duplicate-key": "Duplicate key 'description'; first used on line 2.",
    "yaml-tab": "This line is indented with a tab; YAML allows only spaces.",
    "yaml-value": "'.inf' is not a valid JSON number.",
    "input-schema": "Unknown JSON Schema type 'text'.",
    "unused-silence": "'unused-function' finds nothing on line 4.",
}


@pytest.mark.parametrize("check", [check for check in CHECKS if check.id in MESSAGES], ids=lambda check: check.id)
def test_a_message_says_what_is_wrong(check: Check, workspace: Workspace) -> None:
    for name, text in check.others.items():
        workspace.flow(text, name)
    workspace.flow(check.wrong)
    found = [item.message for item in workspace.compile().diagnostics if item.check == check.id]
    assert found == [MESSAGES[check.id]]


ENTRIES = all_checks()
DEFINITION_CHECKS = [entry for entry in ENTRIES if entry.id not in {check.id for check in CHECKS} and entry.wrong]


@pytest.mark.parametrize("entry", DEFINITION_CHECKS, ids=lambda entry: entry.id)
def test_checks_of_definitions_point_at_the_line(entry: CheckEntry, workspace: Workspace) -> None:
    workspace.flow(entry.wrong)
    marked = [number for number, line in enumerate(entry.wrong.splitlines(), 1) if MARK in line]
    found = [d.line for d in workspace.compile().diagnostics if d.check == entry.id]
    assert len(marked) == 1
    assert marked[0] in found


@pytest.mark.parametrize("entry", DEFINITION_CHECKS, ids=lambda entry: entry.id)
def test_checks_of_definitions_let_the_right_one_pass(entry: CheckEntry, workspace: Workspace) -> None:
    workspace.flow(entry.right)
    assert [d.check for d in workspace.compile().diagnostics if d.check == entry.id] == []


def test_examples_must_fit_their_schema(workspace: Workspace) -> None:
    workspace.flow(
        "name: greet\ninputSchema:\n  type: object\n  required: [name]\n"
        "  examples:\n    - {name: Ada}\n    - {nom: Ada}\n"
        "steps: [hello_world]\n"
    )
    (found,) = workspace.compile().diagnostics
    assert (found.check, found.line) == ("input-mismatch", 7)


def test_every_check_is_listed_once_and_nearly_all_with_an_example() -> None:
    assert len({entry.id for entry in ENTRIES}) == len(ENTRIES)
    without = {entry.id for entry in ENTRIES if not entry.wrong}
    # These need a file that is not UTF-8, two functions, a definition that is not a mapping, or one too large to show.
    assert without <= {
        *("unreadable-file", "function-clash", "plugin-hook"),
        *("definition-json", "definition-object", "definition-size", "nesting-depth"),
    }


@pytest.mark.parametrize(
    ("action", "found"),
    [("aws-sdk:lambda:createFunction", "Role is"), ("ecs:runTask", "ExecutionRoleArn or RoleArn or TaskRoleArn is"),
     ("aws-sdk:sqs:sendMessage", None)],
)  # fmt: skip
def test_a_role_among_arguments_that_are_computed_together(
    workspace: Workspace, action: str, found: str | None
) -> None:
    workspace.flow(
        "name: build\ndefinition:\n  QueryLanguage: JSONata\n  StartAt: Build\n  States:\n    Build: {Type: Task, "
        f"Resource: 'arn:aws:states:::{action}', Arguments: '{{% $states.input %}}', End: true}}\n"
    )
    messages = [d.message for d in workspace.compile().diagnostics if d.check == "computed-role"]
    ending = "computed at run time; only roles of this stage may be passed."
    assert messages == ([f"{found} {ending}"] if found else [])


def test_the_roles_of_a_task_definition_are_named_as_unknown(workspace: Workspace) -> None:
    flow = (
        "name: build\n{permissions}definition:\n  StartAt: Run\n  States:\n    Run: {{Type: Task, "
        "Resource: 'arn:aws:states:::ecs:runTask.sync', Parameters: {{TaskDefinition: web}}, End: true}}\n"
    )
    allow = "permissions:\n  - {Action: 'iam:PassRole', Resource: 'arn:aws:iam::${AWS::AccountId}:role/web'}\n"
    for permissions, expected in (("", 1), (allow, 0)):
        workspace.flow(flow.format(permissions=permissions))
        messages = [d.message for d in workspace.compile().diagnostics if d.check == "computed-role"]
        assert len(messages) == expected
        assert not messages or messages[0].startswith("The definition does not specify the role")
