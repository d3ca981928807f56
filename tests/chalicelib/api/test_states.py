"""What the API says about the states of runs, computed from the histories of a real Step Functions service."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest

from chalicelib import aws
from chalicelib.runs.states import answer, fold, reading

from ..conftest import Api, LocalCloud, MakeApi, UseFlows, flow

QUEUE = "http://127.0.0.1/123456789012/no-such-queue"


def machine(**states: dict[str, Any]) -> dict[str, Any]:
    """A definition whose states follow each other, unless they say otherwise."""
    names = list(states)
    for name, following in zip(names, [*names[1:], None], strict=True):
        state = states[name]
        if state["Type"] in {"Pass", "Task", "Wait", "Map", "Parallel"} and not state.keys() & {"Next", "End"}:
            state |= {"End": True} if following is None else {"Next": following}
    return {"StartAt": names[0], "States": states}


def passes(**more: Any) -> dict[str, Any]:
    return {"Type": "Pass", **more}


def fails(error: str = "Boom", cause: str = "because") -> dict[str, Any]:
    return {"Type": "Fail", "Error": error, "Cause": cause}


def maps(processor: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"Type": "Map", "ItemProcessor": processor, **more}


def sends(**more: Any) -> dict[str, Any]:
    """A task that fails: its queue doesn't exist."""
    parameters = {"QueueUrl": QUEUE, "MessageBody": "hi"}
    return {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "Parameters": parameters, **more}


def odd(state: str) -> dict[str, Any]:
    """Fails for items of 3, 13, 23 and so on, and otherwise goes to `state`."""
    rest = {"Variable": "$.n", "StringMatches": "*3", "Next": "Bad"}
    return {"Type": "Choice", "Choices": [rest], "Default": state}


LINE = machine(First=passes(Result={"a": 1}), Last=passes())
SIDE_BY_SIDE = machine(
    Both={
        "Type": "Parallel",
        "Branches": [machine(Left=passes(Result="l"), Leftmost=passes()), machine(Right=passes(Result="r"))],
    },
    After=passes(),
)
NESTED = machine(
    Outer=maps(
        machine(Start=passes(), Inner=maps(machine(Item=passes()), ItemsPath="$.inner", MaxConcurrency=2)),
        MaxConcurrency=3,
    )
)
CAUGHT = machine(
    Try={
        "Type": "Parallel",
        "Branches": [machine(Slow={"Type": "Wait", "Seconds": 60}), machine(Bad=fails())],
        "Catch": [{"ErrorEquals": ["Boom"], "Next": "Rescue"}],
        "Next": "Never",
    },
    Never=passes(Next="Rescue"),
    Rescue=passes(),
)
RETRIED = machine(
    Send=sends(
        Retry=[{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "MaxAttempts": 1}],
        Catch=[{"ErrorEquals": ["States.ALL"], "Next": "Rescue"}],
        Next="Rescue",
    ),
    Rescue=passes(),
)
LOOP = {
    "StartAt": "Count",
    "States": {
        "Count": passes(Parameters={"n.$": "States.MathAdd($.n, 1)"}, Next="Again"),
        "Again": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.n", "NumericLessThan": 3, "Next": "Count"}],
            "Default": "Done",
        },
        "Done": {"Type": "Succeed"},
    },
}
SOME_FAIL = machine(
    Items=maps({"StartAt": "Odd", "States": {"Odd": odd("Good"), "Good": passes(End=True), "Bad": fails("Odd", "3")}})
)
WAITS = machine(Before=passes(), Hold={"Type": "Wait", "Seconds": 600}, After=passes())
DISTRIBUTED = machine(
    Items=maps(
        {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
            "StartAt": "Odd",
            "States": {"Odd": odd("Good"), "Good": passes(End=True), "Bad": fails("Odd", "3")},
        },
        ToleratedFailurePercentage=50,
        Label="items",
    )
)
ASSIGNS = machine(
    First=passes(Assign={"total": 1, "who.$": "$.who"}),
    Both={
        "Type": "Parallel",
        "Branches": [machine(Left=passes(Assign={"total": 2}), Leftmost=passes()), machine(Right=passes())],
        "Assign": {"done": True},
    },
    Each=maps(machine(One=passes(Assign={"n.$": "$.n"}), Two=passes()), ItemsPath="$.items", ResultPath=None),
    Last=passes(),
)
ASSIGNS["States"]["Both"]["ResultPath"] = None
FLOWS = {
    "assigns": ASSIGNS,
    "line": LINE,
    "sideBySide": SIDE_BY_SIDE,
    "nested": NESTED,
    "caught": CAUGHT,
    "retried": RETRIED,
    "loop": LOOP,
    "someFail": SOME_FAIL,
    "waits": WAITS,
    "distributed": DISTRIBUTED,
}
INPUTS = {"loop": {"n": 0}}


@pytest.fixture(scope="module", autouse=True)
def _machines(_cloud: LocalCloud) -> None:
    for name, definition in FLOWS.items():
        _cloud.create(f"st-{name}", with_items(definition))
    _cloud.create("st-express", LINE, "EXPRESS")


def with_items(definition: dict[str, Any]) -> dict[str, Any]:
    """Maps at the top take the items of the input, which must be an object."""
    start = definition["StartAt"]
    state = definition["States"][start]
    if state["Type"] != "Map":
        return definition
    return {**definition, "States": {**definition["States"], start: {**state, "ItemsPath": "$.items"}}}


@pytest.fixture(autouse=True)
def _flows(cloud: LocalCloud, use_flows: UseFlows) -> None:
    reading.forget()
    known = [flow(f"st-{name}", with_items(definition)) for name, definition in FLOWS.items()]
    use_flows(*known, flow("st-express", LINE, type="EXPRESS"))


@pytest.fixture
def user(cloud_make_api: MakeApi) -> Api:
    return cloud_make_api()


class Started:
    """A run of a user."""

    def __init__(self, user: Api, name: str, body: Any = None) -> None:
        self.user = user
        reply = user.post(f"/run/st-{name}", INPUTS.get(name, {}) if body is None else body)
        assert reply.status in {200, 202}, reply.text
        self.path = f"/run/st-{name}/{reply.json()['executionId']}"

    def finished(self) -> Started:
        assert self.user.get(f"{self.path}?wait=20").json()["status"] != "RUNNING"
        return self

    def page(self, **query: Any) -> dict[str, Any]:
        reply = self.user.get(f"{self.path}/states?" + "&".join(f"{k}={quote(str(v))}" for k, v in query.items()))
        assert reply.status == 200, reply.text
        page: dict[str, Any] = reply.json()
        return page

    def states(self, **query: Any) -> dict[str, dict[str, Any]]:
        return {state["name"]: state for state in self.page(**query)["states"]}


Run = Callable[..., Started]


@pytest.fixture
def run(user: Api) -> Run:
    return lambda name, body=None: Started(user, name, body).finished()


class TestStates:
    def test_one_after_the_other(self, run: Run) -> None:
        page = run("line", {"x": "é"}).page()
        assert page.keys() == {"states"}
        first, last = page["states"]
        assert (first["path"], first["name"], first["type"]) == ("/States/First", "First", "Pass")
        assert (first["status"], first["attempts"], first["visits"], first["next"]) == ("SUCCEEDED", 1, 1, "Last")
        assert (first["error"], first["cause"]) == (None, None)
        assert first["input"]["x"] == "é"
        assert first["output"] == last["input"] == last["output"] == {"a": 1}
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", first["entered"])
        assert first["entered"] <= first["exited"] <= last["entered"] <= last["exited"]

    def test_branches_side_by_side(self, run: Run) -> None:
        states = run("sideBySide").states()
        assert states["Leftmost"]["path"] == "/States/Both/Branches/0/States/Leftmost"
        assert states["Right"]["path"] == "/States/Both/Branches/1/States/Right"
        assert {state["status"] for state in states.values()} == {"SUCCEEDED"}
        assert states["Both"]["output"] == ["l", "r"]
        assert (states["Left"]["next"], states["Both"]["next"]) == ("Leftmost", "After")
        assert "next" not in states["Right"]

    def test_what_a_catcher_took(self, run: Run) -> None:
        states = run("caught").states()
        assert (states["Try"]["status"], states["Try"]["error"], states["Try"]["next"]) == ("CAUGHT", "Boom", "Rescue")
        assert states["Try"]["cause"] == "because"
        assert states["Bad"]["status"] == "FAILED"
        assert states["Slow"]["status"] == "ABORTED"
        assert states["Slow"]["exited"] is not None
        assert states["Rescue"]["status"] == "SUCCEEDED"
        assert "Never" not in states

    def test_variables(self, run: Run) -> None:
        started = run("assigns", {"who": "Ada", "items": [{"n": 5}]})
        states = started.states()
        assert "variables" not in states["First"]
        assert states["First"]["assigned"] == {"total": 1, "who": "Ada"}
        assert states["Both"]["variables"] == states["Left"]["variables"] == {"total": 1, "who": "Ada"}
        assert (states["Left"]["assigned"], states["Both"]["assigned"]) == ({"total": 2}, {"done": True})
        assert states["Leftmost"]["variables"]["total"] == 2
        assert states["Right"]["variables"]["total"] == 1
        assert states["Each"]["variables"] == states["Last"]["variables"] == {"total": 1, "who": "Ada", "done": True}
        inside = started.states(path="/States/Each", iteration=0)
        assert inside["One"]["variables"] == states["Each"]["variables"]
        assert inside["Two"]["variables"] == {**states["Each"]["variables"], "n": 5}

    def test_large_variables_are_left_out_of_an_answer(self, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        started = run("assigns", {"who": "Ada", "items": []})
        monkeypatch.setattr(answer, "MAX_VARIABLES", 5)
        states = started.states()
        assert states["First"]["assigned"]["who"] == "Ada"
        assert "variables" not in states["Both"] and states["Both"]["truncated"] == ["variables"]
        reading.forget()
        monkeypatch.setattr(fold, "MAX_ASSIGNED", 3)
        states = started.states()
        assert (states["First"]["truncated"], "assigned" in states["First"]) == (["variables"], False)

    def test_retries(self, run: Run) -> None:
        send = run("retried").states()["Send"]
        assert (send["status"], send["attempts"], send["next"]) == ("CAUGHT", 2, "Rescue")
        assert len(send["failedAttempts"]) == 2
        assert {attempt["error"] for attempt in send["failedAttempts"]} == {send["error"]}
        assert send["failedAttempts"][0]["time"] < send["failedAttempts"][1]["time"]

    def test_a_state_that_is_visited_again(self, run: Run) -> None:
        started = run("loop")
        states = started.states()
        assert (states["Count"]["visits"], states["Count"]["output"]) == (3, {"n": 3})
        assert states["Again"]["next"] == "Done"
        visits = started.page(path="/States/Count")["states"]
        assert [(visit["visits"], visit["output"]) for visit in visits] == [(1, {"n": 1}), (2, {"n": 2}), (3, {"n": 3})]

    def test_a_running_one_followed_by_its_tokens(self, user: Api) -> None:
        started = Started(user, "waits")
        pages = [started.page()]
        while len(pages[-1]["states"]) < 2:  # the execution begins a moment after the start
            pages.append(started.page())
        states = {state["name"]: state for state in pages[-1]["states"]}
        assert (states["Before"]["status"], states["Hold"]["status"]) == ("SUCCEEDED", "WAITING")
        assert states["Hold"]["exited"] is None
        nothing = started.page(nextToken=pages[-1]["nextToken"])
        assert nothing["states"] == []
        assert user.call("DELETE", started.path).status == 200
        changed = started.page(nextToken=nothing["nextToken"])
        assert [(state["name"], state["status"]) for state in changed["states"]] == [("Hold", "ABORTED")]
        assert "nextToken" not in changed

    def test_pages(self, run: Run) -> None:
        started = run("sideBySide")
        whole = started.page()["states"]
        found, query = [], {"limit": 2}
        while True:
            page = started.page(**query)
            found += page["states"]
            assert len(page["states"]) <= 2
            if "nextToken" not in page:
                break
            query["nextToken"] = page["nextToken"]
        assert sorted(found, key=lambda state: state["name"]) == sorted(whole, key=lambda state: state["name"])


class TestMaps:
    def test_iterations_in_iterations(self, run: Run) -> None:
        items = [{"inner": [f"{i}.{j}" for j in range(i + 1)]} for i in range(5)]
        started = run("nested", {"items": items})
        outer = started.states()
        assert outer.keys() == {"Outer"}
        counts = {"total": 5, "succeeded": 5, "failed": 0, "running": 0, "aborted": 0, "failedIndexes": []}
        assert outer["Outer"]["iterations"] == counts
        path = "/States/Outer"
        inner = started.states(path=path, iteration=3)
        assert inner.keys() == {"Start", "Inner"}
        assert inner["Start"]["input"] == items[3]
        assert inner["Inner"]["path"] == f"{path}/ItemProcessor/States/Inner"
        assert inner["Inner"]["iterations"]["total"] == 4
        item = started.states(path=inner["Inner"]["path"], iteration="3.2")
        assert item["Item"]["input"] == "3.2"
        assert item["Item"]["path"] == f"{inner['Inner']['path']}/ItemProcessor/States/Item"
        assert started.states(path=item["Item"]["path"], iteration="4.0")["Item"]["output"] == "4.0"

    def test_iterations_that_fail(self, run: Run) -> None:
        started = run("someFail", {"items": [{"n": str(n)} for n in range(8)]})
        state = started.states()["Items"]
        assert (state["status"], state["error"], state["cause"]) == ("FAILED", "Odd", "3")
        assert state["iterations"]["failedIndexes"] == [3]
        assert state["iterations"]["total"] == 8
        inside = started.states(path="/States/Items", iteration=3)
        assert (inside["Bad"]["status"], inside["Bad"]["error"]) == ("FAILED", "Odd")
        assert inside["Odd"]["next"] == "Bad"

    def test_a_redrive_continues_them(self, user: Api) -> None:
        started = Started(user, "someFail", {"items": [{"n": str(n)} for n in range(8)]}).finished()
        assert user.post(f"{started.path}/redrive").status == 202
        started.finished()
        state = started.states()["Items"]
        assert (state["status"], state["visits"]) == ("FAILED", 1)
        counts = state["iterations"]
        assert counts["failedIndexes"] == [3]
        assert counts["succeeded"] + counts["failed"] + counts["aborted"] + counts["running"] <= 8
        assert counts["running"] == 0

    def test_executions_of_a_distributed_one(self, run: Run) -> None:
        started = run("distributed", {"items": [{"n": str(n)} for n in range(6)]})
        iterations = started.states()["Items"]["iterations"]
        assert {key: iterations[key] for key in ("total", "succeeded", "failed", "running")} == {
            "total": 6,
            "succeeded": 5,
            "failed": 1,
            "running": 0,
        }
        (child,) = iterations["failedExecutions"]
        inside = started.states(path="/States/Items", iteration=child)
        assert inside["Odd"]["input"] == {"n": "3"}
        assert (inside["Bad"]["status"], inside["Bad"]["error"]) == ("FAILED", "Odd")
        other = run("distributed", {"items": [{"n": "3"}, {"n": "1"}]})
        others_child = other.states()["Items"]["iterations"]["failedExecutions"][0]
        for name in ("unknown", others_child):
            started.user.get(f"{started.path}/states?path=/States/Items&iteration={name}").problem(404)

    def test_a_long_history_is_one_pass(self, user: Api, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(reading, "PAGE", 500)
        items = [{"n": str(n * 10)} for n in range(400)]
        started = Started(user, "someFail", {"items": items}).finished()
        assert started.states()["Items"]["iterations"]["succeeded"] == 400
        assert started.states(path="/States/Items", iteration=399)["Good"]["input"] == {"n": "3990"}


class TestRefusals:
    @pytest.mark.parametrize(
        ("query", "status"),
        [
            ("nextToken=forged", 400),
            ("iteration=1", 400),
            ("path=/States/Nowhere", 404),
            ("path=/States/First&iteration=1", 400),
            ("limit=0", 400),
        ],
    )
    def test_a_bad_query(self, run: Run, query: str, status: int) -> None:
        started = run("line")
        started.user.get(f"{started.path}/states?{query}").problem(status)

    def test_an_index_that_is_none(self, run: Run) -> None:
        started = run("someFail", {"items": []})
        path = f"{started.path}/states?path=/States/Items/ItemProcessor/States/Good"
        assert "Items" in started.user.get(path).problem(400)["detail"]
        started.user.get(f"{path}&iteration=x").problem(400)
        assert started.user.get(f"{path}&iteration=0").json()["states"] == []

    def test_the_token_of_another_question(self, user: Api) -> None:
        started = Started(user, "waits")
        token = started.page()["nextToken"]
        user.get(f"{started.path}/states?path=/States/Hold&nextToken={token}").problem(400)
        user.call("DELETE", started.path)

    def test_express_runs_have_no_history(self, user: Api) -> None:
        execution = user.post("/run/st-express", {}).json()["executionId"]
        assert "EXPRESS" in user.get(f"/run/st-express/{execution}/states").problem(409)["detail"]

    def test_another_users_run(self, run: Run, cloud_make_api: MakeApi) -> None:
        cloud_make_api().get(f"{run('line').path}/states").problem(404)

    def test_a_history_that_was_deleted(self, run: Run, cloud: LocalCloud, monkeypatch: pytest.MonkeyPatch) -> None:
        started = run("line")
        client = aws.stepfunctions_history()

        class Forgetful:
            def get_execution_history(self, **request: Any) -> Any:
                return client.get_execution_history(**request | {"executionArn": request["executionArn"] + "0"})

        monkeypatch.setattr(aws, "stepfunctions_history", Forgetful)
        assert "90 days" in started.user.get(f"{started.path}/states").problem(404)["detail"]


class TestDefinitions:
    def test_the_flow_has_changed_since(self, run: Run, use_flows: UseFlows) -> None:
        started = run("sideBySide")
        use_flows(flow("st-sideBySide", LINE))
        assert started.states()["Left"]["path"] == "/States/Both/Branches/0/States/Left"
        assert started.states(path="/States/Both/Branches/1/States/Right")["Right"]["output"] == "r"
        use_flows()
        assert started.states()["After"]["path"] == "/States/After"


class TestSizes:
    def test_large_data_makes_more_pages(self, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(answer, "MAX_BYTES", 25_000)
        started = run("sideBySide", {"text": "x" * 10_000})
        first = started.page()
        assert len(first["states"]) < 5
        assert "nextToken" in first

    def test_data_beyond_the_room_is_left_out_and_named(self, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(fold, "MAX_KEPT", 15_000)
        started = run("sideBySide", {"text": "x" * 10_000})
        left = started.states()["Left"]
        assert (left["input"], left["truncated"]) == (None, ["input"])
        assert len(json.dumps(started.states(path=left["path"])["Left"]["input"])) > 10_000


def test_what_is_new_is_read_from_the_end(user: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[tuple[bool, int]] = []
    client = aws.stepfunctions_history()

    class Counting:
        def get_execution_history(self, **request: Any) -> Any:
            found = client.get_execution_history(**request)
            read.append((request["reverseOrder"], len(found["events"])))
            return found

    started = Started(user, "waits")
    while len(started.page()["states"]) < 2:
        time.sleep(0.01)
    monkeypatch.setattr(aws, "stepfunctions_history", Counting)
    started.page()
    assert [newest_first for newest_first, _ in read] == [True]
    user.call("DELETE", started.path)
