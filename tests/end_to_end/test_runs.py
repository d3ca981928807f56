"""What a user does with runs: list, wait, read the history, stop, redrive, repeat safely."""

from __future__ import annotations

import json
import time
import uuid
from pathlib import Path

import pytest

from .client import Client, eventually, problem
from .conftest import Aws, MakeUser

NEVER = "00000000-0000-0000-0000-000000000000"


class TestStart:
    def test_the_answer_says_where_to_ask(self, user: Client) -> None:
        answer = user.post("/run/e2eEcho", {})
        started = answer.json()
        assert answer.status_code == 202
        assert set(started) == {"message", "executionArn", "executionId", "flow", "status", "runStatus"}
        assert (started["status"], started["runStatus"]) == ("SUCCESS", "RUNNING")
        assert answer.headers["Location"].endswith(f"/run/e2eEcho/{started['executionId']}")
        assert started["executionArn"].endswith(started["executionId"])

    def test_an_unknown_flow_has_a_nearest_name(self, user: Client) -> None:
        assert "helloWorldFlow" in problem(user.post("/run/heloWorldFlow", {}), 404)["detail"]

    def test_waiting_gives_the_finished_run(self, user: Client) -> None:
        answer = user.call("POST", "/run/helloWorldFlow?wait=10", json={})
        assert answer.status_code == 200
        run = answer.json()
        assert run["status"] == "SUCCEEDED"
        assert run == user.poll("helloWorldFlow", run["executionId"])

    def test_waiting_ends_with_the_time_given(self, user: Client) -> None:
        begun = time.monotonic()
        answer = user.call("POST", "/run/e2eWait?wait=1", json={})
        assert answer.status_code == 202
        assert 0.8 < time.monotonic() - begun < 20
        user.call("DELETE", f"/run/e2eWait/{answer.json()['executionId']}")

    @pytest.mark.parametrize("wait", ["26", "-1", "soon"])
    def test_a_wait_that_is_none(self, user: Client, wait: str) -> None:
        problem(user.call("POST", f"/run/helloWorldFlow?wait={wait}", json={}), 400)


class TestIdempotency:
    def test_the_same_key_is_the_same_run(self, user: Client) -> None:
        key = {"Idempotency-Key": uuid.uuid4().hex}
        first = user.start("e2eEcho", {"a": 1, "b": 2}, headers=key)
        again = user.post("/run/e2eEcho", {"b": 2, "a": 1}, headers=key)
        assert again.status_code in (200, 202)
        assert again.json()["executionId"] == first["executionId"]
        assert len([run for page in user.pages("/runs", "executions", flow="e2eEcho") for run in page]) == 1

    def test_the_same_key_with_another_body_is_a_conflict(self, user: Client) -> None:
        key = {"Idempotency-Key": uuid.uuid4().hex}
        user.start("e2eEcho", {"a": 1}, headers=key)
        problem(user.post("/run/e2eEcho", {"a": 2}, headers=key), 409)

    def test_a_key_is_its_users_own(self, user: Client, demo: Client) -> None:
        key = {"Idempotency-Key": uuid.uuid4().hex}
        mine = user.start("e2eEcho", {"a": 1}, headers=key)
        theirs = demo.start("e2eEcho", {"a": 2}, headers=key)
        assert mine["executionId"] != theirs["executionId"]


class TestPolling:
    def test_a_running_one(self, user: Client) -> None:
        started = user.start("e2eWait")
        run = user.get(f"/run/e2eWait/{started['executionId']}").json()
        assert run["status"] == "RUNNING"
        assert (run["output"], run["error"], run["cause"], run["stopDate"]) == (None, None, None, None)
        user.call("DELETE", f"/run/e2eWait/{started['executionId']}")

    def test_waiting_for_one(self, user: Client) -> None:
        started = user.start("helloWorldFlow")
        run = user.get(f"/run/helloWorldFlow/{started['executionId']}", wait=10).json()
        assert run["status"] == "SUCCEEDED"

    @pytest.mark.parametrize(
        "execution", [NEVER, "x", "arn%3Aaws%3Astates%3Aus-east-1%3A1%3Aexecution%3Aa%3Ab", "%2E%2E"]
    )
    def test_one_that_never_was(self, user: Client, execution: str) -> None:
        problem(user.get(f"/run/helloWorldFlow/{execution}"), 404)

    def test_one_of_another_flow(self, user: Client) -> None:
        started = user.start("helloWorldFlow")
        problem(user.get(f"/run/e2eEcho/{started['executionId']}"), 404)


class TestList:
    def test_newest_first_in_pages_with_their_end(self, user: Client) -> None:
        ids = [user.start("e2eEcho", {"n": n})["executionId"] for n in range(7)]
        other = user.run("helloWorldFlow")["executionId"]
        for execution in ids:
            user.poll("e2eEcho", execution)
        pages = list(user.pages("/runs", "executions", limit=3))
        assert [len(page) for page in pages] == [3, 3, 2]
        runs = [run for page in pages for run in page]
        assert [run["executionId"] for run in runs] == [other, *reversed(ids)]
        assert set(runs[0]) >= {"executionArn", "executionId", "flow", "status", "startDate", "stopDate"}
        assert all(run["flow"] == run["flowName"] for run in runs)
        assert all(run["executionId"] == run["name"] for run in runs)
        assert eventually(
            lambda: all(run["status"] == "SUCCEEDED" for page in user.pages("/runs", "executions") for run in page)
        )

    def test_by_flow_and_by_status(self, user: Client) -> None:
        echo, waiting = user.run("e2eEcho")["executionId"], user.start("e2eWait")["executionId"]
        crashed = user.run("e2eCrash")["executionId"]

        def found(**parameters: str) -> list[str]:
            return [run["executionId"] for page in user.pages("/runs", "executions", **parameters) for run in page]

        assert found(flow="e2eEcho") == [echo]
        assert found(status="RUNNING") == [waiting]
        assert eventually(lambda: found(status="FAILED") == [crashed])
        assert found(flow="e2eEcho", status="FAILED") == []
        user.call("DELETE", f"/run/e2eWait/{waiting}")

    def test_a_filter_does_not_end_the_list_early(self, user: Client) -> None:
        wanted = [user.start("e2eEcho")["executionId"] for _ in range(2)]
        for _ in range(5):
            user.start("helloWorldFlow")
        found = [
            run["executionId"] for page in user.pages("/runs", "executions", flow="e2eEcho", limit=1) for run in page
        ]
        assert found == list(reversed(wanted))

    @pytest.mark.parametrize("query", ["limit=0", "limit=many", "status=DONE", "nextToken=forged"])
    def test_a_bad_query(self, user: Client, query: str) -> None:
        problem(user.get(f"/runs?{query}"), 400)


class TestSearch:
    def test_what_is_recorded_is_found(self, user: Client) -> None:
        order = uuid.uuid4().hex
        good = user.run("e2eLabels", {"order": order})
        bad = user.run("e2eLabels", {"order": f"{order}bad"})
        assert (good["input"], good["labels"]) == ({"order": order}, {"order": order})
        assert (good["startedBy"], good["parent"], good["redriveCount"]) == ("user", None, 0)
        assert good["durationSeconds"] >= 0

        def found(**parameters: str) -> list[str]:
            return [run["executionId"] for page in user.pages("/runs", "executions", **parameters) for run in page]

        assert found(label=f"order:{order}", status="SUCCEEDED", flow="e2eLabels") == [good["executionId"]]
        assert found(error="the order IS") == [bad["executionId"]]
        assert found(**{"from": bad["startDate"], "startedBy": "user"})[:1] == [bad["executionId"]]

    def test_admins_see_runs_of_flows_schedules_and_operators(
        self, user: Client, make_user: MakeUser, aws: Aws
    ) -> None:
        order, admin = uuid.uuid4().hex, make_user("admin")
        parent = user.run("e2eParent", {"order": order})
        machine = parent["executionArn"].replace(":execution:", ":stateMachine:").rpartition(":")[0]
        for name in (f"schedule-{order}", f"operator-{order}"):
            aws("stepfunctions").start_execution(
                stateMachineArn=machine.replace("e2eParent", "e2eLabels"), name=name, input=json.dumps({"order": order})
            )
        (child,) = eventually(lambda: admin.get("/runs", parent=parent["executionId"]).json()["executions"])
        assert (child["startedBy"], child["userId"], child["labels"]) == ("run", None, {"order": f"{order}-child"})
        assert child["parent"]["executionId"] == parent["executionId"]
        query = {"user": "all", "label": f"order:{order}", "flow": "e2eLabels", "status": "SUCCEEDED"}
        found = eventually(lambda: len(runs := admin.get("/runs", **query).json()["executions"]) == 2 and runs)
        assert {run["executionId"]: run["startedBy"] for run in found} == {
            f"schedule-{order}": "schedule",
            f"operator-{order}": "other",
        }
        problem(user.get("/runs", user="all"), 403)
        problem(user.get(f"/run/e2eLabels/operator-{order}"), 404)

    @pytest.mark.parametrize("query", ["from=soon", "label=x", "startedBy=me", "to=2020-01-01"])
    def test_a_bad_filter(self, user: Client, query: str) -> None:
        problem(user.get(f"/runs?{query}"), 400)


class TestAgain:
    def test_with_the_former_and_with_another_input(self, user: Client) -> None:
        former = user.run("e2eLabels", {"order": "bad"})
        path = f"/run/e2eLabels/{former['executionId']}/rerun"
        same = user.post(path).json()["executionId"]
        edited = user.post(path, {"input": {"order": "fine"}}).json()["executionId"]
        assert user.poll("e2eLabels", same)["error"] == "BadOrder"
        run = user.poll("e2eLabels", edited)
        assert (run["status"], run["startedBy"]) == ("SUCCEEDED", "run")
        assert run["parent"]["executionId"] == former["executionId"]

    def test_many_at_once_and_each_once(self, user: Client) -> None:
        failed = [user.run("e2eLabels", {"order": f"{n}bad"})["executionId"] for n in range(3)]
        body = {"flow": "e2eLabels", "status": "FAILED"}
        plan = user.post("/runs/rerun", {**body, "dryRun": True}).json()
        assert {run["result"] for run in plan["runs"]} == {"wouldStart"}
        key = {"Idempotency-Key": uuid.uuid4().hex}
        first, second = (user.post("/runs/rerun", body, headers=key).json() for _ in range(2))
        assert first == second
        assert sorted(run["executionId"] for run in first["runs"]) == failed
        redriven = user.post("/runs/redrive", body, headers={"Idempotency-Key": uuid.uuid4().hex}).json()
        assert redriven["count"] >= 3
        problem(user.post("/runs/redrive", body), 400)


class TestHistory:
    def test_the_events_of_a_run_in_pages(self, user: Client) -> None:
        run = user.run("dummy2StepFlow")
        path = f"/run/dummy2StepFlow/{run['executionId']}/history"
        whole = [event for page in user.pages(path, "events") for event in page]
        assert [event["id"] for event in whole] == list(range(1, len(whole) + 1))
        assert whole[0]["type"] == "ExecutionStarted"
        assert whole[-1]["type"] == "ExecutionSucceeded"
        assert sum(event["type"] == "TaskStateEntered" for event in whole) == 2
        paged = [event for page in user.pages(path, "events", limit=2) for event in page]
        assert paged == whole


class TestStop:
    def test_a_running_one(self, user: Client) -> None:
        execution = user.start("e2eWait")["executionId"]
        assert user.call("DELETE", f"/run/e2eWait/{execution}").ok
        run = user.poll("e2eWait", execution)
        assert run["status"] == "ABORTED"
        assert run["stopDate"] is not None

    def test_one_that_never_was(self, user: Client) -> None:
        problem(user.call("DELETE", f"/run/e2eWait/{NEVER}"), 404)


class TestRedrive:
    def test_a_failed_one_goes_on_where_it_failed(self, user: Client, tmp_path: Path) -> None:
        run = user.run("e2eFlaky", {"file": str(tmp_path / "there")})
        assert run["status"] == "FAILED"
        assert run["error"] == "NotYet"
        assert f"{tmp_path / 'there'} is missing" in run["cause"]
        (tmp_path / "there").touch()
        path = f"/run/e2eFlaky/{run['executionId']}"
        assert user.post(f"{path}/redrive").ok
        again = user.poll("e2eFlaky", run["executionId"])
        assert (again["status"], again["output"], again["error"]) == ("SUCCEEDED", {"found": True}, None)
        events = [event for page in user.pages(f"{path}/history", "events") for event in page]
        assert sum(event["type"] == "ExecutionRedriven" for event in events) == 1
        entered = [event["stateEnteredEventDetails"]["name"] for event in events if "stateEnteredEventDetails" in event]
        assert entered.count("First") == 1

    def test_one_that_did_not_fail(self, user: Client) -> None:
        run = user.run("e2eEcho")
        problem(user.post(f"/run/e2eEcho/{run['executionId']}/redrive"), 409)
