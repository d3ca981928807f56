"""The definition of a run and the test of one of its states, against a real Step Functions service."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chalicelib import aws, settings

from ..conftest import Api, LocalCloud, MakeApi, UseFlows, flow

QUEUE = "http://127.0.0.1/123456789012/no-such-queue"
FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:serverless-dynamic-workflows-test-adder"


def definition(resource: str) -> dict[str, Any]:
    processor = {"StartAt": "One", "States": {"One": {"Type": "Pass", "End": True}}}
    return {
        "StartAt": "First",
        "States": {
            "First": {"Type": "Pass", "Result": {"items": [1]}, "Assign": {"total": 1}, "Next": "Each"},
            "Each": {"Type": "Map", "ItemsPath": "$.items", "ItemProcessor": processor, "Next": "Never"},
            "Never": {"Type": "Choice", "Choices": [{"Variable": "$[0]", "NumericEquals": 1, "Next": "Done"}],
                      "Default": "Call"},
            "Call": {"Type": "Task", "Resource": resource, "End": True},
            "Done": {"Type": "Succeed"},
        },
    }  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def _machines(_cloud: LocalCloud) -> None:
    _cloud.create("wb-flow", definition(FUNCTION))
    _cloud.create("wb-express", definition(FUNCTION), "EXPRESS")


@pytest.fixture(autouse=True)
def _flows(cloud: LocalCloud, use_flows: UseFlows, clean: pytest.MonkeyPatch) -> None:
    clean.setenv("WORKBENCH_GROUPS", "makers,ops")
    use_flows(flow("wb-flow", definition("${Adder}")), flow("wb-express", definition("${Adder}"), type="EXPRESS"))


@pytest.fixture
def user(cloud_make_api: MakeApi) -> Api:
    return cloud_make_api(["ops"])


@pytest.fixture
def run(user: Api) -> str:
    started = user.post("/run/wb-flow?wait=20", {}).json()
    assert started["status"] == "SUCCEEDED"
    return f"/run/wb-flow/{started['executionId']}"


def try_(user: Api, run: str, **body: Any) -> dict[str, Any]:
    reply = user.post(f"{run}/states/test", body)
    assert reply.status == 200, reply.text
    found: dict[str, Any] = reply.json()
    return found


class TestDefinition:
    def test_as_the_flow_has_it(self, user: Api, run: str) -> None:
        found = user.get(f"{run}/definition").json()
        assert found == {"definition": definition("${Adder}"), "changed": False, "testable": True}

    def test_as_the_run_had_it_once_the_flow_has_changed(self, user: Api, run: str, use_flows: UseFlows) -> None:
        for changed in (definition("${Adder}:live"), {**definition("${Adder}"), "Comment": "new"}):
            use_flows(flow("wb-flow", changed))
            found = user.get(f"{run}/definition").json()
            assert found["changed"] and found["definition"] == definition(FUNCTION)
            assert "/States/Each/ItemProcessor/States/One" in {node["path"] for node in found["graph"]["nodes"]}
        use_flows()
        assert user.get(f"{run}/definition").json()["changed"]

    def test_only_its_owner_sees_it(self, cloud_make_api: MakeApi, run: str) -> None:
        other = cloud_make_api(["ops"])
        other.get(f"{run}/definition").problem(404)
        other.post(f"{run}/states/test", {"path": "/States/First"}).problem(404)

    def test_express_runs_have_none(self, user: Api) -> None:
        started = user.post("/run/wb-express", {}).json()
        user.get(f"/run/wb-express/{started['executionId']}/definition").problem(409)


class TestStates:
    def test_the_state_itself(self, user: Api, run: str) -> None:
        found = try_(user, run, path="/States/First", input={"a": 1})
        assert (found["status"], found["output"], found["nextState"]) == ("SUCCEEDED", {"items": [1]}, "Each")
        assert found["inspection"]["input"] == {"a": 1}
        assert found["inspection"]["variables"] == {"total": 1}

    def test_another_definition_with_variables(self, user: Api, run: str) -> None:
        changed = {"Type": "Pass", "Parameters": {"n.$": "States.MathAdd($total, 1)"}, "Next": "Done"}
        found = try_(user, run, path="/States/First", definition=changed, variables={"total": 41})
        assert (found["output"], found["nextState"]) == ({"n": 42}, "Done")
        inner = {"Type": "Pass", "Result": "inside", "End": True}
        found = try_(user, run, path="/States/Each/ItemProcessor/States/One", definition=inner)
        assert found["output"] == "inside"
        kept = user.get(f"{run}/definition").json()
        assert (kept["changed"], kept["definition"]) == (False, definition("${Adder}"))  # nothing is saved

    def test_the_log_tells_another_definition_from_the_same(
        self, user: Api, run: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level("INFO", "chalicelib.api.workbench")
        first = definition("${Adder}")["States"]["First"]
        for body in ({}, {"definition": first}, {"definition": {**first, "Comment": "new"}}):
            try_(user, run, path="/States/First", **body)
        told = [record.getMessage() for record in caplog.records if " tests the state " in record.getMessage()]
        assert [line.endswith(" of the flow wb-flow with another definition.") for line in told] == [False, False, True]

    def test_a_state_has_the_query_language_of_its_definition(
        self, user: Api, cloud: LocalCloud, use_flows: UseFlows
    ) -> None:
        processor = {
            "StartAt": "One",
            "States": {"One": {"Type": "Pass", "Output": "{% $states.input %}", "End": True}},
        }
        states = {
            "Each": {"Type": "Map", "Items": [1], "ItemProcessor": processor, "Next": "Last"},
            "Last": {"Type": "Pass", "Output": {"n": "{% $count($states.input) %}"}, "End": True},
        }
        queried = {"QueryLanguage": "JSONata", "StartAt": "Each", "States": states}
        cloud.create("wb-jsonata", queried)
        use_flows(flow("wb-jsonata", queried))
        run = f"/run/wb-jsonata/{user.post('/run/wb-jsonata?wait=20', {}).json()['executionId']}"
        assert try_(user, run, path="/States/Last", input=[1, 2, 3])["output"] == {"n": 3}
        assert try_(user, run, path="/States/Each", mock={"result": [5]})["output"] == [5]

    def test_mocks(self, user: Api, run: str) -> None:
        call = {"path": "/States/Call", "input": {"n": 1}}
        assert try_(user, run, **call, mock={"result": {"sum": 3}})["output"] == {"sum": 3}
        caught = {"Type": "Task", "Resource": "${Adder}", "Catch": [{"ErrorEquals": ["Odd"], "Next": "Done"}]}
        failed = try_(user, run, **call, definition={**caught, "End": True}, mock={"error": "Odd", "cause": "why"})
        assert (failed["status"], failed["nextState"], failed["error"]) == ("CAUGHT_ERROR", "Done", "Odd")
        assert try_(user, run, path="/States/Each", input={"items": [1, 2]}, mock={"result": [3]})["output"] == [3]

    @pytest.mark.parametrize(
        ("body", "status", "detail"),
        [
            ({}, 400, "The key 'path' must be the JSON pointer"),
            ({"path": "/States/First", "inputs": {}}, 400, "unknown key 'inputs'"),
            ({"path": "/States/First", "definition": []}, 400, "'definition' must be an object"),
            ({"path": "/States/Call", "mock": {"cause": "x"}}, 400, "must have 'result', or 'error'"),
            ({"path": "/States/Call", "mock": {"error": "x", "cause": 5}}, 400, "must be strings"),
            ({"path": "/States/Gone"}, 404, "no state at '/States/Gone'"),
            ({"path": "/States"}, 404, "no state at '/States'"),
            ({"path": "/StartAt/0/States/x"}, 404, "no state at"),
            ({"path": "/States/First", "definition": {"Type": "Pass"}}, 422, "can't test this state: Invalid State"),
            ({"path": "/States/Each"}, 422, "can only be tested when a mock is specified"),
            ({"path": "/States/Call", "definition": {"Type": "Task", "Resource": "${New}", "End": True}}, 422,
             "doesn't have ${New}. It has: ${Adder}. Use an ARN"),
        ],
    )  # fmt: skip
    def test_what_can_t_be_tested(self, user: Api, run: str, body: dict[str, Any], status: int, detail: str) -> None:
        assert detail in user.post(f"{run}/states/test", body).problem(status)["detail"]

    def test_no_answer_in_time(self, user: Api, run: str, clean: pytest.MonkeyPatch) -> None:
        clean.setattr(aws, "TEST_TIMEOUT", 0.3)
        waits = {"Type": "Wait", "Seconds": 2, "Next": "Done"}
        for light in (True, False):
            if not light:
                clean.setattr(aws, "_light_client", lambda *_, **__: None)
            problem = user.post(f"{run}/states/test", {"path": "/States/First", "definition": waits}).problem(504)
            assert "took longer than" in problem["detail"]


class TestGroups:
    def test_others_may_not(self, cloud_make_api: MakeApi, clean: pytest.MonkeyPatch) -> None:
        user = cloud_make_api(["admins", "op"])
        started = user.post("/run/wb-flow?wait=20", {}).json()
        run = f"/run/wb-flow/{started['executionId']}"
        assert user.get(f"{run}/definition").json()["testable"] is False
        refused = user.post(f"{run}/states/test", {"path": "/States/First"}).problem(403)
        assert refused["detail"] == "States may only be tested by members of: makers, ops."
        clean.setenv("WORKBENCH_GROUPS", "")
        assert "switched off" in user.post(f"{run}/states/test", {"path": "/States/First"}).problem(403)["detail"]
        clean.delenv("WORKBENCH_GROUPS")
        clean.setenv("STAGE", "local")
        assert settings.settings.workbench_groups == ("*",)
        clean.setenv("AWS_LAMBDA_FUNCTION_NAME", "api")  # a deployed function without its stage's name
        assert settings.settings.workbench_groups == ()

    def test_who_may_not_run_the_flow_may_not_test_its_states(self, user: Api, run: str, use_flows: UseFlows) -> None:
        use_flows(flow("wb-flow", definition("${Adder}"), access_groups=("finance",)))
        user.post(f"{run}/states/test", {"path": "/States/First"}).problem(403)


def test_a_refusal_names_no_role(user: Api, run: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Refusal(Exception):
        def __init__(self, code: str, message: str) -> None:
            self.response = {"Error": {"Code": code, "Message": message}}

    class Client:
        def test_state(self, **request: Any) -> Any:
            assert json.loads(request["definition"])["Next"] == "Each"
            raise refusal

    refusal = Refusal("ValidationException", "Role arn:aws:iam::1:role/x is bad")
    monkeypatch.setattr(aws, "stepfunctions_testing", Client)
    detail = user.post(f"{run}/states/test", {"path": "/States/First"}).problem(422)["detail"]
    assert detail == "Step Functions can't test this state: Role (the role of the flow) is bad"
    refusal = Refusal("AccessDeniedException", "no")
    user.post(f"{run}/states/test", {"path": "/States/First"}).problem(403)
