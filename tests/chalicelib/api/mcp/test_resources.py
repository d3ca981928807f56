"""Definitions, runs and histories as resources."""

from __future__ import annotations

import pytest

from .conftest import CURRENT, Mcp


class TestResources:
    def test_definitions(self, mcp: Mcp) -> None:
        listed = mcp.result("resources/list")["resources"]
        assert [one["name"] for one in listed] == ["mcpExpress", "mcpFail", "mcpPass", "mcpWait"]
        (content,) = mcp.result("resources/read", {"uri": listed[2]["uri"]})["contents"]
        assert content["uri"] == "sdw://flows/mcpPass"
        assert '"StartAt": "P"' in content["text"]

    def test_runs_and_histories(self, mcp: Mcp) -> None:
        run = mcp.call("flow__mcpPass", {"n": 1})["structuredContent"]["executionId"]
        templates = {
            one["name"]: one["uriTemplate"] for one in mcp.result("resources/templates/list")["resourceTemplates"]
        }
        uri = templates["run"].replace("{executionId}", run)
        assert '"SUCCEEDED"' in mcp.result("resources/read", {"uri": uri})["contents"][0]["text"]
        (content,) = mcp.result("resources/read", {"uri": f"{uri}/history"})["contents"]
        assert '"ExecutionSucceeded"' in content["text"]

    @pytest.mark.parametrize(
        "uri",
        ["sdw://flows/nope", "sdw://flows/mcpOps", "sdw://flows/mcpHidden", "sdw://runs/nope", "sdw://flows/a/b",
         "sdw://runs/a/b", "file:///etc/passwd", "sdw://[", "", "sdw://lib/text"],
    )  # fmt: skip
    def test_what_does_not_exist(self, mcp: Mcp, uri: str) -> None:
        error = mcp.error(
            "resources/read",
            {"uri": uri},
        )
        assert error["code"] == (-32602 if mcp.revision == CURRENT else -32002)
        assert error["data"] == {"uri": uri}

    def test_an_express_run_has_no_history(self, later: Mcp) -> None:
        run = later.call("flow__mcpExpress")["structuredContent"]["executionId"]
        error = later.error("resources/read", {"uri": f"sdw://runs/{run}/history"})
        assert (error["code"], error["data"]["status"]) == (-32602, 409)
