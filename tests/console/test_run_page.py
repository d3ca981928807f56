"""The page of a run in a browser: its states, loops, timeline, events and logs, and what can be done with it."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import requests

from ..end_to_end.client import eventually
from ..end_to_end.server import Server
from .conftest import Console

StartRun = Callable[..., dict[str, Any]]


@pytest.fixture
def open_run(signed_in: Console, start_run: StartRun) -> Callable[..., dict[str, Any]]:
    """Runs a flow, and opens the page of the run."""

    def open_(flow: str, body: dict[str, Any], query: str = "") -> dict[str, Any]:
        run = start_run(flow, body)
        signed_in.open(f"/runs/{flow}/{run['executionId']}{query}")
        signed_in.heading(flow)
        return run

    return open_


class TestLoops:
    def test_the_failed_iteration_is_found_by_keyboard(self, signed_in: Console, open_run: StartRun) -> None:
        open_run("e2eLoop", {"stop": True})
        page = signed_in.page
        page.get_by_role("button", name="Each 1 of 300 failed, map, Failed").wait_for()
        page.keyboard.press("n")  # Load, whose error was caught
        page.get_by_role("complementary", name="State Load").wait_for()
        page.keyboard.press("n")
        page.get_by_role("complementary", name="State Each").wait_for()
        signed_in.check_accessible()
        page.keyboard.press("n")
        panel = page.get_by_role("complementary", name="State Refuse")
        panel.locator(".problem").get_by_text("Refused").wait_for()
        assert '"n": 7' in panel.get_by_label("state's input", exact=True).inner_text()
        assert "path=%2FStates%2FEach&iteration=7" in page.url
        signed_in.check_accessible()
        page.reload()  # the address leads to the same place
        panel.locator(".problem").get_by_text("Refused").wait_for()
        page.get_by_role("button", name="Leave iteration").click()
        page.get_by_role("complementary", name="State Each").wait_for()

    def test_caught_errors_are_known_from_the_events(self, signed_in: Console, open_run: StartRun) -> None:
        open_run("e2eLoop", {"stop": False}, "?state=/States/Each")
        page = signed_in.page
        page.get_by_text("300 of 300 succeeded, 2 with a caught error").wait_for()
        page.get_by_role("button", name="Iteration 142, caught").click()
        page.get_by_role("complementary", name="State Ask").get_by_text("was caught; Skip continued").wait_for()
        page.get_by_label("Go to iteration").fill("250")
        page.get_by_label("Go to iteration").press("Enter")
        page.get_by_role("button", name="Succeeded Keep").wait_for()
        page.get_by_role("button", name="Keep, pass, Succeeded").wait_for()
        page.get_by_role("button", name="Ask, task, Not reached").wait_for()


class TestStates:
    def test_differences_and_logs_of_a_state(self, signed_in: Console, open_run: StartRun) -> None:
        open_run(
            "e2eTalkative",
            {"items": [13]},
            "?path=/States/Items&iteration=0&state=/States/Items/ItemProcessor/States/Talk",
        )
        page = signed_in.page
        panel = page.get_by_role("complementary", name="State Talk")
        panel.get_by_text("Failed attempts").wait_for()
        panel.get_by_text("Logs", exact=True).click()
        panel.locator(".log-line").first.wait_for()
        panel.get_by_role("button", name="Compare").click()
        panel.get_by_label("with the").select_option("input")
        panel.get_by_label("of the state").select_option(label="Items")
        panel.get_by_text("the whole value").wait_for()
        signed_in.check_accessible()
        panel.get_by_label("of the state").select_option(label="Talk")
        panel.get_by_text("They are the same.").wait_for()

    def test_a_running_one_is_followed_and_stopped(self, signed_in: Console, start_run: StartRun) -> None:
        signed_in.open("/flows/e2eWait?tab=start")
        page = signed_in.page
        page.get_by_role("button", name="Start the flow").click()
        page.get_by_role("button", name="Stop").click()
        page.locator(".graph .is-waiting").first.wait_for()
        page.get_by_role("dialog").get_by_role("button", name="Stop the run").click()
        page.locator(".graph .is-aborted").first.wait_for()
        page.get_by_role("button", name="Redrive").wait_for()
        signed_in.check_accessible()


class TestTabs:
    def test_timeline_events_and_logs(self, signed_in: Console, open_run: StartRun) -> None:
        open_run("e2eLoop", {"stop": False})
        page = signed_in.page
        page.get_by_role("tab", name="Timeline").wait_for()
        page.keyboard.press("t")
        page.get_by_role("button", name="Open Each").click()
        page.get_by_label("Only iterations with errors").check()
        page.get_by_role("button", name="iteration 142, Caught").wait_for()
        assert page.locator(".timeline-rows [role=row]").count() == 4
        signed_in.check_accessible()
        page.keyboard.press("e")
        page.get_by_label("Kind").select_option("errors")
        page.get_by_role("status").get_by_text("3 of").wait_for()
        page.keyboard.press("/")
        page.keyboard.type("each › 142")
        page.get_by_role("button", name="TaskFailed").click()
        page.get_by_role("complementary").get_by_text("NotYet").wait_for()
        signed_in.check_accessible()
        page.get_by_role("tab", name="Logs").click()
        page.get_by_label("State").select_option("Ask")
        page.locator(".log-line").first.wait_for()
        signed_in.check_accessible()
        assert page.locator(".rows-one").count() < 100

    @pytest.mark.parametrize("scheme", ["light", "dark"])
    def test_all_of_it_fits_a_phone(self, signed_in: Console, start_run: StartRun, scheme: Any) -> None:
        run = start_run("e2eLoop", {"stop": True})
        page = signed_in.page
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        page.set_viewport_size({"width": 390, "height": 800})
        for query in (
            "?path=/States/Each&iteration=7&state=error",
            "?tab=timeline",
            "?tab=events&event=2",
            "?tab=logs",
            "?tab=data",
        ):
            signed_in.open(f"/runs/e2eLoop/{run['executionId']}{query}")
            page.locator(".state-panel, .time-bar, .log-line, .code").first.wait_for()
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), query
            signed_in.check_accessible()


class TestExports:
    def test_copies_and_files(self, signed_in: Console, open_run: StartRun, tmp_path: Path) -> None:
        run = open_run("e2eLoop", {"stop": True})
        page = signed_in.page
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        page.get_by_role("button", name="Each 1 of 300 failed, map, Failed").wait_for()

        def choose(name: str) -> None:
            page.get_by_text("Copy and export").click()
            page.get_by_role("button", name=name).click()

        choose("Copy as curl")
        page.get_by_text("The command was copied.").wait_for()
        assert f"-d '{json.dumps(run['input'], separators=(',', ':'))}'" in page.evaluate(
            "navigator.clipboard.readText()"
        )
        with page.expect_download() as download:
            choose("Export as JSON")
        exported = json.loads(download.value.path().read_text(encoding="utf-8"))
        assert exported["run"]["executionId"] == run["executionId"]
        assert exported["events"][-1]["type"] == "ExecutionFailed"
        with page.expect_download() as download:
            choose("Export as HTML")
        saved = tmp_path / "run.html"
        download.value.save_as(saved)
        offline = page.context.browser.new_context(offline=True, java_script_enabled=False)  # type: ignore[union-attr]
        opened = offline.new_page()
        opened.goto(saved.as_uri())
        opened.get_by_text("Failed iterations: 7").wait_for(state="attached")
        assert opened.get_by_role("img", name="Graph of the states").is_visible()
        offline.close()


class TestDefinitions:
    def test_a_state_is_tried_in_the_workbench(self, signed_in: Console, open_run: StartRun) -> None:
        items = [{"sku": "TEA", "quantity": 2, "unit_price": 4}]
        order = {"order_id": "A-1", "card_number": "4242 4242 4242 4242", "items": items}
        open_run("orderFlow", order, "?state=/States/IsEverythingDone")
        page = signed_in.page
        page.get_by_role("region", name="Variables").get_by_text("payment", exact=True).wait_for()
        page.get_by_role("button", name="Workbench").wait_for()
        page.keyboard.press("w")
        bench = page.get_by_role("form", name="Workbench for the state IsEverythingDone")
        bench.get_by_role("button", name="Run this state").wait_for()
        page.keyboard.press("ControlOrMeta+Enter")
        bench.get_by_text("They are the same.").wait_for()
        signed_in.check_accessible()
        content = bench.locator("[data-editor=Definition] .cm-content")
        content.click()
        page.keyboard.press("ControlOrMeta+a")
        page.keyboard.insert_text('{"Type": "Pass", "Output": {"paid": "{% $payment.done %}"}, "Next": "CancelOrder"}')
        page.keyboard.press("ControlOrMeta+Enter")
        result = bench.get_by_role("region", name="Result")
        result.get_by_role("cell", name="CancelOrder").wait_for()
        assert json.loads(result.get_by_label("output", exact=True).inner_text()) == {"paid": True}
        content.click()
        page.keyboard.press("ControlOrMeta+a")
        page.keyboard.insert_text('{"Type": "Pass"')
        bench.get_by_role("button", name="Run this state").click()
        bench.get_by_text("The definition isn't valid JSON").wait_for()
        bench.get_by_role("button", name="Back to the state").click()
        page.get_by_role("complementary", name="State IsEverythingDone").wait_for()

    def test_a_large_graph_is_folded_and_the_run_keeps_its_own(
        self, signed_in: Console, start_run: StartRun, served: Server
    ) -> None:
        file = served.project / "flows" / "console-changed.yml"

        def save(states: dict[str, Any]) -> None:
            flow = {"name": "consoleChanged", "definition": {"StartAt": "Each", "States": states}}
            file.write_text(json.dumps(flow), encoding="utf-8")

        inner = {"StartAt": "One", "States": {"One": {"Type": "Pass", "End": True}}}
        names = [f"S{number}" for number in range(150)]
        states: dict[str, Any] = {one: {"Type": "Pass", "Next": other} for one, other in pairwise(names)}
        each = {"Type": "Map", "ItemsPath": "$.items", "ItemProcessor": inner, "Next": "S0"}
        save({"Each": each, **states, "S149": {"Type": "Succeed"}})
        run = eventually(lambda: (found := start_run("consoleChanged", {"items": [1, 2]})).get("output") and found)
        signed_in.open(f"/runs/consoleChanged/{run['executionId']}")
        page = signed_in.page
        page.get_by_role("button", name="S149, succeed, Succeeded").wait_for()  # the last one is in sight
        assert page.locator(".graph .node").count() < 100
        page.get_by_role("button", name="Succeeded Each").click()
        page.get_by_role("button", name="Open Each, 1 state inside").click()
        page.locator(".graph .node", has_text="One").wait_for()
        signed_in.check_accessible()
        page.get_by_role("button", name="Whole flow").click()
        page.get_by_role("button", name="S0, pass, Succeeded").wait_for()
        assert not page.get_by_text("The flow has changed").is_visible()
        save({"Each": {"Type": "Succeed"}})
        path = f"/run/consoleChanged/{run['executionId']}/definition"
        headers = {"Authorization": f"Bearer {served.session['idToken']}"}
        eventually(lambda: requests.get(served.session["apiUrl"] + path, headers=headers, timeout=30).json()["changed"])
        page.reload()
        page.get_by_text("The flow has changed since this run was started.").wait_for()
        page.get_by_role("button", name="S0, pass, Succeeded").wait_for()  # in the graph of the run
        signed_in.check_accessible()
        file.unlink()
