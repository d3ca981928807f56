"""From files to flows: names, positions, broken flows, and the two formats that the documentation promises."""

from __future__ import annotations

import json

import pytest

from chalicelib.names import Names
from compiler import Severity, check_paths

from .conftest import Workspace

NAMES = Names("dev", "eu-west-1", "111122223333")
FUNCTION = "arn:aws:lambda:eu-west-1:111122223333:function:serverless-dynamic-workflows-dev-"
MACHINE = "arn:aws:states:eu-west-1:111122223333:stateMachine:serverless-dynamic-workflows-dev-"

# As the product's description writes them, letter by letter.
MY_FLOW = """\
# flows/myflow.yml
name: myFlow
description: Example workflow
definition:
  StartAt: Step1
  States:
    Step1:
      Type: Task
      Resource: "${Step1FunctionArn}"
      End: true

functions:
  - name: Step1Function
    handler: functions/lib/my-function/handler.handler
"""
SCHEDULED_FLOW = """\
# flows/scheduledFlow.yml
name: scheduledFlow
schedule: cron(0 12 * * ? *)  # Runs daily at 12 PM UTC
input:  # Optional static input
  message: "Scheduled execution"
definition:
  StartAt: Step1
  States:
    Step1:
      Type: Task
      Resource: "${Step1FunctionArn}"
      End: true
"""
COMPOSITE_FLOW = """\
name: compositeFlow
definition:
  StartAt: ParallelSteps
  States:
    ParallelSteps:
      Type: Parallel
      Branches:
      - StartAt: Flow1
        States:
          Flow1:
            Type: Task
            Resource: "arn:aws:states:::states:startExecution"
            Parameters:
              StateMachineArn: "${flow1StateMachine}"
              Input.$: "$"
            End: true
      End: true

stateMachineReferences:
  - flow1StateMachine
"""


def calling(resource: str, name: str = "flow", more: str = "") -> str:
    return (
        f"name: {name}\n{more}definition:\n  StartAt: A\n  States:\n"
        f"    A:\n      Type: Task\n      Resource: {resource}\n      End: true\n"
    )


def resource_of(workspace: Workspace, name: str = "flow") -> str:
    project = workspace.compile()
    assert [str(d) for d in project.errors] == []
    resource = json.loads(project.flows[name].render(NAMES))["States"]["A"]["Resource"]
    assert isinstance(resource, str)
    return resource


class TestDocumentedFormats:
    def test_all_three_compile_as_written(self, workspace: Workspace) -> None:
        workspace.function("my-function")
        workspace.flow(MY_FLOW, "myflow.yml")
        workspace.flow(SCHEDULED_FLOW, "scheduledFlow.yml")
        workspace.flow(COMPOSITE_FLOW, "compositeFlow.yml")
        workspace.flow(calling("${hello_worldArn}", "flow1"), "flow1.yaml")
        project = workspace.compile()
        assert project.errors == ()
        assert set(project.flows) == {"myFlow", "scheduledFlow", "compositeFlow", "flow1"}
        for name in ("myFlow", "scheduledFlow"):
            definition = json.loads(project.flows[name].render(NAMES))
            assert definition["States"]["Step1"]["Resource"] == FUNCTION + "my-function"
        scheduled = project.flows["scheduledFlow"]
        assert scheduled.schedule is not None
        assert (scheduled.schedule.expression, scheduled.schedule.timezone) == ("cron(0 12 * * ? *)", "UTC")
        assert scheduled.input == {"message": "Scheduled execution"}
        composite = project.flows["compositeFlow"]
        assert composite.references == ("flow1",)
        branch = json.loads(composite.render(NAMES))["States"]["ParallelSteps"]["Branches"][0]
        assert branch["States"]["Flow1"]["Parameters"] == {"StateMachineArn": MACHINE + "flow1", "Input.$": "$"}

    @pytest.mark.parametrize(
        "handler",
        ["functions/lib/my-function/handler.handler", "chalicelib/lib/my-function/handler.handler", "my-function"],
    )
    def test_each_way_to_name_a_handler(self, handler: str, workspace: Workspace) -> None:
        workspace.function("my-function")
        workspace.flow(MY_FLOW.replace("functions/lib/my-function/handler.handler", handler))
        (use,) = workspace.compile().flows["myFlow"].functions
        assert (use.alias, use.function, use.timeout, use.memory) == ("Step1Function", "my-function", 60, 256)


class TestNames:
    def test_a_flows_own_function_wins_over_everything(self, workspace: Workspace) -> None:
        workspace.function("other")
        own = "functions:\n  - {name: hello_world, handler: other}\n"
        workspace.flow(calling("${hello_worldArn}", more=own))
        assert resource_of(workspace) == FUNCTION + "other"

    @pytest.mark.parametrize(
        "name", ["my-function", "my-functionArn", "my-functionFunctionArn", "MyFunctionArn", "MyFunctionFunctionArn"]
    )
    def test_a_library_function_by_name(self, name: str, workspace: Workspace) -> None:
        workspace.function("my-function")
        workspace.flow(calling(f"${{{name}}}"))
        assert resource_of(workspace) == FUNCTION + "my-function"

    def test_another_flows_alias_when_all_agree(self, workspace: Workspace) -> None:
        for name in ("one", "two"):
            own = "functions:\n  - {name: Step, handler: hello_world}\n"
            workspace.flow(calling("${StepArn}", name, own), f"{name}.yml")
        workspace.flow(calling("${StepArn}"))
        assert resource_of(workspace) == FUNCTION + "hello_world"

    def test_no_alias_when_two_flows_disagree(self, workspace: Workspace) -> None:
        workspace.function("other")
        for name, function in (("one", "hello_world"), ("two", "other")):
            own = f"functions:\n  - {{name: Step, handler: {function}}}\n"
            workspace.flow(calling("${StepArn}", name, own), f"{name}.yml")
        workspace.flow(calling("${StepArn}"))
        (error,) = workspace.compile().broken["flow"]
        assert (error.line, error.column) == (7, 17)
        assert "hello_world and other" in error.message

    def test_names_inside_of_texts_and_permissions(self, workspace: Workspace) -> None:
        more = "permissions:\n  - {Action: 's3:GetObject', Resource: 'arn:aws:s3:::b-${AWS::AccountId}/*'}\n"
        resource = "arn:aws:states:::lambda:invoke\n      Parameters: {FunctionName: '${hello_world}'}"
        workspace.flow(calling(resource, more=more))
        flow = workspace.compile().flows["flow"]
        assert json.loads(flow.render(NAMES))["States"]["A"]["Parameters"]["FunctionName"] == FUNCTION + "hello_world"
        resources = {r for s in flow.policy(NAMES)["Statement"] for r in s["Resource"]}
        assert resources == {FUNCTION + "hello_world", "arn:aws:s3:::b-111122223333/*"}

    def test_tokens_of_a_deployment_pass_through(self, workspace: Workspace) -> None:
        workspace.flow(calling("${hello_world}"))
        tokens = Names("dev", "${Token[AWS.Region.4]}", "${Token[AWS.AccountId.3]}")
        definition = json.loads(workspace.compile().flows["flow"].render(tokens))
        assert definition["States"]["A"]["Resource"] == tokens.function_arn("hello_world")

    def test_a_jsonata_group_is_no_name(self, workspace: Workspace) -> None:
        workspace.flow(
            "name: flow\ndefinition:\n  QueryLanguage: JSONata\n  StartAt: A\n  States:\n"
            "    A: {Type: Pass, Output: \"{% $states.input.a${'b': c} %}\", End: true}\n"
        )
        assert workspace.compile().errors == ()

    @pytest.mark.parametrize(
        ("written", "nearest"),
        [("${hello_wrldArn}", "hello_worldArn"), ("${HELLO_WORLD}", "hello_world"), ("${AWS::Regoin}", "AWS::Region")],
    )
    def test_the_nearest_name_is_suggested(self, written: str, nearest: str, workspace: Workspace) -> None:
        workspace.flow(calling(written))
        (error,) = workspace.compile().broken["flow"]
        assert error.check == "unresolved-name"
        assert nearest in error.hint

    def test_several_problems_at_once_each_in_its_place(self, workspace: Workspace) -> None:
        workspace.flow(
            "name: flow\nnmae: x\nfunctions:\n  - {name: F, handler: nowhere}\ndefinition:\n  StartAt: A\n  States:\n"
            "    A:\n      Type: Task\n      Resource: ${nobody}\n      Next: C\n    B: {Type: Succeed}\n"
        )
        found = {(d.check, d.line) for d in workspace.compile().diagnostics if d.severity is Severity.ERROR}
        assert {("unknown-key", 2), ("dangling-target", 11)} <= found
        workspace.flow(workspace.root.joinpath("flows/flow.yml").read_text().replace("nmae: x\n", ""))
        found = {(d.check, d.line) for d in workspace.compile().diagnostics if d.severity is Severity.ERROR}
        assert {("unknown-handler", 3), ("unresolved-name", 9), ("dangling-target", 10)} <= found


class TestBrokenFlows:
    def test_a_broken_flow_stops_no_other(self, workspace: Workspace) -> None:
        workspace.flow(calling("${hello_world}", "good"), "good.yml")
        workspace.flow("name: bad\ndefinition: {", "bad.yml")
        project = workspace.compile()
        assert set(project.flows) == {"good"}
        assert [d.file for d in project.broken["bad"]] == ["flows/bad.yml"]

    def test_two_flows_of_one_name_are_both_broken_and_name_each_other(self, workspace: Workspace) -> None:
        workspace.flow(calling("${hello_world}", "twin"), "a.yml")
        workspace.flow(calling("${hello_world}", "twin"), "sub/b.yml")
        project = workspace.compile()
        assert project.flows == {}
        first, second = project.broken["twin"]
        assert (first.file, second.file) == ("flows/a.yml", "flows/sub/b.yml")
        assert "flows/sub/b.yml" in first.message
        assert "flows/a.yml" in second.message
        assert (first.line, first.column) == (1, 7)

    def test_a_file_that_is_not_utf8(self, workspace: Workspace) -> None:
        (workspace.root / "flows" / "latin.yml").write_bytes(b"name: caf\xe9\n")
        (error,) = workspace.compile().errors
        assert (error.check, error.file) == ("unreadable-file", "flows/latin.yml")

    def test_functions_that_clash_are_reported_once(self, workspace: Workspace) -> None:
        workspace.function("lib_a")
        workspace.function("lib-a")
        workspace.flow(calling("${hello_world}"))
        checks = [d.check for d in workspace.compile().errors]
        assert checks == ["function-clash"]

    def test_every_function_that_cannot_be_deployed_is_reported(self, workspace: Workspace) -> None:
        for name in ("lib_a", "lib-a", "class", "lib--a"):
            workspace.function(name)
        workspace.flow(calling("${hello_world}"))
        errors = [d.message for d in workspace.compile().errors]
        assert len(errors) == 3
        assert any("'class' cannot be the name of a function" in message for message in errors)

    def test_a_byte_order_mark_is_no_fault(self, workspace: Workspace) -> None:
        workspace.flow("\ufeff" + calling("${hello_world}"))
        assert workspace.compile().errors == ()


class TestPlugins:
    def test_a_plugins_flows_and_functions_belong_to_the_project(self, workspace: Workspace) -> None:
        plugin = workspace.root / ".plugins" / "extra"
        (plugin / "lib" / "plugged").mkdir(parents=True)
        (plugin / "lib" / "plugged" / "handler.py").write_text("def handler(event, context): ...\n")
        (plugin / "flows").mkdir()
        index = {"format": 1, "plugins": [{"name": "extra", "folder": ".plugins/extra"}]}
        (workspace.root / ".plugins" / "installed.json").write_text(json.dumps(index))
        (plugin / "flows" / "theirs.yml").write_text(calling("${pluggedArn}", "theirs"))
        workspace.flow("name: ours\nsteps: [plugged, theirs]\n", "ours.yml")
        project = workspace.compile()
        assert project.errors == ()
        assert project.flows["theirs"].path.as_posix() == ".plugins/extra/flows/theirs.yml"
        assert project.flows["ours"].references == ("theirs",)
        workspace.flow("name: theirs\nsteps: [hello_world]\n", "clash.yml")
        assert ".plugins/extra/flows/theirs.yml" in str(workspace.compile().broken["theirs"])


class TestSettings:
    def test_the_largest_wins_and_the_smaller_is_warned(self, workspace: Workspace) -> None:
        for name, timeout, memory in (("one", 30, 512), ("two", 90, 128)):
            own = f"functions:\n  - {{name: F, handler: hello_world, timeout: {timeout}, memory: {memory}}}\n"
            workspace.flow(calling("${FArn}", name, own), f"{name}.yml")
        project = workspace.compile()
        (use,) = project.flows["one"].functions
        assert (use.timeout, use.memory) == (90, 512)
        warned = [(d.file, d.line) for d in project.diagnostics if d.check == "function-settings"]
        assert warned == [("flows/one.yml", 3), ("flows/two.yml", 3)]


class TestCheckPaths:
    def test_only_the_findings_of_the_paths(self, workspace: Workspace) -> None:
        bad = workspace.flow(calling("${nobody}", "bad"), "bad.yml")
        workspace.flow(calling("${nothing}", "worse"), "worse.yml")
        found = check_paths([bad], workspace.root)
        assert {d.file for d in found} == {"flows/bad.yml"}
        assert {d.file for d in check_paths((), workspace.root)} == {"flows/bad.yml", "flows/worse.yml"}
        assert {d.file for d in check_paths([workspace.root / "flows"], workspace.root)} == {
            "flows/bad.yml",
            "flows/worse.yml",
        }

    def test_names_of_the_rest_of_the_project_resolve(self, workspace: Workspace) -> None:
        workspace.flow(calling("${hello_world}", "flow1"), "flow1.yml")
        composite = workspace.flow(COMPOSITE_FLOW, "composite.yml")
        assert [d for d in check_paths([composite], workspace.root) if d.severity is Severity.ERROR] == []

    def test_a_missing_path_is_an_error(self, workspace: Workspace) -> None:
        with pytest.raises(FileNotFoundError, match="nowhere"):
            check_paths([workspace.root / "nowhere"], workspace.root)


class TestSilencing:
    CYCLE = (
        "name: loop\ndefinition:\n  StartAt: A\n  States:\n    A:\n      Type: Task\n"
        "      Resource: arn:aws:states:::states:startExecution\n      Parameters:\n"
        "        # flows: ignore[flow-cycle] the list is one shorter each time\n"
        "        StateMachineArn: ${loop}\n      End: true\n"
    )

    def test_a_comment_on_its_own_line_speaks_for_the_next(self, workspace: Workspace) -> None:
        workspace.flow(self.CYCLE)
        assert list(workspace.compile().flows) == ["loop"]

    @pytest.mark.parametrize(
        "comment",
        [
            "{open}\n    # flows: ignore[no-such-check] part of the text",
            "{open} \n      how: # flows: ignore[no-such-check]",
            "'# flows: ignore[no-such-check] part of the text'",
            '"a\n    # flows: ignore[no-such-check] part of the text"',
        ],
    )
    def test_a_text_that_looks_like_a_comment_is_a_text(self, workspace: Workspace, comment: str) -> None:
        for opening in ("|", ">", "|-", "|2-"):
            text = f"name: flow\ndescription: {comment.format(open=opening)}\n"
            workspace.flow(text + "definition: {StartAt: A, States: {A: {Type: Succeed}}}\n")
            assert workspace.compile().diagnostics == ()

    @pytest.mark.parametrize("text", ["description: |  # %s\n  text\n", "description: |\n  text\n# %s\n"])
    def test_a_comment_next_to_a_string_is_a_comment(self, workspace: Workspace, text: str) -> None:
        text = text % "flows: ignore[no-such-check] a reason"
        workspace.flow(f"name: flow\n{text}definition: {{StartAt: A, States: {{A: {{Type: Succeed}}}}}}\n")
        assert [item.check for item in workspace.compile().diagnostics] == ["unused-silence"]

    def test_an_error_of_the_definition_cannot_be_silenced(self, workspace: Workspace) -> None:
        workspace.flow(
            "name: flow\ndefinition:\n  StartAt: A\n  States:\n    A:\n      Type: Pass\n"
            "      Next: B  # flows: ignore[dangling-target] I know better\n"
        )
        errors = {(d.check, d.line) for d in workspace.compile().broken["flow"]}
        assert {("dangling-target", 7), ("silence-without-reason", 7)} <= errors


def test_steps_know_flows_that_are_written_as_json(workspace: Workspace) -> None:
    workspace.flow('{\n  "description": "In JSON.",\n  "name": "inner",\n  "steps": ["hello_world"]\n}\n', "inner.yml")
    workspace.flow("name: outer\nsteps: [inner]\n", "outer.yml")
    project = workspace.compile()
    assert project.broken == {}
    assert project.flows["outer"].references == ("inner",)
