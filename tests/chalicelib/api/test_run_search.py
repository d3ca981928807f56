"""Records, filters, reruns and bulk requests over HTTP, with a real Step Functions service behind."""

from __future__ import annotations

import json
import time
import types
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest

from chalicelib import aws, aws_json
from chalicelib.errors import Unavailable
from chalicelib.runs import again, indexes, records
from chalicelib.settings import settings

from ..conftest import Api, LocalCloud, MakeApi, UseFlows, flow
from ..faulty_aws import Fault, FaultyAws

PASS = {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}}
WAIT = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 600, "End": True}}}
FAIL = {"StartAt": "F", "States": {"F": {"Type": "Fail", "Error": "Boom", "Cause": "No route to the Moon"}}}
LABELS = {"order": "$.order.id", "urgent": "$.urgent"}


def nesting(starter: str) -> dict[str, Any]:
    """A flow that starts labelFlow and names `starter` as its execution."""
    state = {
        "Type": "Task",
        "Resource": "arn:aws:states:::states:startExecution.sync:2",
        "QueryLanguage": "JSONata",
        "Arguments": {
            "StateMachineArn": "{% $states.input.machine %}",
            "Input": {
                "order": {"id": "nested"},
                "__user_id": "{% $states.input.__user_id %}",
                "AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID": starter,
            },
        },
        "End": True,
    }
    return {"StartAt": "N", "States": {"N": state}}


def plain(nested: str) -> dict[str, Any]:
    """A flow that starts another one with its own input, and says nothing of itself."""
    state = {
        "Type": "Task",
        "Resource": "arn:aws:states:::states:startExecution.sync:2",
        "Parameters": {"StateMachineArn": settings.names.state_machine_arn(nested), "Input.$": "$"},
        "End": True,
    }
    return {"StartAt": "N", "States": {"N": state}}


FLOWS = (
    flow("labelFlow", PASS, labels=LABELS),
    flow("sleepFlow", WAIT, labels=LABELS),
    flow("boomFlow", FAIL, labels=LABELS),
    flow("quickExpress", PASS, type="EXPRESS"),
    flow("secretFlow", PASS, access_groups=("ops",)),
    flow("strictFlow", PASS, input_schema={"type": "object", "required": ["n"]}),
    flow("nestFlow", nesting("{% $states.context.Execution.Id %}"), references=("labelFlow",)),
    flow("outerFlow", plain("nestFlow"), references=("nestFlow",)),
    flow("plainFlow", plain("labelFlow"), references=("labelFlow",)),
    flow("liarFlow", nesting("{% $states.input.claim %}"), references=("labelFlow",)),
)


@pytest.fixture(scope="module", autouse=True)
def machines(_cloud: LocalCloud) -> None:
    for one in FLOWS:
        _cloud.create(one.name, dict(one.definition), one.type)


@pytest.fixture(autouse=True)
def flows(cloud: LocalCloud, use_flows: UseFlows) -> None:
    use_flows(*FLOWS)


@pytest.fixture
def user(cloud_make_api: MakeApi) -> Api:
    return cloud_make_api()


@pytest.fixture
def admin(cloud_make_api: MakeApi) -> Api:
    return cloud_make_api(["admin"])


def start(api: Api, name: str, body: Any = None) -> str:
    reply = api.post(f"/run/{name}", body)
    assert reply.status == 202, reply.text
    return str(reply.json()["executionId"])


def ran(api: Api, name: str, body: Any = None) -> str:
    """The id of a run that has ended."""
    execution = start(api, name, body)
    assert read(api, name, execution, "?wait=10")["status"] != "RUNNING"
    return execution


def read(api: Api, name: str, execution: str, query: str = "") -> dict[str, Any]:
    reply = api.get(f"/run/{name}/{execution}{query}")
    assert reply.status == 200, reply.text
    run: dict[str, Any] = reply.json()
    return run


def ids(api: Api, query: str) -> list[str]:
    """The ids of all pages."""
    found: list[str] = []
    token = ""
    while True:
        reply = api.get(f"/runs?{query}{token}")
        assert reply.status == 200, reply.text
        page = reply.json()
        found += [run["executionId"] for run in page["executions"]]
        if "nextToken" not in page:
            return found
        token = f"&nextToken={page['nextToken']}"


def calls_without_boto3(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """The service and the operation of each call of the light client from now on, usage apart."""
    calls: list[tuple[str, str]] = []
    call = aws_json.Client._call

    def counted(self: aws_json.Client, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
        if parameters.get("TableName") != settings.names.usage_table:
            calls.append((self._api.service, operation))
        return call(self, operation, parameters)

    monkeypatch.setattr(aws_json.Client, "_call", counted)
    return calls


def eventually(check: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + 20
    while not (found := check()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return found


class TestRecord:
    def test_what_a_start_records(self, user: Api) -> None:
        run = read(user, "labelFlow", ran(user, "labelFlow", {"order": {"id": 7}, "urgent": True, "__user_id": "eve"}))
        assert run["input"] == {"order": {"id": 7}, "urgent": True}
        assert run["labels"] == {"order": "7", "urgent": "true"}
        assert (run["startedBy"], run["userId"], run["parent"], run["redriveCount"]) == ("user", user.user, None, 0)
        assert run["durationSeconds"] >= 0

    @pytest.mark.parametrize("size", [100, 3_000, 250_000])
    def test_no_input_and_no_output_is_lost(self, user: Api, size: int) -> None:
        document = {"text": "".join(uuid.uuid4().hex for _ in range(size // 32))}
        run = read(user, "labelFlow", ran(user, "labelFlow", document))
        assert run["input"] == document
        assert run["output"] == {**document, "__user_id": user.user}

    def test_a_start_writes_twice_at_most(self, user: Api, monkeypatch: pytest.MonkeyPatch, cloud: LocalCloud) -> None:
        cloud.events.clear()
        calls = calls_without_boto3(monkeypatch)
        start(user, "sleepFlow", {"order": {"id": 1}, "urgent": False, "text": "x" * 10_000})
        reads = ("GetItem", "Query", "BatchGetItem")
        writes = [name for service, name in calls if service == "dynamodb" and name not in reads]
        assert writes == ["BatchWriteItem", "PutItem"]  # one more than the record itself

    def test_no_call_of_step_functions_while_polling_and_listing(
        self, user: Api, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        execution = start(user, "sleepFlow", {"order": {"id": 1}})
        calls: list[str] = []
        aws.stepfunctions().meta.events.register(
            "before-call.stepfunctions", lambda model, **_: calls.append(model.name)
        )
        light = calls_without_boto3(monkeypatch)
        read(user, "sleepFlow", execution)
        for query in ("", "flow=sleepFlow", "label=order:1", "status=RUNNING", "error=x", f"parent={execution}"):
            ids(user, query)
        assert calls == []
        assert {service for service, _ in light} == {"dynamodb"}


class TestFilters:
    def test_all_together(self, user: Api) -> None:
        wanted = ran(user, "boomFlow", {"order": {"id": "a:1"}, "urgent": 1})
        for name, order in (("boomFlow", "b"), ("labelFlow", "a:1"), ("labelFlow", "b")):
            ran(user, name, {"order": {"id": order}, "urgent": 1})
        assert ids(
            user, "label=order:a:1&label=urgent:1&flow=boomFlow&status=FAILED&startedBy=user&error=no%20ROUTE"
        ) == [wanted]
        assert len(ids(user, "label=urgent:1")) == 4
        assert len(ids(user, "label=order:a:1&limit=1")) == 2
        assert ids(user, "label=order:a") == []
        assert ids(user, "label=order:a:1&startedBy=schedule") == []

    def test_the_first_words_of_error_and_cause(self, user: Api) -> None:
        execution = ran(user, "boomFlow")
        ran(user, "labelFlow")
        assert ids(user, "error=boom") == ids(user, "error=No%20route") == ids(user, "status=FAILED") == [execution]
        assert ids(user, "error=oom") == ids(user, "error=route") == []

    def test_a_failure_that_was_redriven_is_one_no_more(self, user: Api) -> None:
        execution = start(user, "sleepFlow")
        user.call("DELETE", f"/run/sleepFlow/{execution}")
        assert ids(user, "status=ABORTED") == [execution]
        user.post(f"/run/sleepFlow/{execution}/redrive")
        assert ids(user, "status=ABORTED") == []
        assert read(user, "sleepFlow", execution)["redriveCount"] == 1

    def test_from_and_to(self, user: Api) -> None:
        first = ran(user, "labelFlow")
        time.sleep(0.01)
        second = ran(user, "boomFlow")
        begun = [
            quote(read(user, name, one)["startDate"]) for name, one in (("labelFlow", first), ("boomFlow", second))
        ]
        assert ids(user, f"from={begun[1]}") == [second]
        assert ids(user, f"to={begun[0]}") == [first]
        assert ids(user, f"from={begun[0]}&to={begun[1]}") == [second, first]
        assert ids(user, f"from={begun[0]}&to={begun[0]}&flow=labelFlow") == [first]

    @pytest.mark.parametrize(
        ("query", "says"),
        [
            ("startedBy=me", "'startedBy' is 'me'; it must be one of user, schedule, run, other."),
            ("from=yesterday", "'from' is 'yesterday'; it must be a date"),
            ("to=2020-01-01", "'to' is more than 90 days ago"),
            ("label=order", "'label' is 'order'; it must be NAME:VALUE."),
            ("&".join(["label=a:b"] * 6), "'label' is given 6 times"),
        ],
    )
    def test_a_wrong_filter(self, user: Api, query: str, says: str) -> None:
        assert says in user.get(f"/runs?{query}").problem(400)["detail"]

    def test_from_after_to(self, user: Api) -> None:
        now = datetime.now(UTC)
        query = f"from={quote(now.isoformat())}&to={quote((now - timedelta(1)).isoformat())}"
        assert "'from' must not be after 'to'" in user.get(f"/runs?{query}").problem(400)["detail"]


class TestAdmins:
    def test_only_they_see_others(self, user: Api, admin: Api) -> None:
        execution = ran(user, "labelFlow")
        stranger_query = f"user={admin.user}"
        assert "only for members of the group admin" in user.get("/runs?user=all").problem(403)["detail"]
        user.get(f"/runs?{stranger_query}").problem(403)
        user.post("/runs/redrive", {"user": "all", "dryRun": True}).problem(403)
        assert ids(admin, "") == []
        assert ids(admin, f"user={user.user}") == ids(user, f"user={user.user}") == [execution]
        assert read(admin, "labelFlow", execution)["userId"] == user.user

    def test_all_users_newest_first(self, user: Api, admin: Api, cloud_make_api: MakeApi) -> None:
        tag, other = uuid.uuid4().hex, cloud_make_api()
        made = [ran(api, "labelFlow", {"order": {"id": tag}}) for api in (user, other, admin) * 4]
        assert ids(admin, f"user=all&label=order:{tag}&limit=5") == made[::-1]
        assert ids(admin, "user=all&limit=200")[: len(made)] == made[::-1]
        assert ids(admin, f"user=all&label=order:{tag}&flow=boomFlow") == []

    def test_another_users_run_does_not_exist(self, user: Api, cloud_make_api: MakeApi) -> None:
        execution = ran(user, "labelFlow")
        stranger = cloud_make_api()
        stranger.post(f"/run/labelFlow/{execution}/rerun").problem(404)
        stranger.get(f"/runs?parent={execution}").problem(404)


def start_by_schedule(flow: str, tag: str) -> str:
    """Starts a flow as EventBridge Scheduler does, and returns the execution's ARN."""
    machine = settings.names.state_machine_arn(flow)
    document = json.dumps({"order": {"id": tag}})
    started = aws.stepfunctions().start_execution(stateMachineArn=machine, name=f"schedule-{tag}", input=document)
    return started["executionArn"]


class TestOutside:
    def test_an_operators_run_and_one_of_a_schedule(self, user: Api, admin: Api) -> None:
        tag = uuid.uuid4().hex
        for name in (f"by-hand-{tag}", f"schedule-{tag}"):
            aws.stepfunctions().start_execution(
                stateMachineArn=settings.names.state_machine_arn("labelFlow"),
                name=name,
                input=json.dumps({"order": {"id": tag}, "__user_id": user.user}),
            )
        query = f"user=all&label=order:{tag}&status=SUCCEEDED"
        assert eventually(lambda: (found := ids(admin, query)) and len(found) == 2 and found)
        assert ids(user, "") == []  # whatever an input says, nobody's run becomes a user's
        run = read(admin, "labelFlow", f"schedule-{tag}")
        assert (run["startedBy"], run["userId"], run["input"]) == ("schedule", None, {"order": {"id": tag}})
        assert read(admin, "labelFlow", f"by-hand-{tag}")["startedBy"] == "other"
        user.get(f"/run/labelFlow/schedule-{tag}").problem(404)

    def test_a_flow_that_another_started_names_it(self, user: Api, admin: Api) -> None:
        machine = settings.names.state_machine_arn("labelFlow")
        parent = ran(user, "nestFlow", {"machine": machine})
        (child,) = eventually(lambda: ids(admin, f"parent={parent}"))
        run = eventually(lambda: (found := read(admin, "labelFlow", child))["status"] == "SUCCEEDED" and found)
        assert (run["startedBy"], run["userId"]) == ("run", None)
        assert (run["parent"]["flow"], run["parent"]["executionId"]) == ("nestFlow", parent)
        assert ids(user, f"parent={parent}") == []

    def test_a_flow_that_another_started_is_known_by_its_trace(self, user: Api, admin: Api) -> None:
        parent = ran(user, "plainFlow", {"order": {"id": uuid.uuid4().hex}})
        (child,) = eventually(lambda: ids(admin, f"parent={parent}"))
        run = eventually(lambda: (found := read(admin, "labelFlow", child))["status"] == "SUCCEEDED" and found)
        assert (run["startedBy"], run["userId"], run["parent"]["executionId"]) == ("run", None, parent)

    def test_so_is_the_flow_that_this_one_starts(self, user: Api, admin: Api) -> None:
        parent = ran(user, "outerFlow", {"machine": settings.names.state_machine_arn("labelFlow")})
        (child,) = eventually(lambda: ids(admin, f"parent={parent}"))
        nested = read(admin, "nestFlow", child)["executionArn"]
        (grandchild,) = eventually(lambda: ids(admin, f"parent={quote(nested)}"))
        assert read(admin, "labelFlow", grandchild)["parent"]["flow"] == "nestFlow"

    def test_a_run_of_a_schedule_is_found_as_parent_by_its_history(self, admin: Api) -> None:
        tag = uuid.uuid4().hex
        parent = start_by_schedule("plainFlow", tag)
        eventually(lambda: admin.get(f"/run/plainFlow/schedule-{tag}").status == 200)
        (child,) = eventually(lambda: ids(admin, f"parent={quote(parent)}"))
        run = read(admin, "labelFlow", child)
        assert (run["startedBy"], run["userId"], run["parent"]["executionId"]) == ("run", None, f"schedule-{tag}")

    def test_a_run_has_a_record_although_step_functions_has_been_asked_too_often(
        self, admin: Api, cloud: LocalCloud, clean: pytest.MonkeyPatch
    ) -> None:
        tag = uuid.uuid4().hex
        proxy = FaultyAws(cloud.environment["AWS_ENDPOINT_URL"])
        proxy.faults.append(Fault("ListExecutions", "throttle"))
        clean.setenv("AWS_ENDPOINT_URL", proxy.url)
        clean.setattr("botocore.endpoint.time", types.SimpleNamespace(sleep=lambda seconds: None))  # between attempts
        start_by_schedule("plainFlow", tag)
        (child,) = eventually(lambda: ids(admin, f"user=all&label=order:{tag}&flow=labelFlow"))
        assert read(admin, "labelFlow", child)["startedBy"] == "other"
        proxy.close()

    def test_a_claim_that_is_not_true_is_not_recorded(self, user: Api, admin: Api) -> None:
        victim = read(user, "labelFlow", ran(user, "labelFlow"))["executionArn"]
        machine = settings.names.state_machine_arn("labelFlow")
        began = quote(datetime.now(UTC).isoformat())
        claims = (victim, victim.replace("labelFlow", "nestFlow"), "arn:aws:x", "", 7)
        liars = {ran(user, "liarFlow", {"machine": machine, "claim": claim}) for claim in claims}
        found = eventually(lambda: len(one := ids(admin, f"user=all&label=order:nested&from={began}")) == 5 and one)
        runs = [read(admin, "labelFlow", one) for one in found]
        assert {run["startedBy"] for run in runs} == {"run"}
        assert {run["parent"]["executionId"] for run in runs} == liars
        assert ids(user, f"parent={quote(victim)}") == []


class TestRerun:
    def test_with_the_former_and_with_an_edited_input(self, user: Api) -> None:
        document = {"order": {"id": "x"}, "text": "y" * 5_000}
        former = ran(user, "labelFlow", document)
        reply = user.post(f"/run/labelFlow/{former}/rerun")
        assert reply.status == 202
        new = reply.json()["executionId"]
        assert reply.headers["Location"] == f"/run/labelFlow/{new}"
        run = read(user, "labelFlow", new, "?wait=10")
        assert (run["input"], run["startedBy"], run["parent"]["executionId"]) == (document, "run", former)
        edited = user.post(f"/run/labelFlow/{former}/rerun", {"input": {"order": {"id": "z"}}}).json()["executionId"]
        assert read(user, "labelFlow", edited)["labels"] == {"order": "z"}
        assert ids(user, f"parent={former}") == [edited, new]

    def test_repeated_with_a_key_it_starts_once(self, user: Api) -> None:
        former = ran(user, "labelFlow")
        key = {"Idempotency-Key": uuid.uuid4().hex}
        replies = [user.post(f"/run/labelFlow/{former}/rerun", headers=key).json() for _ in range(3)]
        assert len({reply["executionId"] for reply in replies}) == 1
        user.post(f"/run/labelFlow/{former}/rerun", {"input": {"a": 1}}, headers=key).problem(409)

    def test_express_runs_as_well(self, user: Api) -> None:
        former = start(user, "quickExpress", {"a": 1})
        new = user.post(f"/run/quickExpress/{former}/rerun").json()
        assert new["runStatus"] == "SUCCEEDED"
        assert read(user, "quickExpress", new["executionId"])["input"] == {"a": 1}

    def test_what_it_refuses(self, user: Api, admin: Api, cloud_make_api: MakeApi) -> None:
        former = ran(user, "strictFlow", {"n": 1})
        user.post(f"/run/strictFlow/{former}/rerun", {"input": {}}).problem(422)
        user.post(f"/run/strictFlow/{former}/rerun", {"input": []}).problem(400)
        user.post(f"/run/strictFlow/{former}/rerun", {"inputs": {}}).problem(400)
        ops = cloud_make_api(["ops"])
        secret = ran(ops, "secretFlow")
        ops.token, ops_token = user.token, ops.token
        ops.post(f"/run/secretFlow/{secret}/rerun").problem(404)
        ops.token = ops_token
        assert admin.post(f"/run/secretFlow/{secret}/rerun").status == 202

    def test_a_record_without_input_asks_step_functions(self, user: Api) -> None:
        former = ran(user, "labelFlow", {"a": 1})
        aws.dynamodb().update_item(
            TableName=settings.names.runs_table,
            Key={"userId": {"S": user.user}, "itemId": {"S": f"run#{former}"}},
            UpdateExpression="REMOVE #input",
            ExpressionAttributeNames={"#input": "input"},
        )
        assert read(user, "labelFlow", former)["input"] is None
        new = user.post(f"/run/labelFlow/{former}/rerun").json()["executionId"]
        assert read(user, "labelFlow", new)["input"] == {"a": 1}


class TestBulk:
    def test_a_dry_run_changes_nothing(self, user: Api) -> None:
        execution = ran(user, "boomFlow")
        answer = user.post("/runs/rerun", {"flow": "boomFlow", "dryRun": True}).json()
        shown = {"flow": "boomFlow", "executionId": execution, "result": "wouldStart"}
        assert answer == {"dryRun": True, "runs": [shown], "count": 1, "refused": 0}
        assert (
            user.post("/runs/redrive", {"status": "FAILED", "dryRun": True}).json()["runs"][0]["result"]
            == "wouldRedrive"
        )
        assert ids(user, "") == [execution]

    def test_each_is_started_once_although_the_request_is_repeated(self, user: Api) -> None:
        former = [ran(user, "boomFlow", {"n": n, "order": {"id": "bulk"}}) for n in range(3)]
        body, key = {"status": "FAILED", "label": ["order:bulk"]}, {"Idempotency-Key": uuid.uuid4().hex}
        first = user.post("/runs/rerun", body, headers=key).json()
        assert [run["executionId"] for run in first["runs"]] == former[::-1]
        for run in first["runs"]:
            read(user, "boomFlow", run["startedExecutionId"], "?wait=10")
        assert user.post("/runs/rerun", body, headers=key).json() == first
        assert len(ids(user, "label=order:bulk")) == 6
        user.post("/runs/rerun", {"flow": "labelFlow"}, headers=key).problem(409)
        user.post("/runs/redrive", body, headers=key).problem(409)

    def test_a_request_that_died_half_way_is_continued(self, user: Api, monkeypatch: pytest.MonkeyPatch) -> None:
        for n in range(4):
            ran(user, "boomFlow", {"n": n})
        key = {"Idempotency-Key": uuid.uuid4().hex}
        started: list[str] = []
        rerun = again.rerun

        def dying(*arguments: Any) -> Any:
            if len(started) == 2:
                raise Unavailable("Step Functions did not answer.")
            run = rerun(*arguments)
            started.append(run.execution_id)
            return run

        monkeypatch.setattr(again, "WORKERS", 1)
        monkeypatch.setattr(again, "rerun", dying)
        assert user.post("/runs/rerun", {"status": "FAILED"}, headers=key).json()["refused"] == 2
        monkeypatch.setattr(again, "rerun", rerun)
        answer = user.post("/runs/rerun", {"status": "FAILED"}, headers=key).json()
        assert (answer["count"], answer["refused"]) == (4, 0)
        assert set(started) <= {run["startedExecutionId"] for run in answer["runs"]}
        assert len(ids(user, "startedBy=run")) == 4

    def test_redriven_once_although_it_fails_again(self, user: Api) -> None:
        execution = ran(user, "boomFlow")
        key = {"Idempotency-Key": uuid.uuid4().hex}
        for _ in range(3):
            (run,) = user.post("/runs/redrive", {"flow": "boomFlow"}, headers=key).json()["runs"]
            assert run == {"flow": "boomFlow", "executionId": execution, "result": "redriven"}
            eventually(lambda: read(user, "boomFlow", execution)["status"] == "FAILED")
        assert read(user, "boomFlow", execution)["redriveCount"] == 1

    def test_in_parts(self, user: Api) -> None:
        for n in range(5):
            ran(user, "boomFlow", {"n": n})
        body: dict[str, Any] = {"flow": "boomFlow", "limit": 2}
        key = {"Idempotency-Key": uuid.uuid4().hex}
        counts = []
        while True:
            answer = user.post("/runs/rerun", body, headers=key).json()
            counts.append(answer["count"])
            if "nextToken" not in answer:
                break
            body["nextToken"] = answer["nextToken"]
        assert counts == [2, 2, 1]
        assert len(ids(user, "startedBy=run")) == 5

    def test_what_it_refuses(self, user: Api) -> None:
        start(user, "quickExpress")
        key = {"Idempotency-Key": uuid.uuid4().hex}
        (run,) = user.post("/runs/rerun", {"flow": "quickExpress"}, headers=key).json()["runs"]
        assert (run["result"], run["detail"]) == ("refused", "Runs of EXPRESS flows are started again one by one.")
        assert "Idempotency-Key" in user.post("/runs/rerun", {}).problem(400)["detail"]
        for body in ({"flows": "x"}, {"limit": 1001}, {"dryRun": 1}, {"label": "x"}, {"flow": 1}, {"nextToken": "x"}):
            user.post("/runs/rerun", {"dryRun": True, **body}).problem(400)


def test_an_index_item_without_a_record_is_ignored(user: Api) -> None:
    execution = ran(user, "labelFlow", {"order": {"id": "gone"}})
    run = records.get(user.user, execution)
    assert run is not None
    assert len(indexes.facets(run)) == 2
    records.delete(run)
    assert ids(user, "label=order:gone") == ids(user, "flow=labelFlow") == []
