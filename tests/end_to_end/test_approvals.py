"""Runs that wait for people: who may answer, once, by account or by link, and what becomes of the answer."""

from __future__ import annotations

import json
import re
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from .client import Client, eventually, problem
from .conftest import MakeUser
from .server import Server

LIMIT = {"decision": "approve", "data": {"limit": 5}}


@pytest.fixture
def ops(make_user: MakeUser) -> Client:
    return make_user("ops")


@pytest.fixture
def admin(make_user: MakeUser) -> Client:
    return make_user("admin")


def address(user: Client) -> str:
    email: str = user.get("/auth/verify").json()["user"]["email"]
    return email


def asked(user: Client, answerer: Client, **document: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """A started run and its approval, as one who may answer finds it in the list."""
    run = user.start("e2eApproval", {"item": "A desk", **document})

    def listed() -> dict[str, Any] | None:
        pages = answerer.pages("/approvals", "approvals", limit=50)
        return next((one for page in pages for one in page if one["executionId"] == run["executionId"]), None)

    return run, eventually(listed)


def test_an_approval_from_question_to_record(user: Client, ops: Client, admin: Client) -> None:
    run, approval = asked(user, ops)
    path = f"/approvals/{approval['id']}"
    assert approval["status"] == "pending"
    assert (approval["title"], approval["message"]) == ("A desk", "May this be bought?")
    assert approval["who"] == {"groups": ["ops"], "users": []}
    assert (approval["flow"], approval["state"]) == ("e2eApproval", "Ask")
    assert approval["executionArn"] == run["executionArn"]
    assert approval["expires"] > approval["created"]
    assert "token" not in approval
    assert admin.get(path).json() == ops.get(path).json() == approval
    problem(user.get(path), 404)
    problem(user.post(path, LIMIT), 404)
    assert user.get("/approvals").json() == {"approvals": [], "count": 0}

    for wrong, field in (
        ({"decision": "approve"}, "data.limit"),
        ({"decision": "approve", "data": {"limit": "much"}}, "data.limit"),
        ({"decision": "approve", "data": [5]}, "data"),
        ({"decision": "reject", "data": {"limit": -1}}, "data.limit"),
        ({"decision": "maybe"}, "decision"),
        ({}, "decision"),
    ):
        assert [error["field"] for error in problem(ops.post(path, wrong), 422)["errors"]] == [field]
    problem(ops.post(path, {**LIMIT, "by": "somebody else"}), 400)

    me = ops.get("/auth/verify").json()["user"]
    answered = ops.post(path, LIMIT)
    assert answered.status_code == 200, answered.text
    answer = answered.json()["answer"]
    by = {"id": me["id"], "email": me["email"], "via": "account"}
    assert answered.json()["status"] == "answered"
    assert (answer["decision"], answer["data"], answer["by"]) == ("approve", {"limit": 5}, by)
    ended = user.poll("e2eApproval", run["executionId"])
    assert ended["output"] == {"id": approval["id"], **answer}
    assert ended["approvals"] == [{"id": approval["id"], **answer, "state": "Ask"}]
    again = problem(admin.post(path, LIMIT), 409)["detail"]
    assert me["email"] in again
    assert answer["at"] in again
    assert approval["id"] in [one["id"] for one in ops.get("/approvals", status="answered").json()["approvals"]]
    assert approval["id"] not in [one["id"] for one in ops.get("/approvals").json()["approvals"]]


def test_somebody_is_named_by_address(user: Client, make_user: MakeUser) -> None:
    ann = make_user()
    run, approval = asked(user, ann, users=[address(ann).upper()])
    assert ann.post(f"/approvals/{approval['id']}", LIMIT).status_code == 200
    output = user.poll("e2eApproval", run["executionId"])["output"]
    assert output["by"]["email"] == address(ann)


def test_a_rejection_needs_no_data_and_takes_its_own_way(user: Client, admin: Client) -> None:
    run, approval = asked(user, admin)
    assert admin.post(f"/approvals/{approval['id']}", {"decision": "reject"}).status_code == 200
    output = user.poll("e2eApproval", run["executionId"])["output"]
    assert output["rejected"]["id"] == admin.get("/auth/verify").json()["user"]["id"]


def test_of_racing_answers_one_counts(user: Client, ops: Client, admin: Client) -> None:
    run, approval = asked(user, ops)
    path = f"/approvals/{approval['id']}"
    answers = [(who, {**LIMIT, "data": {"limit": limit}}) for limit in range(4) for who in (ops, admin)]

    def send(who: Client, body: dict[str, Any]) -> requests.Response:
        return Client(who.url, who.token).post(path, body)

    with ThreadPoolExecutor(len(answers)) as threads:
        replies = list(threads.map(lambda each: send(*each), answers))
    assert sorted(reply.status_code for reply in replies) == [200] + [409] * 7
    (winner,) = (reply.json()["answer"] for reply in replies if reply.status_code == 200)
    assert user.poll("e2eApproval", run["executionId"])["output"] == {"id": approval["id"], **winner}


def test_nobody_answers_in_time(user: Client, admin: Client) -> None:
    run, approval = asked(user, admin, timeout=3)
    ended = user.poll("e2eApproval", run["executionId"])
    assert (ended["status"], ended["error"]) == ("FAILED", "Expired")
    path = f"/approvals/{approval['id']}"
    assert eventually(lambda: admin.get(path).json()["status"] == "expired")
    assert "expired" in problem(admin.post(path, LIMIT), 409)["detail"]
    assert approval["id"] in [one["id"] for one in admin.get("/approvals", status="expired").json()["approvals"]]


def test_the_approval_of_a_stopped_run_expires(user: Client, admin: Client) -> None:
    run, approval = asked(user, admin)
    user.call("DELETE", f"/run/e2eApproval/{run['executionId']}")
    detail = problem(admin.post(f"/approvals/{approval['id']}", LIMIT), 409)["detail"]
    assert "no longer waits" in detail
    assert approval["id"] not in [one["id"] for one in admin.get("/approvals").json()["approvals"]]


def test_lists_are_paged_and_checked(user: Client, admin: Client) -> None:
    asked(user, admin)
    asked(user, admin)
    first = admin.get("/approvals", limit=1).json()
    assert first["count"] == 1
    second = admin.get("/approvals", limit=1, nextToken=first["nextToken"]).json()
    assert second["approvals"][0]["id"] < first["approvals"][0]["id"]
    problem(admin.get("/approvals", status="open"), 400)
    problem(admin.get("/approvals", nextToken="x"), 400)
    problem(admin.get("/approvals/nothing"), 404)


def test_a_link_answers_once_without_an_account(user: Client, nobody: Client, server: Server) -> None:
    run = user.start("e2eLink", {})
    sent = eventually(lambda: _sent(server, run["executionId"], user))
    assert sent["title"] == "A visit"
    assert sent["link"].startswith(f"{server.session['apiUrl']}/approvals/{sent['id']}?key=")
    path = sent["link"].removeprefix(server.session["apiUrl"])
    bare = path.partition("?")[0]
    problem(nobody.get(bare), 401)
    problem(nobody.post(bare, {"decision": "approve"}), 401)
    problem(nobody.get(f"{bare}?key=guessed"), 404)
    problem(nobody.post(f"{bare}?key=", {"decision": "approve"}), 404)
    shown = nobody.get(path)
    assert shown.json()["title"] == "A visit"
    assert shown.headers["Cache-Control"] == "no-store"
    history = json.dumps(user.get(f"/run/e2eLink/{run['executionId']}/history").json())
    assert path.partition("key=")[2] not in history

    answered = nobody.post(path, {"decision": "approve", "data": {"guests": 2}})
    assert answered.status_code == 200, answered.text
    output = user.poll("e2eLink", run["executionId"])["output"]
    assert output["by"] == {"id": None, "email": None, "via": "link"}
    assert output["data"] == {"guests": 2}
    for refused in (nobody.get(path), nobody.post(path, {"decision": "reject"})):
        assert "somebody with a link" in problem(refused, 409)["detail"]


def test_a_person_answers_on_the_page_behind_a_link(user: Client, server: Server) -> None:
    run = user.start("e2eLink", {})
    sent = eventually(lambda: _sent(server, run["executionId"], user))
    browser = requests.Session()
    browser.headers["Accept"] = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
    page = browser.get(sent["link"], timeout=30)
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "<h1>A visit</h1>" in page.text
    assert 'type="number"' in page.text
    policy = page.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "script" not in policy + page.text
    assert page.headers["Cache-Control"] == "no-store"

    entered = {"decision": "approve", "data.guests": "-1", "data.note": "<b>"}
    wrong = browser.post(sent["link"], data=entered, timeout=30)
    assert wrong.status_code == 422
    assert 'role="alert"' in wrong.text
    assert "&lt;b&gt;</textarea>" in wrong.text  # what was entered is kept
    assert 'value="-1"' in wrong.text
    done = browser.post(sent["link"], data={**entered, "data.guests": "2", "data.note": ""}, timeout=30)
    assert done.status_code == 200
    assert "You approved this" in done.text
    output = user.poll("e2eLink", run["executionId"])["output"]
    assert output["data"] == {"guests": 2, "parking": False}
    assert output["by"] == {"id": None, "email": None, "via": "link"}
    again = browser.post(sent["link"], data={"decision": "reject"}, timeout=30)
    for refused in (browser.get(sent["link"], timeout=30), again):
        assert refused.status_code == 409
        assert refused.headers["Content-Type"] == "text/html; charset=utf-8"
        assert "already been answered" in refused.text


def _sent(server: Server, execution_id: str, user: Client) -> dict[str, Any] | None:
    """What the function sent for the latest run of the flow, from its log."""
    found = [json.loads(text) for text in re.findall(r'sent: (\{"id": .*?\})', server.log)]
    began = user.get(f"/run/e2eLink/{execution_id}").json()["startDate"]
    return next((each for each in reversed(found) if _moment(each["id"]) >= began), None)


def _moment(approval_id: str) -> str:
    seconds = int(approval_id[:8] + approval_id[9:13], 16) / 1000
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{int(seconds * 1000) % 1000:03}Z"
