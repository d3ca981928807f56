"""What a user learns of a run: what became of its states, and what its functions wrote."""

from __future__ import annotations

import re
import subprocess
import sys
import uuid
from collections import defaultdict
from typing import Any

import pytest

from .client import Client, eventually, problem
from .conftest import Aws, MakeUser
from .server import Server, environment

ITEMS = 60
STARTED = {"e2eTalkative": {"items": list(range(ITEMS))}, "e2eNesting": {}}


@pytest.fixture
def talkative(user: Client) -> dict[str, Any]:
    """A finished run of a Map whose items print."""
    return user.run("e2eTalkative", STARTED["e2eTalkative"])


def lines_of(user: Client, run: dict[str, Any], **query: Any) -> list[dict[str, Any]]:
    path = f"/run/{run['flow']}/{run['executionId']}/logs"
    return [line for page in user.pages(path, "lines", **query) for line in page]


class TestStates:
    def test_the_states_of_a_map(self, user: Client, talkative: dict[str, Any]) -> None:
        path = f"/run/e2eTalkative/{talkative['executionId']}/states"
        (items,) = user.get(path).json()["states"]
        assert items["path"] == "/States/Items"
        assert items["iterations"]["succeeded"] == ITEMS
        (talk,) = user.get(f"{path}?path=/States/Items&iteration=13").json()["states"]
        assert (talk["status"], talk["attempts"], talk["output"]) == ("SUCCEEDED", 2, 13)
        assert talk["failedAttempts"][0]["error"] == "Unlucky"
        problem(user.get(f"{path}?path=/States/Nothing"), 404)

    def test_a_running_one_is_followed(self, user: Client) -> None:
        execution = user.start("e2eWait")["executionId"]
        path = f"/run/e2eWait/{execution}/states"

        def waiting() -> Any:
            page = user.get(path).json()
            return page if page["states"] else None

        page = eventually(waiting)
        assert page["states"][0]["status"] == "WAITING"
        user.call("DELETE", f"/run/e2eWait/{execution}")
        after = user.get(path, nextToken=page["nextToken"]).json()
        assert [state["status"] for state in after["states"]] == ["ABORTED"]
        assert "nextToken" not in after


class TestLogs:
    def test_each_line_names_its_iteration_and_attempt(self, user: Client, talkative: dict[str, Any]) -> None:
        lines = [line for line in lines_of(user, talkative, limit=100) if "Parameter Store" not in line["message"]]
        said = defaultdict(list)
        for line in lines:
            assert line["state"] == "Talk"
            assert line["function"].endswith("e2e_talkative") or "talkative" in line["function"].lower()
            assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["time"])
            assert "estimated" not in line
            said[line["iteration"], line["attempt"]].append((line["level"], line["message"]))
        for item in range(ITEMS):
            for attempt in range(2 if item % 10 == 3 else 1):
                mark = f"{item}/{attempt}"
                found = said.pop((item, attempt + 1))
                expected = [("INFO", f"print {mark}"), ("WARNING", f"logging {mark}"), ("DEBUG", f"json {mark}")]
                assert found[:3] == expected
                failed = found[3:]
                assert [(level, text.split("\n")[0]) for level, text in failed] == (
                    [("ERROR", f"Unlucky: {mark}")] if item % 10 == 3 and not attempt else []
                )
        assert not said

    def test_nested_flows_share_the_trace(self, user: Client) -> None:
        run = user.run("e2eNesting", {})
        assert run["status"] == "SUCCEEDED", run
        lines = lines_of(user, run)
        assert "with a traceback" in "".join(line["message"] for line in lines)
        entry = next(line for line in lines if line["message"].startswith("with a traceback\n"))
        assert entry["level"] == "ERROR"
        assert "first line\nsecond line" in entry["message"]
        nested = {line["message"] for line in lines if line["state"] is None and "Store" not in line["message"]}
        assert nested == {"print 7/0", "logging 7/0", "json 7/0"}
        talk = run["output"]["talk"]
        own = [line for line in lines if line["state"] == "Talk"]
        assert {line["requestId"] for line in own} == {talk["requestId"]}
        assert re.fullmatch(r"Root=1-[0-9a-f]{8}-[0-9a-f]{24};Parent=[0-9a-f]{16};Sampled=1", talk["trace"])

    def test_the_children_of_a_distributed_map(self, user: Client) -> None:
        run = user.run("e2eDistributed", {"items": list(range(15))})
        assert run["status"] == "SUCCEEDED", run
        lines = lines_of(user, run)
        places = {(one["message"].split("\n")[0], one["state"], one["iteration"], one["attempt"]) for one in lines}
        said = {(text, "Talk", item, 1) for item in range(15) for text in (f"print {item}/0", f"logging {item}/0")}
        assert said | {("Unlucky: 3/0", "Talk", 3, 1), ("print 13/1", "Talk", 13, 2)} <= places

    def test_a_run_of_a_schedule(self, user: Client, make_user: MakeUser, aws: Aws) -> None:
        """It has no trace of ours: its lines are found by request ids and times, and its child by its history."""
        admin, name = make_user("admin"), f"schedule-{uuid.uuid4().hex}"
        machine = user.run("e2eNesting", {})["executionArn"].replace(":execution:", ":stateMachine:").rpartition(":")[0]
        aws("stepfunctions").start_execution(stateMachineArn=machine, name=name, input="{}")
        run = admin.poll("e2eNesting", name)
        assert (run["status"], run["startedBy"], run["userId"]) == ("SUCCEEDED", "schedule", None)
        (child,) = eventually(lambda: admin.get("/runs", parent=run["executionArn"]).json()["executions"])
        assert (child["flow"], child["startedBy"], child["parent"]["executionId"]) == ("e2eTalkative", "run", name)
        own = lines_of(admin, run)
        assert {line["state"] for line in own} == {"Talk"}
        assert {line["requestId"] for line in own} == {run["output"]["talk"]["requestId"]}
        nested = lines_of(admin, child)
        assert {"print 7/0", "logging 7/0"} <= {line["message"] for line in nested}
        assert {line["iteration"] for line in nested} == {0}

    def test_a_bad_token(self, user: Client, talkative: dict[str, Any]) -> None:
        problem(user.get(f"/run/e2eTalkative/{talkative['executionId']}/logs?nextToken=forged"), 400)

    def test_another_users_run(self, demo: Client, talkative: dict[str, Any]) -> None:
        problem(demo.get(f"/run/e2eTalkative/{talkative['executionId']}/logs"), 404)


def test_the_command_for_logs_prints_the_lines_of_a_run_in_order(server: Server, user: Client) -> None:
    run = user.run("e2eNesting", {})
    command = [sys.executable, "-m", "infrastructure.logs", "--stage", "local", "--run", run["executionId"]]
    printed = subprocess.check_output(command, cwd=server.project, env=environment(), text=True, timeout=60)
    lines = [re.split(" {2,}", line, maxsplit=3) for line in printed.splitlines() if not line.startswith("    ")]
    assert [line[0] for line in lines] == sorted(line[0] for line in lines)
    assert [line[2:] for line in lines if line[3] in ("print 7/0", "logging 7/0", "json 7/0")] == [
        ["INFO", "print 7/0"], ["WARNING", "logging 7/0"], ["DEBUG", "json 7/0"]
    ]  # fmt: skip
    assert re.search(r"ERROR +with a traceback\n(    .*\n)*    .*first line\n    second line", printed), printed


def test_cloudwatch_shows_them_too(aws: Aws, talkative: dict[str, Any]) -> None:
    client = aws("logs")
    groups = client.describe_log_groups(logGroupNamePrefix="/aws/lambda/")["logGroups"]
    (group,) = [found["logGroupName"] for found in groups if "talkative" in found["logGroupName"].lower()]
    streams = client.describe_log_streams(logGroupName=group, orderBy="LastEventTime", descending=True)["logStreams"]
    events = client.get_log_events(logGroupName=group, logStreamName=streams[0]["logStreamName"], startFromHead=True)[
        "events"
    ]
    kinds = [
        event["message"].split()[0] for event in events if event["message"].split()[0] in {"START", "END", "REPORT"}
    ]
    assert kinds == ["START", "END", "REPORT"] * (len(kinds) // 3)
    found = client.filter_log_events(logGroupName=group, filterPattern='"print 13/0"')["events"]
    assert found
    assert all(event["message"] == "print 13/0\n" for event in found)
