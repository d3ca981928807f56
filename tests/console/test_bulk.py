"""Many runs at once on the page of runs: a preview, a confirmation, progress, and a report."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from ..end_to_end.client import Client, eventually
from .conftest import Console

if TYPE_CHECKING:
    from playwright.sync_api import Route

PREVIEW = re.compile(r".*/runs/(redrive|rerun)$")


@pytest.fixture
def own(console: Console, user: Client) -> Console:
    """The console of a new user who has three failed runs and one that succeeded."""
    console.use_token(str(user.token))
    for order in ("1-bad", "2-bad", "3-bad", "4"):
        user.start("e2eLabels", {"order": order})
    eventually(lambda: len(failed(user)) == 3)
    return console


def failed(user: Client) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = user.get("/runs", status="FAILED").json()["executions"]
    return found


def test_failed_runs_are_started_again_once_whatever_happens(own: Console, user: Client) -> None:
    page = own.page
    own.open("/runs?status=FAILED")
    page.get_by_role("link", name=failed(user)[0]["executionId"]).wait_for()
    page.get_by_role("button", name="Run all again").click()
    dialog = page.get_by_role("dialog", name="Run again")
    dialog.get_by_role("region", name="Runs that are meant").get_by_role("row").nth(2).wait_for()
    own.check_accessible()

    def fail(route: Route) -> None:  # the work is done, but its answer is lost
        route.fetch()
        route.fulfill(status=503, json={"detail": "AWS did not answer."})

    page.route(PREVIEW, fail)
    dialog.get_by_role("button", name="Start 3 runs again").click()
    dialog.get_by_text("It stopped after 0 of 3 runs.").wait_for()
    own.check_accessible()
    page.unroute(PREVIEW)
    page.reload()  # what was begun is known to the tab
    page.get_by_role("button", name="Run all again").click()
    dialog.get_by_role("button", name="Continue").click()
    dialog.get_by_text("3 runs were started again.").wait_for()
    own.check_accessible()
    started = {row.get_attribute("href") for row in dialog.get_by_role("link", name="New run").all()}
    assert len(started) == 3
    dialog.get_by_role("button", name="Close").last.click()
    eventually(lambda: len(failed(user)) == 6)


def test_a_redrive_says_what_it_would_refuse(own: Console, user: Client) -> None:
    page = own.page
    requests: list[dict[str, Any]] = []

    def refuse(route: Route) -> None:
        requests.append(json.loads(route.request.post_data or "{}"))
        answer = route.fetch()
        document = answer.json()
        document["runs"][0] |= {"result": "refused", "detail": "It was redriven a moment ago."}
        route.fulfill(response=answer, json=document)

    page.route(PREVIEW, refuse)
    own.open("/runs?flow=e2eLabels")
    page.get_by_role("button", name="Redrive all").click()
    dialog = page.get_by_role("dialog", name="Redrive runs")
    dialog.get_by_text("1 run would be refused:").click()
    dialog.get_by_text("1 × It was redriven a moment ago.").wait_for()
    page.unroute(PREVIEW)
    dialog.get_by_role("button", name="Redrive 2 runs").click()
    dialog.get_by_text("3 runs were redriven.").wait_for()
    assert requests[0]["dryRun"] is True and requests[0]["flow"] == "e2eLabels" and requests[0]["to"]
    runs = user.get("/runs").json()["executions"]
    assert sorted(run["redriveCount"] for run in runs) == [0, 1, 1, 1]


def test_more_than_a_thousand_are_told(own: Console) -> None:
    sent: list[dict[str, Any]] = []

    def many(route: Route) -> None:
        body = json.loads(route.request.post_data or "{}")
        sent.append(body)
        begin = int(body.get("nextToken", 0))
        runs = [
            {
                "flow": "a" * 80,
                "executionId": f"{begin + index:036d}",
                "result": "wouldStart" if body.get("dryRun") else "started",
            }
            for index in range(body["limit"])
        ]
        route.fulfill(json={"runs": runs, "count": len(runs), "nextToken": str(begin + len(runs))})

    own.page.route(PREVIEW, many)
    own.page.set_viewport_size({"width": 390, "height": 800})
    own.open("/runs")
    own.page.get_by_role("button", name="Run all again").click()
    dialog = own.page.get_by_role("dialog", name="Run again")
    dialog.get_by_text("More than 1,000 runs match.").wait_for()
    dialog.get_by_text("and 800 more").wait_for()
    own.fits()
    own.check_accessible()
    dialog.get_by_role("button", name="Start 1,000 runs again").click()
    dialog.get_by_text("1,000 runs were started again.").wait_for()
    done = [body for body in sent if not body.get("dryRun")]
    assert sum(body["limit"] for body in done) == 1000
