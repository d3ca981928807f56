"""Starting, following, stopping, redriving and listing runs over HTTP, with a real Step Functions service behind."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote

import pytest

from chalicelib import aws
from chalicelib.runs import belief, executions, idempotency, records, starting
from chalicelib.settings import settings

from ..conftest import Api, LocalCloud, MakeApi, UseFlows, flow

PASS = {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}}
WAIT = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 600, "End": True}}}
FAIL = {"StartAt": "F", "States": {"F": {"Type": "Fail", "Error": "Boom", "Cause": "because"}}}
SCHEMA = {
    "type": "object",
    "required": ["name", "it's"],
    "properties": {
        "name": {"type": "string"},
        "price": {"type": "number", "multipleOf": 0.1},
        "it's": {},
        "items": {"type": "array", "items": {"type": "object", "required": ["sku"]}},
    },
    "additionalProperties": False,
}
FLOWS = (
    flow("passFlow", PASS),
    flow("waitFlow", WAIT),
    flow("failFlow", FAIL),
    flow("expressFlow", PASS, type="EXPRESS"),
    flow("slowExpress", WAIT, type="EXPRESS"),
    flow("brokenExpress", FAIL, type="EXPRESS"),
    flow("opsFlow", PASS, access_groups=("ops", "oncall")),
    flow("schemaFlow", PASS, input_schema=SCHEMA),
    flow("absentFlow", PASS),
)


@pytest.fixture(scope="module", autouse=True)
def machines(_cloud: LocalCloud) -> None:
    for one in FLOWS:
        if one.name != "absentFlow":
            _cloud.create(one.name, dict(one.definition), one.type)


@pytest.fixture(autouse=True)
def flows(cloud: LocalCloud, use_flows: UseFlows) -> None:
    use_flows(*FLOWS, broken={"brokenFlow": ("flows/brokenFlow.yml:3:1: no such state",)})


@pytest.fixture
def user(cloud_make_api: MakeApi) -> Api:
    return cloud_make_api()


def start(api: Api, name: str, body: Any = None, **headers: str) -> dict[str, Any]:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    reply = api.post(f"/run/{name}", body, headers=sent)
    assert reply.status == 202, reply.text
    started: dict[str, Any] = reply.json()
    return started


def finished(api: Api, name: str, execution: str) -> dict[str, Any]:
    run: dict[str, Any] = api.get(f"/run/{name}/{execution}?wait=10").json()
    assert run["status"] != "RUNNING"
    return run


class TestStart:
    def test_the_answer(self, user: Api) -> None:
        reply = user.post("/run/passFlow", {"a": 1})
        body = reply.json()
        assert reply.status == 202
        assert body.keys() == {"message", "executionArn", "executionId", "flow", "status", "runStatus"}
        assert (body["flow"], body["status"]) == ("passFlow", "SUCCESS")
        assert body["runStatus"] == "RUNNING"
        assert body["executionArn"] == settings.names.execution_arn("passFlow", body["executionId"])
        assert reply.headers["Location"] == f"/run/passFlow/{body['executionId']}"
        assert finished(user, "passFlow", body["executionId"])["output"] == {"a": 1, "__user_id": user.user}

    def test_the_caller_cannot_be_spoofed(self, user: Api) -> None:
        run = user.post("/run/passFlow?wait=10", {"__user_id": "admin", "a": 1}).json()
        assert run["output"] == {"a": 1, "__user_id": user.user}

    def test_an_empty_body_is_an_empty_object(self, user: Api) -> None:
        run = user.post("/run/passFlow?wait=10").json()
        assert run["output"] == {"__user_id": user.user}
        assert run.keys() == {
            *("executionArn", "executionId", "flow", "status", "output", "error", "cause", "startDate", "stopDate"),
            *("input", "startedBy", "userId", "parent", "labels", "redriveCount", "durationSeconds"),
            "approvals",
        }

    def test_an_unknown_flow_names_the_nearest(self, user: Api) -> None:
        assert "did you mean 'passFlow'?" in user.post("/run/pasFlow").problem(404)["detail"]

    def test_a_broken_flow_says_why(self, user: Api) -> None:
        assert "brokenFlow.yml:3:1" in user.post("/run/brokenFlow").problem(503)["detail"]

    def test_a_flow_that_is_not_deployed_leaves_no_record(self, user: Api) -> None:
        assert "not deployed" in user.post("/run/absentFlow").problem(503)["detail"]
        assert user.get("/runs").json()["count"] == 0

    def test_groups(self, user: Api, cloud_make_api: MakeApi) -> None:
        assert "ops, oncall" in user.post("/run/opsFlow").problem(403)["detail"]
        assert cloud_make_api(["other", "oncall"]).post("/run/opsFlow").status == 202
        assert cloud_make_api(["admin"]).post("/run/opsFlow").status == 202

    @pytest.mark.parametrize(
        "body", [b"{", b"[]", b"3", b'"x"', b"null", b"true", b'{"a": NaN}', b'{"a": 1e999}', b"\xff", b"[" * 100_000,
                 b'{"a": "\\ud800"}', b'{"a": Infinity}', b'{"a": ' + b"9" * 5000 + b"}"]
    )  # fmt: skip
    def test_what_is_no_json_object_is_refused(self, user: Api, body: bytes) -> None:
        user.post("/run/passFlow", body).problem(400)

    def test_limits_of_the_input(self, user: Api) -> None:
        def body(size: int) -> bytes:
            return b'{"a":"' + b"x" * (size - 8) + b'"}'

        with_user = len(f',"__user_id":"{user.user}"')
        assert user.post("/run/passFlow?wait=10", body(262_144 - with_user)).json()["status"] == "SUCCEEDED"
        assert "Step Functions accepts 262144" in user.post("/run/passFlow", body(262_144)).problem(413)["detail"]
        assert "262145 bytes" in user.post("/run/passFlow", body(262_145)).problem(413)["detail"]

    @pytest.mark.parametrize(("price", "status"), [(10**308 + 1, 422), (1.7e308, 422), (10**309, 400)])
    def test_a_schema_is_checked_for_the_largest_numbers(self, user: Api, price: float, status: int) -> None:
        user.post("/run/schemaFlow", {"name": "x", "it's": 1, "price": price}).problem(status)

    def test_each_field_that_does_not_fit_is_named(self, user: Api) -> None:
        wrong = {"name": 1, "items": [{"sku": 1}, {}], "more": 1, "__user_id": "me"}
        problem = user.post("/run/schemaFlow", wrong).problem(422)
        assert [error["field"] for error in problem["errors"]] == ["it's", "items[1].sku", "more", "name"]
        assert "items[1].sku: is required" in problem["detail"]
        assert user.post("/run/schemaFlow", {"name": "x", "it's": 1, "__user_id": "me"}).status == 202


class TestIdempotency:
    def test_the_same_key_is_the_same_run(self, user: Api) -> None:
        first = start(user, "passFlow", {"a": 1, "b": 2}, Idempotency_Key="k")
        again = start(user, "passFlow", {"b": 2, "a": 1}, Idempotency_Key="k")
        assert {**again, "runStatus": None} == {**first, "runStatus": None}
        assert user.get("/runs").json()["count"] == 1
        assert user.post("/run/passFlow?wait=5", {"a": 1, "b": 2}, headers={"Idempotency-Key": "k"}).status == 200

    def test_another_body_is_a_conflict(self, user: Api) -> None:
        start(user, "passFlow", {"a": 1}, Idempotency_Key="k")
        user.post("/run/passFlow", {"a": 2}, headers={"Idempotency-Key": "k"}).problem(409)

    def test_keys_belong_to_a_user_and_a_flow(self, user: Api, cloud_make_api: MakeApi) -> None:
        other = cloud_make_api()
        ids = {
            start(api, name, {}, Idempotency_Key="k")["executionId"]
            for api, name in ((user, "passFlow"), (user, "waitFlow"), (other, "passFlow"))
        }
        assert len(ids) == 3

    @pytest.mark.parametrize("key", ["", "x" * 256, "a\tb"])
    def test_a_key_that_is_none(self, user: Api, key: str) -> None:
        user.post("/run/passFlow", {}, headers={"Idempotency-Key": key}).problem(400)

    @pytest.mark.parametrize("name", ["passFlow", "expressFlow"])
    def test_requests_at_the_same_time_are_one_run(self, user: Api, name: str) -> None:
        with ThreadPoolExecutor(6) as pool:
            replies = list(pool.map(lambda _: start(user, name, {"a": 1}, Idempotency_Key="k"), range(12)))
        assert len({reply["executionId"] for reply in replies}) == 1
        assert user.get("/runs").json()["count"] == 1
        assert finished(user, name, replies[0]["executionId"])["status"] == "SUCCEEDED"

    def test_a_crash_before_the_execution_does_not_block_the_key(
        self, user: Api, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with monkeypatch.context() as crash:
            crash.setattr(starting, "_start_standard", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
            with pytest.raises(KeyboardInterrupt):
                user.post("/run/passFlow", {"a": 1}, headers={"Idempotency-Key": "k"})
        left_behind = user.get("/runs").json()["executions"]
        assert [run["status"] for run in left_behind] == ["RUNNING"]
        again = start(user, "passFlow", {"a": 1}, Idempotency_Key="k")
        assert again["executionId"] == left_behind[0]["executionId"]
        assert finished(user, "passFlow", again["executionId"])["status"] == "SUCCEEDED"

    def test_a_crash_before_the_record_does_not_block_the_key(self, user: Api, monkeypatch: pytest.MonkeyPatch) -> None:
        with monkeypatch.context() as crash:
            crash.setattr(records, "create", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
            with pytest.raises(KeyboardInterrupt):
                user.post("/run/passFlow", {"a": 1}, headers={"Idempotency-Key": "k"})
        again = start(user, "passFlow", {"a": 1}, Idempotency_Key="k")
        assert finished(user, "passFlow", again["executionId"])["status"] == "SUCCEEDED"

    def test_a_start_that_was_refused_gives_the_key_back(self, user: Api) -> None:
        user.post("/run/absentFlow", {"a": 1}, headers={"Idempotency-Key": "k"}).problem(503)
        user.post("/run/absentFlow", {"a": 2}, headers={"Idempotency-Key": "k"}).problem(503)

    def test_a_key_is_kept_for_a_day(self, user: Api, monkeypatch: pytest.MonkeyPatch) -> None:
        first = start(user, "passFlow", {"a": 1}, Idempotency_Key="k")
        now = time.time() + idempotency.KEEP_SECONDS + 60
        monkeypatch.setattr(idempotency.time, "time", lambda: now)
        user.token = None
        flow_of_run = FLOWS[0]
        later = starting.start(flow_of_run, user.user, {"a": 2}, "k")
        assert later.execution_id != first["executionId"]


class TestFollow:
    def test_by_id_and_by_arn(self, user: Api) -> None:
        started = start(user, "failFlow")
        by_id = finished(user, "failFlow", started["executionId"])
        by_arn = user.get(f"/run/failFlow/{quote(started['executionArn'], safe='')}").json()
        assert by_arn == by_id
        twice_encoded = quote(quote(started["executionArn"], safe=""), safe="")
        assert user.get(f"/run/failFlow/{twice_encoded}").json() == by_id
        assert (by_id["status"], by_id["error"], by_id["cause"], by_id["output"]) == ("FAILED", "Boom", "because", None)
        assert by_id["startDate"] <= by_id["stopDate"]

    def test_others_do_not_find_it_and_admins_do(self, user: Api, cloud_make_api: MakeApi) -> None:
        execution = start(user, "waitFlow")["executionId"]
        stranger, admin = cloud_make_api(["ops"]), cloud_make_api(["admin"])
        missing = stranger.get("/run/waitFlow/018f0000-0000-7000-8000-000000000000").problem(404)["detail"]
        for method, path in (("GET", ""), ("GET", "/history"), ("DELETE", ""), ("POST", "/redrive")):
            problem = stranger.call(method, f"/run/waitFlow/{execution}{path}").problem(404)
            assert problem["detail"].replace(execution, "") == missing.replace(
                "018f0000-0000-7000-8000-000000000000", ""
            )
        assert admin.get(f"/run/waitFlow/{execution}").json()["status"] == "RUNNING"
        assert admin.call("DELETE", f"/run/waitFlow/{execution}").json()["status"] == "ABORTED"
        assert user.get(f"/run/waitFlow/{execution}?wait=5").json()["status"] == "ABORTED"

    def test_an_admin_finds_what_a_schedule_started(self, cloud: LocalCloud, cloud_make_api: MakeApi) -> None:
        arn = settings.names.state_machine_arn("passFlow")
        cloud.cloud.service.handle("StartExecution", {"stateMachineArn": arn, "name": "by-schedule", "input": "{}"})
        admin = cloud_make_api(["admin"])
        assert admin.get("/run/passFlow/by-schedule?wait=5").json()["output"] == {}
        cloud_make_api().get("/run/passFlow/by-schedule").problem(404)

    @pytest.mark.parametrize(
        "reference", ["missing", "arn%3Aaws%3Astates", "%2E%2E", "a%2Fb", "%F0%9F%90%8D", "key%23x"]
    )
    def test_what_is_no_run(self, user: Api, cloud_make_api: MakeApi, reference: str) -> None:
        user.get(f"/run/passFlow/{reference}").problem(404)
        cloud_make_api(["admin"]).get(f"/run/passFlow/{reference}").problem(404)

    def test_a_run_of_another_flow_is_not_found(self, user: Api) -> None:
        started = start(user, "passFlow")
        user.get(f"/run/failFlow/{started['executionId']}").problem(404)
        user.get(f"/run/failFlow/{quote(started['executionArn'], safe='')}").problem(404)

    def test_an_unknown_flow_names_the_nearest(self, user: Api) -> None:
        assert "did you mean 'passFlow'?" in user.get("/run/passFlo/x").problem(404)["detail"]

    def test_waiting_ends_with_the_run(self, user: Api) -> None:
        execution = start(user, "waitFlow")["executionId"]
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(user.get, f"/run/waitFlow/{execution}?wait=20")
            time.sleep(0.3)
            began = time.monotonic()
            user.call("DELETE", f"/run/waitFlow/{execution}")
            assert waiting.result().json()["status"] == "ABORTED"
        assert time.monotonic() - began < 5

    def test_a_record_that_stays_running_is_checked(
        self, user: Api, cloud: LocalCloud, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        cloud.events.clear()
        execution = start(user, "passFlow", {"a": 1})["executionId"]
        assert user.get(f"/run/passFlow/{execution}").json()["status"] == "RUNNING"
        monkeypatch.setattr(belief, "FIRST_DOUBT", 0.0)
        assert finished(user, "passFlow", execution)["output"]["a"] == 1
        assert user.get("/runs").json()["executions"][0]["status"] == "SUCCEEDED"

    def test_doubts_are_rare(self, user: Api, cloud: LocalCloud, monkeypatch: pytest.MonkeyPatch) -> None:
        execution = start(user, "waitFlow")["executionId"]
        monkeypatch.setattr(belief, "FIRST_DOUBT", 0.0)
        asked: list[str] = []
        describe = executions.describe
        monkeypatch.setattr(executions, "describe", lambda arn, **more: asked.append(arn) or describe(arn, **more))
        for _ in range(2):
            user.get(f"/run/waitFlow/{execution}")
            monkeypatch.setattr(belief, "FIRST_DOUBT", 10.0)
            for _ in range(10):
                user.get(f"/run/waitFlow/{execution}")
        assert len(asked) == 1

    def test_a_run_that_never_began_is_failed(self, user: Api, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(starting, "_start_standard", lambda *_: None)
        first, second = (start(user, "passFlow")["executionId"] for _ in range(2))
        monkeypatch.setattr(belief, "FIRST_DOUBT", 0.0)
        assert user.get(f"/run/passFlow/{first}").json()["status"] == "RUNNING"
        monkeypatch.setattr(belief, "MAY_BEGIN", 0.0)
        run = user.get(f"/run/passFlow/{second}").json()
        assert (run["status"], run["error"]) == ("FAILED", "ExecutionDoesNotExist")


class TestHistory:
    def test_events_are_paged_and_hide_what_is_internal(self, user: Api) -> None:
        execution = start(user, "passFlow", {"a": 1})["executionId"]
        finished(user, "passFlow", execution)
        path = f"/run/passFlow/{execution}/history"
        whole = user.get(path)
        types = [event["type"] for event in whole.json()["events"]]
        assert types == ["ExecutionStarted", "PassStateEntered", "PassStateExited", "ExecutionSucceeded"]
        assert "secret-role" not in whole.text
        first = user.get(f"{path}?limit=3").json()
        rest = user.get(f"{path}?limit=3&nextToken={quote(first['nextToken'], safe='')}").json()
        assert [event["type"] for event in first["events"] + rest["events"]] == types
        assert "nextToken" not in rest
        assert user.get(f"{path}?reverseOrder=true").json()["events"][0]["type"] == "ExecutionSucceeded"

    @pytest.mark.parametrize(
        "query", ["limit=0", "limit=1001", "limit=x", "nextToken=wrong", "nextToken=", "reverseOrder=1"]
    )
    def test_wrong_queries(self, user: Api, query: str) -> None:
        execution = start(user, "passFlow")["executionId"]
        user.get(f"/run/passFlow/{execution}/history?{query}").problem(400)


class TestControl:
    def test_stopping(self, user: Api) -> None:
        execution = start(user, "waitFlow")["executionId"]
        for _ in range(2):
            run = user.call("DELETE", f"/run/waitFlow/{execution}").json()
            assert (run["status"], run["error"]) == ("ABORTED", "Stopped")

    def test_stopping_what_has_ended_is_a_conflict(self, user: Api) -> None:
        execution = start(user, "failFlow")["executionId"]
        finished(user, "failFlow", execution)
        user.call("DELETE", f"/run/failFlow/{execution}").problem(409)

    @pytest.mark.parametrize("events", [True, False])
    def test_redriving(self, user: Api, cloud: LocalCloud, events: bool) -> None:
        execution = start(user, "waitFlow")["executionId"]
        user.call("DELETE", f"/run/waitFlow/{execution}")
        if not events:
            cloud.events.clear()
        reply = user.post(f"/run/waitFlow/{execution}/redrive")
        assert reply.status == 202, reply.text
        assert reply.headers["Location"] == f"/run/waitFlow/{execution}"
        run = reply.json()
        assert (run["status"], run["stopDate"], run["error"]) == ("RUNNING", None, None)
        user.post(f"/run/waitFlow/{execution}/redrive").problem(409)
        assert user.call("DELETE", f"/run/waitFlow/{execution}").json()["status"] == "ABORTED"

    def test_a_success_cannot_be_redriven(self, user: Api) -> None:
        execution = start(user, "passFlow")["executionId"]
        finished(user, "passFlow", execution)
        user.post(f"/run/passFlow/{execution}/redrive").problem(409)


class TestExpress:
    def test_through_the_same_api(self, user: Api) -> None:
        run = user.post("/run/expressFlow?wait=5", {"a": 1}).json()
        assert (run["status"], run["output"]["a"]) == ("SUCCEEDED", 1)
        assert ":express:" in run["executionArn"]
        assert user.get(f"/run/expressFlow/{run['executionId']}").json() == run
        assert user.get(f"/run/expressFlow/{quote(run['executionArn'], safe='')}").json() == run
        started = start(user, "expressFlow")
        assert (started["status"], started["runStatus"]) == ("SUCCESS", "SUCCEEDED")
        assert user.get(f"/run/expressFlow/{started['executionId']}").json()["status"] == "SUCCEEDED"

    def test_a_failure(self, user: Api) -> None:
        run = user.post("/run/brokenExpress?wait=5").json()
        assert (run["status"], run["error"]) == ("FAILED", "Boom")

    def test_it_is_bounded_by_time(self, user: Api, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(aws, "SYNC_EXECUTION_TIMEOUT", 0.5)
        run = user.post("/run/slowExpress?wait=5").json()
        assert (run["status"], run["error"]) == ("TIMED_OUT", "States.Timeout")
        assert "Make it STANDARD" in run["cause"]

    def test_what_it_cannot_do_is_a_conflict(self, user: Api) -> None:
        started = start(user, "brokenExpress")
        assert (started["status"], started["runStatus"]) == ("SUCCESS", "FAILED")
        execution = started["executionId"]
        for method, path in (("GET", "/history"), ("DELETE", ""), ("POST", "/redrive")):
            user.call(method, f"/run/brokenExpress/{execution}{path}").problem(409)

    def test_of_two_requests_with_one_key_only_one_executes(self, user: Api, monkeypatch: pytest.MonkeyPatch) -> None:
        executed: list[str] = []
        run_express = starting._run_express
        monkeypatch.setattr(
            starting, "_run_express", lambda flow, run, text: executed.append(text) or run_express(flow, run, text)
        )
        get = records.get
        first = start(user, "expressFlow", {}, Idempotency_Key="k")
        early = [None]  # the record is not there yet when the second looks for it
        monkeypatch.setattr(records, "get", lambda *key: early.pop() if early else get(*key))
        assert start(user, "expressFlow", {}, Idempotency_Key="k") == first
        assert len(executed) == 1

    def test_a_run_that_a_crash_has_lost_is_given_up(self, user: Api, monkeypatch: pytest.MonkeyPatch) -> None:
        with monkeypatch.context() as crash:
            crash.setattr(starting, "_run_express", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
            with pytest.raises(KeyboardInterrupt):
                user.post("/run/expressFlow", {}, headers={"Idempotency-Key": "k"})
        again = start(user, "expressFlow", {}, Idempotency_Key="k")
        path = f"/run/expressFlow/{again['executionId']}"
        assert user.get(path).json()["status"] == "RUNNING"
        monkeypatch.setattr(belief, "FIRST_DOUBT", 0.0)
        monkeypatch.setattr(belief, "LONGEST_EXPRESS", 0.0)
        assert user.get(path).json()["status"] == "TIMED_OUT"


class TestList:
    def test_newest_first_page_by_page(self, user: Api) -> None:
        made = [start(user, "passFlow")["executionId"] for _ in range(7)]
        listed: list[str] = []
        token = ""
        for _ in range(4):
            page = user.get(f"/runs?limit=2{token}").json()
            listed += [run["executionId"] for run in page["executions"]]
            assert page["count"] == len(page["executions"])
            if "nextToken" not in page:
                break
            token = f"&nextToken={page['nextToken']}"
        assert listed == made[::-1]

    def test_fields(self, user: Api) -> None:
        started = start(user, "passFlow")
        finished(user, "passFlow", started["executionId"])
        (run,) = user.get("/runs").json()["executions"]
        assert run["flow"] == run["flowName"] == "passFlow"
        assert run["name"] == run["executionId"] == started["executionId"]
        assert run["executionArn"] == started["executionArn"]
        assert run.keys() == {
            *("executionArn", "executionId", "flow", "status", "startDate", "stopDate"),
            *("flowName", "name", "error"),
            *("startedBy", "userId", "parent", "labels", "redriveCount", "durationSeconds"),
        }

    def test_filters(self, user: Api) -> None:
        for name in ("passFlow", "failFlow", "passFlow", "failFlow", "waitFlow"):
            execution = start(user, name)["executionId"]
            if name != "waitFlow":
                finished(user, name, execution)

        def names(query: str) -> list[str]:
            return [run["flow"] for run in user.get(f"/runs?{query}").json()["executions"]]

        assert names("flow=failFlow") == ["failFlow", "failFlow"]
        assert names("status=SUCCEEDED") == ["passFlow", "passFlow"]
        assert names("status=RUNNING&flow=waitFlow") == ["waitFlow"]
        assert names("status=RUNNING&flow=passFlow") == []
        first = user.get("/runs?flow=failFlow&limit=1").json()
        second = user.get(f"/runs?flow=failFlow&limit=1&nextToken={first['nextToken']}").json()
        assert [run["flow"] for run in second["executions"]] == ["failFlow"]
        assert "nextToken" not in second
        user.get(f"/runs?flow=passFlow&limit=1&nextToken={first['nextToken']}").problem(400)

    def test_nobody_sees_anothers(self, user: Api, cloud_make_api: MakeApi) -> None:
        for _ in range(3):
            start(user, "passFlow")
        token = user.get("/runs?limit=1").json()["nextToken"]
        stranger = cloud_make_api()
        assert stranger.get("/runs").json() == {"executions": [], "count": 0}
        assert stranger.get(f"/runs?nextToken={token}").json()["count"] == 0

    def test_a_rare_filter_does_not_read_everything_at_once(self, user: Api, monkeypatch: pytest.MonkeyPatch) -> None:
        oldest = start(user, "waitFlow")["executionId"]
        for _ in range(6):
            finished(user, "passFlow", start(user, "passFlow")["executionId"])
        monkeypatch.setattr("chalicelib.runs.listing._FILTERED_PORTION", 2)
        monkeypatch.setattr("chalicelib.runs.listing.MAX_PORTIONS", 2)
        first = user.get("/runs?status=RUNNING").json()
        assert first["executions"] == []
        second = user.get(f"/runs?status=RUNNING&nextToken={first['nextToken']}").json()
        assert [run["executionId"] for run in second["executions"]] == [oldest]

    @pytest.mark.parametrize(
        "query", ["limit=0", "limit=201", "limit=ten", "status=DONE", "nextToken=x", "nextToken=", "nextToken=bnVsbA",
                  "nextToken=WyJ4IiwgInkiXQ", "nextToken=%F0%9F%90%8D"]
    )  # fmt: skip
    def test_wrong_queries(self, user: Api, query: str) -> None:
        user.get(f"/runs?{query}").problem(400)


def test_records_end_after_90_days(user: Api) -> None:
    execution = start(user, "passFlow")["executionId"]
    key = {"userId": {"S": user.user}, "itemId": {"S": f"run#{execution}"}}
    item = aws.dynamodb().get_item(TableName=settings.names.runs_table, Key=key)["Item"]
    assert abs(int(item["ttl"]["N"]) - time.time() - 90 * 86_400) < 60
    assert "__user_id" not in item["input"]["S"]
