from __future__ import annotations

import json
from typing import Any

import pytest

from asl import Engine, SkippingClock, StateMachine, TaskRequest
from asl.engine.tasks import Completion
from asl.testing import FlowUnderTest
from compiler.unit import Unit, compile_unit

from .conftest import Workspace


def compiled(steps: str, flows: frozenset[str] = frozenset({"otherFlow"})) -> Unit:
    return compile_unit("flows/x.yml", f"name: x\nsteps:\n{steps}", flows)


def definition(steps: str) -> dict[str, Any]:
    unit = compiled(steps)
    assert [str(item) for item in unit.diagnostics if item.severity != "advice"] == []
    parsed = json.loads(unit.text)
    assert isinstance(parsed, dict)
    return parsed


class Functions:
    """Functions by name; each gets the task's input."""

    def __init__(self, **functions: Any) -> None:
        self.functions = functions
        self.calls: list[tuple[str, Any]] = []

    def start(self, request: TaskRequest, completion: Completion) -> None:
        name = request.resource.rpartition(":")[2]
        self.calls.append((name, request.parameters))
        try:
            completion.succeed(self.functions[name](request.parameters))
        except Exception as error:
            completion.fail(type(error).__name__, str(error))


def run(steps: str, value: Any, **functions: Any) -> tuple[Any, list[str]]:
    """The output (or the error) of a flow of these steps, and which functions were called."""
    unit = compiled(steps)
    assert [str(item) for item in unit.diagnostics if item.severity == "error"] == []
    text = unit.text
    for name in unit.placeholders:
        text = text.replace(f"${{{name}}}", f"arn:aws:lambda:us-east-1:123456789012:function:{name}")
    tasks = Functions(**functions)
    machine = StateMachine("arn:aws:states:us-east-1:123456789012:stateMachine:x", "x", text)
    execution = Engine(tasks, clock=SkippingClock()).run(machine, json.dumps(value), timeout=20)
    called = [name for name, _ in tasks.calls]
    return (json.loads(execution.output) if execution.output else execution.error), called


def fails(_: Any) -> Any:
    raise RuntimeError("no")


def test_steps_follow_one_another() -> None:
    output, called = run("  - a\n  - b\n", 1, a=lambda x: x + 1, b=lambda x: x * 10)
    assert (output, called) == (20, ["a", "b"])


def test_input_output_and_variables() -> None:
    steps = """\
  - call: a
    input: {n: "{% $states.input.x %}"}
    assign: {first: "{% $states.result %}"}
    output: "{% $states.input %}"
  - call: b
    input: ["{% $first %}", "{% $states.input.x %}"]
"""
    assert run(steps, {"x": 4}, a=lambda x: x["n"] * 2, b=sum)[0] == 12


def test_parallel_takes_steps_and_lists_of_steps() -> None:
    output, _ = run("  - parallel: [a, [a, b]]\n", 1, a=lambda x: x + 1, b=lambda x: x * 10)
    assert output == [2, 20]


def test_foreach() -> None:
    steps = "  - foreach: $states.input.items\n    concurrency: 2\n    do: [a]\n"
    assert run(steps, {"items": [1, 2, 3]}, a=lambda x: x * x)[0] == [1, 4, 9]
    assert definition(steps)["States"]["foreach"]["MaxConcurrency"] == 2


@pytest.mark.parametrize(("amount", "output"), [(5, "small"), (50, "medium!"), (500, "large!")])
def test_choose_continues_with_the_next_step(amount: int, output: str) -> None:
    steps = """\
  - choose:
      - when: $states.input > 100
        do: [large]
      - when: $states.input > 10
        do: [medium]
      - otherwise: [{succeed: true, output: small}]
  - shout
"""
    functions = {"large": lambda _: "large", "medium": lambda _: "medium", "shout": lambda x: x + "!"}
    assert run(steps, amount, **functions)[0] == output


def test_choose_without_otherwise_ends_when_nothing_follows() -> None:
    assert run("  - choose:\n      - {when: $states.input, do: [a]}\n", False, a=fails) == (False, [])


@pytest.mark.parametrize(("written", "seconds"), [("10", 10), ("5 minutes", 300), ("2h", 7200), ("1 day", 86_400)])
def test_wait(written: str, seconds: int) -> None:
    assert definition(f"  - wait: {written}\n")["States"]["wait"] == {"Type": "Wait", "Seconds": seconds, "End": True}


def test_wait_until() -> None:
    assert definition("  - wait: 2030-01-31T12:00:00Z\n")["States"]["wait"]["Timestamp"] == "2030-01-31T12:00:00Z"


class TestRetry:
    def retriers(self, retry: str) -> Any:
        return definition(f"  - call: a\n{retry}")["States"]["a"].get("Retry")

    def test_by_default_what_fails_for_a_moment_is_tried_again(self) -> None:
        (retrier,) = self.retriers("")
        assert {"Runtime.ExitError", "States.Timeout", "Lambda.ServiceException"} <= set(retrier["ErrorEquals"])

    def test_false_is_never(self) -> None:
        assert self.retriers("    retry: false\n") is None

    def test_a_number_is_so_often_for_any_error(self) -> None:
        (retrier,) = self.retriers("    retry: 5\n")
        assert (retrier["ErrorEquals"], retrier["MaxAttempts"]) == (["States.ALL"], 5)
        assert run("  - {call: a, retry: 2}\n", 1, a=fails) == ("RuntimeError", ["a", "a", "a"])

    def test_in_full(self) -> None:
        retriers = self.retriers("    retry: [{errors: [A], attempts: 1, delay: 3, backoff: 1.5, max_delay: 9}]\n")
        assert retriers == [
            {"ErrorEquals": ["A"], "IntervalSeconds": 3, "MaxAttempts": 1, "BackoffRate": 1.5, "MaxDelaySeconds": 9}
        ]


class TestCatch:
    def test_steps_run_on_any_error_and_the_flow_continues(self) -> None:
        steps = "  - {call: a, retry: false, catch: [b]}\n  - c\n"
        output, called = run(steps, 1, a=fails, b=lambda error: error["Error"], c=lambda x: [x])
        assert (output, called) == (["RuntimeError"], ["a", "b", "c"])

    def test_by_error_name(self) -> None:
        catchers = "[{errors: [Other], do: [b]}, {errors: [RuntimeError], do: [c]}]"
        steps = f"  - call: a\n    catch: {catchers}\n"
        assert run(steps, 1, a=fails, b=fails, c=lambda _: "caught")[0] == "caught"

    def test_after_the_last_step_the_flow_ends_well(self) -> None:
        assert run("  - {call: a, catch: [b]}\n", 1, a=fails, b=lambda _: "b")[0] == "b"

    def test_a_fail_step_fails(self) -> None:
        steps = "  - {call: a, catch: [{fail: {error: Broken, cause: because}}]}\n"
        assert run(steps, 1, a=fails)[0] == "Broken"


def test_a_flow_is_started_and_waited_for() -> None:
    unit = compiled("  - call: otherFlow\n    input: {a: 1}\n")
    state = json.loads(unit.text)["States"]["otherFlow"]
    assert state["Resource"] == "arn:aws:states:::states:startExecution.sync:2"
    starter = {"AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID": "{% $states.context.Execution.Id %}"}
    assert state["Arguments"] == {"StateMachineArn": "${otherFlow}", "Input": {"a": 1, **starter}}
    assert {action for statement in unit.statements for action in statement.actions} >= {"states:StartExecution"}


def test_a_flows_own_alias_is_a_function_even_if_a_flow_has_the_name() -> None:
    text = "name: x\nfunctions: [{name: otherFlow, handler: h}]\nsteps: [otherFlow]\n"
    unit = compile_unit("x.yml", text, frozenset({"otherFlow"}))
    assert json.loads(unit.text)["States"]["otherFlow"]["Resource"] == "${otherFlow}"


def test_a_state_in_the_states_language() -> None:
    states = definition("  - name: Tidy\n    state: {Type: Pass, Output: 1}\n  - a\n")["States"]
    assert states["Tidy"] == {"Type": "Pass", "Output": 1, "Next": "a"}


def test_equal_steps_get_names_of_their_own_in_the_order_of_the_file() -> None:
    states = definition("  - a\n  - parallel: [a, a]\n  - a\n")["States"]
    assert list(states) == ["a", "parallel", "a 4"]
    assert [branch["StartAt"] for branch in states["parallel"]["Branches"]] == ["a 2", "a 3"]


@pytest.mark.parametrize(
    ("steps", "place", "words"),
    [
        ("  - a\n  - {}\n", (4, 5), "exactly one action; found: none."),
        ("  - {call: a, wait: 3}\n", (3, 5), "A step must have exactly one action; found: call, wait."),
        ("  - call: a\n    do: [b]\n", (4, 5), "'do' can't be combined with 'call'."),
        ("  - wait: 5\n    retry: 2\n", (4, 5), "'retry' can't be combined with 'wait'."),
        ("  - foreach: $x\n", (3, 5), "`foreach` needs `do`"),
        ("  - wait: soon\n", (3, 11), "Invalid duration or time 'soon'"),
        ("  - choose:\n      - {when: a}\n", (4, 9), "either `when` and `do`, or `otherwise`"),
        ("  - choose:\n      - otherwise: [a]\n      - {when: a, do: [b]}\n", (4, 9), "must be the last choice"),
        ("  - cal: a\n", (3, 5), "Unknown key 'cal' in item 1 of steps."),
        ("  - call: [a]\n", (3, 11), "call must be a string, not a list."),
        ("  []\n", (3, 3), "steps must not be empty."),
    ],
)
def test_wrong_steps_are_reported_in_their_place(steps: str, place: tuple[int, int], words: str) -> None:
    found = compiled(steps).diagnostics
    assert any(words in item.message and (item.line, item.column) == place for item in found), found


@pytest.mark.parametrize(
    ("steps", "place", "check"),
    [
        ('  - call: a\n    input: "{% 1 + %}"\n', (4, 12), "jsonata-syntax"),
        ("  - choose:\n      - when: 1 +\n        do: [a]\n", (4, 15), "jsonata-syntax"),
        ("  - state:\n      Type: Pas\n", (4, 13), "state-type"),
        ("  - state:\n      Type: Pass\n      Next: nowhere\n", (5, 13), "dangling-target"),
        ("  - foreach: 3 ++ 4\n    do: [a]\n", (3, 14), "jsonata-syntax"),
    ],
)
def test_what_the_definition_gets_wrong_is_found_in_the_steps(steps: str, place: tuple[int, int], check: str) -> None:
    found = [(item.line, item.column) for item in compiled(steps).diagnostics if item.check == check]
    assert found == [place]


def test_names_that_mean_nothing_are_found_at_the_step(workspace: Workspace) -> None:
    workspace.flow("name: x\nsteps:\n  - hello_world\n  - call: hello_wrld\n")
    (error,) = workspace.compile().broken["x"]
    assert (error.line, error.column, error.check) == (4, 11, "unresolved-name")
    assert "hello_world" in error.hint


def test_both_forms_in_one_project(workspace: Workspace) -> None:
    workspace.flow("name: short\nsteps: [hello_world, long]\n", "short.yml")
    workspace.flow(
        "name: long\ndefinition: {StartAt: A, States: {A: {Type: Task, Resource: '${hello_world}', End: true}}}\n",
        "long.yml",
    )
    project = workspace.compile()
    assert project.errors == ()
    assert project.flows["short"].references == ("long",)
    assert [use.function for use in project.flows["short"].functions] == ["hello_world"]
    workspace.flow("name: other\nsteps: [hello_world]\n", "long.yml")  # what was a flow is none any more
    assert [error.check for error in workspace.compile().broken["short"]] == ["unresolved-name"]


APPROVE = """\
  - name: Ask
    approve:
      who: {groups: [ops]}
      form: {type: object}
      timeout: 3 days
    output: "{% $states.result.data %}"
    on_reject: [{fail: Refused}]
    catch: [{errors: [States.Timeout], do: [{fail: Nobody}]}]
"""


class TestApprove:
    def test_it_waits_for_its_token_as_long_as_it_says(self) -> None:
        states = definition(APPROVE)["States"]
        assert states["Ask"]["Resource"] == "arn:aws:states:::lambda:invoke.waitForTaskToken"
        assert states["Ask"]["Arguments"]["FunctionName"] == "${Framework::ApprovalsArn}"
        assert states["Ask"]["TimeoutSeconds"] == states["Ask"]["Arguments"]["Payload"]["timeout"] == 3 * 86_400
        assert not any("States.Timeout" in retrier["ErrorEquals"] for retrier in states["Ask"]["Retry"])
        assert states["Ask"]["Next"] == "Ask answered"

    @pytest.mark.parametrize(("decision", "then"), [("approve", {"a": 1}), ("reject", "Refused"), (None, "Nobody")])
    def test_the_answer_chooses_the_way(self, decision: str | None, then: Any) -> None:
        flow = FlowUnderTest("x", definition(APPROVE))
        started = flow.start({})
        if decision is None:
            started.advance(3 * 86_400)
        else:
            started.succeed("Ask", {"decision": decision, "data": {"a": 1}})
        run = started.end()
        assert (run.output if run.status == "SUCCEEDED" else run.error) == then

    def test_two_rejections_in_scopes_of_their_own(self) -> None:
        inner = "\n".join(f"        {line}" for line in APPROVE.splitlines()).replace("Ask", "Inner")
        states = definition(f'{APPROVE}  - foreach: "[1]"\n    do:\n{inner}\n')["States"]
        assert "decision1" in states["Ask"]["Assign"] or "decision2" in states["Ask"]["Assign"]
        processor = states["foreach"]["ItemProcessor"]["States"]
        assert states["Ask"]["Assign"].keys() != processor["Inner"]["Assign"].keys()

    def test_a_count_of_retries_asks_nobody_again(self) -> None:
        steps = "  - approve: {who: {users: [a@example.com]}}\n    retry: 2\n"
        retriers = definition(steps)["States"]["approve"]["Retry"]
        assert [(each["ErrorEquals"], each["MaxAttempts"]) for each in retriers] == [
            (["States.Timeout"], 0),
            (["States.ALL"], 2),
        ]

    @pytest.mark.parametrize(
        ("steps", "place", "words"),
        [
            ("  - approve: {title: A desk}\n", (3, 14), "Nobody can answer"),
            ("  - approve: {who: {groups: [ops]}, timeout: soon}\n", (3, 46), "Invalid duration 'soon'"),
            ("  - approve: {who: {groups: [ops]}, timeout: 0}\n", (3, 46), "Invalid duration 0"),
            ("  - approve: {who: {groups: [ops]}, form: {type: text}}\n", (3, 50), "text"),
            ("  - approve: {who: {groups: [ops], roles: [ops]}}\n", (3, 36), "roles"),
            ("  - approve: {who: {groups: [ops]}}\n    timeout: 5\n", (4, 5), "'timeout' can't be combined"),
            ("  - call: hello_world\n    on_reject: [{fail: No}]\n", (4, 5), "'on_reject' can't be combined"),
        ],
    )
    def test_mistakes_are_found_in_their_place(self, steps: str, place: tuple[int, int], words: str) -> None:
        (found,) = [item for item in compiled(steps).diagnostics if item.severity == "error"]
        assert ((found.position.line, found.position.column), words in found.message) == (place, True), str(found)

    def test_notify_names_a_function(self, workspace: Workspace) -> None:
        step = "name: ask\nsteps:\n  - approve:\n      who: {groups: [ops]}\n      notify: "
        workspace.flow(step + "hello_wrld\n", "ask.yml")
        (found,) = workspace.compile().errors
        assert (found.check, found.position.line) == ("unresolved-name", 5)
        workspace.flow(step + "ask\n", "ask.yml")
        assert "name-kind" in [each.check for each in workspace.compile().errors]
