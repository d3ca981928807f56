"""What pages show while they load, when that fails, when there is nothing, and when there is very much."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from .conftest import Console

if TYPE_CHECKING:
    from playwright.sync_api import Route

LONG = "a" * 80
SIDEWAYS = "[...document.querySelectorAll('.table-box')].filter(box => box.scrollWidth > box.clientWidth).length"
SHIFTS = """() => new Promise(resolve => {
    let total = 0;
    new PerformanceObserver(list => {
        for (const entry of list.getEntries()) if (!entry.hadRecentInput) total += entry.value;
    }).observe({type: 'layout-shift', buffered: true});
    requestAnimationFrame(() => setTimeout(() => resolve(total), 50));
})"""


def test_a_failure_says_what_happened_and_is_tried_again(signed_in: Console) -> None:
    page = signed_in.page
    problem = {"title": "Unavailable", "status": 503, "detail": "AWS does not answer.", "requestId": "r-1"}
    page.route("**/lib", lambda route: route.fulfill(status=503, json=problem))
    page.get_by_role("link", name="Functions", exact=True).click()
    alert = page.get_by_role("alert")
    alert.get_by_text("AWS does not answer.").wait_for()
    alert.get_by_text("Request r-1").wait_for()
    signed_in.check_accessible()
    page.unroute("**/lib")
    alert.get_by_role("button", name="Try again").click()
    page.get_by_role("link", name="price_order").wait_for()
    alert.wait_for(state="detached")


def test_offline_is_said_and_mended_when_the_network_is_back(signed_in: Console) -> None:
    page = signed_in.page
    page.context.set_offline(True)
    page.get_by_text("You are offline.").wait_for()
    page.get_by_role("link", name="Functions", exact=True).click()
    page.get_by_role("alert").get_by_text("The service can't be reached.").wait_for()
    signed_in.check_accessible()
    page.context.set_offline(False)
    page.get_by_role("link", name="price_order").wait_for()
    assert page.get_by_role("alert").count() == 0 and page.get_by_text("You are offline.").count() == 0


def test_nothing_jumps_when_it_has_loaded(signed_in: Console) -> None:
    page = signed_in.page
    for path in ("/flows", "/runs", "/functions", "/usage", "/flows/orderFlow"):
        signed_in.open(path)
        page.locator(".page .card, .page .empty").first.wait_for()
        assert page.evaluate(SHIFTS) < 0.02, path


def test_the_numbers_of_a_large_account_fit(signed_in: Console) -> None:
    page = signed_in.page

    def answer(route: Route) -> None:
        path = re.sub(r"\?.*", "", route.request.url).rsplit("/", 1)[-1]
        route.fulfill(json={"flows": _flows, "runs": _runs, "usage": _usage}[path]())

    page.route(
        re.compile(r"/(flows|runs|usage)(\?|$)"),
        lambda r: answer(r) if r.request.resource_type == "fetch" else r.fallback(),
    )
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 800})
        signed_in.open("/flows")
        page.get_by_role("link", name=f"flow0{LONG}").wait_for()
        assert page.locator("tbody tr").count() == 100
        first = page.locator("tbody tr").first.bounding_box()
        assert first and first["height"] < 250
        page.get_by_role("status").get_by_text("1000 flows").wait_for()
        signed_in.fits()
        assert page.evaluate(SIDEWAYS) == 0
        page.keyboard.press("End")
        page.locator("tbody tr").nth(100).wait_for()
        signed_in.open("/runs")
        page.get_by_text("89 d 23 h").first.wait_for()
        signed_in.fits()
        assert page.evaluate(SIDEWAYS) == 0
        signed_in.open("/usage")
        page.get_by_text("11,851,851,848").wait_for()
        page.locator(".chart canvas").wait_for()
        signed_in.fits()


def _flows() -> dict[str, Any]:
    flow: dict[str, Any] = {
        "description": f"{LONG} {LONG}",
        "type": "EXPRESS",
        "inputSchema": None,
        "definition": {},
        "created": None,
    }
    schedule = {
        "expression": "cron(0/5 8-17 ? * MON-FRI *)",
        "timezone": "America/Argentina/Buenos_Aires",
        "enabled": True,
    }
    flows = [
        {**flow, "name": f"flow{number}{LONG}", "schedule": schedule, "nextRun": "2027-01-01T00:00:00Z", "plugin": LONG}
        for number in range(1000)
    ]
    return {"flows": flows, "count": 1000}


def _runs() -> dict[str, Any]:
    run = {
        "flow": LONG,
        "executionArn": "",
        "flowName": LONG,
        "name": "",
        "status": "TIMED_OUT",
        "startedBy": "run",
        "startDate": "2026-01-01T00:00:00Z",
        "stopDate": "2026-03-31T23:00:00Z",
        "durationSeconds": 1,
        "parent": None,
        "userId": None,
        "labels": {f"label{n}": LONG for n in range(5)},
        "redriveCount": 12_345,
        "error": LONG * 3,
    }
    return {"executions": [{**run, "executionId": f"{n:036d}"} for n in range(50)], "count": 50, "nextToken": "x"}


def _usage() -> dict[str, Any]:
    months: list[dict[str, Any]] = [
        {"yearMonth": f"2026-{month:02d}", "apiCalls": 987_654_320 + month % 2} for month in range(1, 13)
    ]
    months[0]["apiCalls"] += 2
    return {"userId": "u", "usage": months}
