"""Takes pictures of the console: of every page, to be looked at, and those of the documentation.

    python -m tests.console.pictures [FOLDER]    every page, light, dark and on a phone, as PNG (.pictures by default)
    python -m tests.console.pictures --docs      the WebP files in docs/images

The pages are those of a project with the shipped flows, some recipes of docs/cookbook and a loop in which a few of
3,000 iterations go wrong.
"""

from __future__ import annotations

import argparse
import base64
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests

from admin.recipes import recipe_files

from ..end_to_end import server as servers
from ..end_to_end.server import Server
from ..isolation import REPOSITORY
from .conftest import BUILT, CHROMIUM, FLAGS

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

IMAGES = REPOSITORY / "docs" / "images"
RECIPES = ("fan-out", "nightly-report", "saga", "third-party-api")
DESK, PHONE = (1280, 800), (390, 844)
TALL = (1280, 1100)
QUALITY = 82
LOOP = """\
name: importCatalog
description: Reads a supplier's price list and prices every line.
labels: {supplier: $.supplier}
schedule: {expression: cron(30 5 * * ? *), timezone: Europe/Berlin}
functions:
  - {name: PriceFunction, handler: price_order}
inputSchema:
  type: object
  required: [supplier]
  properties:
    supplier: {type: string, examples: [teahouse]}
    lines: {type: integer, minimum: 1, maximum: 3000, default: 3000}
definition:
  QueryLanguage: JSONata
  StartAt: Lines
  States:
    Lines:
      Type: Map
      Items: "{% [1..$states.input.lines].{'line': $, 'price': $ = 2310 ? -1 : $ in [118, 1204, 1377] ? 0 : $ * 0.3} %}"
      ItemProcessor:
        StartAt: Check
        States:
          Check:
            Type: Choice
            Choices:
              - {Condition: "{% $states.input.price < 0 %}", Next: Refuse}
              - {Condition: "{% $states.input.price = 0 %}", Next: AskSupplier}
            Default: Round
          Round: {Type: Pass, Output: "{% {'price': $round($states.input.price, 2)} %}", End: true}
          AskSupplier:
            Type: Task
            Resource: "${PriceFunctionArn}"
            Arguments: {items: [], coupon: none}
            Catch: [{ErrorEquals: [States.ALL], Next: Skip}]
            End: true
          Skip: {Type: Pass, Output: {skipped: true}, End: true}
          Refuse:
            Type: Fail
            Error: NegativePrice
            Cause: "{% 'Line ' & $states.input.line & ' has a negative price.' %}"
      Next: Publish
    Publish: {Type: Succeed, Output: {published: true}}
"""
ASK = """\
name: buyDesk
description: Asks whether a desk may be bought.
steps:
  - approve:
      title: A standing desk for Ada
      message: May we spend 450 euros? The old one can't be repaired.
      who: {users: [demo@example.com]}
      form:
        type: object
        required: [limit]
        properties:
          limit: {type: integer, minimum: 1, description: Euros that may be spent at most}
          delivery: {enum: [office, home], default: office}
          remark: {type: string}
      timeout: 3 days
"""
ORDER = {
    "order_id": "A-1001",
    "email": "ada@example.com",
    "country": "DE",
    "coupon": "WELCOME10",
    "card_number": "4242 4242 4242 4242",
    "items": [
        {"sku": "TEA-GREEN", "quantity": 2, "unit_price": 12.5},
        {"sku": "POT-CLAY", "quantity": 1, "unit_price": 38},
    ],
}


@dataclass(frozen=True, slots=True)
class Shot:
    """A page to take a picture of, and what must be on it before."""

    name: str
    path: str
    awaited: str


def main(arguments: list[str]) -> None:
    """Take the pictures that the command line asks for."""
    parser = argparse.ArgumentParser(prog="pictures", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=REPOSITORY / ".pictures")
    parser.add_argument("--docs", action="store_true", help="write the pictures of docs/images")
    options = parser.parse_args(arguments)
    from playwright.sync_api import sync_playwright

    with _served() as server, sync_playwright() as playwright:
        runs = _runs(server)
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        if options.docs:
            _take_for_docs(browser, server, runs)
        else:
            _take_all(browser, server, runs, options.folder)
        browser.close()


@contextmanager
def _served() -> Iterator[Server]:
    with tempfile.TemporaryDirectory() as folder:
        project = servers.copy_project(Path(folder) / "project", overlay=False)
        shutil.copytree(BUILT, project / "chalicelib" / "console")
        for recipe in RECIPES:
            for target, content in recipe_files(recipe).items():
                if not target.startswith("tests/"):
                    (project / target).parent.mkdir(parents=True, exist_ok=True)
                    (project / target).write_text(content)
        (project / "flows" / "importCatalog.yml").write_text(LOOP)
        (project / "flows" / "buyDesk.yml").write_text(ASK)
        server = servers.start(project)
        try:
            yield server
        finally:
            server.stop()


def _runs(server: Server) -> dict[str, str]:
    """Run flows, and return the ids of the runs that pages show, by flow; of `buyDesk`, that of the approval."""
    headers = {"Authorization": f"Bearer {server.session['idToken']}"}

    def run(flow: str, body: dict[str, Any], wait: int = 20) -> str:
        url = f"{server.session['apiUrl']}/run/{flow}?wait={wait}"
        return str(requests.post(url, json=body, headers=headers, timeout=60).json()["executionId"])

    for number in range(12):
        declined = {"card_number": "4000 0000 0000 0002"} if number in (3, 9) else {}
        order = run("orderFlow", {**ORDER, "order_id": f"A-{1001 + number}", **declined})
        if number % 3 == 0:
            run("dummy2StepFlow", {"name": "Ada"})
            run("helloWorldFlow", {})
    run("importCatalog", {"supplier": "potter", "lines": 900})
    failed = run("importCatalog", {"supplier": "teahouse", "lines": 3000}, 25)
    run("buyDesk", {}, 2)
    (asked,) = requests.get(f"{server.session['apiUrl']}/approvals", headers=headers, timeout=60).json()["approvals"]
    return {"orderFlow": order, "importCatalog": failed, "buyDesk": asked["id"]}


def _pages(runs: dict[str, str]) -> list[Shot]:
    order = f"/runs/orderFlow/{runs['orderFlow']}"
    return [
        Shot("flows", "/flows", ".bars .bar"),
        Shot("flow", "/flows/orderFlow", ".graph .node"),
        Shot("flow-start", "/flows/orderFlow?tab=start", ".editor[data-editor]"),
        Shot("flow-definition", "/flows/orderFlow?tab=definition", ".editor[data-editor]"),
        Shot("flow-code", "/flows/orderFlow?tab=code", ".page table"),
        Shot("flow-runs", "/flows/orderFlow?tab=runs", ".page table"),
        Shot("runs", "/runs", ".page table"),
        Shot("run", order, ".graph .is-succeeded"),
        Shot("run-timeline", order + "?tab=timeline", ".time-bar"),
        Shot("run-events", order + "?tab=events", ".rows-one"),
        Shot("run-loop", _loop(runs), ".strip canvas"),
        Shot("approvals", "/approvals", ".page table"),
        Shot("approval", f"/approvals/{runs['buyDesk']}", ".form-card"),
        Shot("functions", "/functions", ".page table"),
        Shot("function", "/functions/price_order", ".editor[data-editor]"),
        Shot("usage", "/usage", ".chart canvas"),
        Shot("not-found", "/runs/orderFlow/unknown", ".empty"),
    ]


def _loop(runs: dict[str, str]) -> str:
    refuse = "/States/Lines/ItemProcessor/States/Refuse"
    return f"/runs/importCatalog/{runs['importCatalog']}?path=/States/Lines&iteration=2309&state={refuse}"


def _open(browser: Browser, server: Server, size: tuple[int, int], scheme: str, scale: float = 1) -> Page:
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme=scheme,  # type: ignore[arg-type]
        device_scale_factor=scale,
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.goto(server.session["consoleUrl"])
    page.get_by_role("button", name="Continue as demo user").wait_for()
    return page


def _sign_in(page: Page) -> None:
    page.get_by_role("button", name="Continue as demo user").click()
    page.get_by_role("heading", level=1, name="Flows").wait_for()


def _show(page: Page, server: Server, shot: Shot) -> None:
    page.goto(server.session["consoleUrl"] + shot.path)
    page.locator(shot.awaited).first.wait_for()
    page.get_by_text("Reading the events").wait_for(state="detached")
    page.wait_for_timeout(700)  # fonts, editors and canvases


def _take_all(browser: Browser, server: Server, runs: dict[str, str], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for kind, size, scheme in (("light", DESK, "light"), ("dark", DESK, "dark"), ("phone", PHONE, "light")):
        page = _open(browser, server, size, scheme)
        page.screenshot(path=folder / f"sign-in-{kind}.png")
        _sign_in(page)
        for shot in _pages(runs):
            _show(page, server, shot)
            page.screenshot(path=folder / f"{shot.name}-{kind}.png")
        page.keyboard.press("?")
        page.screenshot(path=folder / f"shortcuts-{kind}.png")
        page.goto(server.session["consoleUrl"] + "/runs?status=FAILED")
        page.get_by_role("button", name="Run all again").click()
        page.get_by_role("button", name="Cancel").wait_for()
        page.screenshot(path=folder / f"bulk-{kind}.png")
        page.context.close()
    print(f"The pictures are in {folder}.")


def _take_for_docs(browser: Browser, server: Server, runs: dict[str, str]) -> None:
    pages = {shot.name: shot for shot in _pages(runs)}
    wanted = {"run-loop": "light", "run-timeline": "light", "flows": "light", "flow-start": "dark"}
    for name, scheme in wanted.items():
        page = _open(browser, server, TALL if name == "run-loop" else DESK, scheme, 1.5)
        _sign_in(page)
        _show(page, server, pages[name])
        options = {"format": "webp", "quality": QUALITY}
        data = page.context.new_cdp_session(page).send("Page.captureScreenshot", options)["data"]
        target = IMAGES / f"{name}.webp"
        target.write_bytes(base64.b64decode(data))
        print(f"{target.relative_to(REPOSITORY)}: {target.stat().st_size:,} bytes")
        page.context.close()


if __name__ == "__main__":
    main(sys.argv[1:])
