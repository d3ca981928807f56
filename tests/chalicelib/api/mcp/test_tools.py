"""Listing and calling tools: flows, functions, and those for runs."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.api.mcp import paging, tools

from ...conftest import MakeApi
from .conftest import CURRENT, FUNCTIONS, LATER, SCHEMA, Mcp, text


class TestToolList:
    def test_it_has_what_the_caller_may_use(self, mcp: Mcp, cloud_make_api: MakeApi) -> None:
        flows = ["flow__mcpExpress", "flow__mcpFail", "flow__mcpPass", "flow__mcpWait"]
        functions = [f"lib__{name}" for name in sorted(FUNCTIONS) if name != "broken" and len(name) < 100]
        names = mcp.names()
        assert [name for name in names if name.startswith("flow__")] == flows
        assert set(functions) | {"get_run", "list_runs", "stop_run"} < set(names)
        assert "lib__broken" not in names
        assert names == sorted(names)
        operator = Mcp(cloud_make_api(["ops"]), mcp.revision)
        assert set(operator.names()) - set(names) == {"flow__mcpOps"}

    def test_names_are_valid_and_not_too_long(self, mcp: Mcp) -> None:
        names = mcp.names()
        assert all(1 <= len(name) <= 128 for name in names)
        assert len(set(names)) == len(names)
        (long,) = (name for name in names if "xxx" in name)
        assert mcp.call(long)["content"] == [{"type": "text", "text": '"long"'}]

    def test_schemas_and_descriptions(self, mcp: Mcp) -> None:
        listed = {tool["name"]: tool for tool in mcp.result("tools/list")["tools"]}
        assert listed["flow__mcpPass"]["inputSchema"] == {**SCHEMA, "type": "object"}
        assert listed["flow__mcpPass"]["description"].startswith("Does mcpPass\n\nA workflow")
        assert listed["lib__typed"]["description"] == "Repeats a name."
        assert listed["lib__typed"]["inputSchema"]["required"] == ["name"]
        assert listed["lib__typed"]["outputSchema"]["type"] == "object"
        assert ("outputSchema" in listed["lib__number"]) == (mcp.revision == CURRENT)
        assert listed["get_run"]["annotations"]["readOnlyHint"]
        assert ("execution" in listed["flow__mcpPass"]) == (mcp.revision == LATER)
        assert all(tool["inputSchema"]["type"] == "object" for tool in listed.values())

    def test_pages(self, mcp: Mcp, monkeypatch: pytest.MonkeyPatch) -> None:
        whole = mcp.names()
        monkeypatch.setattr(paging, "PAGE", 3)
        paged: list[str] = []
        cursor: dict[str, str] = {}
        while True:
            page = mcp.result("tools/list", cursor)
            assert len(page["tools"]) <= 3
            paged += [tool["name"] for tool in page["tools"]]
            if "nextCursor" not in page:
                break
            cursor = {"cursor": page["nextCursor"]}
        assert paged == whole

    def test_an_invalid_cursor(self, mcp: Mcp) -> None:
        assert mcp.error("tools/list", {"cursor": "?"})["code"] == -32602
        assert mcp.error("tools/list", {"cursor": 1})["code"] == -32602


class TestFunctions:
    def test_a_typed_function(self, mcp: Mcp) -> None:
        result = mcp.call("lib__typed", {"name": "a", "times": 3})
        assert result["structuredContent"] == {"a": 3}
        assert result["content"] == [{"type": "text", "text": '{"a":3}'}]
        assert result["isError"] is False

    def test_a_value_that_is_no_object(self, mcp: Mcp) -> None:
        result = mcp.call("lib__number")
        assert result["content"] == [{"type": "text", "text": "7"}]
        assert result.get("structuredContent") == (7 if mcp.revision == CURRENT else None)

    def test_the_event_is_that_of_a_direct_call(self, mcp: Mcp) -> None:
        assert mcp.call("lib__event", {"a": 1})["structuredContent"] == {
            "httpMethod": "POST",
            "path": "/lib/event",
            "resource": "/lib/{function_name}",
            "body": '{"a": 1}',
        }

    def test_other_content(self, mcp: Mcp) -> None:
        assert "structuredContent" not in mcp.call("lib__wrong-json")
        assert mcp.call("lib__text")["content"] == [{"type": "text", "text": "hello"}]
        assert mcp.call("lib__image")["content"] == [{"type": "image", "data": "iVBO", "mimeType": "image/png"}]

    def test_wrong_arguments_are_the_tools_error(self, mcp: Mcp) -> None:
        result = mcp.call("lib__typed", {"times": "many"})
        assert result["isError"] is True
        assert "- name: Field required" in text(result)
        assert "- times: Input should be a valid integer" in text(result)

    def test_failures_are_the_tools_errors(self, mcp: Mcp) -> None:
        gone, refused, failed = (mcp.call(f"lib__{name}") for name in ("gone", "refuses", "fails"))
        assert all(result["isError"] for result in (gone, refused, failed))
        assert "it is gone" in text(gone)
        assert text(refused) == "Not so fast.\nTry again after 7 seconds."
        assert "KeyError: 'total'" in text(failed) and "Traceback" not in text(failed)

    def test_unknown_tools(self, mcp: Mcp) -> None:
        error = mcp.error("tools/call", {"name": "lib__typd"})
        assert error["code"] == -32602
        assert "did you mean 'lib__typed'" in error["message"]
        for name in ("typed", "flow__mcpHidden", "flow__mcpBroken", "flow__", ""):
            assert mcp.error("tools/call", {"name": name})["code"] == -32602

    def test_malformed_calls(self, mcp: Mcp) -> None:
        for wrong in ([1], [], "", 0, False):
            assert mcp.error("tools/call", {"name": "lib__text", "arguments": wrong})["code"] == -32602
        assert mcp.result("tools/call", {"name": "lib__text", "arguments": None})["isError"] is False
        assert mcp.error("tools/call", {"arguments": {}})["code"] == -32602


class TestFlows:
    def test_a_finished_run(self, mcp: Mcp) -> None:
        result = mcp.call("flow__mcpPass", {"n": 1, "__user_id": "mallory"})
        run = result["structuredContent"]
        assert (run["status"], run["input"], result["isError"]) == ("SUCCEEDED", {"n": 1}, False)
        assert run["output"]["__user_id"] == mcp.api.user
        assert mcp.api.get(f"/run/mcpPass/{run['executionId']}").json()["startedBy"] == "user"

    def test_an_express_run(self, mcp: Mcp) -> None:
        assert mcp.call("flow__mcpExpress")["structuredContent"]["status"] == "SUCCEEDED"

    def test_one_that_failed(self, mcp: Mcp) -> None:
        result = mcp.call("flow__mcpFail")
        assert result["isError"] is True
        assert "ended as FAILED (Boom: because)" in text(result)

    def test_wrong_arguments_name_each_field(self, mcp: Mcp) -> None:
        result = mcp.call("flow__mcpPass", {"m": "x"})
        assert result["isError"] is True
        assert "- n: is required" in text(result) and "- m:" in text(result)

    def test_a_flow_of_another_group(self, mcp: Mcp) -> None:
        result = mcp.call("flow__mcpOps")
        assert result["isError"] is True
        assert "members of: ops" in text(result)

    def test_an_idempotency_key(self, mcp: Mcp) -> None:
        call = {"name": "flow__mcpPass", "arguments": {"n": 1}}
        first, second = (
            mcp.send("tools/call", call, Idempotency_Key="k-1").json()["result"]["structuredContent"] for _ in range(2)
        )
        assert first["executionId"] == second["executionId"]

    def test_following_and_stopping_a_long_run(self, mcp: Mcp, impatient: None) -> None:
        result = mcp.call("flow__mcpWait")
        run = result["structuredContent"]
        assert (run["status"], result["isError"]) == ("RUNNING", False)
        assert f'get_run with {{"executionId": "{run["executionId"]}"}}' in text(result)
        named = {"executionId": run["executionId"]}
        assert mcp.call("get_run", named)["structuredContent"]["status"] == "RUNNING"
        listed = mcp.call("list_runs", {"flow": "mcpWait", "status": "RUNNING"})["structuredContent"]
        assert [one["executionId"] for one in listed["executions"]] == [run["executionId"]]
        assert mcp.call("stop_run", named)["structuredContent"]["status"] == "ABORTED"
        found = mcp.call("get_run", named)
        assert (found["structuredContent"]["status"], found["isError"]) == ("ABORTED", False)
        assert "ended as ABORTED (Stopped: " in text(found)


class TestRunTools:
    @pytest.mark.parametrize(
        ("tool", "arguments", "said"),
        [
            ("get_run", {}, "executionId"),
            ("get_run", {"executionId": "nope"}, "There is no run 'nope'"),
            ("get_run", {"executionId": "nope", "waitSeconds": "x"}, "waitSeconds"),
            ("get_run", {"executionId": "nope", "verbose": True}, "has no argument 'verbose'"),
            ("list_runs", {"limit": 0}, "limit"),
            ("list_runs", {"status": "LOST"}, "LOST"),
            ("list_runs", {"flow": 1}, "flow"),
            ("list_runs", {"nextToken": 1}, "nextToken"),
            ("stop_run", {"executionId": 1}, "executionId"),
        ],
    )
    def test_wrong_arguments(self, later: Mcp, tool: str, arguments: dict[str, Any], said: str) -> None:
        result = later.call(tool, arguments)
        assert result["isError"] is True
        assert said in text(result)

    def test_another_users_run(self, later: Mcp, cloud_make_api: MakeApi) -> None:
        run = later.call("flow__mcpPass", {"n": 1})["structuredContent"]["executionId"]
        stranger = Mcp(cloud_make_api(), LATER)
        assert "There is no run" in text(stranger.call("get_run", {"executionId": run}))
        assert stranger.error("resources/read", {"uri": f"sdw://runs/{run}"})["code"] == -32002
        assert stranger.error("tasks/get", {"taskId": run})["code"] == -32602


def test_tool_names_keep_their_length() -> None:
    one, other = (tools.tool_name("flow__", "a" * 200 + end) for end in "xy")
    assert len(one) == len(other) == tools.MAX_NAME
    assert one != other
    assert tools.tool_name("lib__", "b" * 123) == "lib__" + "b" * 123
