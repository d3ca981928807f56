"""Approvals where AWS fails, time runs out or a process dies: no answer is lost, and none counts twice."""

from __future__ import annotations

import json
import time
import types
import uuid
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from chalicelib import approvals, aws
from chalicelib.approvals import answering, records
from chalicelib.approvals.records import Approval
from chalicelib.errors import Invalid
from chalicelib.settings import settings

from ..conftest import Api, IdentityProvider, LocalCloud, MakeApi
from ..faulty_aws import Fault, FaultyAws

ACTIVITY = "arn:aws:states:us-east-1:123456789012:activity:ask"
FLOW = {
    "StartAt": "Ask",
    "States": {"Ask": {"Type": "Task", "Resource": ACTIVITY, "TimeoutSeconds": 300, "End": True}},
}
YES = {"decision": "approve"}


@pytest.fixture(scope="module", autouse=True)
def machine(_cloud: LocalCloud) -> None:
    _cloud.cloud.service.handle("CreateActivity", {"name": "ask"})


@pytest.fixture(autouse=True)
def created(cloud: LocalCloud, clean: pytest.MonkeyPatch) -> None:
    clean.setattr("chalicelib.usage._increment", lambda *_: None)
    cloud.create("askFlow", FLOW)


@pytest.fixture
def proxy(cloud: LocalCloud, clean: pytest.MonkeyPatch) -> Iterator[FaultyAws]:
    clean.setattr("botocore.endpoint.time", types.SimpleNamespace(sleep=lambda seconds: None))  # between attempts
    way = FaultyAws(cloud.cloud.endpoint)
    clean.setenv("AWS_ENDPOINT_URL", way.url)
    yield way
    way.close()


@pytest.fixture
def ops(cloud_make_api: MakeApi) -> Api:
    return cloud_make_api(["ops"])


def ask(**changes: Any) -> tuple[str, approvals.Opened]:
    """An execution that waits, and its approval; it has no record, as if somebody had started it outside."""
    machine_arn = settings.names.state_machine_arn("askFlow")
    arn = aws.stepfunctions().start_execution(stateMachineArn=machine_arn, name=str(uuid.uuid4()))["executionArn"]
    task = aws.stepfunctions(read_timeout=65).get_activity_task(activityArn=ACTIVITY)
    question = approvals.Question(task["taskToken"], **{"groups": ("ops",), "execution_arn": arn, **changes})
    return arn, approvals.open_approval(question, with_link=True)


def path(opened: approvals.Opened) -> str:
    return f"/approvals/{opened.approval.id}"


def outcome(arn: str) -> tuple[str, Any]:
    found = aws.stepfunctions().describe_execution(executionArn=arn)
    return found["status"], json.loads(found["output"]) if "output" in found else None


def ended(arn: str) -> tuple[str, Any]:
    deadline = time.monotonic() + 10
    while (found := outcome(arn))[0] == "RUNNING":
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return found


def stored(opened: approvals.Opened) -> Approval:
    found = records.get(opened.approval.id)
    assert found is not None
    return found


class TestACrashBetweenTheAnswerAndItsDelivery:
    @pytest.fixture
    def undelivered(self, ops: Api, proxy: FaultyAws, clean: pytest.MonkeyPatch) -> tuple[str, approvals.Opened]:
        """An answer that is written, and didn't reach Step Functions."""
        clean.setenv("AWS_ENDPOINT_URL", proxy.url)
        arn, opened = ask()
        proxy.faults.append(Fault("SendTaskSuccess", "reset"))
        ops.post(path(opened), YES).problem(503)
        proxy.faults.clear()
        assert outcome(arn)[0] == "RUNNING"
        return arn, opened

    def test_repeating_the_answer_sends_it(self, ops: Api, undelivered: tuple[str, approvals.Opened]) -> None:
        arn, opened = undelivered
        ops.post(path(opened), {"decision": "reject"}).problem(409)
        assert ops.post(path(opened), YES).status == 200
        status, output = ended(arn)
        assert (status, output["decision"], output["by"]["id"]) == ("SUCCEEDED", "approve", ops.user)
        ops.post(path(opened), YES).problem(409)

    @pytest.mark.parametrize("look", ["the approval", "the list"])
    def test_whoever_looks_later_sends_it(
        self, ops: Api, undelivered: tuple[str, approvals.Opened], clean: pytest.MonkeyPatch, look: str
    ) -> None:
        arn, opened = undelivered
        clean.setattr(answering, "SENDING_SECONDS", -1.0)
        assert ops.get(path(opened) if look == "the approval" else "/approvals").status == 200
        assert ended(arn)[1]["by"]["id"] == ops.user
        assert stored(opened).delivered

    def test_a_task_that_ended_meanwhile_is_a_conflict(
        self, ops: Api, undelivered: tuple[str, approvals.Opened]
    ) -> None:
        arn, opened = undelivered
        aws.stepfunctions().stop_execution(executionArn=arn)
        assert "no longer waits" in ops.post(path(opened), YES).problem(409)["detail"]
        assert stored(opened).status == "expired"


def test_an_answer_that_arrived_without_a_reply_is_no_conflict(
    ops: Api, proxy: FaultyAws, clean: pytest.MonkeyPatch
) -> None:
    clean.setenv("AWS_ENDPOINT_URL", proxy.url)
    arn, opened = ask()
    proxy.faults.append(Fault("SendTaskSuccess", "late reset", times=1))
    assert ops.post(path(opened), YES).status == 200
    assert ended(arn)[0] == "SUCCEEDED"
    assert stored(opened).delivered


def test_the_link_expires_with_the_approval_and_only_its_key_opens_it(ops: Api, clean: pytest.MonkeyPatch) -> None:
    _, opened = ask(groups=(), seconds=60)
    assert opened.link is not None and opened.link.startswith("/approvals/")  # a path: nobody knows the address
    ops.token = None
    assert ops.get(opened.link).status == 200
    ops.get(opened.link + "x").problem(404)
    later = time.time() + 61
    clean.setattr("chalicelib.approvals.records.time", types.SimpleNamespace(time=lambda: later))
    for reply in (ops.get(opened.link), ops.post(opened.link, YES)):
        assert "expired at" in reply.problem(409)["detail"]
    assert outcome(opened.approval.execution_arn or "")[0] == "RUNNING"


def test_users_are_named_by_id_or_verified_address(cloud: LocalCloud, provider: IdentityProvider) -> None:
    api = Api(provider, f"user-{uuid.uuid4()}")
    address = f"{uuid.uuid4()}@example.com"

    def sees(opened: approvals.Opened, **claims: Any) -> bool:
        api.token = provider.token(sub=api.user, **claims)
        listed = opened.approval.id in [one["id"] for one in api.get("/approvals").json()["approvals"]]
        assert listed == (api.get(path(opened)).status == 200)
        return listed

    _, by_id = ask(groups=(), users=(api.user,))
    _, by_address = ask(groups=(), users=(address.upper(),))
    assert sees(by_id)
    assert sees(by_address, email=address.title(), email_verified=True)
    assert not sees(by_address, email=address, email_verified=False)
    assert not sees(by_address, email=address)
    assert not sees(by_address, email="other@example.com", email_verified=True)


def test_the_approvals_of_ended_runs_leave_the_list(ops: Api) -> None:
    from chalicelib.runs import records as runs

    arn, opened = ask()
    owner = opened.approval.run_user or ""
    run = runs.Run(owner, opened.approval.execution_id or "", arn, "askFlow", "SUCCEEDED", "2026-11-27T00:00:00.000Z")
    runs.put(replace(run, stop_date="2026-11-27T00:00:01.000Z"))
    assert opened.approval.id not in [one["id"] for one in ops.get("/approvals").json()["approvals"]]
    assert opened.approval.id in [one["id"] for one in ops.get("/approvals?status=expired").json()["approvals"]]


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        (None, "'token'"),
        ({"token": ""}, "'token'"),
        ({"token": "t"}, "Nobody can answer"),
        ({"token": "t", "who": ["ops"]}, "'who'"),
        ({"token": "t", "who": {"groups": [1]}}, "'who.groups'"),
        ({"token": "t", "who": {"groups": ["ops"]}, "timeout": 0}, "timeout"),
        ({"token": "t", "who": {"groups": ["ops"]}, "timeout": "1"}, "timeout"),
        ({"token": "t", "who": {"groups": ["ops"]}, "form": "text"}, "'form'"),
        ({"token": "t", "who": {"groups": ["ops"]}, "title": 1}, "'title'"),
        ({"token": "t", "who": {}, "notify": "no_such_function"}, "no function 'no_such_function'"),
    ],
)
def test_a_payload_that_is_wrong_fails_the_task(cloud: LocalCloud, payload: Any, message: str) -> None:
    with pytest.raises(Invalid, match=message):
        approvals.from_flow(payload, None)
