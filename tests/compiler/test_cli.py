"""The command line, as a person and a pipeline run it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from chalicelib.settings import PROJECT
from compiler.checks.listing import all_checks

from .conftest import Workspace

BROKEN = """\
name: broken
definition:
  StartAt: Frist
  States:
    First: {Type: Pass, End: true}
"""


def flows(*arguments: str | Path, text: str | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "compiler", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=PROJECT, input=text, timeout=120, check=False)


class TestCheck:
    def test_the_examples_are_clean(self) -> None:
        done = flows("check")
        assert (done.returncode, done.stdout, done.stderr) == (0, "6 flows: nothing wrong\n", "")

    def test_an_error_has_its_place_an_excerpt_and_exit_code_1(self, workspace: Workspace) -> None:
        workspace.flow(BROKEN)
        done = flows("--root", workspace.root, "check")
        assert done.returncode == 1
        lines = done.stdout.splitlines()
        start = next(index for index, line in enumerate(lines) if line.startswith("flows/flow.yml:3:12: error: "))
        assert lines[start + 1] == "    3 |   StartAt: Frist"
        assert lines[start + 2] == "      |            ^^^^^"
        assert "\x1b" not in done.stdout

    def test_json(self, workspace: Workspace) -> None:
        workspace.flow(BROKEN)
        done = flows("--root", workspace.root, "check", "--format", "json")
        found = next(item for item in json.loads(done.stdout) if item["line"] == 3)
        assert (found["file"], found["column"], found["endColumn"]) == ("flows/flow.yml", 12, 17)
        assert (found["severity"], found["pointer"]) == ("error", "/definition/StartAt")

    def test_sarif(self, workspace: Workspace) -> None:
        workspace.flow(BROKEN)
        done = flows("--root", workspace.root, "check", "--format", "sarif")
        log = json.loads(done.stdout)
        assert log["version"] == "2.1.0"
        (run,) = log["runs"]
        rules = run["tool"]["driver"]["rules"]
        for result in run["results"]:
            assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
            region = result["locations"][0]["physicalLocation"]["region"]
            assert region["startLine"] >= 1
            assert (region["endLine"], region["endColumn"]) >= (region["startLine"], region["startColumn"])
        assert {result["level"] for result in run["results"]} >= {"error"}

    def test_only_some_paths(self, workspace: Workspace) -> None:
        workspace.flow(BROKEN, "bad.yml")
        good = workspace.flow("name: good\nsteps: [hello_world]\n", "good.yml")
        done = flows("--root", workspace.root, "check", good)
        assert (done.returncode, done.stdout) == (0, "1 flow: nothing wrong\n")

    def test_a_path_that_is_not_there(self) -> None:
        done = flows("check", "nowhere.yml")
        assert done.returncode == 2
        assert "nowhere.yml does not exist" in done.stderr


class TestShow:
    def test_for_a_reader(self) -> None:
        done = flows("show", "scheduledMapFlow", "--stage", "prod")
        assert done.returncode == 0
        assert "dummy_check as DummyCheckFunction  30 s  256 MB" in done.stdout
        assert done.stdout.count("  next ") == 5
        assert "function:serverless-dynamic-workflows-prod-dummy_check" in done.stdout

    def test_as_json(self) -> None:
        value = json.loads(flows("show", "compositeFlow", "--json").stdout)
        assert value["references"] == ["dummy2StepFlow", "helloWorldFlow"]
        assert "${" not in json.dumps(value["definition"])
        assert value["policy"]["Version"] == "2012-10-17"

    def test_an_unknown_flow(self) -> None:
        done = flows("show", "orderFlw")
        assert done.returncode == 2
        assert done.stderr == "error: there is no flow 'orderFlw'; did you mean 'orderFlow'?\n"

    def test_a_broken_flow(self, workspace: Workspace) -> None:
        workspace.flow(BROKEN)
        done = flows("--root", workspace.root, "show", "broken")
        assert done.returncode == 2
        assert "flows/flow.yml:3:12" in done.stderr


class TestGraph:
    def test_mermaid(self) -> None:
        picture = flows("graph", "dummy2StepFlow").stdout
        assert picture == (
            'flowchart TD\n  n3((" "))\n  n1["Step1"]\n  n2["Step2"]\n  n4(((" ")))\n'
            "  n3 --> n1\n  n1 --> n2\n  n2 --> n4\n"
        )

    def test_svg_shows_every_state_inside_of_its_borders(self) -> None:
        root = ElementTree.fromstring(flows("graph", "orderFlow", "--format", "svg").stdout)
        space = "{http://www.w3.org/2000/svg}"
        texts = {element.text for element in root.iter(f"{space}text")}
        assert {"ValidateOrder", "ReserveItem", "ChargePayment", "ReleaseItem", "States.ALL"} <= texts
        width, height = float(root.attrib["width"]), float(root.attrib["height"])
        boxes = [element.attrib for element in root.iter(f"{space}rect") if element.attrib["width"] != "100%"]
        assert len(boxes) == 18  # one a state
        for box in boxes:
            assert 0 <= float(box["x"]) <= float(box["x"]) + float(box["width"]) <= width
            assert 0 <= float(box["y"]) <= float(box["y"]) + float(box["height"]) <= height

    def test_dot(self) -> None:
        picture = flows("graph", "compositeFlow", "--format", "dot").stdout
        assert picture.startswith("digraph flow {")
        assert picture.count("{") == picture.count("}")
        assert 'label="GreetTwice, branch 2"' in picture

    def test_all_shows_which_flows_start_which(self) -> None:
        picture = flows("graph", "--all").stdout
        names = dict(line.strip().rstrip('"]').split('[["') for line in picture.splitlines() if '[["' in line)
        edges = [line.strip().split(" --> ") for line in picture.splitlines() if "-->" in line]
        assert [[names[node] for node in edge] for edge in edges] == [
            ["compositeFlow", "dummy2StepFlow"],
            ["compositeFlow", "helloWorldFlow"],
        ]

    def test_a_flow_or_all(self) -> None:
        assert flows("graph").returncode == 2


class TestRun:
    def test_progress_and_output(self, tmp_path: Path) -> None:
        file = tmp_path / "input.json"
        file.write_text('{"cases": [{"id": "x", "variables": {}}]}')
        done = flows("run", "scheduledMapFlow", "--input", file, "--skip-time")
        assert done.returncode == 0
        assert json.loads(done.stdout)["results"][0]["id"] == "x"
        assert "▶ CheckCase" in done.stderr
        assert "✔ SUCCEEDED" in done.stderr

    def test_a_failed_run_has_exit_code_1(self, workspace: Workspace) -> None:
        workspace.flow("name: bad\nsteps: [{wait: 10 days}, {fail: {error: Broken, cause: because}}]\n")
        done = flows("--root", workspace.root, "run", "bad", "--skip-time")
        assert done.returncode == 1
        assert "Broken: because" in done.stderr

    def test_functions_of_another_project_that_raise(self, workspace: Workspace) -> None:
        workspace.function("sad", "def handler(event, context):\n    raise KeyError('lost')\n")
        workspace.flow("name: bad\nsteps: [{call: sad, retry: false}]\n")
        done = flows("--root", workspace.root, "run", "bad")
        assert done.returncode == 1
        assert "KeyError" in done.stderr

    @pytest.mark.parametrize("text", ['{"cases": 1}', "[]", "{"])
    def test_a_wrong_input(self, text: str) -> None:
        done = flows("run", "scheduledMapFlow", "--input", "-", text=text)
        assert done.returncode == 2
        assert "input" in done.stderr


class TestNew:
    def test_the_template_is_clean_and_runs(self, workspace: Workspace) -> None:
        done = flows("--root", workspace.root, "new", "my-flow")
        assert done.returncode == 0
        assert Path(done.stdout.strip()) == workspace.root / "flows" / "my-flow.yml"
        assert flows("--root", workspace.root, "check").stdout == "1 flow: nothing wrong\n"
        assert flows("--root", workspace.root, "run", "my-flow").returncode == 0
        again = flows("--root", workspace.root, "new", "my-flow")
        assert again.returncode == 2

    def test_a_name_that_cannot_be(self, workspace: Workspace) -> None:
        assert flows("--root", workspace.root, "new", "../x").returncode == 2


class TestExplain:
    def test_a_check(self) -> None:
        done = flows("explain", "flow-cycle")
        assert done.returncode == 0
        assert "A flow starts itself" in done.stdout
        assert "    name: loop" in done.stdout

    def test_a_reader_that_has_seen_enough(self) -> None:
        command = f"{sys.executable} -m compiler checks --json | head -1"
        done = subprocess.run(command, shell=True, capture_output=True, text=True, cwd=PROJECT, check=False)
        assert (done.stdout, done.stderr) == ("[\n", "")

    def test_an_unknown_one(self) -> None:
        done = flows("explain", "flow-cycel")
        assert done.returncode == 2
        assert done.stderr == "error: there is no check 'flow-cycel'; did you mean 'flow-cycle'?\n"

    def test_the_list_has_them_all(self) -> None:
        listed = [line.split()[0] for line in flows("checks").stdout.splitlines()]
        assert listed == [entry.id for entry in all_checks()]


def test_the_committed_schema_is_the_generated_one() -> None:
    assert flows("schema").stdout == (PROJECT / "docs" / "flow.schema.json").read_text()


def test_catalog_is_written(workspace: Workspace) -> None:
    workspace.flow("name: a\nsteps: [hello_world]\n")
    done = flows("--root", workspace.root, "catalog")
    assert json.loads(Path(done.stdout.strip()).read_text())["flows"][0]["name"] == "a"
    workspace.flow(BROKEN)
    assert flows("--root", workspace.root, "catalog").returncode == 1


class TestAnswer:
    FLOW = """\
name: ask
functions:
  - {name: Hello, handler: hello_world}
definition:
  StartAt: Ask
  States:
    Ask:
      Type: Task
      Resource: arn:aws:states:::lambda:invoke.waitForTaskToken
      Parameters:
        FunctionName: ${HelloArn}
        Payload: {token.$: $$.Task.Token}
      End: true
"""

    def test_a_task_that_waits_gets_the_given_result(self, workspace: Workspace) -> None:
        workspace.flow(self.FLOW)
        done = flows("--root", workspace.root, "run", "ask", "--answer", 'Ask={"by": "Ann"}')
        assert (done.returncode, json.loads(done.stdout)) == (0, {"by": "Ann"}), done.stderr

    def test_without_one_it_fails_and_says_so(self, workspace: Workspace) -> None:
        workspace.flow(self.FLOW)
        done = flows("--root", workspace.root, "run", "ask")
        assert done.returncode == 1
        assert "'Ask' waits for its token, and nobody answers: add --answer 'Ask=RESULT'" in done.stderr

    def test_one_that_cannot_be_read(self, workspace: Workspace) -> None:
        workspace.flow(self.FLOW)
        done = flows("--root", workspace.root, "run", "ask", "--answer", "Ask=yes")
        assert (done.returncode, "write STATE=JSON" in done.stderr) == (2, True)
