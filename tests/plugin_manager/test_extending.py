"""What plugins add to the compiler, and their names under a prefix."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from chalicelib.names import Names
from compiler import Severity, compile_project
from compiler.catalog import catalog_of
from compiler.cli import main as flows

from .projects import FLOW, HANDLER, listed, write

NAMES = Names("dev", "eu-west-1", "123456789012")
LOUD = "name: loudFlow\ndescription: SHOUT\nsteps: [ping]\n"
CHECK = """
import sys
from compiler.checks.base import Check, Finding
from compiler.diagnostic import Severity

def find(view):
    if view.flow.description.isupper():
        yield Finding("/description", "It shouts.")

CHECK = Check("x", Severity.WARNING, "s", "d", "s", "", "", file=find)
BROKEN = Check("x", Severity.ERROR, "s", "d", "s", "", "", project=lambda linked, view: 1 / 0)
LEAVES = Check("x", Severity.ERROR, "s", "d", "s", "", "", file=lambda view: sys.exit(3))
TALKS = Check("x", Severity.ERROR, "s", "d", "s", "", "", file=lambda view: ["It is bad."])
NONE = 7
"""
STEPS = """
def greet(value):
    if not isinstance(value, str):
        raise ValueError("a name is wanted")
    return {"call": "hello", "input": {"name": value}}

def nothing(value):
    return None

def odd(value):
    return {"call": "ping", "input": {"set"}}

def endless(value):
    value["call"] = value
    return value

def leave(value):
    raise SystemExit(1)

def many(value):
    return {"parallel": ["hello", {"foreach": value, "do": [{"call": "other"}, "ping"]}]}
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    files = {"chalicelib/lib/ping/handler.py": HANDLER, "flows/own.yml": FLOW.format(name="ownFlow", call="ping")}
    plugin = {
        "plugin.toml": "",
        "lib/hello/handler.py": HANDLER,
        "hooks/checks.py": CHECK,
        "hooks/steps.py": STEPS,
    }
    return write(tmp_path, {**files, **{f".plugins/acme/{path}": text for path, text in plugin.items()}})


def found(root: Path) -> list[tuple[str, str, int, str]]:
    project = compile_project(root)
    return [(d.check, d.file, d.line, d.message) for d in project.diagnostics if d.severity is not Severity.ADVICE]


class TestChecks:
    def test_a_plugins_check_looks_at_every_flow(self, root: Path) -> None:
        write(root, {"flows/loud.yml": LOUD})
        listed(root, {"name": "acme", "checks": {"no-shouting": "hooks.checks:CHECK"}})
        assert found(root) == [("acme/no-shouting", "flows/loud.yml", 2, "It shouts.")]

    def test_it_can_be_silenced(self, root: Path) -> None:
        loud = LOUD.replace("SHOUT", "SHOUT # flows: ignore[acme/no-shouting] an old name")
        write(root, {"flows/loud.yml": loud})
        listed(root, {"name": "acme", "checks": {"no-shouting": "hooks.checks:CHECK"}})
        assert found(root) == []

    @pytest.mark.parametrize(
        ("check", "error"),
        [
            ("BROKEN", "ZeroDivisionError: division by zero"),
            ("LEAVES", "SystemExit: 3"),
            ("TALKS", "TypeError: it yielded 'It is bad.', not a Finding with a pointer and a message"),
        ],
    )
    def test_one_that_fails_breaks_no_flow(self, root: Path, check: str, error: str) -> None:
        listed(root, {"name": "acme", "checks": {"bad": f"hooks.checks:{check}"}})
        assert found(root) == [("acme/bad", "flows/own.yml", 1, f"The check acme/bad failed: {error}.")]
        assert list(compile_project(root).flows) == ["ownFlow"]

    @pytest.mark.parametrize(
        "reference", ["hooks.gone:X", "hooks.checks:GONE", "hooks.checks:NONE", "hooks.steps:greet"]
    )
    def test_one_that_cannot_be_loaded_stops_the_deployment_alone(self, root: Path, reference: str) -> None:
        listed(root, {"name": "acme", "checks": {"bad": reference}})
        project = compile_project(root)
        (error,) = project.errors
        assert (error.check, error.file) == ("plugin-hook", ".plugins/acme/plugin.toml")
        assert "plugin acme" in error.message
        assert list(project.flows) == ["ownFlow"] and project.broken == {}


class TestShorthands:
    def test_a_step_stands_for_another(self, root: Path) -> None:
        flow = "name: f\nsteps:\n  - {greet: Ada, name: Say it}\n  - parallel: [{greet: Bob}, ping]\n"
        write(root, {"flows/f.yml": flow})
        listed(root, {"name": "acme", "steps": {"greet": "hooks.steps:greet"}})
        definition = json.loads(compile_project(root).flows["f"].render(NAMES))
        first = definition["States"]["Say it"]
        assert first["Arguments"] == {"name": "Ada"} and first["Resource"] == NAMES.function_arn("hello")
        inner = definition["States"]["parallel"]["Branches"][0]["States"]["hello"]
        assert inner["Arguments"] == {"name": "Bob"}

    def test_a_mistake_is_told_at_its_line(self, root: Path) -> None:
        write(root, {"flows/f.yml": "name: f\nsteps:\n  - ping\n  - greet: 7\n  - nothing: x\n"})
        listed(root, {"name": "acme", "steps": {"greet": "hooks.steps:greet", "nothing": "hooks.steps:nothing"}})
        assert found(root) == [
            ("steps", "flows/f.yml", 4, "The shorthand 'greet' failed: a name is wanted."),
            ("steps", "flows/f.yml", 5, "The shorthand 'nothing' failed: it returned None, which is not a step."),
        ]

    @pytest.mark.parametrize(
        ("name", "error"), [("odd", "set is not JSON"), ("endless", "Circular reference"), ("leave", "1.")]
    )
    def test_one_that_fails_takes_no_other_flow_down(self, root: Path, name: str, error: str) -> None:
        write(root, {"flows/f.yml": f"name: f\nsteps:\n  - {name}: {{a: 1}}\n"})
        listed(root, {"name": "acme", "steps": {name: f"hooks.steps:{name}"}})
        ((check, file, line, message),) = found(root)
        assert (check, file, line) == ("steps", "flows/f.yml", 3)
        assert message.startswith(f"The shorthand {name!r} failed: ") and error in message
        assert list(compile_project(root).flows) == ["ownFlow"]

    def test_another_version_of_the_plugin_compiles_anew(self, root: Path) -> None:
        write(root, {"flows/f.yml": "name: f\nsteps:\n  - greet: Ada\n"})
        steps = {"greet": "hooks.steps:greet"}
        listed(root, {"name": "acme", "steps": steps})
        compile_project(root)
        newer = {
            "hooks/steps.py": STEPS.replace('"name": value', '"name": value.upper()'),
            "lib/hello/handler.py": HANDLER,
        }
        write(root / ".plugins" / "acme@2", newer)
        listed(root, {"name": "acme", "folder": ".plugins/acme@2", "steps": steps})
        states = json.loads(compile_project(root).flows["f"].render(NAMES))["States"]
        assert states["hello"]["Arguments"] == {"name": "ADA"}


class TestPrefix:
    def compiled(self, root: Path, flow: str, **entry: Any) -> Any:
        write(root, {".plugins/acme/flows/f.yml": flow})
        listed(root, {"name": "acme", "prefix": "acme_", **entry})
        project = compile_project(root)
        assert project.errors == ()
        return project

    def test_a_flow_is_listed_with_prefix_and_plugin(self, root: Path) -> None:
        project = self.compiled(root, FLOW.format(name="f", call="hello"))
        assert set(project.flows) == {"ownFlow", "acme_f"}
        assert [flow.plugin for flow in catalog_of(project).flows.values()] == ["acme", None]
        assert list(project.settings) == ["acme_hello", "ping"]

    @pytest.mark.parametrize("name", ["hello", "ping"])
    def test_its_own_names_mean_its_own_things(self, root: Path, name: str) -> None:
        """Even where the project has something of the same name."""
        write(root, {".plugins/acme/lib/ping/handler.py": HANDLER, ".plugins/acme/flows/hello.yml": LOUD})
        flow = f"""
name: f
functions:
  - {{name: One, handler: functions/lib/{name}/handler.handler}}
stateMachineReferences: [loudFlowStateMachine]
definition:
  StartAt: A
  States:
    A: {{Type: Task, Resource: "${{OneArn}}", Next: B}}
    B: {{Type: Task, Resource: "${{{name}Arn}}", Next: C}}
    C:
      Type: Task
      Resource: arn:aws:states:::states:startExecution
      Parameters: {{StateMachineArn: "${{loudFlowStateMachine}}"}}
      End: true
"""
        flow = self.compiled(root, flow).flows["acme_f"]
        states = json.loads(flow.render(NAMES))["States"]
        assert states["A"]["Resource"] == states["B"]["Resource"] == NAMES.function_arn(f"acme_{name}")
        assert states["C"]["Parameters"]["StateMachineArn"] == NAMES.state_machine_arn("acme_loudFlow")
        policy = json.dumps(flow.policy(NAMES))
        assert NAMES.state_machine_arn("acme_loudFlow") in policy and NAMES.function_arn(f"acme_{name}") in policy

    def test_steps_call_its_own_flows(self, root: Path) -> None:
        write(root, {".plugins/acme/flows/other.yml": FLOW.format(name="ping", call="hello")})  # a function elsewhere
        flow = self.compiled(root, FLOW.format(name="f", call="ping")).flows["acme_f"]
        (state,) = json.loads(flow.render(NAMES))["States"].values()
        assert state["Arguments"]["StateMachineArn"] == NAMES.state_machine_arn("acme_ping")

    def test_its_shorthands_call_its_own_functions(self, root: Path) -> None:
        write(root, {"flows/mine.yml": "name: mine\nsteps:\n  - greet: Ada\n"})
        project = self.compiled(root, FLOW.format(name="f", call="hello"), steps={"greet": "hooks.steps:greet"})
        assert project.flows["mine"].functions[0].function == "acme_hello"

    def test_its_shorthands_may_write_steps_in_steps(self, root: Path) -> None:
        write(root, {"flows/mine.yml": "name: mine\nsteps:\n  - many: '{% $states.input.all %}'\n"})
        write(root, {".plugins/acme/flows/other.yml": FLOW.format(name="other", call="hello")})
        project = self.compiled(root, FLOW.format(name="f", call="hello"), steps={"many": "hooks.steps:many"})
        mine = project.flows["mine"]
        assert [use.function for use in mine.functions] == ["acme_hello", "ping"]
        assert mine.references == ("acme_other",)

    def test_another_prefix_means_other_names(self, root: Path) -> None:
        flow = FLOW.format(name="f", call="hello")
        assert set(self.compiled(root, flow).flows) == {"ownFlow", "acme_f"}
        assert set(self.compiled(root, flow, prefix="x-").flows) == {"ownFlow", "x-f"}
        project = self.compiled(root, flow, prefix="")
        assert set(project.flows) == {"ownFlow", "f"} and list(project.settings) == ["hello", "ping"]

    def test_flows_that_are_written_as_json(self, root: Path) -> None:
        other = json.dumps({"description": "In JSON.", "name": "other", "steps": ["hello"]}, indent=1)
        write(root, {".plugins/acme/flows/other.yml": other})
        project = self.compiled(root, FLOW.format(name="f", call="other"))
        assert project.flows["acme_f"].references == ("acme_other",)


def test_a_list_that_is_damaged_or_a_folder_that_is_gone_is_logged(
    root: Path, caplog: pytest.LogCaptureFixture
) -> None:
    listed(root, {"name": "acme"}, {"name": "gone"})
    assert "ownFlow" in compile_project(root).flows
    assert "plugin gone is missing" in caplog.text
    write(root, {".plugins/installed.json": "{"})
    assert "ownFlow" in compile_project(root).flows
    assert "the project goes on without plugins" in caplog.text


def test_the_command_knows_checks_and_steps_of_plugins(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    listed(root, {"name": "acme", "checks": {"a": "hooks.checks:CHECK"}, "steps": {"greet": "hooks.steps:greet"}})
    assert flows(["--root", str(root), "explain", "acme/a"]) == 0
    assert flows(["--root", str(root), "checks"]) == 0
    assert capsys.readouterr().out.count("acme/a") == 2
    assert flows(["--root", str(root), "schema"]) == 0
    assert "greet" in json.loads(capsys.readouterr().out)["$defs"]["Step"]["properties"]
