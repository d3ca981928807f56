"""The shipped flows end to end, and flows that appear, change and break while the server runs."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from .client import Client, eventually, problem
from .conftest import Aws
from .server import PROJECT, Server, example

SHIPPED = sorted(file.stem for file in (PROJECT / "flows").glob("*.yml"))


@pytest.fixture
def write_flow(server: Server) -> Iterator[Callable[[str, str], Path]]:
    """Writes a flow's file into the running project, and removes it after the test."""
    written: set[Path] = set()

    def write(name: str, text: str) -> Path:
        file = server.project / "flows" / f"{name}.yml"
        written.add(file)
        file.write_text(text)
        return file

    yield write
    for file in written:
        file.unlink(missing_ok=True)


def flow(name: str, result: str) -> str:
    return f"""
name: {name}
definition:
  StartAt: Only
  States:
    Only: {{Type: Pass, Result: {{version: {result}}}, End: true}}
"""


def listed(client: Client) -> dict[str, dict[str, Any]]:
    return {entry["name"]: entry for page in client.pages("/flows", "flows") for entry in page}


class TestShipped:
    @pytest.mark.parametrize("name", SHIPPED)
    def test_succeeds_polled_by_id_and_by_arn(self, demo: Client, name: str) -> None:
        started = demo.start(name, example(name))
        assert started["status"] == "SUCCESS"
        assert started["flow"] == name
        by_id = demo.poll(name, started["executionId"])
        by_arn = demo.poll(name, started["executionArn"])
        assert by_id["status"] == "SUCCEEDED", by_id
        assert by_id == by_arn
        assert by_id["executionArn"] == started["executionArn"]
        assert by_id["output"] is not None
        assert by_id["error"] is None
        assert by_id["startDate"] <= by_id["stopDate"]

    def test_the_list_describes_them(self, demo: Client) -> None:
        flows = listed(demo)
        assert set(SHIPPED) <= set(flows)
        for name in SHIPPED:
            assert flows[name]["description"]
            assert flows[name]["type"] == "STANDARD"
            assert "StartAt" in flows[name]["definition"]
        assert flows["helloWorldFlow"]["schedule"] is None
        assert "cron(" in str(flows["scheduledFlow"]["schedule"])

    def test_one_of_them(self, demo: Client) -> None:
        answer = demo.get("/flows/orderFlow")
        assert answer.status_code == 200
        assert answer.json() == listed(demo)["orderFlow"]
        detailed = demo.get("/flows/orderFlow", details="true").json()
        assert {key: detailed[key] for key in answer.json()} == answer.json()
        assert detailed["file"] == "flows/orderFlow.yml"

    def test_an_order_with_a_declined_card_is_compensated(self, demo: Client) -> None:
        run = demo.run("orderFlow", {**example("orderFlow"), "card_number": "4000000000000002"})
        assert run["status"] in ("SUCCEEDED", "FAILED")
        events = [
            event for page in demo.pages(f"/run/orderFlow/{run['executionId']}/history", "events") for event in page
        ]
        entered = [event["stateEnteredEventDetails"]["name"] for event in events if "stateEnteredEventDetails" in event]
        assert any("release" in name.lower() for name in entered), entered

    def test_the_composite_flow_starts_the_others(self, demo: Client, aws: Aws) -> None:
        states = aws("stepfunctions")
        arn = f"arn:aws:states:us-east-1:{demo.start('helloWorldFlow')['executionArn'].split(':')[4]}:stateMachine:"
        machine = f"{arn}serverless-dynamic-workflows-local-helloWorldFlow"
        before = len(states.list_executions(stateMachineArn=machine)["executions"])
        assert demo.run("compositeFlow")["status"] == "SUCCEEDED"
        eventually(lambda: len(states.list_executions(stateMachineArn=machine)["executions"]) >= before + 2)


class TestInput:
    def test_the_caller_is_put_in_by_the_server(self, user: Client) -> None:
        me = user.get("/auth/verify").json()["user"]["id"]
        run = user.run("e2eEcho", {"a": [1, {"b": None}], "ü": "€"})
        assert run["output"] == {"a": [1, {"b": None}], "ü": "€", "__user_id": me}

    def test_the_caller_cannot_be_spoofed(self, user: Client) -> None:
        me = user.get("/auth/verify").json()["user"]["id"]
        assert user.run("e2eEcho", {"__user_id": "somebody"})["output"] == {"__user_id": me}

    def test_no_body_is_an_empty_object(self, user: Client) -> None:
        assert set(user.run("e2eEcho")["output"]) == {"__user_id"}


class TestBroken:
    def test_it_is_listed_as_broken_and_stops_no_other(self, demo: Client, server: Server) -> None:
        assert "e2e-broken.yml:6:" in server.log
        assert "hello_world" in server.log.split("e2e-broken.yml:6:")[1].split("\n\n")[0]
        assert demo.run("helloWorldFlow")["status"] == "SUCCEEDED"

        (broken,) = [flow for flow in demo.get("/flows").json()["broken"] if flow["name"] == "e2eBroken"]
        assert "e2e-broken.yml:6:" in broken["errors"][0]

    def test_it_cannot_be_started(self, demo: Client) -> None:
        assert "broken" in problem(demo.post("/run/e2eBroken", {}), 503)["detail"]


class TestWhileRunning:
    def test_a_flow_is_added_edited_broken_and_repaired(
        self, demo: Client, server: Server, write_flow: Callable[[str, str], Path]
    ) -> None:
        name = f"live{secrets.token_hex(4)}"
        problem(demo.post(f"/run/{name}", {}), 404)
        write_flow(name, flow(name, "1"))
        assert demo.run(name)["output"] == {"version": 1}
        assert name in listed(demo)
        write_flow(name, flow(name, "2"))
        assert demo.run(name)["output"] == {"version": 2}
        write_flow(name, flow(name, "3").replace("End: true", "Next: Nowhere"))
        assert f"{name}.yml:" in problem(demo.post(f"/run/{name}", {}), 503)["detail"]
        assert demo.run("helloWorldFlow")["status"] == "SUCCEEDED"
        eventually(lambda: f"flow {name} is broken" in server.log)
        write_flow(name, flow(name, "4"))
        assert demo.run(name)["output"] == {"version": 4}

    def test_a_flow_uses_a_function_that_came_with_it(
        self, demo: Client, server: Server, write_flow: Callable[[str, str], Path]
    ) -> None:
        name = f"live{secrets.token_hex(4)}"
        folder = server.project / "chalicelib" / "lib" / name.lower()
        folder.mkdir()
        (folder / "handler.py").write_text("def handler(event, context):\n    return {'new': True}\n")
        try:
            write_flow(
                name,
                f"name: {name}\nfunctions:\n  - {{name: NewFunction, handler: {name.lower()}}}\n"
                "definition:\n  StartAt: New\n  States:\n"
                '    New: {Type: Task, Resource: "${NewFunctionArn}", End: true}\n',
            )
            assert demo.run(name)["output"] == {"new": True}
        finally:
            (folder / "handler.py").unlink()

    def test_a_run_keeps_the_definition_it_started_with(
        self, demo: Client, write_flow: Callable[[str, str], Path]
    ) -> None:
        name = f"live{secrets.token_hex(4)}"
        text = flow(name, "1").replace(
            "StartAt: Only\n  States:", "StartAt: W\n  States:\n    W: {Type: Wait, Seconds: 2, Next: Only}"
        )
        write_flow(name, text)
        started = demo.start(name)
        write_flow(name, flow(name, "2"))
        assert demo.run(name)["output"] == {"version": 2}
        assert demo.poll(name, started["executionId"])["output"] == {"version": 1}
