"""What a user of the console feels: a run of 25,000 events, a run that is followed, and a graph of 1,000 states.

    python benchmarks/console.py

Needs the built console (`make console`) and Chromium, as the tests in `tests/console` do; `CHROMIUM` names it. It
prints each limit with what it measured, and exits with 1 if one is broken. Long tasks are those that keep the page from
reacting for more than 50 ms, as the browser reports them.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.load import Server, running
from chalicelib.settings import PROJECT

if TYPE_CHECKING:
    from playwright.sync_api import Page

BUILT = PROJECT / "chalicelib" / "console"
MAX_PAINT_SECONDS, MAX_GRAPH_SECONDS, MAX_HEAP_MB = 1.0, 0.3, 150
ITERATIONS = 4_165  # six events each
UPDATES = 12

MANY = f"""
name: benchMany
definition:
  QueryLanguage: JSONata
  StartAt: Each
  States:
    Each:
      Type: Map
      MaxConcurrency: 40
      Items: "{{% [1..{ITERATIONS}].{{'n': $}} %}}"
      ItemProcessor:
        StartAt: Sort
        States:
          Sort: {{Type: Choice, Choices: [{{Condition: "{{% false %}}", Next: Keep}}], Default: Keep}}
          Keep: {{Type: Pass, End: true}}
      End: true
"""
LIVE = f"""
name: benchLive
definition:
  QueryLanguage: JSONata
  StartAt: Count
  States:
    Count: {{Type: Pass, Output: {{n: "{{% ($states.input.n ? $states.input.n : 0) + 1 %}}"}}, Next: Hold}}
    Hold: {{Type: Wait, Seconds: 1, Next: Again}}
    Again:
      Type: Choice
      Choices: [{{Condition: "{{% $states.input.n < {2 * UPDATES} %}}", Next: Count}}]
      Default: Done
    Done: {{Type: Succeed}}
"""


def large() -> str:
    """A flow of 1,000 states, with choices that skip some."""
    states: dict[str, Any] = {}
    for number in range(999):
        states[f"S{number}"] = {"Type": "Pass", "Next": f"S{number + 1}"}
        if number % 7 == 3 and number < 990:
            choices = [{"Variable": "$.a", "IsPresent": True, "Next": f"S{number + 2 + number % 4}"}]
            states[f"S{number}"] = {"Type": "Choice", "Choices": choices, "Default": f"S{number + 1}"}
    states["S999"] = {"Type": "Succeed"}
    return json.dumps({"name": "benchLarge", "definition": {"StartAt": "S0", "States": states}})


class Report:
    """What was measured, and which limits are broken."""

    def __init__(self) -> None:
        self.broken = False

    def add(self, what: str, value: float, limit: float, unit: str) -> None:
        """Print a value beside its limit."""
        self.broken |= value > limit
        print(f"{'BROKEN' if value > limit else 'ok':>6}  {what}: {value:,.2f} {unit} (limit {limit:,.2f})", flush=True)


@contextmanager
def long_tasks(page: Page, report: Report, what: str) -> Iterator[None]:
    """Report the longest task while something is done, in milliseconds; 0 if none is longer than 50."""
    page.evaluate("""() => {
        window.longest = 0;
        window.observer?.disconnect();
        window.observer = new PerformanceObserver((list) => {
            for (const task of list.getEntries()) window.longest = Math.max(window.longest, task.duration);
        });
        window.observer.observe({ type: 'longtask' });
    }""")
    yield
    page.wait_for_timeout(200)
    report.add(f"longest task {what}", page.evaluate("window.longest"), 50, "ms")


def many_events(page: Page, url: str, report: Report) -> None:
    """A run of 25,000 events: its first picture, its timeline and its events."""
    page.goto(url, wait_until="commit")
    for part in (".graph .is-succeeded", ".state-row"):
        page.locator(part).first.wait_for()
    report.add("useful paint of 25,000 events", page.evaluate("performance.now()") / 1000, MAX_PAINT_SECONDS, "s")
    page.get_by_role("tab", name="Timeline").click()
    page.get_by_text(f"{ITERATIONS * 6 + 6:,} events").wait_for(timeout=120_000)
    page.get_by_role("button", name="Open Each").click()
    rows = page.locator(".rows")
    rows.hover()
    with long_tasks(page, report, "while the timeline scrolls"):
        _wheel(page, 40, 900)
    with long_tasks(page, report, "while the timeline zooms"):
        page.keyboard.down("Control")
        _wheel(page, 12, -120)
        page.keyboard.up("Control")
    page.get_by_role("tab", name="Events").click()
    rows.hover()
    with long_tasks(page, report, "while the events scroll"):
        _wheel(page, 40, 1500)
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    session.send("Performance.enable")
    metrics = {item["name"]: item["value"] for item in session.send("Performance.getMetrics")["metrics"]}
    report.add("heap with 25,000 events", metrics["JSHeapUsedSize"] / 1_000_000, MAX_HEAP_MB, "MB")


def _wheel(page: Page, times: int, step: int) -> None:
    for _ in range(times):
        page.mouse.wheel(0, step)
        page.wait_for_timeout(25)


def followed(page: Page, url: str, report: Report) -> None:
    """A run that changes each second."""
    page.goto(url)
    page.locator(".graph .is-waiting").wait_for()
    with long_tasks(page, report, "while a run is followed"):
        page.wait_for_timeout(UPDATES * 1000)
    visits = page.locator(".state-row", has_text="Hold").inner_text()
    assert "visits" in visits, visits  # it has been followed


def large_graph(page: Page, url: str, report: Report) -> None:
    """A graph of 1,000 states, from the click to the picture."""
    page.goto(f"{url}?tab=runs")
    page.get_by_role("tab", name="Graph").wait_for()
    seconds = page.evaluate("""() => new Promise((resolve) => {
        const begin = performance.now();
        document.querySelector('#tab-graph').click();
        const look = () => {
            if (document.querySelector('.graph .node')) resolve((performance.now() - begin) / 1000);
            else requestAnimationFrame(look);
        };
        requestAnimationFrame(() => requestAnimationFrame(look));
    })""")
    report.add("picture of 1,000 states", seconds, MAX_GRAPH_SECONDS, "s")
    page.locator(".graph-box").hover()
    with long_tasks(page, report, "while a graph of 1,000 states scrolls"):
        _wheel(page, 40, 900)


def start(server: Server, flow: str, *, wait: bool) -> str:
    """Start a run, wait for its end if wanted, and return its place in the console."""
    run = server.call("POST", f"/run/{flow}{'?wait=25' if wait else ''}", {})[1]
    while wait and run.get("status") in ("RUNNING", "SUCCESS"):
        run = server.call("GET", f"/run/{flow}/{run['executionId']}?wait=25")[1]
    return f"/runs/{flow}/{run['executionId']}"


def main() -> int:
    """Measure everything and return the exit code."""
    from playwright.sync_api import sync_playwright

    if not (BUILT / "index.html").is_file():
        print("The console is not built: run `make console`.", file=sys.stderr)
        return 2
    flows = {"bench-many": MANY, "bench-live": LIVE, "bench-large": large()}
    report = Report()
    with (
        tempfile.TemporaryDirectory() as folder,
        running(Path(folder), flows) as server,
        sync_playwright() as driver,
    ):
        project = Path(folder) / "project"
        shutil.copytree(BUILT, project / "chalicelib" / "console")
        session = json.loads((project / ".localcloud" / "session.json").read_text())
        browser = driver.chromium.launch(
            executable_path=os.environ.get("CHROMIUM") or "/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport={"width": 1360, "height": 900})
        page.goto(session["consoleUrl"])
        page.get_by_label("Email").fill(session["email"])
        page.get_by_label("Password").fill(session["password"])
        page.get_by_role("button", name="Sign in", exact=True).click()
        page.get_by_role("heading", level=1, name="Flows").wait_for()
        many = start(server, "benchMany", wait=True)
        many_events(page, session["consoleUrl"] + many, report)
        followed(page, session["consoleUrl"] + start(server, "benchLive", wait=False), report)
        large_graph(page, session["consoleUrl"] + "/flows/benchLarge", report)
        browser.close()
    return int(report.broken)


if __name__ == "__main__":
    began = time.monotonic()
    code = main()
    print(f"{time.monotonic() - began:.0f} s")
    sys.exit(code)
