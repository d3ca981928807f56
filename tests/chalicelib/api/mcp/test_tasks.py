"""Runs as tasks."""

from __future__ import annotations

import pytest

from ...conftest import MakeApi
from .conftest import CURRENT, FIRST, META, Mcp


class TestTasks:
    def test_experimental_tasks(self, later: Mcp) -> None:
        task = later.call("flow__mcpPass", {"n": 1}, task={"ttl": 60_000})["task"]
        assert task["ttl"] == 90 * 24 * 3_600_000
        named = {"taskId": task["taskId"]}
        result = later.result("tasks/result", named)
        assert result["structuredContent"]["status"] == "SUCCEEDED"
        assert result["_meta"][f"{META}related-task"] == named
        assert later.result("tasks/get", named)["status"] == "completed"
        assert task["taskId"] in {one["taskId"] for one in later.result("tasks/list")["tasks"]}
        assert later.error("tasks/cancel", named)["code"] == -32602

    def test_a_task_that_is_no_object(self, later: Mcp) -> None:
        call = {"name": "flow__mcpPass", "arguments": {"n": 1}, "task": 5}
        assert later.error("tools/call", call)["message"] == "The parameter 'task' must be an object."

    def test_cancelling_one(self, later: Mcp) -> None:
        task = later.call("flow__mcpWait", task={})["task"]
        assert task["status"] == "working"
        assert later.result("tasks/cancel", {"taskId": task["taskId"]})["status"] == "cancelled"

    def test_a_failed_one(self, later: Mcp) -> None:
        named = {"taskId": later.call("flow__mcpFail", task={})["task"]["taskId"]}
        assert later.result("tasks/result", named)["isError"] is True
        assert later.result("tasks/get", named)["status"] == "failed"

    def test_a_result_that_takes_too_long(self, later: Mcp, impatient: None) -> None:
        named = {"taskId": later.call("flow__mcpWait", task={})["task"]["taskId"]}
        assert "still running" in later.error("tasks/result", named)["message"]
        later.result("tasks/cancel", named)

    @pytest.mark.parametrize("tool", ["lib__text", "flow__mcpExpress", "get_run"])
    def test_tools_that_never_are_tasks(self, later: Mcp, tool: str) -> None:
        assert later.error("tools/call", {"name": tool, "task": {}})["code"] == -32601

    def test_the_first_revision_has_none(self, cloud_make_api: MakeApi) -> None:
        first = Mcp(cloud_make_api(), FIRST)
        assert first.call("flow__mcpPass", {"n": 1}, task={})["structuredContent"]["status"] == "SUCCEEDED"
        assert first.error("tasks/list")["code"] == -32601

    def test_the_extension(self, cloud_make_api: MakeApi, impatient: None) -> None:
        client = Mcp(cloud_make_api(), CURRENT, {"extensions": {f"{META}tasks": {}}})
        assert client.call("flow__mcpPass", {"n": 1})["resultType"] == "complete"
        task = client.call("flow__mcpWait")
        assert (task["resultType"], task["status"]) == ("task", "working")
        assert {"ttlMs", "pollIntervalMs", "createdAt", "lastUpdatedAt"} <= task.keys()
        named = {"taskId": task["taskId"]}
        assert client.result("tasks/get", named)["status"] == "working"
        assert client.result("tasks/update", {**named, "inputResponses": {}})["resultType"] == "complete"
        assert client.result("tasks/cancel", named)["resultType"] == "complete"
        assert client.result("tasks/get", named)["status"] == "cancelled"
        assert client.result("tasks/cancel", named)["resultType"] == "complete"

    def test_a_failed_run_is_a_completed_task_whose_result_is_an_error(self, current: Mcp) -> None:
        run = current.call("flow__mcpFail")["structuredContent"]["executionId"]
        task = current.result("tasks/get", {"taskId": run})
        assert task["status"] == "completed"
        assert task["result"]["isError"] is True

    def test_a_client_without_the_extension_gets_no_task(self, current: Mcp, impatient: None) -> None:
        result = current.call("flow__mcpWait")
        assert result["resultType"] == "complete"
        current.call("stop_run", {"executionId": result["structuredContent"]["executionId"]})
